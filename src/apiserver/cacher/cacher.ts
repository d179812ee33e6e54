/**
 * The watch cache between the store and the registry: what a resource's readers, watchers and writers see of it.
 *
 * One feed follows the store and hands each commit to the cacher of its prefix, synchronously. A cacher holds the
 * present state in key order, a window of recent events, indexes that its readers asked for, and its watchers.
 * It knows kinds only through a codec. `Feed.start(store, surroundings)`, then `feed.cacher(prefix, codec)` for each
 * resource; `feed.commit` writes to several of them at once. Errors are StoreError ('conflict', 'compacted', 'future', 'unavailable').
 */
import type { DeepReadonly } from '../../machinery/json.ts';
import type { SharedPiece } from '../../serving/piece.ts';
import type { Operation } from '../../store/store.ts';

/** What selectors look at. */
export interface Attributes {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Selectable fields by path; metadata.name and metadata.namespace need not be among them. */
  readonly fields: Readonly<Record<string, string>>;
  /** uids of the owners, for garbage collection. */
  readonly owners?: readonly string[];
}

/** How the cacher learns about the kind of its resource. All pure and synchronous. */
export interface CacherCodec<T> {
  /** What is written into the store: the stored version, without resourceVersion. */
  encodeStored(object: DeepReadonly<T>): Uint8Array;
  /** The object in the version the codec keeps in memory, with metadata.resourceVersion set. Throws for bytes that are no such object. */
  decodeStored(value: Uint8Array, key: string, revision: number): T;
  /** The object with this metadata.resourceVersion. May change it in place: its writer has handed it over. */
  withRevision(object: T, revision: number): T;
  /** Served bytes. `mediaType` is whatever text the caller and the codec agree on (`application/json;as=Table…` too). */
  encode(object: DeepReadonly<T>, version: string, mediaType: string): Buffer;
  /** Served bytes straight from the stored ones where nothing but the resourceVersion is missing; undefined: decode and encode. */
  splice?(value: Uint8Array, revision: number, version: string, mediaType: string): Splice | undefined;
  /** One watch event as it goes over the wire, around what `encode` made. */
  frame(type: ChangeType, encoding: Buffer, mediaType: string): Buffer;
  attributes(object: DeepReadonly<T>): Attributes;
}

/** Served bytes as parts of the stored ones: `head`, from `start` to `at`, the resourceVersion, from `at` to `end`, and a last brace where `closing`. */
export interface Splice {
  readonly head: Uint8Array;
  readonly bytes: Buffer;
  readonly start: number;
  readonly at: number;
  readonly end: number;
  readonly revision: number;
  readonly closing: boolean;
}

const stampHead = Buffer.from('"resourceVersion":"');

function digitsOf(n: number): number {
  let digits = 1;
  for (let rest = n; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}

export function spliceLength({ head, start, end, revision, closing }: Splice): number {
  return head.length + end - start + stampHead.length + digitsOf(revision) + 2 + (closing ? 1 : 0);
}

/**
 * Writes a splice, less its first `skip` bytes, which stand before the resourceVersion, into a buffer that has room for it; returns where it ends.
 * Byte by byte where there are few: a call into the runtime takes longer.
 */
export function writeSplice(splice: Splice, target: Buffer, from: number, skip = 0): number {
  const { head, bytes, start, at, end, revision, closing } = splice;
  let to = from;
  for (let i = skip; i < head.length; i++) target[to++] = head[i]!;
  to += bytes.copy(target, to, start + Math.max(0, skip - head.length), at);
  for (let i = 0; i < stampHead.length; i++) target[to++] = stampHead[i]!;
  const digits = digitsOf(revision);
  let rest = revision;
  for (let i = digits - 1; i >= 0; i--) {
    const next = Math.floor(rest / 10);
    target[to + i] = 0x30 + rest - next * 10;
    rest = next;
  }
  to += digits;
  target[to++] = 0x22;
  target[to++] = 0x2c;
  to += bytes.copy(target, to, at, end);
  if (closing) target[to++] = 0x7d;
  return to;
}

export function joined(splice: Splice): Buffer {
  const out = Buffer.allocUnsafe(spliceLength(splice));
  writeSplice(splice, out, 0);
  return out;
}

/** One object at one revision. What is derived from it is made on first need, shared by everybody, and forgotten when it is not used and memory is short. */
export interface CachedObject<T> {
  readonly key: string;
  /** Of its last change; for a deleted object that of the deletion. This is metadata.resourceVersion. */
  readonly revision: number;
  readonly object: DeepReadonly<T>;
  readonly attributes: Attributes;
  /** Why it cannot be read; everything else that needs the object then throws this. */
  readonly problem?: Error | undefined;
  encoding(version: string, mediaType: string): Buffer;
  /** The same as parts of what is stored, where that is possible. */
  splice(version: string, mediaType: string): Splice | undefined;
  /** Like `object`, for a single use: what is not decoded yet is not kept. */
  glance(): DeepReadonly<T>;
  /** Something else that is made of the object and kept for a while under two names; `weight` in bytes. Constants are found fastest. */
  derived<D>(name: string, variant: string, make: (object: DeepReadonly<T>) => { readonly made: D; readonly weight: number }): D;
  /** The same state as of a later revision, which is what the event of its end shows. */
  endedAt(revision: number): CachedObject<T>;
}

/** Everything is AND-ed. `labels` and `fields` are the equalities of the request's selectors: they choose an index. */
export interface Selection {
  readonly namespace?: string;
  /** Only together with `namespace` where the resource is namespaced. */
  readonly name?: string;
  readonly labels?: readonly (readonly [string, string])[];
  readonly fields?: readonly (readonly [string, string])[];
  /** Only objects owned by this uid. */
  readonly owner?: string;
  /** What equalities cannot say (`in`, `!=`, exists). Equalities need not be tested again. */
  readonly matches?: (attributes: Attributes) => boolean;
}

export interface GetOptions {
  /** Absent: the newest there is, whoever wrote it. n: not older than n (0: whatever is cached). */
  readonly notOlderThan?: number;
  readonly signal?: AbortSignal;
}

export interface ListRequest {
  readonly selection?: Selection;
  /** Absent and no `exact`: the newest. n: not older than n (0: whatever is cached). */
  readonly notOlderThan?: number;
  /** The state at this revision. 'compacted' when it is no longer known, 'future' when it has not come. */
  readonly exact?: number;
  readonly limit?: number;
  /** The first key of this page is the first one after `startAfter`. */
  readonly startAfter?: string;
  readonly signal?: AbortSignal;
}

export interface ListPage<T> {
  readonly items: readonly CachedObject<T>[];
  readonly revision: number;
  /** Set when there is more: the key that `startAfter` of the next page takes (with `exact` = revision). */
  readonly next?: string;
  /** How many come after this page; only without a selector that has to be tested on each object. */
  readonly remaining?: number;
}

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

export type CacherEvent<T> =
  | {
      readonly type: ChangeType;
      readonly revision: number;
      /** For DELETED the last state that this watcher could see, at the revision of the event. */
      readonly item: CachedObject<T>;
      /** The framed bytes, shared by all watchers of this change. */
      frame(version: string, mediaType: string): SharedPiece;
    }
  | { readonly type: 'BOOKMARK'; readonly revision: number; readonly initialEventsEnd: boolean };

export interface WatchRequest {
  readonly selection?: Selection;
  /**
   * 'state': the present objects as ADDED first, then changes. A number: only changes after that revision
   * ('compacted' when the window and the store's history no longer reach back to it).
   */
  readonly from: 'state' | number;
  /** With 'state': not older than this; absent: the newest. */
  readonly notOlderThan?: number;
  /** Ends the objects of 'state' with a bookmark that has initialEventsEnd. */
  readonly initialEventsEnd?: boolean;
  /** About one bookmark a minute. */
  readonly bookmarks?: boolean;
  readonly signal: AbortSignal;
}

/**
 * Yields everything that has happened since the last turn in one array, for one write to the socket. Ends by itself
 * when the consumer lags too far behind (it resumes from its last revision) or when the cacher closes.
 */
export type CacherWatch<T> = AsyncIterable<readonly CacherEvent<T>[]>;

/** Counted all the time, read when somebody asks for metrics. */
export interface CacheTallies {
  /** Changes that came from the store and went to watchers. */
  received: number;
  /** How often the whole state was read. */
  loads: number;
  /** Objects that watches began with. */
  initialEvents: number;
  /** Watchers that were closed because they did not read. */
  lagging: number;
  lists: number;
  /** Lists that had to see everything that was written before. */
  consistent: number;
  fetched: number;
  returned: number;
  /** Lists that the cache had to leave to the store, and what those read. */
  storeLists: number;
  storeFetched: number;
  /** Milliseconds that readers waited for the cache, of the last of them since somebody looked. */
  readonly waits: number[];
}

export interface Cacher<T> {
  readonly prefix: string;
  readonly tallies: CacheTallies;
  /** Where it stands. */
  readonly revision: number;
  /** How many changes it remembers. */
  readonly capacity: number;
  get(key: string, options?: GetOptions): Promise<CachedObject<T> | undefined>;
  list(request?: ListRequest): Promise<ListPage<T>>;
  /** Resolves when the watch stands (its start is known to be possible). */
  watch(request: WatchRequest): Promise<CacherWatch<T>>;
  /**
   * Writes and resolves when the write is durable and every later read of this cacher sees it.
   * `expect`: 0 the key must not exist; n its revision must be n. 'conflict' once the winning write can be read.
   * The object is handed over: nobody may change it afterwards.
   */
  put(key: string, object: T, expect: number): Promise<CachedObject<T>>;
  /** The same write as an operation, for a commit over several keys: `feed.commit([pods.operation(…), …])`. */
  operation(key: string, object: T, expect: number): Operation;
  /** The last state, at the revision of the deletion. */
  delete(key: string, expect: number): Promise<CachedObject<T>>;
  /** True when the store wants it written again though nothing of it changes. */
  outdated(item: CachedObject<T>): boolean;
  /** How many objects there are; for metrics. */
  readonly count: number;
  /** How long their stored values are together. */
  readonly bytes: number;
  /** False until the first list has been loaded, and while the feed is broken. */
  readonly ready: boolean;
  close(): void;
}
