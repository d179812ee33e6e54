/** The keys of an issuer: where its discovery document says, read again when a token names one that is not known. */
import { STATUS_CODES } from 'node:http';
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { Surroundings } from '../../../base/surroundings.ts';
import { Transport } from '../../../client/transport.ts';
import { signatureFits, type Jwt } from '../jwt.ts';

export interface ProviderOptions {
  /** Without a slash at its end; as tokens name it. */
  readonly issuer: string;
  /** In place of the issuer's own address. */
  readonly discoveryUrl?: string;
  readonly authority?: string;
  readonly surroundings: Surroundings;
}

interface Key {
  readonly id: string | undefined;
  readonly key: KeyObject;
}

const retryMs = 10_000;
const timeoutMs = 30_000;
const largestDocument = 4 * 1024 * 1024;

export class Provider {
  readonly #options: ProviderOptions;
  readonly #stop = new AbortController();
  #keysUrl: string | undefined;
  #keys: readonly Key[] = [];
  #reading: Promise<void> | undefined;

  constructor(options: ProviderOptions) {
    this.#options = options;
  }

  /** Asks for the discovery document until it is there. */
  start(): void {
    const { clock, log } = this.#options.surroundings;
    const run = async (): Promise<void> => {
      while (!this.#stop.signal.aborted && this.#keysUrl === undefined) {
        try {
          await this.#discover();
        } catch (error) {
          if (this.#stop.signal.aborted) return;
          log.error('oidc authenticator: initializing plugin', error, { issuer: this.#options.issuer });
          await clock.sleep(retryMs, this.#stop.signal).catch(() => {});
        }
      }
    };
    void run();
  }

  close(): void {
    this.#stop.abort();
  }

  get ready(): boolean {
    return this.#keysUrl !== undefined;
  }

  /** Throws for a signature that none of the issuer's keys has made. */
  async verify(jwt: Jwt): Promise<void> {
    if (this.#fits(jwt)) return;
    // The issuer may have new keys. All who wait for them share one request.
    this.#reading ??= this.#readKeys().finally(() => (this.#reading = undefined));
    try {
      await this.#reading;
    } catch (error) {
      throw new Error(`failed to verify signature: fetching keys ${(error as Error).message}`, { cause: error });
    }
    if (!this.#fits(jwt)) throw new Error('failed to verify signature: failed to verify id token signature');
  }

  #fits(jwt: Jwt): boolean {
    return this.#keys.some(({ id, key }) => (jwt.keyId === undefined || id === jwt.keyId) && signatureFits(jwt, key));
  }

  async #discover(): Promise<void> {
    const { issuer, discoveryUrl } = this.#options;
    const document = await this.#fetch(discoveryUrl ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    if (document['issuer'] !== issuer) throw new Error(`oidc: issuer did not match the issuer returned by provider, expected ${JSON.stringify(issuer)} got ${JSON.stringify(document['issuer'] ?? '')}`);
    if (typeof document['jwks_uri'] !== 'string') throw new Error('oidc: the provider names no jwks_uri');
    this.#keysUrl = document['jwks_uri'];
  }

  async #readKeys(): Promise<void> {
    const { keys } = await this.#fetch(this.#keysUrl!);
    if (!Array.isArray(keys)) throw new Error('oidc: failed to get keys: the set has no keys');
    this.#keys = (keys as (JsonWebKey & { kid?: string; use?: string })[]).flatMap((jwk) => {
      if (jwk.use !== undefined && jwk.use !== 'sig') return [];
      try {
        return [{ id: jwk.kid, key: createPublicKey({ key: jwk, format: 'jwk' }) }];
      } catch {
        // Keys of kinds that are not known do not spoil the others.
        return [];
      }
    });
  }

  async #fetch(address: string): Promise<Record<string, unknown>> {
    return JSON.parse(await this.text(address, { accept: 'application/json' }, (status, _words, body) => new Error(`${status}: ${body.slice(0, 200)}`))) as Record<string, unknown>;
  }

  /** What stands at an address, fetched as the issuer's documents are. `refused` words another status than 2xx. */
  async text(address: string, headers: Readonly<Record<string, string>>, refused: (status: number, words: string, body: string) => Error): Promise<string> {
    const url = new URL(address);
    const { clock } = this.#options.surroundings;
    const { authority: ca } = this.#options;
    const transport = new Transport({ server: url.origin, ...(ca ? { ca } : {}) }, clock);
    const late = new AbortController();
    const timer = clock.after(timeoutMs, () => late.abort(new Error('context deadline exceeded')));
    try {
      const response = await transport.exchange({ method: 'GET', path: `${url.pathname}${url.search}`, headers, signal: AbortSignal.any([late.signal, this.#stop.signal]) });
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of response.body) {
        size += chunk.length;
        if (size > largestDocument) throw new Error(`${address}: the answer is too long`);
        chunks.push(chunk);
      }
      const body = Buffer.concat(chunks).toString();
      if (response.status < 200 || response.status > 226) throw refused(response.status, STATUS_CODES[response.status] ?? '', body);
      return body;
    } finally {
      timer.cancel();
      transport.close();
    }
  }
}
