/** Ways to tell who is behind a token, asked in turn; and the simple ones: tokens from a file, and bootstrap tokens from Secrets in kube-system. */
import { timingSafeEqual } from 'node:crypto';
import { parseTime, type Clock } from '../../base/clock.ts';
import type { Counter, Gauge, Metrics } from '../../base/metrics.ts';
import { Remembered } from '../../base/remembered.ts';
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

/** For how long a token that was found good is not judged again; bad ones always are. */
export interface TokenMemory {
  readonly clock: Clock;
  readonly ms: number;
  readonly metrics: Metrics;
}

/** Answers of the last seconds, and judgements that are under way: many requests with one token cost one. */
class Judged {
  readonly #ms: number;
  readonly #clock: Clock;
  readonly #known: Remembered<Required<TokenAnswer>>;
  readonly #under = new Map<string, Promise<Required<TokenAnswer>>>();
  readonly #count: Readonly<Record<'hit' | 'miss', (by: number) => void>>;
  readonly #took: Readonly<Record<'hit' | 'miss', (value: number) => void>>;
  readonly #fetched: Counter;
  readonly #active: Gauge;

  constructor({ clock, ms, metrics }: TokenMemory) {
    this.#ms = ms;
    this.#clock = clock;
    this.#known = new Remembered(clock);
    const prefix = 'authentication_token_cache_';
    const requests = metrics.counter({ name: `${prefix}request_total`, labels: ['status'], help: '[ALPHA] Tokens that were looked up, by whether they were remembered.' });
    const durations = metrics.histogram({ name: `${prefix}request_duration_seconds`, labels: ['status'], help: '[ALPHA] Seconds that looking up a token took.' });
    this.#count = { hit: requests.with('hit'), miss: requests.with('miss') };
    this.#took = { hit: durations.with('hit'), miss: durations.with('miss') };
    this.#fetched = metrics.counter({ name: `${prefix}fetch_total`, labels: ['status'], help: '[ALPHA] Tokens that had to be verified, by result.' });
    this.#active = metrics.gauge({ name: `${prefix}active_fetch_count`, labels: ['status'], help: '[ALPHA] Tokens that are being verified, and requests that wait for one.' });
    for (const status of ['blocked', 'in_flight']) this.#active.set(0, status);
  }

  of(key: string, judge: () => Promise<Required<TokenAnswer>>): Promise<Required<TokenAnswer>> | Required<TokenAnswer> {
    const known = this.#known.get(key);
    if (known) {
      this.#count.hit(1);
      this.#took.hit(0);
      return known;
    }
    return this.#miss(key, judge);
  }

  async #miss(key: string, judge: () => Promise<Required<TokenAnswer>>): Promise<Required<TokenAnswer>> {
    const since = this.#clock.monotonic();
    const others = this.#under.get(key);
    const status = others ? 'blocked' : 'in_flight';
    this.#active.add(1, status);
    try {
      return await (others ?? this.#judge(key, judge));
    } finally {
      this.#active.add(-1, status);
      this.#count.miss(1);
      this.#took.miss((this.#clock.monotonic() - since) / 1000);
    }
  }

  #judge(key: string, judge: () => Promise<Required<TokenAnswer>>): Promise<Required<TokenAnswer>> {
    const judged = judge().then(
      (answer) => {
        this.#known.set(key, answer, this.#ms);
        this.#fetched.inc(1, 'ok');
        return answer;
      },
      (error: unknown) => {
        this.#fetched.inc(1, 'error');
        throw error;
      },
    ).finally(() => this.#under.delete(key));
    this.#under.set(key, judged);
    return judged;
  }
}

export class Tokens {
  readonly #ways: readonly TokenAuthenticator[];
  /** What this server is called in tokens. */
  readonly #audiences: readonly string[];

  readonly #judged: Judged | undefined;

  constructor(ways: readonly TokenAuthenticator[], audiences: readonly string[], memory?: TokenMemory) {
    this.#ways = ways;
    this.#audiences = audiences;
    this.#judged = memory && memory.ms > 0 ? new Judged(memory) : undefined;
  }

  /** `asked` empty: any audience of this server. Includes the group of all who have proved who they are. Throws BadToken. */
  async authenticate(token: string, asked: readonly string[] = []): Promise<Required<TokenAnswer>> {
    const wanted = asked.length > 0 ? asked : this.#audiences;
    return this.#judged ? this.#judged.of(`${token}\n${wanted.join('\n')}`, () => this.#judge(token, wanted)) : this.#judge(token, wanted);
  }

  async #judge(token: string, wanted: readonly string[]): Promise<Required<TokenAnswer>> {
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
