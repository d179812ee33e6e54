import { SortedMap } from '../../base/sorted.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { maxCommitBytes, StoreError, type Entry, type Operation, type StoreEvent } from '../../store/store.ts';
import { Cached, Change, objectEvent, type Making } from './cached.ts';
import type { CachedObject, Cacher, CacheTallies, CacherCodec, CacherEvent, CacherWatch, GetOptions, ListPage, ListRequest, Selection, WatchRequest } from './cacher.ts';
import type { Feed } from './feed.ts';
import { Indexes } from './indexes.ts';
import { bestTrait, byKeyOnly, keyRange, matcher } from './selection.ts';
import { Watchers } from './watchers.ts';
import { Window } from './window.ts';

const windowChanges = 8192;
const mostWaits = 10_000;
/** A range this small is scanned rather than given an index. */
const smallRange = 64;

/** Objects that are decoded in one go to learn what selectors look at. */
const describedAtOnce = 128;

/** The cacher of one storage prefix. The feed drives it; see `Feed.cacher`. */
export class ResourceCacher<T> implements Cacher<T> {
  readonly prefix: string;
  readonly capacity = windowChanges;
  readonly tallies: CacheTallies = { received: 0, loads: 0, initialEvents: 0, lagging: 0, lists: 0, consistent: 0, fetched: 0, returned: 0, storeLists: 0, storeFetched: 0, waits: [] };
  readonly #feed: Feed;
  readonly #codec: CacherCodec<T>;
  readonly #making: Making<T>;
  readonly #watchers: Watchers<T>;
  readonly #indexes = new Indexes<T>();
  /** Objects on their way to the store, so that what comes back need not be decoded. */
  readonly #handedOver = new WeakMap<Uint8Array, T>();
  #items = new SortedMap<Cached<T>>();
  #bytes = 0;
  #window = new Window<T>(0, windowChanges);
  #loading: Promise<void> | undefined;
  /** Changes that came while the first list was read; undefined when it has been. */
  #early: StoreEvent[] | undefined = [];
  /** What the list was read at: older changes are in it. */
  #loadedAt = 0;
  #closed = false;

  constructor(feed: Feed, prefix: string, codec: CacherCodec<T>) {
    this.#feed = feed;
    this.prefix = prefix;
    this.#codec = codec;
    this.#making = { codec, warmth: feed.warmth };
    this.#watchers = new Watchers(prefix);
  }

  get revision(): number {
    return this.#feed.revision;
  }

  get count(): number {
    return this.#items.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get ready(): boolean {
    return !this.#closed && this.#early === undefined && this.#feed.ready;
  }

  async get(key: string, options: GetOptions = {}): Promise<CachedObject<T> | undefined> {
    await this.#fresh(options.notOlderThan, options.signal);
    return this.#items.get(key);
  }

  async list(request: ListRequest = {}): Promise<ListPage<T>> {
    if (request.selection) await this.#describe(request.selection);
    if (request.exact === undefined) {
      if (request.notOlderThan === undefined) this.tallies.consistent++;
      await this.#fresh(request.notOlderThan, request.signal);
      return this.#present(request);
    }
    await this.#fresh(request.exact, request.signal);
    // The window may reach further back than the store; how long a page can be continued must not depend on how much is written.
    const floor = this.#feed.store.floor?.() ?? 0;
    if (request.exact < floor) throw new StoreError('compacted', `revision ${request.exact} has been compacted; the oldest is ${floor}`);
    if (request.exact === this.#feed.revision) return this.#present(request);
    if (request.exact >= this.#window.start) return this.#page(request, this.#itemsAt(request), request.exact);
    return this.#page(request, await this.#storedAt(request), request.exact);
  }

  async watch(request: WatchRequest): Promise<CacherWatch<T>> {
    const watcher = this.#watchers.watcher(request, () => void this.tallies.lagging++);
    const stop = (): void => this.#watchers.remove(watcher);
    if (request.from === 'state') {
      await this.#describe(watcher.selection);
      await this.#fresh(request.notOlderThan, request.signal);
      // No waiting between here and `add`: what is listed and what follows must meet.
      const items = [...this.#candidates(watcher.selection)].filter(watcher.matches);
      const initial: CacherEvent<T>[] = items.map((item) => objectEvent(this.#codec, 'ADDED', item));
      this.tallies.initialEvents += initial.length;
      if (request.initialEventsEnd) initial.push({ type: 'BOOKMARK', revision: this.#feed.revision, initialEventsEnd: true });
      this.#watchers.add(watcher);
      return watcher.start(initial, stop);
    }
    await this.#loaded();
    const known = this.#window;
    const until = this.#feed.revision;
    const recent = request.from >= known.start ? known.after(request.from) : undefined;
    this.#watchers.add(watcher);
    try {
      const changes = recent ?? (await this.#storedBetween(request.from, until));
      const initial = changes.flatMap((change) => change.seenBy(watcher.matches) ?? []);
      // A start in the future: nothing before it is of interest.
      return request.from > until ? skipUntil(request.from, watcher.start(initial, stop)) : watcher.start(initial, stop);
    } catch (error) {
      stop();
      throw error;
    }
  }

  operation(key: string, object: T, expect: number): Operation {
    const value = this.#codec.encodeStored(object as DeepReadonly<T>);
    if (value.length > maxCommitBytes) throw new StoreError('too large', 'request is too large');
    this.#handedOver.set(value, object);
    return { type: 'put', key, value, expect };
  }

  async put(key: string, object: T, expect: number): Promise<CachedObject<T>> {
    const operation = this.operation(key, object, expect);
    const revision = await this.#feed.commit([operation]);
    const item = this.#items.get(key);
    if (item?.revision === revision) return item;
    const { value } = operation as Extract<Operation, { type: 'put' }>;
    return new Cached(this.#making, key, revision, value, this.#codec.withRevision(object, revision));
  }

  async delete(key: string, expect: number): Promise<CachedObject<T>> {
    await this.#loaded();
    const known = this.#items.get(key);
    const last = known?.revision === expect ? known : undefined;
    const value = last?.value ?? (await this.#feed.store.get(key)).entry?.value;
    const revision = await this.#feed.commit([{ type: 'delete', key, expect }]);
    return new Cached(this.#making, key, revision, value!);
  }

  outdated(item: CachedObject<T>): boolean {
    const { outdated } = this.#feed.store;
    return outdated !== undefined && item instanceof Cached && outdated(item.key, item.value);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const watcher of this.#watchers) watcher.end();
    this.#feed.forget(this);
  }

  /** Reads the present state; called again when the feed has lost its place. */
  load(): Promise<void> {
    this.#early = [];
    for (const watcher of this.#watchers) watcher.end();
    const run = async (): Promise<void> => {
      const { entries, revision } = await this.#feed.store.range({ start: this.prefix, end: `${this.prefix}\uffff` });
      const items = new SortedMap<Cached<T>>();
      for (const entry of entries) items.set(entry.key, this.#cached(entry));
      this.#items = items;
      this.tallies.loads++;
      this.#countStored(entries.length);
      this.#bytes = entries.reduce((sum, entry) => sum + entry.value.length, 0);
      this.#indexes.clear();
      this.#loadedAt = revision;
      this.#window = new Window(revision, windowChanges);
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const event of early) this.apply(event);
      // The list may be ahead of the feed; nobody may see a revision before the feed has reached it.
      await this.#feed.caughtUp(revision);
      this.#loading = undefined;
    };
    return (this.#loading = run());
  }

  /** Called by the feed, in order, for every change below the prefix. */
  apply(event: StoreEvent): void {
    if (this.#early) {
      this.#early.push(event);
      return;
    }
    const { key, modRevision } = event.entry;
    if (modRevision <= this.#loadedAt) return;
    const before = this.#items.get(key);
    const after = event.type === 'put' ? this.#cached(event.entry) : undefined;
    if (!before && !after) return;
    if (after) this.#items.set(key, after);
    else this.#items.delete(key);
    this.#bytes += (after?.value.length ?? 0) - (before?.value.length ?? 0);
    this.#indexes.change(key, before, after);
    const change = new Change(this.#codec, modRevision, key, before, after);
    this.#window.push(change);
    this.tallies.received++;
    this.#watchers.offer(change);
    change.settle();
  }

  bookmark(revision: number): void {
    for (const watcher of this.#watchers) {
      if (watcher.bookmarks) watcher.push({ type: 'BOOKMARK', revision, initialEventsEnd: false });
    }
  }

  #cached(entry: Entry): Cached<T> {
    const object = this.#handedOver.get(entry.value);
    // The value lives on in the store's history; the object need not.
    if (object) this.#handedOver.delete(entry.value);
    const { problem } = entry;
    if (problem) return new Cached({ ...this.#making, problem }, entry.key, entry.modRevision, entry.value);
    return new Cached(this.#making, entry.key, entry.modRevision, entry.value, object && this.#codec.withRevision(object, entry.modRevision));
  }

  async #loaded(): Promise<void> {
    if (this.#closed) throw new StoreError('closed', `the cache of ${this.prefix} is closed`);
    while (this.#loading) await this.#loading;
  }

  async #fresh(notOlderThan: number | undefined, signal: AbortSignal | undefined): Promise<void> {
    if (this.#loading || this.#closed) await this.#loaded();
    const newest = notOlderThan ?? this.#feed.store.revision();
    const revision = typeof newest === 'number' ? newest : await newest;
    if (revision > this.#feed.revision) await this.#reach(revision, signal);
  }

  async #reach(revision: number, signal: AbortSignal | undefined): Promise<void> {
    const took = this.#feed.stopwatch();
    await this.#feed.caughtUp(revision, signal);
    if (this.tallies.waits.length < mostWaits) this.tallies.waits.push(took());
  }

  #countStored(objects: number): void {
    this.tallies.storeLists++;
    this.tallies.storeFetched += objects;
  }

  /**
   * Looks at objects of which it is not known what selectors see, a few at a time with turns for others in between: what follows
   * in one go then needs not decode them.
   */
  async #describe(selection: Selection): Promise<void> {
    if (byKeyOnly(selection) || this.#items.size <= describedAtOnce) return;
    const { start, end, single } = keyRange(this.prefix, selection);
    if (single) return;
    for (let from: string | undefined = start; from !== undefined;) {
      let left = describedAtOnce;
      let next: string | undefined;
      for (const [key, item] of this.#items.range(from, end)) {
        if (item.described) continue;
        if (left-- === 0) {
          next = key;
          break;
        }
        if (!item.problem) void item.attributes;
      }
      from = next;
      if (from !== undefined) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** A page of the present state. */
  #present(request: ListRequest): ListPage<T> {
    const { selection = {}, startAfter, limit = 0 } = request;
    const { revision } = this.#feed;
    if (!byKeyOnly(selection)) return this.#page(request, this.#candidates(selection, startAfter), revision);
    const { start, end } = keyRange(this.prefix, selection);
    const from = startAfter !== undefined && startAfter >= start ? `${startAfter}\0` : start;
    const items = this.#items.values(from, end, limit === 0 ? Infinity : limit);
    const last = items.at(-1);
    this.tallies.lists++;
    this.tallies.fetched += items.length;
    this.tallies.returned += items.length;
    const remaining = limit === 0 || items.length < limit || !last ? 0 : this.#items.countRange(`${last.key}\0`, end);
    return remaining === 0 ? { items, revision } : { items, revision, next: last!.key, remaining };
  }

  /** Items that may match, in key order; the index with the fewest, or the range of keys. */
  #candidates(selection: Selection, startAfter?: string): Iterable<Cached<T>> {
    const { start, end, single } = keyRange(this.prefix, selection);
    const from = startAfter !== undefined && startAfter >= start ? `${startAfter}\0` : start;
    const best = single ? undefined : bestTrait(selection);
    if (best && (start === this.prefix || this.#items.countRange(start, end) > smallRange)) {
      const keys = this.#indexes.keys(best.trait, best.value, this.#items.range());
      if (keys) return this.#byKeys([...keys].filter((k) => k >= from && k < end).sort());
    }
    return values(this.#items.range(from, end));
  }

  *#byKeys(keys: readonly string[]): Generator<Cached<T>, void, void> {
    for (const key of keys) yield this.#items.get(key)!;
  }

  /** The state at a revision of the window: the present one with the later changes undone. */
  *#itemsAt(request: ListRequest): Generator<Cached<T>, void, void> {
    const { start, end } = keyRange(this.prefix, request.selection ?? {});
    const from = request.startAfter !== undefined && request.startAfter >= start ? `${request.startAfter}\0` : start;
    const undone = new Map<string, Cached<T> | undefined>();
    for (const change of this.#window.after(request.exact!)) {
      if (change.key >= from && change.key < end && !undone.has(change.key)) undone.set(change.key, change.before);
    }
    const gone = [...undone].filter(([key, item]) => item && !this.#items.get(key)).map(([key]) => key).sort();
    let g = 0;
    for (const [key, item] of this.#items.range(from, end)) {
      while (g < gone.length && gone[g]! < key) yield undone.get(gone[g++]!)!;
      const then = undone.has(key) ? undone.get(key) : item;
      if (then) yield then;
    }
    while (g < gone.length) yield undone.get(gone[g++]!)!;
  }

  async #storedAt(request: ListRequest): Promise<Cached<T>[]> {
    const { start, end } = keyRange(this.prefix, request.selection ?? {});
    const from = request.startAfter !== undefined && request.startAfter >= start ? `${request.startAfter}\0` : start;
    const { entries } = await this.#feed.store.range({ start: from, end, revision: request.exact! });
    this.#countStored(entries.length);
    return entries.map((entry) => this.#cached(entry));
  }

  async #storedBetween(after: number, until: number): Promise<Change<T>[]> {
    const changes: Change<T>[] = [];
    const stop = new AbortController();
    for await (const batch of this.#feed.store.watch({ start: this.prefix, end: `${this.prefix}\uffff`, after, signal: stop.signal })) {
      if (batch.revision > until) break;
      for (const event of batch.events) {
        const previous = event.type === 'put' ? event.previous : event.entry;
        const before = previous && this.#cached(previous);
        changes.push(new Change(this.#codec, batch.revision, event.entry.key, before, event.type === 'put' ? this.#cached(event.entry) : undefined));
      }
      if (batch.revision === until) break;
    }
    return changes;
  }

  #page(request: ListRequest, candidates: Iterable<Cached<T>>, revision: number): ListPage<T> {
    const selection = request.selection ?? {};
    const limit = request.limit || Infinity;
    const matches = byKeyOnly(selection) ? undefined : matcher(this.prefix, selection);
    const items: Cached<T>[] = [];
    let remaining = 0;
    let looked = 0;
    const { tallies } = this;
    tallies.lists++;
    for (const item of candidates) {
      looked++;
      if (matches && !matches(item)) continue;
      if (items.length < limit) {
        items.push(item);
        continue;
      }
      remaining++;
      if (matches) break;
    }
    tallies.fetched += looked;
    tallies.returned += items.length;
    if (remaining === 0) return { items, revision };
    return matches ? { items, revision, next: items.at(-1)!.key } : { items, revision, next: items.at(-1)!.key, remaining };
  }
}

function* values<V>(pairs: Iterable<readonly [string, V]>): Generator<V, void, void> {
  for (const [, value] of pairs) yield value;
}

async function* skipUntil<T>(revision: number, watch: CacherWatch<T>): AsyncGenerator<readonly CacherEvent<T>[], void, void> {
  for await (const events of watch) {
    const later = events.filter((e) => e.revision > revision || e.type === 'BOOKMARK');
    if (later.length > 0) yield later;
  }
}
