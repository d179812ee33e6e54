/**
 * One asynchronous MVCC store of bytes; it knows no kinds. Engines: memory, embedded (durable), etcd.
 * Revisions are whole numbers that grow by one with each commit, whatever the number of keys in it.
 */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  /** Why the value cannot be read, where it is enciphered; `value` is then what stands in the store. */
  readonly problem?: Error;
}

export interface RangeRequest {
  /** First key, included. */
  readonly start: string;
  /** First key after the range; see `prefixEnd`. */
  readonly end: string;
  readonly limit?: number;
  /** Read as of this revision; 0 or absent: now. */
  readonly revision?: number;
  readonly countOnly?: boolean;
}

export interface RangeResult {
  readonly entries: readonly Entry[];
  /** The revision that was read. */
  readonly revision: number;
  /** All keys in the range, whatever the limit. */
  readonly count: number;
}

export type Operation =
  /** `expect`: 0 the key must not exist, n its modRevision must be n, absent: write whatever is there. */
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array; readonly expect?: number }
  | { readonly type: 'delete'; readonly key: string; readonly expect?: number };

export type StoreEvent =
  | { readonly type: 'put'; readonly entry: Entry; readonly previous?: Entry }
  /** `entry` is the last state; its modRevision is that of the deletion. */
  | { readonly type: 'delete'; readonly entry: Entry };

export interface StoreBatch {
  readonly revision: number;
  /** Empty for a progress notice: everything up to `revision` has been seen. */
  readonly events: readonly StoreEvent[];
}

export interface Store {
  /** True where upstream's servers may use the same data: values then have to be in upstream's form. */
  readonly shared: boolean;
  /** The newest revision that can be read; a promise where others may write to the same store. */
  revision(): number | Promise<number>;
  get(key: string, revision?: number): Promise<{ readonly entry: Entry | undefined; readonly revision: number }>;
  range(request: RangeRequest): Promise<RangeResult>;
  /** All or nothing. Resolves when durable, with the revision. Rejects with StoreError 'conflict' and the present entry. */
  commit(operations: readonly Operation[]): Promise<number>;
  /**
   * Every commit after `after` that touches the range, in order, each once, however slowly it is consumed.
   * StoreError 'compacted' when that is too old. Ends when the signal fires.
   */
  watch(request: { readonly start: string; readonly end: string; readonly after: number; readonly signal: AbortSignal }): AsyncIterable<StoreBatch>;
  compact(revision: number): Promise<void>;
  /** The oldest revision that can still be read, where it is known without asking; 0 where nothing is known. */
  floor?(): number;
  /** True for a value that has to be written again though it says the same: it was enciphered in another way than is written now. */
  outdated?(key: string, value: Uint8Array): boolean;
  /** Bytes on disk, for metrics and quotas; 0 for memory. */
  size(): Promise<number>;
  close(): Promise<void>;
}

export type StoreErrorKind = 'conflict' | 'compacted' | 'future' | 'unavailable' | 'full' | 'closed' | 'too large';

/** What one commit may be long: etcd's limit of a request, which every engine keeps, so that data can move between them. */
export const maxCommitBytes = 1.5 * 1024 * 1024;

export class StoreError extends Error {
  readonly kind: StoreErrorKind;
  /** For 'conflict': what is there now. For 'compacted': nothing. */
  readonly present: Entry | undefined;

  constructor(kind: StoreErrorKind, message: string, present?: Entry) {
    super(message);
    this.name = 'StoreError';
    this.kind = kind;
    this.present = present;
  }
}

/** The first key after every key that starts with `prefix`. */
export function prefixEnd(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
