/** The least of an API that a node agent needs, in memory: for tests of the agent alone. */
import { BoundedQueue } from '../../src/base/queue.ts';
import { timestamp } from '../../src/base/clock.ts';
import type { Surroundings } from '../../src/base/surroundings.ts';
import type { ResourceRef } from '../../src/api/reference.ts';
import type { Client, WatchEvent } from '../../src/client/client.ts';
import { StatusError } from '../../src/machinery/status.ts';

interface Any {
  [key: string]: unknown;
  metadata: { name: string; namespace?: string; uid: string; resourceVersion: string; creationTimestamp: string; deletionTimestamp?: string; deletionGracePeriodSeconds?: number };
}

interface Watcher {
  readonly ref: ResourceRef<unknown>;
  readonly queue: BoundedQueue<WatchEvent<unknown>>;
  readonly matches: (object: Any) => boolean;
}

const plain = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Strategic enough: conditions by type, `$patch: replace`, null removes. */
function merge(old: unknown, patch: unknown, key = ''): unknown {
  if (Array.isArray(patch)) {
    if (plain(patch[0]) && patch[0]['$patch'] === 'replace') return patch.slice(1);
    if (key !== 'conditions' || !Array.isArray(old)) return patch;
    const out = [...(old as Record<string, unknown>[])];
    for (const item of patch as Record<string, unknown>[]) {
      const at = out.findIndex((o) => o['type'] === item['type']);
      if (at < 0) out.push(item);
      else out[at] = merge(out[at], item) as Record<string, unknown>;
    }
    return out;
  }
  if (!plain(patch)) return patch;
  const out: Record<string, unknown> = plain(old) ? { ...old } : {};
  for (const [k, v] of Object.entries(patch)) {
    if (v === null) delete out[k];
    else out[k] = merge(out[k], v, k);
  }
  return out;
}

export class MemoryApi {
  readonly #objects = new Map<string, Any>();
  readonly #watchers = new Set<Watcher>();
  readonly #surroundings: Surroundings;
  #revision = 1;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  all<T>(ref: ResourceRef<T>): T[] {
    return [...this.#objects].filter(([k]) => k.startsWith(`${ref.resource}/`)).map(([, v]) => v as unknown as T);
  }

  client(): Client {
    return {
      get: async (ref, name, options) => structuredClone(this.#find(ref, name, options?.namespace)) as never,
      list: async (ref, options) => ({ items: this.all(ref).filter((o) => this.#selects(options)(o as unknown as Any)) as never, metadata: { resourceVersion: String(this.#revision) } }),
      watch: (ref, options) => this.#watch(ref, options) as never,
      create: async (ref, object, options) => this.#create(ref, object, options?.namespace) as never,
      update: async (ref, object) => {
        const { name, namespace } = (object as unknown as Any).metadata;
        this.#find(ref, name, namespace);
        return this.#put(ref, structuredClone(object) as unknown as Any, 'MODIFIED') as never;
      },
      patch: async (ref, name, patch, options) => this.#put(ref, merge(this.#find(ref, name, options?.namespace), structuredClone(patch.body)) as Any, 'MODIFIED') as never,
      delete: async (ref, name, options) => this.#delete(ref, name, options?.namespace, options?.gracePeriodSeconds) as never,
      deleteCollection: async () => undefined,
      post: async (_ref, name, subresource) => {
        if (subresource !== 'token') throw StatusError.notImplemented(subresource);
        return { status: { token: `token-of-${name}`, expirationTimestamp: timestamp(this.#surroundings.clock.now() + 3_600_000) } } as never;
      },
      raw: async () => ({ status: 501, headers: {}, body: new BoundedQueue<Uint8Array>(1) }),
    };
  }

  #key(ref: ResourceRef<unknown>, name: string, namespace = ''): string {
    return `${ref.resource}/${namespace}/${name}`;
  }

  #find(ref: ResourceRef<unknown>, name: string, namespace?: string): Any {
    const found = this.#objects.get(this.#key(ref, name, namespace));
    if (!found) throw StatusError.notFound({ group: ref.group, resource: ref.resource }, name);
    return found;
  }

  #selects(options: { namespace?: string; fieldSelector?: string } = {}): (object: Any) => boolean {
    const [path, value] = (options.fieldSelector ?? '').split('=');
    return (object) => {
      if (options.namespace && object.metadata.namespace !== options.namespace) return false;
      if (!path) return true;
      let at: unknown = object;
      for (const part of path.split('.')) at = (at as Record<string, unknown> | undefined)?.[part];
      return at === value;
    };
  }

  async *#watch(ref: ResourceRef<unknown>, options: { namespace?: string; fieldSelector?: string; sendInitialEvents?: boolean; signal?: AbortSignal } = {}): AsyncGenerator<WatchEvent<unknown>> {
    const matches = this.#selects(options);
    const watcher: Watcher = { ref, matches, queue: new BoundedQueue(10_000) };
    if (options.sendInitialEvents) {
      for (const object of this.all(ref).filter((o) => matches(o as unknown as Any))) watcher.queue.push({ type: 'ADDED', object: object as never });
      watcher.queue.push({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(this.#revision), annotations: { 'k8s.io/initial-events-end': 'true' } } } });
    }
    this.#watchers.add(watcher);
    options.signal?.addEventListener('abort', () => watcher.queue.end(), { once: true });
    try {
      yield* watcher.queue;
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  #create(ref: ResourceRef<unknown>, draft: unknown, namespace?: string): Any {
    const object = structuredClone(draft) as Any;
    const metadata = {
      ...object.metadata, ...(namespace ? { namespace } : {}), uid: this.#surroundings.random.uuid(),
      creationTimestamp: timestamp(this.#surroundings.clock.now()),
    };
    if (this.#objects.has(this.#key(ref, metadata.name, metadata.namespace))) throw StatusError.alreadyExists({ group: ref.group, resource: ref.resource }, metadata.name);
    return this.#put(ref, { ...object, kind: ref.kind, metadata }, 'ADDED');
  }

  #put(ref: ResourceRef<unknown>, object: Any, type: 'ADDED' | 'MODIFIED'): Any {
    object.metadata = { ...object.metadata, resourceVersion: String(++this.#revision) };
    this.#objects.set(this.#key(ref, object.metadata.name, object.metadata.namespace), object);
    this.#tell(ref, type, object);
    return object;
  }

  #tell(ref: ResourceRef<unknown>, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Any): void {
    for (const watcher of this.#watchers) if (watcher.ref.resource === ref.resource && watcher.matches(object)) watcher.queue.push({ type, object: structuredClone(object) as never });
  }

  #delete(ref: ResourceRef<unknown>, name: string, namespace?: string, grace?: number): unknown {
    const found = this.#find(ref, name, namespace);
    const seconds = grace ?? (ref.resource === 'pods' ? ((found['spec'] as { terminationGracePeriodSeconds?: number }).terminationGracePeriodSeconds ?? 30) : 0);
    if (seconds > 0) {
      const deletionTimestamp = timestamp(this.#surroundings.clock.now() + seconds * 1000);
      return this.#put(ref, { ...found, metadata: { ...found.metadata, deletionTimestamp, deletionGracePeriodSeconds: seconds } }, 'MODIFIED');
    }
    this.#objects.delete(this.#key(ref, name, namespace));
    this.#tell(ref, 'DELETED', { ...found, metadata: { ...found.metadata, resourceVersion: String(++this.#revision) } });
    return { kind: 'Status', status: 'Success' };
  }
}
