/** Credentials for a registry out of imagePullSecrets. */
import type { DeepReadonly } from '../../machinery/json.ts';
import type * as core from '../../api/core/v1/types.ts';
import type { AuthConfig } from '../cri/types.ts';
import { parseReference } from './reference.ts';

interface Entry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
}

function entriesOf(secret: DeepReadonly<core.Secret>): Record<string, Entry> {
  const modern = secret.data?.['.dockerconfigjson'];
  const legacy = secret.data?.['.dockercfg'];
  try {
    if (modern) return (JSON.parse(Buffer.from(modern, 'base64').toString()) as { auths?: Record<string, Entry> }).auths ?? {};
    if (legacy) return JSON.parse(Buffer.from(legacy, 'base64').toString()) as Record<string, Entry>;
  } catch {
    // As upstream: a secret that cannot be read gives no credentials, and the pull says what it thinks of that.
    return {};
  }
  return {};
}

/** `https://index.docker.io/v1/` and `docker.io` are one place. */
function place(key: string): { host: string; path: string } {
  const bare = key.replace(/^https?:\/\//, '').replace(/\/v[12]\/?$/, '').replace(/\/$/, '');
  const slash = bare.indexOf('/');
  const host = slash < 0 ? bare : bare.slice(0, slash);
  return { host: host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host, path: slash < 0 ? '' : bare.slice(slash + 1) };
}

function hostMatches(pattern: string, host: string): boolean {
  const [a, b] = [pattern.split('.'), host.split('.')];
  if (a.length !== b.length) return false;
  return a.every((part, i) => new RegExp(`^${part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(b[i]!));
}

/** All that fit, the most particular first. */
export function credentialsFor(image: string, secrets: readonly DeepReadonly<core.Secret>[]): AuthConfig[] {
  const reference = parseReference(image);
  if (!reference) return [];
  const found: { depth: number; auth: AuthConfig }[] = [];
  for (const secret of secrets) {
    for (const [key, entry] of Object.entries(entriesOf(secret))) {
      const { host, path } = place(key);
      if (!hostMatches(host, reference.registry) || !reference.repository.startsWith(path)) continue;
      const [user = '', ...rest] = entry.auth ? Buffer.from(entry.auth, 'base64').toString().split(':') : [];
      const username = entry.username ?? user;
      const password = entry.password ?? rest.join(':');
      found.push({
        depth: path.length,
        auth: { username, password, auth: '', serverAddress: '', identityToken: entry.identitytoken ?? '', registryToken: '' },
      });
    }
  }
  return found.sort((a, b) => b.depth - a.depth).map((f) => f.auth);
}
