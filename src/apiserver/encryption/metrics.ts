/** What encryption at rest counts, from when there is somebody to count for. */
import type { Clock } from '../../base/clock.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { GroupResource } from './config.ts';

const doubling = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first * 2 ** i);

/** They are there with zeros, too, where nothing is enciphered. */
export function encryptionFamilies(metrics: Metrics) {
  const [storage, envelope] = ['apiserver_storage_', 'apiserver_envelope_encryption_'];
  const histogram = (name: string, help: string, buckets: readonly number[], labels: readonly string[] = []) => metrics.histogram({ name, help: `[ALPHA] ${help}`, buckets, labels });
  const counter = (name: string, help: string, labels: readonly string[] = []) => metrics.counter({ name, help: `[ALPHA] ${help}`, labels });
  const gauge = (name: string, help: string, labels: readonly string[] = []) => metrics.gauge({ name, help: `[ALPHA] ${help}`, labels });
  return {
    duration: histogram(`${storage}transformation_duration_seconds`, 'Seconds that enciphering or deciphering a value took.', doubling(5e-6, 25), ['transformation_type', 'transformer_prefix']),
    operations: counter(`${storage}transformation_operations_total`, 'Values that were enciphered or deciphered, by status (OK, or the code of the failure).', ['resource', 'transformation_type', 'transformer_prefix', 'status']),
    misses: counter(`${storage}envelope_transformation_cache_misses_total`, 'Data keys that had to be deciphered because none was remembered.'),
    keys: histogram(`${storage}data_key_generation_duration_seconds`, 'Seconds that making a data key took.', doubling(5e-6, 14)),
    keyFailures: counter(`${storage}data_key_generation_failures_total`, 'Data keys that could not be made.'),
    kms: histogram(`${envelope}kms_operations_latency_seconds`, 'Seconds that a KMS took to answer, by code.', doubling(0.0001, 20), ['provider_name', 'method_name', 'grpc_status_code']),
    keyUses: counter(`${envelope}key_id_hash_total`, 'How often a key of a KMS was used.', ['transformation_type', 'provider_name', 'key_id_hash', 'apiserver_id_hash']),
    keyStatus: gauge(`${envelope}key_id_hash_status_last_timestamp_seconds`, 'When a KMS named this key last, as a Unix time.', ['provider_name', 'key_id_hash', 'apiserver_id_hash']),
    keyLast: gauge(`${envelope}key_id_hash_last_timestamp_seconds`, 'When this key was used last, as a Unix time.', ['transformation_type', 'provider_name', 'key_id_hash', 'apiserver_id_hash']),
    invalidKeys: counter(`${envelope}invalid_key_id_from_status_total`, 'How often a KMS gave a key id that is not accepted.', ['provider_name', 'error']),
    sources: gauge(`${envelope}dek_source_cache_size`, 'Data keys that are remembered; after a start each of them costs a call to the KMS.', ['provider_name']),
  };
}

export class EncryptionMeter {
  readonly #clock: Clock;
  #families: ReturnType<typeof encryptionFamilies> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  instrument(metrics: Metrics): void {
    this.#families = encryptionFamilies(metrics);
  }

  /** The value of one that was read. */
  async transformed<T>(type: 'from_storage' | 'to_storage', of: GroupResource, bytes: Uint8Array, work: Promise<T>): Promise<T> {
    const since = this.#clock.monotonic();
    try {
      const result = await work;
      this.#count(type, of, prefixOf(bytes), 'OK', since);
      return result;
    } catch (error) {
      this.#count(type, of, prefixOf(bytes), 'Unknown', since);
      throw error;
    }
  }

  /** What is to be written: its cipher is known by what it made. */
  async written(of: GroupResource, work: Buffer | Promise<Buffer>): Promise<Buffer> {
    const since = this.#clock.monotonic();
    try {
      const value = await work;
      this.#count('to_storage', of, prefixOf(value), 'OK', since);
      return value;
    } catch (error) {
      this.#count('to_storage', of, '', 'Unknown', since);
      throw error;
    }
  }

  #count(type: string, { group, resource }: GroupResource, prefix: string, status: string, since: number): void {
    const families = this.#families;
    if (!families) return;
    families.operations.inc(1, group === '' ? resource : `${resource}.${group}`, type, prefix, status);
    if (status === 'OK') families.duration.observe((this.#clock.monotonic() - since) / 1000, type, prefix);
  }

  /** One call of a plugin that manages keys. `code`: as gRPC names it. */
  called(provider: string, method: string, code: string, milliseconds: number): void {
    this.#families?.kms.observe(milliseconds / 1000, provider, `/v2.KeyManagementService/${method}`, code);
  }

  used(type: 'from_storage' | 'to_storage', provider: string, keyHash: string, who: string): void {
    this.#families?.keyUses.inc(1, type, provider, keyHash, who);
    this.#families?.keyLast.set(this.#clock.now() / 1000, type, provider, keyHash, who);
  }

  named(provider: string, keyHash: string, who: string): void {
    this.#families?.keyStatus.set(this.#clock.now() / 1000, provider, keyHash, who);
  }

  misnamed(provider: string, error: string): void {
    this.#families?.invalidKeys.inc(1, provider, error);
  }

  known(provider: string, sources: number): void {
    this.#families?.sources.set(sources, provider);
  }

  missed(): void {
    this.#families?.misses.inc();
  }

  made(milliseconds: number, ok: boolean): void {
    if (ok) this.#families?.keys.observe(milliseconds / 1000);
    else this.#families?.keyFailures.inc();
  }
}

/** `k8s:enc:aescbc:v1:key1:` of what is enciphered; upstream calls what is not by its name. */
function prefixOf(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(128, bytes.length)).toString('latin1');
  return /^k8s:enc:(?:kms:v2:[^:]*:|[^:]*:v1:(?:[^:]*:)?)/.exec(head)?.[0] ?? 'identity';
}
