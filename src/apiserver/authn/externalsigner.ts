/** A signer of service-account tokens behind a unix socket (ExternalJWT v1): it keeps the keys, this server the claims. */
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Timer } from '../../base/clock.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { ProtobufWriter, readFields, WireType } from '../../wire/protobuf.ts';
import type { ExternalSigner, SignerKey } from './serviceaccount.ts';

const service = '/v1.ExternalJWTSigner/';
const firstTimeoutMs = 60_000;
const metadataTimeoutMs = 10_000;
const retryMs = 10_000;
const longestId = 1024;
const leastSeconds = 600;
const algorithms: ReadonlySet<unknown> = new Set(['RS256', 'ES256', 'ES384', 'ES512']);

interface Keys {
  readonly keys: readonly SignerKey[];
  /** Seconds since the epoch. */
  readonly dataAt: number;
  readonly refreshSeconds: number;
}

function encodeSign(claims: string): Buffer {
  const writer = new ProtobufWriter(claims.length + 16);
  writer.string(claims);
  writer.tag(1, WireType.bytes);
  return writer.finish();
}

function decodeSigned(bytes: Uint8Array): { header: string; signature: string } {
  const out = { header: '', signature: '' };
  readFields(bytes, { 1: (r) => (out.header = r.string()), 2: (r) => (out.signature = r.string()) });
  return out;
}

function decodeMetadata(bytes: Uint8Array): number {
  let seconds = 0;
  readFields(bytes, { 1: (r) => (seconds = Number(r.int64())) });
  return seconds;
}

/** Throws in upstream's words for what may not be. */
function decodeKeys(bytes: Uint8Array): Keys {
  const keys: SignerKey[] = [];
  const out = { dataAt: 0, refreshSeconds: 0 };
  readFields(bytes, {
    1: (r) => keys.push(decodeKey(r.bytes())),
    2: (r) => readFields(r.bytes(), { 1: (t) => (out.dataAt = Number(t.int64())) }),
    3: (r) => (out.refreshSeconds = Number(r.int64())),
  });
  if (out.refreshSeconds <= 0) throw new Error(`found invalid refresh hint (${out.refreshSeconds}s)`);
  if (keys.length === 0) throw new Error('found no keys');
  return { ...out, keys };
}

function decodeKey(bytes: Uint8Array): SignerKey {
  let [id, der, hidden] = ['', Buffer.alloc(0), false];
  readFields(bytes, { 1: (r) => (id = r.string()), 2: (r) => (der = Buffer.from(r.bytes())), 3: (r) => (hidden = r.uint32() !== 0) });
  if (id === '' || Buffer.byteLength(id) > longestId) throw new Error(`found invalid public key id ${JSON.stringify(id)}`);
  if (der.length === 0) throw new Error('found empty public key');
  let key: KeyObject;
  try {
    key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch (error) {
    throw new Error(`while parsing external public keys: ${(error as Error).message}`, { cause: error });
  }
  return { id, key, hidden };
}

class Signer implements ExternalSigner {
  readonly #client: Client;
  readonly #surroundings: Surroundings;
  #keys: readonly SignerKey[] = [];
  #refreshing: Promise<void> | undefined;
  #timer: Timer | undefined;
  #closed = false;
  #families: ReturnType<typeof familiesOf> | undefined;
  #dataAt = 0;
  #fetchedAt = 0;

  constructor(path: string, surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#client = new Client(path.startsWith('@') ? `unix-abstract:${path.slice(1)}` : `unix:${path}`, credentials.createInsecure(), { 'grpc.default_authority': 'localhost', 'grpc.max_reconnect_backoff_ms': 2000 });
  }

  instrument(metrics: Metrics): void {
    this.#families = familiesOf(metrics);
    this.#told();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#client.close();
  }

  get keys(): readonly SignerKey[] {
    return this.#keys;
  }

  async longestSeconds(): Promise<number> {
    return this.#call('Metadata', Buffer.alloc(0), decodeMetadata, metadataTimeoutMs);
  }

  async sign(claims: string): Promise<string> {
    let code = 'OK';
    try {
      const { header, signature } = await this.#call('Sign', encodeSign(claims), decodeSigned, firstTimeoutMs).catch((error: unknown) => {
        code = codeOf(error);
        throw new Error(`while signing jwt: ${(error as Error).message}`, { cause: error });
      });
      try {
        await this.#checkHeader(header);
      } catch (error) {
        throw new Error(`while validating header: ${(error as Error).message}`, { cause: error });
      }
      if (signature === '') throw new Error('empty signature returned');
      return `${header}.${claims}.${signature}`;
    } finally {
      this.#families?.signs.inc(1, code);
    }
  }

  /** Asks for the keys, at most once at a time. */
  refresh(timeoutMs = firstTimeoutMs): Promise<void> {
    return (this.#refreshing ??= this.#fetch(timeoutMs).finally(() => (this.#refreshing = undefined)));
  }

  async #checkHeader(text: string): Promise<void> {
    const { alg, kid, typ, ...more } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>;
    const [unknown] = Object.keys(more);
    if (unknown !== undefined) throw new Error(`while parsing header JSON: json: unknown field ${JSON.stringify(unknown)}`);
    if (typ !== 'JWT') throw new Error('bad type');
    if (typeof kid !== 'string' || kid === '') throw new Error('key id missing');
    if (Buffer.byteLength(kid) > longestId) throw new Error('key id longer than 1 kb');
    if (!algorithms.has(alg)) throw new Error(`bad signing algorithm ${JSON.stringify(alg ?? '')}`);
    if (!this.#keys.some((key) => key.id === kid)) await this.refresh().catch(() => {});
    if (this.#keys.some((key) => key.id === kid && key.hidden)) throw new Error(`key used for signing JWT (kid: ${kid}) is excluded from OIDC discovery docs`);
  }

  async #fetch(timeoutMs: number): Promise<void> {
    const { clock, log } = this.#surroundings;
    this.#timer?.cancel();
    let next = retryMs;
    let code = 'OK';
    try {
      const { keys, dataAt, refreshSeconds } = await this.#call('FetchKeys', Buffer.alloc(0), decodeKeys, timeoutMs);
      this.#keys = keys;
      [this.#dataAt, this.#fetchedAt] = [dataAt, clock.now() / 1000];
      next = refreshSeconds * 1000;
      this.#told();
    } catch (error) {
      code = codeOf(error);
      throw error;
    } finally {
      this.#families?.fetches.inc(1, code);
      if (!this.#closed) {
        this.#timer = clock.after(next, () => void this.refresh().catch((error: unknown) => {
          if (!this.#closed) log.error('Keys of the external signer could not be fetched; those that are known go on to count', error);
        }));
      }
    }
  }

  #told(): void {
    if (this.#fetchedAt === 0) return;
    this.#families?.fetched.set(this.#fetchedAt);
    this.#families?.data.set(this.#dataAt);
  }

  #call<T>(method: 'Sign' | 'FetchKeys' | 'Metadata', request: Buffer, decode: (bytes: Buffer) => T, timeoutMs: number): Promise<T> {
    const { clock } = this.#surroundings;
    const since = clock.monotonic();
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(service + method, (bytes: Buffer) => bytes, (bytes: Buffer) => bytes, request, new Metadata({ waitForReady: true }), { deadline: clock.now() + timeoutMs }, (error: ServiceError | null, answer?: Buffer) => {
        this.#families?.durations.observe((clock.monotonic() - since) / 1000, method, error ? codeName(error.code) : 'OK');
        if (error) return reject(Object.assign(new Error(`rpc error: code = ${codeName(error.code)} desc = ${error.details}`, { cause: error }), { rpc: codeName(error.code) }));
        try {
          resolve(decode(answer!));
        } catch (problem) {
          reject(problem as Error);
        }
      });
    });
  }
}

function codeOf(error: unknown): string {
  return (error as { rpc?: string }).rpc ?? 'internal-error';
}

/** `DeadlineExceeded` for DEADLINE_EXCEEDED. */
function codeName(code: number): string {
  return (status[code] ?? String(code)).toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function familiesOf(metrics: Metrics) {
  const prefix = 'apiserver_externaljwt_';
  return {
    fetched: metrics.gauge({ name: `${prefix}fetch_keys_success_timestamp`, help: '[ALPHA] When the signer last told its keys, as a Unix time.' }),
    data: metrics.gauge({ name: `${prefix}fetch_keys_data_timestamp`, help: '[ALPHA] The time that the signer gave with the keys it told last, as a Unix time.' }),
    fetches: metrics.counter({ name: `${prefix}fetch_keys_request_total`, labels: ['code'], help: '[ALPHA] How often the signer was asked for its keys, by code.' }),
    signs: metrics.counter({ name: `${prefix}sign_request_total`, labels: ['code'], help: '[ALPHA] How often the signer was asked to sign a token, by code.' }),
    durations: metrics.histogram({ name: `${prefix}request_duration_seconds`, labels: ['method', 'code'], buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60], help: '[ALPHA] Seconds that the signer took to answer.' }),
  };
}

/** Resolves when its keys are known, with the longest life that it gives a token. Throws in upstream's words. */
export async function connectSigner(path: string, surroundings: Surroundings, firstMs = firstTimeoutMs): Promise<{ readonly signer: ExternalSigner & { close(): void; instrument(metrics: Metrics): void }; readonly longestSeconds: number }> {
  const signer = new Signer(path, surroundings);
  try {
    await signer.refresh(firstMs).catch((error: unknown) => {
      throw new Error(`while initially filling key cache: while performing initial cache fill: while fetching token verification keys: while getting externally supported jwt signing keys: ${(error as Error).message}`, { cause: error });
    });
    const longestSeconds = await signer.longestSeconds();
    if (longestSeconds < leastSeconds) throw new Error(`max token life supported by external-jwt-signer (${longestSeconds}s) is less than acceptable (min ${leastSeconds}s)`);
    return { signer, longestSeconds };
  } catch (error) {
    signer.close();
    throw error;
  }
}
