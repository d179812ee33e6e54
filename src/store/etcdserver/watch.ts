/** The watches of one stream: each follows the history at its own pace; how far all of them are is told when asked for. */
import type { Surroundings } from '../../base/surroundings.ts';
import { isAbort } from '../../base/abort.ts';
import { StoreError, type StoreBatch } from '../store.ts';
import { decode, encode } from './codec.ts';
import { compactedText, RpcError } from './errors.ts';
import type { StreamCall } from './grpc.ts';
import type { Member } from './member.ts';
import { watchEvent, watchRequest, watchResponse, type WatchCreate, type WatchEvent, type WatchResponse } from './messages.ts';
import { rangeOf } from './requests.ts';
import { unpack } from './value.ts';

export interface WatchOptions {
  /** How often a quiet watch that asked for it hears how far it is. */
  readonly progressNotifyMs: number;
  /** A larger answer is sent in parts, if the watch allows it. */
  readonly maxAnswerBytes: number;
  readonly count?: { add(by: number): void };
}

interface Watch {
  readonly id: bigint;
  readonly stop: AbortController;
  readonly request: WatchCreate;
  /** Everything up to here has been told. */
  seen: number;
  /** When it last said something, for progress notices. */
  told: number;
}

/** Of events not to be told. */
const noPut = 0;
const noDelete = 1;
const noWatch = -1n;

export async function serveWatches(call: StreamCall, member: Member, surroundings: Surroundings, options: WatchOptions): Promise<void> {
  const streams = new Watches(call, member, surroundings, options);
  const progress = surroundings.clock.every(options.progressNotifyMs, () => streams.notifyQuiet());
  try {
    for await (const bytes of call.requests) await streams.take(bytes);
    // The caller has nothing more to ask, but may still listen.
    await streams.ended();
  } finally {
    progress.cancel();
    streams.close();
  }
}

class Watches {
  readonly #call: StreamCall;
  readonly #member: Member;
  readonly #surroundings: Surroundings;
  readonly #options: WatchOptions;
  readonly #watches = new Map<bigint, Watch>();
  readonly #running = new Set<Promise<void>>();
  /** Revisions that somebody waits to hear of. */
  #asked: number[] = [];
  #nextId = 0n;

  constructor(call: StreamCall, member: Member, surroundings: Surroundings, options: WatchOptions) {
    this.#call = call;
    this.#member = member;
    this.#surroundings = surroundings;
    this.#options = options;
  }

  async take(bytes: Buffer): Promise<void> {
    const { create, cancel, progress } = decode(watchRequest, bytes);
    if (create) await this.#create(create);
    else if (cancel) await this.#cancel(cancel.watchId);
    else if (progress) {
      this.#asked.push(this.#member.store.history.revision);
      await this.#answerAsked();
    }
  }

  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.stop.abort();
  }

  notifyQuiet(): void {
    const now = this.#surroundings.clock.monotonic();
    const { revision } = this.#member.store.history;
    for (const watch of this.#watches.values()) {
      if (!watch.request.progressNotify || watch.seen < revision || now - watch.told < this.#options.progressNotifyMs / 2) continue;
      watch.told = now;
      this.#send({ header: this.#member.header(revision), watchId: watch.id }).catch(() => {});
    }
  }

  #send(response: WatchResponse): Promise<void> {
    return this.#call.write(encode(watchResponse, response));
  }

  async #create(request: WatchCreate): Promise<void> {
    const { revision } = this.#member.store.history;
    const key = request.key === '' ? '\0' : request.key;
    const { start, end } = rangeOf(key, request.rangeEnd);
    const refuse = (cancelReason: string): Promise<void> => this.#send({ header: this.#member.header(), watchId: noWatch, created: true, canceled: true, cancelReason });
    if (start >= end) return refuse('mvcc: watcher range is empty');
    if (request.watchId !== 0n && this.#watches.has(request.watchId)) return refuse('mvcc: duplicate watch ID provided on the WatchStream');
    const from = request.startRevision > 0 ? request.startRevision : revision + 1;
    const watch: Watch = { id: request.watchId === 0n ? this.#freeId() : request.watchId, stop: new AbortController(), request, seen: from - 1, told: this.#surroundings.clock.monotonic() };
    this.#watches.set(watch.id, watch);
    await this.#send({ header: this.#member.header(), watchId: watch.id, created: true });
    const running = this.#follow(watch, start, end).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  #freeId(): bigint {
    while (this.#watches.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  async #cancel(id: bigint): Promise<void> {
    const watch = this.#watches.get(id);
    if (!watch) return;
    this.#watches.delete(id);
    watch.stop.abort();
    await this.#send({ header: this.#member.header(), watchId: id, canceled: true });
    await this.#answerAsked();
  }

  /** Never rejects. */
  async #follow(watch: Watch, start: string, end: string): Promise<void> {
    const { history } = this.#member.store;
    const signal = AbortSignal.any([watch.stop.signal, this.#call.signal]);
    this.#options.count?.add(1);
    try {
      // What is left of the oldest revision is still told: etcd forgets what is before it.
      if (watch.seen === history.floor - 1) await this.#oldest(watch, start, end);
      for await (const batch of history.watch({ start, end, after: watch.seen, signal })) {
        if (signal.aborted) return;
        await this.#tell(watch, batch);
        if (this.#asked.length > 0) await this.#answerAsked();
      }
    } catch (error) {
      await this.#broken(watch, error).catch(() => {});
    } finally {
      this.#options.count?.add(-1);
    }
  }

  async #broken(watch: Watch, error: unknown): Promise<void> {
    this.#watches.delete(watch.id);
    if (watch.stop.signal.aborted || isAbort(error, this.#call.signal) || error instanceof RpcError) return;
    const compacted = error instanceof StoreError && error.kind === 'compacted';
    const answer = { header: this.#member.header(), watchId: watch.id, canceled: true };
    if (compacted) await this.#send({ ...answer, compactRevision: this.#member.store.history.floor, cancelReason: compactedText });
    else await this.#send({ ...answer, cancelReason: (error as Error).message });
  }

  async #oldest(watch: Watch, start: string, end: string): Promise<void> {
    const { history } = this.#member.store;
    const { floor } = history;
    const entries = history.range({ start, end, revision: floor }).entries.filter(({ modRevision }) => modRevision === floor);
    await this.#tell(watch, { revision: floor, events: entries.map((entry) => ({ type: 'put', entry })) });
  }

  async #tell(watch: Watch, { revision, events }: StoreBatch): Promise<void> {
    const { filters, prevKv } = watch.request;
    const told: WatchEvent[] = [];
    for (const event of events) {
      if (filters.includes(event.type === 'put' ? noPut : noDelete)) continue;
      if (event.type === 'delete') {
        const before = unpack(event.entry);
        told.push({ type: 1, kv: { key: before.key, modRevision: revision }, ...(prevKv ? { prevKv: this.#before(before.key, revision) } : {}) });
      } else told.push({ type: 0, kv: unpack(event.entry), ...(prevKv && event.previous ? { prevKv: unpack(event.previous) } : {}) });
    }
    if (told.length > 0) {
      watch.told = this.#surroundings.clock.monotonic();
      await this.#sendEvents(watch, told);
    }
    watch.seen = revision;
  }

  /** What a deletion has deleted: the event's own entry has the deletion's revision. */
  #before(key: string, revision: number): WatchEvent['prevKv'] {
    const { history } = this.#member.store;
    if (revision - 1 < history.floor) return undefined;
    const entry = history.get(key, revision - 1);
    return entry && unpack(entry);
  }

  async #sendEvents(watch: Watch, events: readonly WatchEvent[]): Promise<void> {
    const base = { header: this.#member.header(), watchId: watch.id };
    if (!watch.request.fragment || events.length === 1) return this.#send({ ...base, events });
    let part: WatchEvent[] = [];
    let bytes = 0;
    for (const event of events) {
      const size = encode(watchEvent, event).length + 16;
      if (part.length > 0 && bytes + size > this.#options.maxAnswerBytes) {
        await this.#send({ ...base, events: part, fragment: true });
        part = [];
        bytes = 0;
      }
      part.push(event);
      bytes += size;
    }
    await this.#send({ ...base, events: part });
  }

  /** A revision is told when every watch of the stream has come so far. */
  async #answerAsked(): Promise<void> {
    let slowest = Infinity;
    for (const watch of this.#watches.values()) slowest = Math.min(slowest, watch.seen);
    const ready = this.#asked.filter((revision) => revision <= slowest);
    this.#asked = this.#asked.filter((revision) => revision > slowest);
    if (ready.length > 0) await this.#send({ header: this.#member.header(Math.max(...ready)), watchId: noWatch });
  }
}
