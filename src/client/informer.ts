/**
 * A local copy of one collection, kept by list and watch. Reads cost nothing, handlers hear of each change in order, once.
 * Handlers run synchronously and must be short: put a key into a work queue. They see what is already there when they are added.
 */
import { backoffDelay } from '../base/backoff.ts';
import { isAbort } from '../base/abort.ts';
import type { Surroundings } from '../base/surroundings.ts';
import type { DeepReadonly } from '../machinery/json.ts';
import { hasReason } from '../machinery/status.ts';
import type { ObjectMeta } from '../api/meta/v1/types.ts';
import type { ResourceRef } from '../api/reference.ts';
import type { Client } from './client.ts';

export interface KubeObject {
  metadata: ObjectMeta;
}

export interface Handlers<T> {
  /** `initial` is true for what was there before the handler or before the first list ended. */
  added?(object: DeepReadonly<T>, initial: boolean): void;
  updated?(object: DeepReadonly<T>, old: DeepReadonly<T>): void;
  /** The last state that was seen. */
  deleted?(object: DeepReadonly<T>): void;
}

export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Keeps no more of an object than its name, labels and versions: many objects in little memory. Use `Informers.metadata`. */
  readonly metadataOnly?: boolean;
}

/** Keeps of an object what the caller needs of it: many objects in little memory. */
export type Trim<T> = (object: DeepReadonly<T>) => DeepReadonly<T>;

export type IndexFunction<T> = (object: DeepReadonly<T>) => readonly string[];

interface Index<T> {
  readonly values: IndexFunction<T>;
  readonly buckets: Map<string, Map<string, DeepReadonly<T>>>;
}

/** `namespace/name`, or `name` alone where there is no namespace. */
export function keyOf(object: { readonly metadata: { readonly name: string; readonly namespace?: string } }): string {
  const { namespace, name } = object.metadata;
  return namespace ? `${namespace}/${name}` : name;
}

export const byNamespace = 'namespace';

/** Versions of one resource are decimal numbers of any length that grow: negative when `a` is older than `b`. */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

const retry = { initialMs: 100, maxMs: 30_000, factor: 2, jitter: 1 };
const watchSeconds = 300;
const pageSize = 5000;

export class Informer<T extends KubeObject> {
  readonly ref: ResourceRef<T>;
  readonly #client: Client;
  readonly #selection: Selection;
  readonly #surroundings: Surroundings;
  readonly #items = new Map<string, DeepReadonly<T>>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #handlers = new Set<Handlers<T>>();
  readonly #synced = Promise.withResolvers<void>();
  #hasSynced = false;
  #resourceVersion = '';
  /** Where the last list or watch got to; unlike the above it is not forgotten by an expiry. */
  #reached = '';
  readonly #trim: Trim<T>;
  readonly #waiting = new Set<{ readonly check: () => boolean; readonly resolve: () => void }>();

  constructor(client: Client, ref: ResourceRef<T>, surroundings: Surroundings, selection: Selection = {}, trim?: Trim<T>) {
    this.ref = ref;
    this.#trim = trim ?? (selection.metadataOnly ? bare() : (object) => object);
    this.#client = client;
    this.#selection = selection;
    this.#surroundings = surroundings;
    this.#indexes.set(byNamespace, { values: (object) => [object.metadata.namespace ?? ''], buckets: new Map() });
  }

  /** True once the first list has been delivered to the handlers. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get size(): number {
    return this.#items.size;
  }

  get resourceVersion(): string {
    return this.#reached;
  }

  /**
   * Resolves once the copy is at least as new as `version`: who writes and waits for the version that came back sees its own
   * writes. False when that took longer than `limitMs`.
   */
  reached(version: string, limitMs?: number): Promise<boolean> {
    return this.until(() => compareVersions(this.#reached, version) >= 0, limitMs);
  }

  /** Resolves once the object is gone from the copy, replaced by another of its name, or known to be going. */
  gone(object: DeepReadonly<KubeObject>, limitMs?: number): Promise<boolean> {
    return this.until(() => {
      const found = this.#items.get(keyOf(object));
      return !found || found.metadata.uid !== object.metadata.uid || found.metadata.deletionTimestamp !== undefined;
    }, limitMs);
  }

  /** Looks again with every event. */
  async until(check: () => boolean, limitMs = 30_000): Promise<boolean> {
    if (check()) return true;
    return new Promise((resolve) => {
      const settle = (result: boolean): void => {
        timer.cancel();
        this.#waiting.delete(entry);
        resolve(result);
      };
      const entry = { check, resolve: () => settle(true) };
      const timer = this.#surroundings.clock.after(limitMs, () => settle(false));
      this.#waiting.add(entry);
    });
  }

  #advance(version: string): void {
    this.#resourceVersion = version;
    this.#reached = version;
    for (const waiting of this.#waiting) if (waiting.check()) waiting.resolve();
  }

  synced(signal?: AbortSignal): Promise<void> {
    if (!signal || this.#hasSynced) return this.#synced.promise;
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal.reason);
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      void this.#synced.promise.then(() => {
        signal.removeEventListener('abort', abort);
        resolve();
      });
    });
  }

  get(name: string, namespace?: string): DeepReadonly<T> | undefined {
    return this.#items.get(namespace ? `${namespace}/${name}` : name);
  }

  getByKey(key: string): DeepReadonly<T> | undefined {
    return this.#items.get(key);
  }

  list(namespace?: string): DeepReadonly<T>[] {
    return namespace === undefined ? [...this.#items.values()] : this.by(byNamespace, namespace);
  }

  values(): IterableIterator<DeepReadonly<T>> {
    return this.#items.values();
  }

  /** The objects for which the index function named `index` gave `value`. */
  by(index: string, value: string): DeepReadonly<T>[] {
    const found = this.#indexes.get(index);
    if (!found) throw new Error(`no index ${index} on ${this.ref.resource}`);
    const bucket = found.buckets.get(value);
    return bucket ? [...bucket.values()] : [];
  }

  /** Adding the same name again is harmless: the first function stays. */
  addIndex(name: string, values: IndexFunction<T>): this {
    if (this.#indexes.has(name)) return this;
    const index: Index<T> = { values, buckets: new Map() };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#items) enter(index, key, object);
    return this;
  }

  /** Returns what takes the handler away again. */
  on(handlers: Handlers<T>): () => void {
    this.#handlers.add(handlers);
    for (const object of this.#items.values()) this.#guard(() => handlers.added?.(object, true));
    return () => this.#handlers.delete(handlers);
  }

  /** Lists and watches until the signal fires; never rejects. Failures are retried with growing delays. */
  async run(signal: AbortSignal): Promise<void> {
    let attempt = 0;
    while (!signal.aborted) {
      const started = this.#surroundings.clock.monotonic();
      try {
        if (this.#resourceVersion === '') await this.#relist(attempt === 0, signal);
        if (await this.#follow(signal)) attempt = 0;
        // A watch that ended well is resumed at once, unless the server ends them all the time.
        if (this.#surroundings.clock.monotonic() - started > 1000) continue;
      } catch (error) {
        if (signal.aborted) return;
        if (hasReason(error, 'Expired') || hasReason(error, 'Gone')) this.#resourceVersion = '';
        else if (!isAbort(error)) {
          const say = attempt < 3 ? this.#surroundings.log.debug : this.#surroundings.log.warn;
          say('List and watch failed', { resource: this.ref.resource, err: error });
        }
      }
      try {
        await this.#surroundings.clock.sleep(backoffDelay(retry, Math.min(attempt++, 20), this.#surroundings.random), signal);
      } catch {
        return; // the signal fired
      }
    }
  }

  /** `cached`: whatever the server's cache holds will do. After an expiry it must be the newest. */
  async #relist(cached: boolean, signal: AbortSignal): Promise<void> {
    const gone = new Set(this.#items.keys());
    let resourceVersion = '';
    let token: string | undefined;
    do {
      const page = await this.#client.list(this.ref, {
        ...this.#selection, signal, ...(token ? { continue: token, limit: pageSize } : cached && !this.#selection.metadataOnly ? { resourceVersion: '0' } : { limit: pageSize }),
      });
      for (const object of page.items) {
        gone.delete(keyOf(object));
        this.#put(object);
      }
      resourceVersion = page.metadata.resourceVersion;
      token = page.metadata.continue;
    } while (token);
    for (const key of gone) this.#remove(key);
    this.#advance(resourceVersion);
    if (this.#hasSynced) return;
    this.#hasSynced = true;
    this.#synced.resolve();
  }

  /** True when the watch brought anything. */
  async #follow(signal: AbortSignal): Promise<boolean> {
    let alive = false;
    const timeoutSeconds = Math.round(watchSeconds * (1 + this.#surroundings.random.next()));
    const events = this.#client.watch(this.ref, {
      ...this.#selection, signal, timeoutSeconds, allowBookmarks: true, resourceVersion: this.#resourceVersion,
    });
    for await (const event of events) {
      alive = true;
      if (event.type === 'DELETED') this.#remove(keyOf(event.object), event.object);
      else if (event.type !== 'BOOKMARK') this.#put(event.object);
      this.#advance(event.object.metadata.resourceVersion);
    }
    return alive;
  }

  #put(whole: DeepReadonly<T>): void {
    const object = this.#trim(whole);
    const key = keyOf(object);
    const old = this.#items.get(key);
    if (old?.metadata.resourceVersion === object.metadata.resourceVersion && old.metadata.uid === object.metadata.uid) return;
    // Deleted and made again while nobody watched: two events, as if it had been seen.
    if (old && old.metadata.uid !== object.metadata.uid) {
      this.#remove(key);
      return this.#put(object);
    }
    this.#items.set(key, object);
    for (const index of this.#indexes.values()) {
      if (old) leave(index, key, old);
      enter(index, key, object);
    }
    const initial = !this.#hasSynced;
    for (const h of this.#handlers) this.#guard(() => (old ? h.updated?.(object, old) : h.added?.(object, initial)));
  }

  #remove(key: string, final?: DeepReadonly<T>): void {
    const old = this.#items.get(key);
    if (!old) return;
    this.#items.delete(key);
    for (const index of this.#indexes.values()) leave(index, key, old);
    for (const h of this.#handlers) this.#guard(() => h.deleted?.(final ?? old));
  }

  #guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#surroundings.log.error('An event handler failed', error, { resource: this.ref.resource });
    }
  }
}

/** Copies of so many different sets of labels are looked for. */
const mostLabelSets = 16_384;

/** Objects of one owner have the same labels and namespace, which are then kept once. */
function bare<T extends KubeObject>(): Trim<T> {
  const known = new Map<string, object>();
  const namespaces = new Map<string, string>();
  const once = (labels: object): object => {
    const key = JSON.stringify(labels);
    const found = known.get(key);
    if (found) return found;
    if (known.size >= mostLabelSets) known.clear();
    known.set(key, labels);
    return labels;
  };
  const shared = (namespace: string): string => {
    const found = namespaces.get(namespace);
    if (found !== undefined) return found;
    if (namespaces.size >= mostLabelSets) namespaces.clear();
    namespaces.set(namespace, namespace);
    return namespace;
  };
  return ({ metadata: { name, namespace, uid, resourceVersion, labels } }) =>
    ({ metadata: { name, ...(namespace ? { namespace: shared(namespace) } : {}), uid, resourceVersion, ...(labels ? { labels: once(labels) } : {}) } }) as unknown as DeepReadonly<T>;
}

function enter<T>(index: Index<T>, key: string, object: DeepReadonly<T>): void {
  for (const value of index.values(object)) {
    const bucket = index.buckets.get(value);
    if (bucket) bucket.set(key, object);
    else index.buckets.set(value, new Map([[key, object]]));
  }
}

function leave<T>(index: Index<T>, key: string, object: DeepReadonly<T>): void {
  for (const value of index.values(object)) {
    const bucket = index.buckets.get(value);
    if (bucket?.delete(key) && bucket.size === 0) index.buckets.delete(value);
  }
}

function selectionKey(ref: ResourceRef<unknown>, selection: Selection): string {
  return JSON.stringify([ref.group, ref.version, ref.resource, selection.namespace, selection.labelSelector, selection.fieldSelector, selection.metadataOnly]);
}

/** Informers shared by all who ask for the same selection; each starts when it is first asked for and ends with the signal. */
export class Informers {
  readonly client: Client;
  readonly #surroundings: Surroundings;
  readonly #signal: AbortSignal;
  readonly #running = new Map<string, { informer: Informer<KubeObject>; done: Promise<void>; stop: AbortController }>();

  constructor(client: Client, surroundings: Surroundings, signal: AbortSignal) {
    this.client = client;
    this.#surroundings = surroundings;
    this.#signal = signal;
  }

  /** `trim` is that of who asks first. */
  of<T extends KubeObject>(ref: ResourceRef<T>, selection: Selection = {}, trim?: Trim<T>): Informer<T> {
    const key = selectionKey(ref, selection);
    const found = this.#running.get(key);
    if (found) return found.informer as unknown as Informer<T>;
    const informer = new Informer(this.client, ref, this.#surroundings, selection, trim);
    const stop = new AbortController();
    const done = informer.run(AbortSignal.any([this.#signal, stop.signal]));
    this.#running.set(key, { informer: informer as unknown as Informer<KubeObject>, done, stop });
    return informer;
  }

  /** Names, labels and versions alone. */
  metadata(ref: ResourceRef<KubeObject>, selection: Selection = {}): Informer<KubeObject> {
    return this.of(ref, { ...selection, metadataOnly: true });
  }

  /** Ends an informer that nobody needs any more, because its resource is not served any more. */
  async stop(ref: ResourceRef<unknown>, selection: Selection = {}): Promise<void> {
    const key = selectionKey(ref, selection);
    const found = this.#running.get(key);
    this.#running.delete(key);
    found?.stop.abort();
    await found?.done;
  }

  /** Resolves when everything asked for so far has been listed once. */
  async synced(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ informer }) => informer.synced(this.#signal)));
  }

  /** Resolves when all informers have ended, after the signal. */
  async stopped(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }
}
