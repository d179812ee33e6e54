/** Clients of a profile's API server, from outside its processes. */
import { httpClient, type HttpClient } from '../client/http.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Surroundings } from '../base/surroundings.ts';
import type { Credential } from '../wire/certificates.ts';
import { readPki } from './pki.ts';
import type { ProfileConfig, ProfilePaths } from './profile.ts';

export function serverUrl(config: Pick<ProfileConfig, 'apiServer'>): string {
  return `https://${config.apiServer.address}:${config.apiServer.port}`;
}

export function clientFor(paths: ProfilePaths, config: ProfileConfig, surroundings: Surroundings, options: { credential?: Credential; userAgent?: string; metrics?: Metrics } = {}): HttpClient {
  const pki = readPki(paths.pki);
  const { certPem, keyPem } = options.credential ?? pki.admin;
  return httpClient({ server: serverUrl(config), ca: pki.ca.certPem, cert: certPem, key: keyPem, userAgent: options.userAgent ?? 'k7s', surroundings, ...(options.metrics ? { metrics: options.metrics } : {}) });
}

/** The body of a small answer. */
export async function getText(client: HttpClient, path: string, signal?: AbortSignal, accept = 'application/json'): Promise<{ status: number; text: string }> {
  const response = await client.raw({ method: 'GET', path, headers: { accept }, ...(signal ? { signal } : {}) });
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return { status: response.status, text: Buffer.concat(chunks).toString('utf8') };
}
