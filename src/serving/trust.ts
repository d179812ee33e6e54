import { configmaps } from '../api/core/v1/index.ts';
import type { Client } from '../client/client.ts';
import { StatusError } from '../machinery/status.ts';
import type { DelegatedOptions } from './delegated.ts';

/** Who may vouch for clients, as the API server publishes it; without the ConfigMap only tokens count. */
export async function publishedTrust(client: Client): Promise<Partial<DelegatedOptions>> {
  const map = await client.get(configmaps, 'extension-apiserver-authentication', { namespace: 'kube-system' }).catch((error: unknown) => {
    if (error instanceof StatusError && error.code === 404) return undefined;
    throw error;
  });
  const data = map?.data ?? {};
  const list = (key: string): string[] => (data[key] ? (JSON.parse(data[key]) as string[]) : []);
  const proxy = data['requestheader-client-ca-file'];
  const authority = data['client-ca-file'];
  return {
    ...(authority ? { clientAuthority: () => authority } : {}),
    ...(proxy
      ? {
          requestHeader: {
            authority: () => proxy, allowedNames: list('requestheader-allowed-names'), usernameHeaders: list('requestheader-username-headers'),
            groupHeaders: list('requestheader-group-headers'), extraHeaderPrefixes: list('requestheader-extra-headers-prefix'),
          },
        }
      : {}),
  };
}
