/** Ways to tell who is behind a token, asked in turn; and the simple ones: tokens from a file, and bootstrap tokens from Secrets in kube-system. */
import { timingSafeEqual } from 'node:crypto';
import { parseTime, type Clock } from '../../base/clock.ts';
import { authenticated, type User } from '../../serving/identity.ts';
import type { Stored } from '../objects.ts';

export interface TokenAnswer {
  readonly user: User;
  /** Those of the asked audiences that the token is for; absent: it is for this server, whatever that is called. */
  readonly audiences?: readonly string[];
}

/** Undefined: not one of mine. Throws for one of mine that is bad, with the reason. */
export type TokenAuthenticator = (token: string, audiences: readonly string[]) => Promise<TokenAnswer | undefined> | TokenAnswer | undefined;

/** The token is nobody's; the message says what was found wrong by whom. */
export class BadToken extends Error {}

export class Tokens {
  readonly #ways: readonly TokenAuthenticator[];
  /** What this server is called in tokens. */
  readonly #audiences: readonly string[];

  constructor(ways: readonly TokenAuthenticator[], audiences: readonly string[]) {
    this.#ways = ways;
    this.#audiences = audiences;
  }

  /** `asked` empty: any audience of this server. Includes the group of all who have proved who they are. Throws BadToken. */
  async authenticate(token: string, asked: readonly string[] = []): Promise<Required<TokenAnswer>> {
    const wanted = asked.length > 0 ? asked : this.#audiences;
    const errors = ['invalid bearer token'];
    for (const way of this.#ways) {
      try {
        const answer = await way(token, wanted);
        if (!answer) continue;
        const audiences = answer.audiences ?? wanted.filter((a) => this.#audiences.includes(a));
        if (audiences.length > 0 || this.#audiences.length === 0) return { user: authenticated(answer.user), audiences };
      } catch (error) {
        errors.push((error as Error).message);
      }
    }
    throw new BadToken(errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`);
  }
}

/** Lines of `token,user,uid,"group1,group2"`; upstream's words for those that are none. */
export function staticTokens(text: string): TokenAuthenticator {
  const users = new Map<string, User>();
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [token = '', name = '', uid = '', groups] = fieldsOf(line);
    if (fieldsOf(line).length < 3) throw new Error(`token file must have at least 3 columns (token, user name, user uid), found ${fieldsOf(line).length}`);
    // An empty token would be anybody's.
    if (token === '') continue;
    users.set(token, { name, ...(uid ? { uid } : {}), groups: groups ? groups.split(',').map((g) => g.trim()).filter((g) => g !== '') : [] });
  }
  return (token) => {
    const user = users.get(token);
    return user && { user };
  };
}

function fieldsOf(line: string): string[] {
  return [...line.trim().matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) => (m[1] ?? m[2] ?? '').replaceAll('""', '"').trim());
}

const bootstrapToken = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const bootstrapGroup = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

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
    if (expiration && !(parseTime(expiration) > clock.now())) return undefined;
    const groups = value('auth-extra-groups').split(',').map((g) => g.trim()).filter((g) => g !== '');
    // One bad group spoils the token, lest it means less than its owner believes.
    if (groups.some((g) => !bootstrapGroup.test(g))) return undefined;
    return { user: { name: `system:bootstrap:${id}`, groups: [...new Set(['system:bootstrappers', ...groups])].sort() } };
  };
}

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
