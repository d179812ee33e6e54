import type { Surroundings } from '../base/surroundings.ts';
import { automaticCompaction, type Retention } from './compaction.ts';
import { folderFiles, type Files } from './files.ts';
import { decide, History } from './history.ts';
import { lockFolder } from './lock.ts';
import { Log, type LogLimits } from './log.ts';
import { StoreError, type Entry, type Operation, type RangeRequest, type RangeResult, type Store, type StoreBatch } from './store.ts';

/** A write on its way to the disk, or an answer that must wait for the writes before it. */
interface Waiting {
  readonly batch: StoreBatch | undefined;
  readonly settle: () => void;
  readonly reject: (error: StoreError) => void;
}

const groupBytes = 4 << 20;

/** The state that the next commit must respect, durable or on its way. */
export interface NewestState {
  get(key: string): Entry | undefined;
  /** In key order. */
  range(start: string, end: string): readonly Entry[];
}

/** A durable store in a folder of its own; one process at a time. */
export async function embeddedStore(options: {
  readonly folder: string;
  readonly surroundings: Pick<Surroundings, 'clock' | 'log'>;
  readonly retention?: Retention;
  readonly limits?: LogLimits;
  /** False for throw-away data only: writes are acknowledged before the disk has them. Default true. */
  readonly durable?: boolean;
}): Promise<Store> {
  const release = await lockFolder(options.folder);
  try {
    const store = await openEmbedded(await folderFiles(options.folder, options.durable), options.limits);
    const { clock, log } = options.surroundings;
    store.keep(automaticCompaction(clock, store.history, (r) => store.compact(r), options.retention, (e) => log.error('Compaction failed', e)));
    store.keep(release);
    return store;
  } catch (error) {
    await release();
    throw error;
  }
}

/**
 * Puts a state in the place of whatever the folder has. Entries keep their revisions; the store's is at least `revision` and
 * newer than any before, so that who has seen the former state is told that its past is gone.
 */
export async function replaceEmbedded(folder: string, entries: readonly Entry[], revision: number): Promise<void> {
  const release = await lockFolder(folder);
  try {
    const { log, history } = await Log.open(await folderFiles(folder));
    const state = new History(history.revision === 0 ? revision : Math.max(revision, history.revision + 1));
    for (const entry of entries) state.restore(entry);
    await log.snapshot(state, state.revision);
    await log.close();
  } finally {
    await release();
  }
}

/** The engine by itself: no lock, no automatic compaction. */
export async function openEmbedded(files: Files, limits?: LogLimits): Promise<EmbeddedStore> {
  const { log, history } = await Log.open(files, limits);
  return new EmbeddedStore(log, history);
}

/**
 * Commits are decided at once, against what is durable and what is on its way; they become visible, and are
 * acknowledged, when the log has them. While one group is written the next one gathers.
 */
class EmbeddedStore implements Store {
  readonly shared = false;
  readonly history: History;
  readonly #log: Log;
  /** The newest undurable state of keys; an absent entry is a deletion. */
  readonly #pending = new Map<string, { readonly revision: number; readonly entry: Entry | undefined }>();
  #next: number;
  #queue: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #compacting: Promise<void> = Promise.resolve();
  #closed = false;
  readonly #closers: (() => void | Promise<void>)[] = [];
  readonly #newestState: NewestState = { get: (key) => this.#newest(key), range: (start, end) => this.#newestRange(start, end) };

  constructor(log: Log, history: History) {
    this.#log = log;
    this.history = history;
    this.#next = history.revision + 1;
  }

  keep(closer: () => void | Promise<void>): void {
    this.#closers.push(closer);
  }

  revision(): number {
    return this.history.revision;
  }

  async get(key: string, revision?: number): Promise<{ readonly entry: Entry | undefined; readonly revision: number }> {
    return { entry: this.history.get(key, revision), revision: revision || this.history.revision };
  }

  async range(request: RangeRequest): Promise<RangeResult> {
    return this.history.range(request);
  }

  commit(operations: readonly Operation[]): Promise<number> {
    return this.#decided((revision) => decide(operations, revision, (key) => this.#newest(key)));
  }

  /** A commit that is decided by whatever the newest state says; resolves when it, and what it was decided upon, is durable. */
  transact(make: (revision: number, newest: NewestState) => StoreBatch): Promise<number> {
    return this.#decided((revision) => make(revision, this.#newestState));
  }

  #decided(make: (revision: number) => StoreBatch): Promise<number> {
    if (this.#closed) return Promise.reject(new StoreError('closed', 'the store is closed'));
    return new Promise((resolve, reject) => {
      let batch: StoreBatch;
      try {
        batch = make(this.#next);
      } catch (error) {
        // What it lost against may not be durable yet; nobody may learn of it before.
        this.#enqueue({ batch: undefined, settle: () => reject(error), reject });
        return;
      }
      if (batch.events.length === 0) {
        this.#enqueue({ batch: undefined, settle: () => resolve(this.history.revision), reject });
        return;
      }
      this.#next++;
      for (const event of batch.events) {
        this.#pending.set(event.entry.key, { revision: batch.revision, entry: event.type === 'put' ? event.entry : undefined });
      }
      this.#enqueue({ batch, settle: () => resolve(batch.revision), reject });
    });
  }

  watch(request: { readonly start: string; readonly end: string; readonly after: number; readonly signal: AbortSignal }): AsyncIterable<StoreBatch> {
    return this.history.watch(request);
  }

  compact(revision: number): Promise<void> {
    const run = async (): Promise<void> => {
      if (this.#closed) throw new StoreError('closed', 'the store is closed');
      if (revision <= this.history.floor) return;
      if (revision > this.history.revision) throw new StoreError('future', `revision ${revision} has not come yet; the newest is ${this.history.revision}`);
      if (this.#log.worthwhile(revision, this.history.liveBytes)) await this.#log.snapshot(this.history, revision).catch(refuse);
      this.history.compact(revision);
    };
    const done = this.#compacting.then(run);
    this.#compacting = done.catch(() => {});
    return done;
  }

  floor(): number {
    return this.history.floor;
  }

  /** Compaction to where it already is, but with everything freed on disk that can be. */
  defragment(): Promise<void> {
    const done = this.#compacting.then(() => this.#log.snapshot(this.history, this.history.floor).catch(refuse));
    this.#compacting = done.catch(() => {});
    return done;
  }

  get bytesOnDisk(): number {
    return this.#log.bytes;
  }

  async size(): Promise<number> {
    return this.#log.bytes;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing;
    await this.#compacting;
    this.history.close();
    await this.#log.close();
    for (const closer of this.#closers) await closer();
  }

  #newest(key: string): Entry | undefined {
    const pending = this.#pending.get(key);
    return pending ? pending.entry : this.history.current(key);
  }

  #newestRange(start: string, end: string): Entry[] {
    const { entries } = this.history.range({ start, end });
    const changed = [...this.#pending].filter(([key]) => key >= start && key < end);
    if (changed.length === 0) return [...entries];
    const all = new Map(entries.map((entry) => [entry.key, entry]));
    for (const [key, { entry }] of changed) {
      if (entry) all.set(key, entry);
      else all.delete(key);
    }
    return [...all.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #enqueue(waiting: Waiting): void {
    this.#queue.push(waiting);
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    // Whatever the present turn of the event loop commits goes into the first group.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const group = this.#takeGroup();
      const batches = group.flatMap((w) => w.batch ?? []);
      try {
        if (batches.length > 0) await this.#log.append(batches);
      } catch (error) {
        this.#fail(group, error);
        continue;
      }
      for (const batch of batches) {
        this.history.apply(batch);
        for (const { entry } of batch.events) {
          if (this.#pending.get(entry.key)?.revision === batch.revision) this.#pending.delete(entry.key);
        }
      }
      this.history.announce();
      for (const waiting of group) waiting.settle();
    }
    this.#writing = undefined;
  }

  #takeGroup(): Waiting[] {
    let bytes = 0;
    let n = 0;
    while (n < this.#queue.length && bytes < groupBytes) {
      for (const event of this.#queue[n++]!.batch?.events ?? []) bytes += event.entry.value.byteLength;
    }
    return this.#queue.splice(0, n);
  }

  /** Nothing of the group has happened, and what was decided upon it cannot stand. */
  #fail(group: readonly Waiting[], error: unknown): void {
    const failed = [...group, ...this.#queue];
    this.#queue = [];
    this.#pending.clear();
    this.#next = this.history.revision + 1;
    const cause = storeError(error);
    for (const waiting of failed) waiting.reject(cause);
  }
}

export type { EmbeddedStore };

function storeError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new StoreError(code === 'ENOSPC' || code === 'EDQUOT' ? 'full' : 'unavailable', `the store cannot write: ${message}`);
}

function refuse(error: unknown): never {
  throw storeError(error);
}
