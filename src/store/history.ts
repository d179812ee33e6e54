import { SortedMap } from '../base/sorted.ts';
import { StoreError, type Entry, type Operation, type RangeRequest, type RangeResult, type StoreBatch, type StoreEvent } from './store.ts';

/** One state of a key; `entry` is absent where it was deleted. Newest first, linked to what it replaced. */
interface Version {
  readonly revision: number;
  readonly entry: Entry | undefined;
  older: Version | undefined;
}

/** Commits that are swept with each new one, and at a compaction. */
const sweepStep = 8;
const sweepAtOnce = 1024;

/**
 * Checks every expectation and says what the commit would change, or throws 'conflict'.
 * `present` answers for the newest state that the commit must respect.
 */
export function decide(operations: readonly Operation[], revision: number, present: (key: string) => Entry | undefined): StoreBatch {
  const events: StoreEvent[] = [];
  const seen = operations.length > 1 ? new Set<string>() : undefined;
  for (const op of operations) {
    if (seen?.has(op.key)) throw new TypeError(`a commit may touch a key only once: ${op.key}`);
    seen?.add(op.key);
    const previous = present(op.key);
    if (op.expect !== undefined && op.expect !== (previous?.modRevision ?? 0)) {
      throw new StoreError('conflict', `${op.key}: expected revision ${op.expect}, found ${previous?.modRevision ?? 0}`, previous);
    }
    if (op.type === 'put') {
      const entry = { key: op.key, value: op.value, createRevision: previous?.createRevision ?? revision, modRevision: revision };
      events.push(previous ? { type: 'put', entry, previous } : { type: 'put', entry });
    } else if (previous) {
      events.push({ type: 'delete', entry: { ...previous, modRevision: revision } });
    }
  }
  return { revision, events };
}

/** The multi-version state in memory: ordered keys, older versions and the log of commits back to `floor`. */
export class History {
  readonly #index = new SortedMap<Version>();
  /** Commits after `#swept`, in order, one for each revision; those up to `floor` only wait for being swept. */
  #log: StoreBatch[] = [];
  #head = 0;
  #swept: number;
  #logBytes = 0;
  #revision: number;
  #floor: number;
  #liveBytes = 0;
  #closed = false;
  #waiters: (() => void)[] = [];
  #mostLogBytes = Infinity;
  #tooMuch: () => void = () => {};

  constructor(revision = 0) {
    this.#revision = revision;
    this.#floor = revision;
    this.#swept = revision;
  }

  get revision(): number {
    return this.#revision;
  }

  /** The oldest revision that can still be read. */
  get floor(): number {
    return this.#floor;
  }

  /** Keys and values of the present state. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Values that only the log of commits may keep in memory. */
  get logBytes(): number {
    return this.#logBytes;
  }

  /** Calls with each commit that leaves more than this in the log. */
  onLogBytes(most: number, tell: () => void): void {
    this.#mostLogBytes = most;
    this.#tooMuch = tell;
  }

  /** Puts an entry of a snapshot in place; only before the first `apply`. */
  restore(entry: Entry): void {
    this.#index.set(entry.key, { revision: entry.modRevision, entry, older: undefined });
    this.#liveBytes += weight(entry);
  }

  apply(batch: StoreBatch): void {
    if (batch.revision !== this.#revision + 1) throw new Error(`revision ${batch.revision} cannot follow ${this.#revision}`);
    this.#revision = batch.revision;
    for (const event of batch.events) {
      const { key } = event.entry;
      const older = this.#index.get(key);
      if (older?.entry) this.#liveBytes -= weight(older.entry);
      if (event.type === 'put') this.#liveBytes += weight(event.entry);
      this.#index.set(key, { revision: batch.revision, entry: event.type === 'put' ? event.entry : undefined, older });
      this.#logBytes += weight(event.entry);
    }
    this.#log.push(batch);
    this.#sweep(sweepStep);
    if (this.#logBytes > this.#mostLogBytes) this.#tooMuch();
  }

  /** Lets the watchers see what has been applied. */
  announce(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  current(key: string): Entry | undefined {
    return this.#index.get(key)?.entry;
  }

  get(key: string, revision = 0): Entry | undefined {
    this.#check(revision);
    return at(this.#index.get(key), revision || this.#revision);
  }

  range(request: RangeRequest): RangeResult {
    this.#check(request.revision ?? 0);
    const revision = request.revision || this.#revision;
    const limit = request.countOnly ? 0 : request.limit || Infinity;
    const entries: Entry[] = [];
    let count = 0;
    for (const [, version] of this.#index.range(request.start, request.end)) {
      const entry = at(version, revision);
      if (!entry) continue;
      count++;
      if (entries.length < limit) entries.push(entry);
    }
    return { entries, revision, count };
  }

  /** Some of the entries at a revision, from `start` on, and where the next page starts; for readers that let others run in between. */
  page(start: string, limit: number, revision: number): { readonly entries: Entry[]; readonly next: string | undefined } {
    this.#check(revision);
    const entries: Entry[] = [];
    let visited = 0;
    for (const [key, version] of this.#index.range(start)) {
      if (visited++ === limit) return { entries, next: key };
      const entry = at(version, revision);
      if (entry) entries.push(entry);
    }
    return { entries, next: undefined };
  }

  async *watch(request: { readonly start: string; readonly end: string; readonly after: number; readonly signal: AbortSignal }): AsyncGenerator<StoreBatch, void, void> {
    const { start, end, signal } = request;
    const wake = (): void => this.announce();
    signal.addEventListener('abort', wake, { once: true });
    try {
      let cursor = request.after;
      let told = cursor;
      while (!signal.aborted) {
        if (this.#closed) throw new StoreError('closed', 'the store is closed');
        if (cursor < this.#floor) throw new StoreError('compacted', `revision ${cursor} has been compacted; the oldest is ${this.#floor}`);
        if (cursor < this.#revision) {
          const batch = this.#batch(++cursor);
          const events = batch.events.filter((e) => e.entry.key >= start && e.entry.key < end);
          if (events.length === 0) continue;
          told = cursor;
          yield events.length === batch.events.length ? batch : { revision: cursor, events };
        } else if (told < cursor) {
          told = cursor;
          yield { revision: cursor, events: [] };
        } else {
          await new Promise<void>((resolve) => this.#waiters.push(resolve));
        }
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  /**
   * Forgets what only reads before `revision` could see. It can no longer be read from now on; its memory comes free bit by
   * bit with the next commits, since forgetting a long past at once would make everybody wait.
   */
  compact(revision: number): void {
    if (revision > this.#revision) throw new StoreError('future', `revision ${revision} has not come yet; the newest is ${this.#revision}`);
    while (this.#floor < revision) {
      this.#floor++;
      for (const { entry } of this.#batch(this.#floor).events) this.#logBytes -= weight(entry);
    }
    this.#sweep(sweepAtOnce);
  }

  close(): void {
    this.#closed = true;
    this.announce();
  }

  #check(revision: number): void {
    if (this.#closed) throw new StoreError('closed', 'the store is closed');
    if (revision === 0) return;
    if (revision > this.#revision) throw new StoreError('future', `revision ${revision} has not come yet; the newest is ${this.#revision}`);
    if (revision < this.#floor) throw new StoreError('compacted', `revision ${revision} has been compacted; the oldest is ${this.#floor}`);
  }

  #batch(revision: number): StoreBatch {
    return this.#log[this.#head + revision - this.#swept - 1]!;
  }

  #sweep(most: number): void {
    for (let n = 0; n < most && this.#swept < this.#floor; n++) {
      const batch = this.#log[this.#head++]!;
      this.#swept++;
      for (const { entry } of batch.events) this.#prune(entry.key);
    }
    if (this.#head < 1024 || this.#head < this.#log.length / 2) return;
    this.#log = this.#log.slice(this.#head);
    this.#head = 0;
  }

  #prune(key: string): void {
    let version = this.#index.get(key);
    if (version && !version.entry && version.revision <= this.#floor) {
      this.#index.delete(key);
      return;
    }
    while (version && version.revision > this.#floor) version = version.older;
    if (version) version.older = undefined;
  }
}

function at(newest: Version | undefined, revision: number): Entry | undefined {
  let version = newest;
  while (version && version.revision > revision) version = version.older;
  return version?.entry;
}

function weight(entry: Entry): number {
  return entry.key.length + entry.value.byteLength;
}
