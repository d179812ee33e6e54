/** Tokens from a file, and bootstrap tokens from Secrets in kube-system. */
import { timingSafeEqual } from 'node:crypto';
import { parseTime, type Clock } from '../../base/clock.ts';
import { StatusError } from '../../machinery/status.ts';
import type { User } from '../../serving/identity.ts';
import type { Stored } from '../objects.ts';

/** Undefined: not one of mine. Throws 401 for one of mine that is bad. */
export type TokenAuthenticator = (token: string) => Promise<User | undefined> | User | undefined;

/** Lines of `token,user,uid,"group1,group2"`. */
export function staticTokens(text: string): TokenAuthenticator {
  const users = new Map<string, User>();
  for (const line of text.split('\n')) {
    const [token, name, uid, groups] = fieldsOf(line);
    if (token && name) users.set(token, { name, ...(uid ? { uid } : {}), groups: groups ? groups.split(',').map((g) => g.trim()).filter((g) => g !== '') : [] });
  }
  return (token) => users.get(token);
}

function fieldsOf(line: string): string[] {
  return [...line.trim().matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) => (m[1] ?? m[2] ?? '').replaceAll('""', '"').trim());
}

const bootstrapToken = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;

export function bootstrapTokens(findSecret: (namespace: string, name: string) => Promise<Stored | undefined>, clock: Clock): TokenAuthenticator {
  return async (token) => {
    const match = bootstrapToken.exec(token);
    if (!match) return undefined;
    const [, id, secret] = match as unknown as [string, string, string];
    const stored = await findSecret('kube-system', `bootstrap-token-${id}`);
    if (!stored || stored.object['type'] !== 'bootstrap.kubernetes.io/token' || stored.object.metadata.deletionTimestamp) return undefined;
    const data = (stored.object['data'] ?? {}) as Record<string, string>;
    const value = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString();
    if (!same(value('token-secret'), secret) || value('token-id') !== id || value('usage-bootstrap-authentication') !== 'true') return undefined;
    const expiration = value('expiration');
    if (expiration && !(parseTime(expiration) > clock.now())) throw StatusError.unauthorized();
    const groups = value('auth-extra-groups').split(',').map((g) => g.trim()).filter((g) => g.startsWith('system:bootstrappers:'));
    return { name: `system:bootstrap:${id}`, groups: ['system:bootstrappers', ...groups] };
  };
}

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
