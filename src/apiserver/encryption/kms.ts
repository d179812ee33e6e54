/**
 * A key management plugin (KMS v2) behind a unix socket. It holds the key that enciphers the seed of our keys; values are enciphered here,
 * so that a write costs no call. The plugin is asked once a minute which key counts; another one means a new seed.
 */
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Timer } from '../../base/clock.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { seededGcm, aesGcm, type Cipher } from './ciphers.ts';
import type { EncryptionMeter } from './metrics.ts';
import { decodeDecrypted, decodeEncrypted, decodeEnvelope, decodeStatus, dekTypes, encodeDecrypt, encodeEncrypt, encodeEnvelope, type Envelope, type EncryptAnswer } from './kmsmessages.ts';
import type { Kms } from './keyring.ts';

const healthyMs = 60_000;
const unhealthyMs = 10_000;
/** How long writes go on after the plugin was last found well. */
const coastMs = 180_000;
const maxKeyId = 1024;
const maxDek = 1024;
const maxAnnotations = 32 * 1024;
const rememberedDeks = 1000;
const rememberedHealthMs = { good: 20_000, bad: 3_000 };

export interface KmsOptions {
  readonly name: string;
  readonly endpoint: string;
  readonly timeoutMs: number;
  readonly surroundings: Surroundings;
  readonly meter: EncryptionMeter;
}

interface State {
  readonly cipher: Cipher;
  readonly sealed: Omit<Envelope, 'data'>;
  /** Monotonic; writes fail after it. */
  expires: number;
}

class Plugin {
  readonly #options: KmsOptions;
  readonly #client: Client;
  /** Ciphers by the enciphered key that they need. */
  readonly #known = new Map<string, Promise<Cipher>>();
  #state: State | undefined;
  #version = '';
  #health: { error: Error | undefined; until: number } | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: KmsOptions) {
    this.#options = options;
    this.#client = new Client(`unix:${options.endpoint.replace(/^unix:\/\//, '').replace(/^\/@/, '@')}`, credentials.createInsecure(), { 'grpc.default_authority': 'localhost', 'grpc.max_reconnect_backoff_ms': 2000 });
  }

  /** The plugin may come later: the start does not fail for it. */
  async start(): Promise<void> {
    let well = true;
    await this.check().catch((error: unknown) => {
      well = false;
      this.#options.surroundings.log.error('kms plugin failed health check probe', error, { name: this.#options.name });
    });
    if (this.#closed) return;
    this.#timer = this.#options.surroundings.clock.after(well ? healthyMs : unhealthyMs, () => void this.start());
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#client.close();
  }

  async check(): Promise<void> {
    const { clock } = this.#options.surroundings;
    if (!this.#health || this.#health.until <= clock.monotonic()) {
      const error = await this.#probe().then(() => undefined, (problem: unknown) => problem as Error);
      this.#health = { error, until: clock.monotonic() + (error ? rememberedHealthMs.bad : rememberedHealthMs.good) };
    }
    if (this.#health.error) throw this.#health.error;
  }

  get stamp(): string {
    return this.#state?.sealed.keyId ?? '';
  }

  async encipher(plain: Uint8Array, path: string): Promise<Buffer> {
    const state = this.#present();
    this.#options.meter.used('to_storage', this.#options.name, hashOf(state.sealed.keyId), who);
    if (this.#options.surroundings.clock.monotonic() > state.expires) throw new Error(`encryptedDEKSource with keyID hash ${JSON.stringify(hashOf(state.sealed.keyId))} expired`);
    return encodeEnvelope({ ...state.sealed, data: await state.cipher.encipher(plain, path) });
  }

  async decipher(value: Buffer, path: string): Promise<Buffer> {
    const envelope = decodeEnvelope(value);
    validate(envelope);
    this.#present();
    this.#options.meter.used('from_storage', this.#options.name, hashOf(envelope.keyId), who);
    const key = `${envelope.dekType}/${envelope.keyId}/${envelope.encryptedDek.toString('base64')}`;
    let cipher = this.#known.get(key);
    if (!cipher) {
      this.#options.meter.missed();
      // Many values are read at once, and most have the same key.
      this.#remember(key, (cipher = this.#unseal(envelope)));
      cipher.catch(() => this.#known.delete(key));
    }
    return (await cipher).decipher(envelope.data, path);
  }

  async #unseal(envelope: Envelope): Promise<Cipher> {
    const { random } = this.#options.surroundings;
    try {
      const plain = await this.#call('Decrypt', encodeDecrypt(envelope, random.uuid()), decodeDecrypted);
      return envelope.dekType === dekTypes.seed ? seededGcm(plain, random) : aesGcm(plain, random);
    } catch (error) {
      throw new Error(`failed to decrypt DEK, error: ${(error as Error).message}`, { cause: error });
    }
  }

  #remember(key: string, cipher: Promise<Cipher>): void {
    if (this.#known.size >= rememberedDeks) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(key, cipher);
    this.#options.meter.known(this.#options.name, this.#known.size);
  }

  #present(): State {
    if (!this.#state) throw new Error('got unexpected nil transformer');
    return this.#state;
  }

  async #probe(): Promise<void> {
    const { name } = this.#options;
    const errors: string[] = [];
    let answer: ReturnType<typeof decodeStatus>;
    try {
      answer = await this.#call('Status', Buffer.alloc(0), decodeStatus);
    } catch (error) {
      throw new Error(`failed to perform status section of the healthz check for KMS Provider ${name}, error: ${(error as Error).message}`, { cause: error });
    }
    if (answer.healthz !== 'ok') errors.push(`got unexpected healthz status: ${answer.healthz}`);
    if (answer.version !== 'v2' && answer.version !== 'v2beta1') errors.push(`expected KMSv2 API version v2, got ${answer.version}`);
    else {
      this.#version ||= answer.version;
      if (this.#version !== answer.version) errors.push(`KMSv2 API version should not change after the initial status response version ${this.#version}, got ${answer.version}`);
    }
    const bad = keyIdProblem(answer.keyId);
    if (bad) this.#options.meter.misnamed(name, answer.keyId === '' ? 'empty' : 'too_long');
    else this.#options.meter.named(name, hashOf(answer.keyId), who);
    if (bad) errors.push(`got invalid KMSv2 KeyID hash ${JSON.stringify(hashOf(answer.keyId))}: ${bad}`);
    else await this.#rotate(answer.keyId).catch((error: unknown) => errors.push((error as Error).message));
    if (errors.length > 0) throw new Error(`kmsv2 Provider ${name} is not healthy, error: ${errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`}`);
  }

  /** A new seed when another key counts; else the present one counts for longer. */
  async #rotate(keyId: string): Promise<void> {
    const { clock, random, log } = this.#options.surroundings;
    // Counted from before the call.
    const expires = clock.monotonic() + coastMs;
    if (this.#state?.sealed.keyId === keyId) {
      this.#state.expires = expires;
      return;
    }
    const seed = random.bytes(32);
    const uid = random.uuid();
    let answer: EncryptAnswer;
    const since = clock.monotonic();
    try {
      answer = await this.#call('Encrypt', encodeEncrypt(seed, uid), decodeEncrypted);
      this.#options.meter.made(clock.monotonic() - since, true);
    } catch (error) {
      this.#options.meter.made(0, false);
      throw new Error(`failed to rotate DEK uid=${JSON.stringify(uid)}: failed to encrypt DEK, error: ${(error as Error).message}`, { cause: error });
    }
    const sealed = { keyId: answer.keyId, encryptedDek: answer.ciphertext, annotations: answer.annotations, dekType: dekTypes.seed };
    validate({ ...sealed, data: Buffer.of(0) });
    if (answer.keyId !== keyId) {
      throw new Error(`failed to rotate DEK uid=${JSON.stringify(uid)}, statusKeyIDHash=${JSON.stringify(hashOf(keyId))}, encryptKeyIDHash=${JSON.stringify(hashOf(answer.keyId))}`);
    }
    const cipher = seededGcm(seed, random);
    this.#state = { cipher, sealed, expires };
    this.#remember(`${sealed.dekType}/${sealed.keyId}/${sealed.encryptedDek.toString('base64')}`, Promise.resolve(cipher));
    log.info('Another key of the key management plugin is used', { name: this.#options.name, keyIDHash: hashOf(keyId) });
  }

  #call<T>(method: 'Status' | 'Encrypt' | 'Decrypt', request: Buffer, decode: (bytes: Buffer) => T): Promise<T> {
    const { surroundings, timeoutMs, meter, name } = this.#options;
    const since = surroundings.clock.monotonic();
    const metadata = new Metadata({ waitForReady: true });
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(`/v2.KeyManagementService/${method}`, (bytes: Buffer) => bytes, (bytes: Buffer) => bytes, request, metadata, { deadline: surroundings.clock.now() + timeoutMs }, (error: ServiceError | null, answer?: Buffer) => {
        meter.called(name, method, error ? codeName(error.code) : 'OK', surroundings.clock.monotonic() - since);
        if (error) reject(new Error(`rpc error: code = ${codeName(error.code)} desc = ${error.details}`, { cause: error }));
        else resolve(decode(answer!));
      });
    });
  }
}

/** `DeadlineExceeded` for DEADLINE_EXCEEDED. */
function codeName(code: number): string {
  return (status[code] ?? String(code)).toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function keyIdProblem(keyId: string): string | undefined {
  if (keyId === '') return 'keyID is empty';
  const { length } = Buffer.from(keyId);
  return length > maxKeyId ? `keyID is ${length} bytes, which exceeds the max size of ${maxKeyId}` : undefined;
}

function validate({ data, keyId, encryptedDek, annotations, dekType }: Envelope): void {
  if (dekType !== dekTypes.key && dekType !== dekTypes.seed) throw new Error(`unknown encryptedDEKSourceType: ${dekType}`);
  if (data.length === 0) throw new Error('encrypted data is empty');
  if (encryptedDek.length === 0) throw new Error('failed to validate encrypted DEK source: encrypted DEK source is empty');
  if (encryptedDek.length > maxDek) throw new Error(`failed to validate encrypted DEK source: encrypted DEK source is ${encryptedDek.length} bytes, which exceeds the max size of ${maxDek}`);
  const bad = keyIdProblem(keyId);
  if (bad) throw new Error(`failed to validate key id: ${bad}`);
  let total = 0;
  for (const [key, value] of annotations) total += Buffer.byteLength(key) + value.length;
  if (total > maxAnnotations) throw new Error(`failed to validate annotations: total size of annotations is ${total}, which exceeds the max size of ${maxAnnotations}`);
}

function hashOf(keyId: string): string {
  return keyId === '' ? '' : `sha256:${createHash('sha256').update(keyId).digest('hex')}`;
}

/** This server among others, as metrics call it. */
const who = hashOf(hostname());

export async function connectKms(options: KmsOptions): Promise<Kms> {
  const plugin = new Plugin(options);
  await plugin.start();
  return {
    cipher: {
      get stamp() {
        return plugin.stamp;
      },
      stampOf: (value) => decodeEnvelope(value).keyId,
      decipher: (value, path) => plugin.decipher(value, path),
      encipher: (plain, path) => plugin.encipher(plain, path),
    },
    check: () => plugin.check(),
    close: () => plugin.close(),
  };
}
