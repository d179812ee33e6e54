import type { Cached, Change } from './cached.ts';
import type { CacherEvent, CacherWatch, Selection, WatchRequest } from './cacher.ts';
import { bestTrait, keyRange, matcher, traitName, valuesOf, type Trait } from './selection.ts';

/** Events of a watcher that has not read them. More than this and it is closed. */
const capacity = 8192;
const initialChunk = 500;

/** One watcher: a bounded buffer that the cacher fills and the consumer empties. */
export class Watcher<T> {
  readonly selection: Selection;
  readonly bookmarks: boolean;
  readonly matches: (item: Cached<T>) => boolean;
  readonly #signal: AbortSignal;
  readonly #later: (wake: () => void) => void;
  readonly #lagged: () => void;
  /** What comes before anything in the buffer; not counted, it is made when the watch begins. */
  #initial: readonly CacherEvent<T>[] = [];
  #buffer: CacherEvent<T>[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #onEnd: () => void = () => {};

  /** `later` is called with what wakes the consumer, `lagged` when it has fallen too far behind. */
  constructor(prefix: string, request: WatchRequest, later: (wake: () => void) => void, lagged: () => void) {
    this.#later = later;
    this.selection = request.selection ?? {};
    this.bookmarks = request.bookmarks ?? false;
    this.matches = matcher(prefix, this.selection);
    this.#signal = request.signal;
    this.#lagged = lagged;
  }

  get ended(): boolean {
    return this.#ended;
  }

  offer(change: Change<T>): void {
    const event = change.seenBy(this.matches);
    if (event) this.push(event);
  }

  push(event: CacherEvent<T>): void {
    if (this.#ended) return;
    if (this.#buffer.length >= capacity) {
      this.#lagged();
      return this.end();
    }
    this.#buffer.push(event);
    this.#notify();
  }

  /** Nothing more comes. What is buffered is not delivered when the watcher lagged: it resumes from what it saw. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    this.#notify();
  }

  /** What the consumer iterates. `onEnd` runs once, however it ends. */
  start(initial: readonly CacherEvent<T>[], onEnd: () => void): CacherWatch<T> {
    this.#initial = initial;
    this.#onEnd = onEnd;
    const abort = (): void => this.end();
    if (this.#signal.aborted) abort();
    else this.#signal.addEventListener('abort', abort, { once: true });
    return this.#consume(abort);
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    if (wake) this.#later(wake);
  }

  async *#consume(abort: () => void): AsyncGenerator<readonly CacherEvent<T>[], void, void> {
    try {
      for (let at = 0; at < this.#initial.length && !this.#ended; at += initialChunk) yield this.#initial.slice(at, at + initialChunk);
      this.#initial = [];
      while (!this.#ended) {
        if (this.#buffer.length === 0) {
          await new Promise<void>((resolve) => (this.#wake = resolve));
          continue;
        }
        const events = this.#buffer;
        this.#buffer = [];
        yield events;
      }
    } finally {
      this.#signal.removeEventListener('abort', abort);
      this.end();
    }
  }
}

/** Watchers by what they wait for, so that a change is shown only to those whom it may concern. */
export class Watchers<T> {
  readonly #prefix: string;
  readonly #all = new Set<Watcher<T>>();
  readonly #everything = new Set<Watcher<T>>();
  readonly #byScope = new Map<string, Set<Watcher<T>>>();
  readonly #byTrait = new Map<string, { readonly trait: Trait; readonly watchers: Map<string, Set<Watcher<T>>> }>();
  #sleeping: (() => void)[] = [];

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** A watcher of this prefix; `add` makes it see what happens. */
  watcher(request: WatchRequest, lagged: () => void): Watcher<T> {
    return new Watcher(this.#prefix, request, (wake) => {
      if (this.#sleeping.push(wake) === 1) process.nextTick(() => this.#wakeAll());
    }, lagged);
  }

  /** When everything that has become known in this turn has been handed out: events that come together go out together, after the answers to their writers. */
  #wakeAll(): void {
    const sleeping = this.#sleeping;
    this.#sleeping = [];
    for (const wake of sleeping) wake();
  }

  get size(): number {
    return this.#all.size;
  }

  [Symbol.iterator](): Iterator<Watcher<T>> {
    return this.#all[Symbol.iterator]();
  }

  add(watcher: Watcher<T>): void {
    this.#all.add(watcher);
    const { selection } = watcher;
    const { start, single } = keyRange(this.#prefix, selection);
    const best = bestTrait(selection);
    if (single || (!best && start !== this.#prefix)) return insert(this.#byScope, start, watcher);
    if (!best) return void this.#everything.add(watcher);
    const name = traitName(best.trait);
    const bucket = this.#byTrait.get(name) ?? { trait: best.trait, watchers: new Map<string, Set<Watcher<T>>>() };
    this.#byTrait.set(name, bucket);
    insert(bucket.watchers, best.value, watcher);
  }

  remove(watcher: Watcher<T>): void {
    if (!this.#all.delete(watcher) || this.#everything.delete(watcher)) return;
    const { start, single } = keyRange(this.#prefix, watcher.selection);
    const best = bestTrait(watcher.selection);
    if (single || !best) return take(this.#byScope, start, watcher);
    const name = traitName(best.trait);
    const bucket = this.#byTrait.get(name)!;
    take(bucket.watchers, best.value, watcher);
    if (bucket.watchers.size === 0) this.#byTrait.delete(name);
  }

  offer(change: Change<T>): void {
    for (const w of this.#everything) w.offer(change);
    if (this.#byScope.size > 0) {
      offerTo(this.#byScope.get(change.key), change);
      const slash = change.key.indexOf('/', this.#prefix.length);
      if (slash >= 0) offerTo(this.#byScope.get(change.key.slice(0, slash + 1)), change);
    }
    for (const { trait, watchers } of this.#byTrait.values()) {
      const before = change.before ? valuesOf(trait, change.before.attributes) : [];
      const after = change.after ? valuesOf(trait, change.after.attributes) : [];
      for (const value of before) offerTo(watchers.get(value), change);
      for (const value of after) if (!before.includes(value)) offerTo(watchers.get(value), change);
    }
  }
}

function offerTo<T>(watchers: ReadonlySet<Watcher<T>> | undefined, change: Change<T>): void {
  if (watchers) for (const w of watchers) w.offer(change);
}

function insert<T>(map: Map<string, Set<Watcher<T>>>, key: string, watcher: Watcher<T>): void {
  const set = map.get(key);
  if (set) set.add(watcher);
  else map.set(key, new Set([watcher]));
}

function take<T>(map: Map<string, Set<Watcher<T>>>, key: string, watcher: Watcher<T>): void {
  const set = map.get(key);
  set?.delete(watcher);
  if (set?.size === 0) map.delete(key);
}
