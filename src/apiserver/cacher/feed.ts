import { isAbort } from '../../base/abort.ts';
import { backoffDelay } from '../../base/backoff.ts';
import type { Timer } from '../../base/clock.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { prefixEnd, StoreError, type Operation, type Store, type StoreBatch } from '../../store/store.ts';
import type { Cacher, CacherCodec } from './cacher.ts';
import { ResourceCacher } from './resource.ts';
import { Warmth } from './warmth.ts';

/** How long a reader waits for a revision that has not come. */
const patienceMs = 3000;
const bookmarkMs = 60_000;
/** For decoded objects and for encodings that are not the stored bytes, of all resources together. */
const warmBytes = 24 << 20;
const retry = { initialMs: 100, maxMs: 5000, factor: 2, jitter: 0.2 };

interface Waiter {
  readonly revision: number;
  readonly wake: () => void;
}

/**
 * One watch of the whole store. It hands each commit to the cachers it concerns, all in one turn, so that every cacher
 * stands at the same revision and no reader sees half a commit.
 */
export class Feed {
  readonly store: Store;
  readonly warmth = new Warmth(warmBytes);
  readonly #root: string;
  readonly #surroundings: Surroundings;
  readonly #cachers = new Map<string, ResourceCacher<unknown>>();
  readonly #stop = new AbortController();
  readonly #bookmarks: Timer;
  readonly #done: Promise<void>;
  #revision: number;
  #waiters: Waiter[] = [];
  #connected = true;

  private constructor(store: Store, surroundings: Surroundings, root: string, revision: number) {
    this.store = store;
    this.#surroundings = surroundings;
    this.#root = root;
    this.#revision = revision;
    this.#bookmarks = surroundings.clock.every(bookmarkMs, () => {
      for (const cacher of this.#cachers.values()) if (cacher.ready) cacher.bookmark(this.#revision);
    });
    this.#done = this.#follow();
  }

  /** Begins to follow the store. `root` is what every storage prefix starts with. */
  static async start(store: Store, surroundings: Surroundings, root = '/registry/'): Promise<Feed> {
    return new Feed(store, surroundings, root, await store.revision());
  }

  /** Everything up to here has been handed out. */
  get revision(): number {
    return this.#revision;
  }

  get ready(): boolean {
    return this.#connected;
  }

  /** The cacher of a prefix such as `/registry/pods/`; one for each, made on first need. */
  cacher<T>(prefix: string, codec: CacherCodec<T>): Cacher<T> {
    if (!prefix.startsWith(this.#root) || !prefix.endsWith('/')) throw new TypeError(`not a storage prefix below ${this.#root}: ${prefix}`);
    if (this.#cachers.has(prefix)) throw new TypeError(`${prefix} has a cacher already`);
    const cacher = new ResourceCacher<T>(this, prefix, codec);
    this.#cachers.set(prefix, cacher as ResourceCacher<unknown>);
    void this.#load(cacher as ResourceCacher<unknown>);
    return cacher;
  }

  /** Several writes, all or none. Resolves when they are durable and can be read from the cachers. */
  async commit(operations: readonly Operation[]): Promise<number> {
    try {
      const revision = await this.store.commit(operations);
      if (revision > this.#revision) await this.caughtUp(revision);
      return revision;
    } catch (error) {
      // Whoever lost must be able to read what it lost against.
      if (error instanceof StoreError && error.kind === 'conflict') await this.caughtUp(await this.store.revision());
      throw error;
    }
  }

  /** Resolves once everything up to `revision` has been handed out; 'future' when that takes too long. */
  caughtUp(revision: number, signal?: AbortSignal): Promise<void> {
    if (revision <= this.#revision) return Promise.resolve();
    if (this.#stop.signal.aborted) return Promise.reject(new StoreError('closed', 'the cache is closed'));
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        timer.cancel();
        signal?.removeEventListener('abort', abort);
        settle();
      };
      const give = (error: unknown): void => {
        this.#waiters = this.#waiters.filter((w) => w !== waiter);
        finish(() => reject(error));
      };
      const abort = (): void => give(signal?.reason);
      const waiter: Waiter = {
        revision,
        wake: () => finish(() => (revision <= this.#revision ? resolve() : reject(new StoreError('closed', 'the cache is closed')))),
      };
      const timer = this.#surroundings.clock.after(patienceMs, () => give(new StoreError('future', `Too large resource version: ${revision}, current: ${this.#revision}`)));
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  /** Call the answer for the milliseconds that have passed. */
  stopwatch(): () => number {
    const { clock } = this.#surroundings;
    const since = clock.monotonic();
    return () => clock.monotonic() - since;
  }

  forget(cacher: { readonly prefix: string }): void {
    this.#cachers.delete(cacher.prefix);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#bookmarks.cancel();
    for (const cacher of this.#cachers.values()) cacher.close();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const w of waiters) w.wake();
    await this.#done;
  }

  async #follow(): Promise<void> {
    const { clock, random, log } = this.#surroundings;
    const { signal } = this.#stop;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        for await (const batch of this.store.watch({ start: this.#root, end: prefixEnd(this.#root), after: this.#revision, signal })) {
          this.#connected = true;
          attempt = 0;
          this.#handOut(batch);
        }
      } catch (error) {
        if (signal.aborted || isAbort(error, signal) || (error instanceof StoreError && error.kind === 'closed')) break;
        this.#connected = false;
        log.error('The watch of the store broke', error);
        if (error instanceof StoreError && error.kind === 'compacted') await this.#startOver();
      }
      if (!signal.aborted) await clock.sleep(backoffDelay(retry, attempt, random), signal).catch(() => {});
    }
    this.#connected = false;
  }

  #handOut(batch: StoreBatch): void {
    for (const event of batch.events) {
      try {
        this.#cacherOf(event.entry.key)?.apply(event);
      } catch (error) {
        this.#surroundings.log.error('A stored value cannot be read', error, { key: event.entry.key });
      }
    }
    this.#revision = batch.revision;
    if (this.#waiters.length === 0) return;
    const reached = this.#waiters.filter((w) => w.revision <= batch.revision);
    this.#waiters = this.#waiters.filter((w) => w.revision > batch.revision);
    for (const w of reached) w.wake();
  }

  /** Prefixes have one part (`/registry/pods/`) or two (`/registry/services/specs/`). */
  #cacherOf(key: string): ResourceCacher<unknown> | undefined {
    const first = key.indexOf('/', this.#root.length);
    if (first < 0) return undefined;
    const second = key.indexOf('/', first + 1);
    return this.#cachers.get(key.slice(0, first + 1)) ?? (second < 0 ? undefined : this.#cachers.get(key.slice(0, second + 1)));
  }

  /** The store no longer knows what happened since: every cacher reads its state anew. */
  async #startOver(): Promise<void> {
    this.#revision = await this.store.revision();
    // Not awaited: loading ends when the feed has caught up, for which it has to run.
    for (const cacher of this.#cachers.values()) void this.#load(cacher);
  }

  async #load(cacher: ResourceCacher<unknown>): Promise<void> {
    const { clock, random, log } = this.#surroundings;
    for (let attempt = 0; !this.#stop.signal.aborted; attempt++) {
      try {
        await cacher.load();
        return;
      } catch (error) {
        if (this.#stop.signal.aborted || (error instanceof StoreError && error.kind === 'closed')) return;
        log.error('Objects cannot be listed from the store', error, { prefix: cacher.prefix });
        await clock.sleep(backoffDelay(retry, attempt, random), this.#stop.signal).catch(() => {});
      }
    }
  }
}
