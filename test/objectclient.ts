/** A Client over objects that a test holds in its hand: list and watch, and nothing else. */
import type { ResourceRef } from '../src/api/reference.ts';
import type { Client, ListOptions, ObjectList, WatchEvent, WatchOptions } from '../src/client/client.ts';
import { BoundedQueue } from '../src/base/queue.ts';
import type { DeepReadonly } from '../src/machinery/json.ts';

interface Stored {
  metadata: { name: string; namespace?: string; resourceVersion?: string; uid?: string };
}

export class ObjectClient {
  readonly #objects = new Map<string, Map<string, Stored>>();
  readonly #watchers = new Set<{ resource: string; queue: BoundedQueue<WatchEvent<unknown>> }>();
  #revision = 1;

  /** Creates or replaces. */
  put(ref: ResourceRef<unknown>, object: object): void {
    const stored = structuredClone(object) as Stored;
    const key = `${stored.metadata.namespace ?? ''}/${stored.metadata.name}`;
    const all = this.#all(ref.resource);
    const old = all.get(key);
    stored.metadata.resourceVersion = String(++this.#revision);
    stored.metadata.uid ??= old?.metadata.uid ?? `uid-${key}`;
    all.set(key, stored);
    this.#tell(ref.resource, old ? 'MODIFIED' : 'ADDED', stored);
  }

  remove(ref: ResourceRef<unknown>, name: string, namespace = ''): void {
    const old = this.#all(ref.resource).get(`${namespace}/${name}`);
    if (!old) return;
    this.#all(ref.resource).delete(`${namespace}/${name}`);
    this.#tell(ref.resource, 'DELETED', { ...old, metadata: { ...old.metadata, resourceVersion: String(++this.#revision) } });
  }

  get client(): Client {
    const refuse = (): never => {
      throw new Error('this client only lists and watches');
    };
    return {
      list: <T>(ref: ResourceRef<T>, options?: ListOptions) => Promise.resolve(this.#list(ref, options)),
      watch: <T>(ref: ResourceRef<T>, options?: WatchOptions) => this.#watch(ref, options),
      get: refuse, create: refuse, update: refuse, patch: refuse, delete: refuse, deleteCollection: refuse, post: refuse, raw: refuse,
    };
  }

  #list<T>(ref: ResourceRef<T>, options: ListOptions = {}): ObjectList<T> {
    const name = /^metadata\.name=(.*)$/.exec(options.fieldSelector ?? '')?.[1];
    const items = [...this.#all(ref.resource).values()].filter((object) => name === undefined || object.metadata.name === name);
    return { items: items as unknown as DeepReadonly<T>[], metadata: { resourceVersion: String(this.#revision) } };
  }

  async *#watch<T>(ref: ResourceRef<T>, options: WatchOptions = {}): AsyncGenerator<WatchEvent<T>> {
    const queue = new BoundedQueue<WatchEvent<unknown>>(10_000);
    const watcher = { resource: ref.resource, queue };
    this.#watchers.add(watcher);
    options.signal?.addEventListener('abort', () => queue.end(), { once: true });
    try {
      for await (const event of queue) yield event as WatchEvent<T>;
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  #tell(resource: string, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Stored): void {
    for (const watcher of this.#watchers) if (watcher.resource === resource) watcher.queue.push({ type, object } as WatchEvent<unknown>);
  }

  #all(resource: string): Map<string, Stored> {
    const found = this.#objects.get(resource) ?? new Map<string, Stored>();
    this.#objects.set(resource, found);
    return found;
  }
}
