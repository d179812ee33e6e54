/** Deletes what has lost its owners; holds owners back that wait for their dependents; lets go of dependents that are to be orphaned. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import type { OwnerReference } from '../../api/meta/v1/types.ts';
import type { ResourceRef } from '../../api/reference.ts';
import type { KubeObject } from '../../client/informer.ts';
import { apiVersion } from '../../client/paths.ts';
import { discover } from '../../client/discovery.ts';
import type { Controller, ControllerContext } from '../harness/controller.ts';
import { foreground, Graph, orphan, type Item } from './graph.ts';

const discoveryMs = 30_000;
const ignored = new Set(['events', 'events.events.k8s.io']);

export const garbageCollector: Controller = {
  name: 'garbage-collector-controller',
  account: 'generic-garbage-collector',
  setup: (context) => new GarbageCollector(context).start(),
};

type Live = DeepReadonly<KubeObject>;
type Owner = DeepReadonly<OwnerReference>;

class GarbageCollector {
  readonly #context: ControllerContext;
  readonly #graph: Graph;
  readonly #followed = new Map<string, ResourceRef<KubeObject>>();
  /** By `apiVersion kind`: how to ask for an owner. */
  #kinds = new Map<string, ResourceRef<KubeObject>>();
  /** What the graph says is only acted upon when it is whole. */
  readonly #complete = Promise.withResolvers<void>();

  constructor(context: ControllerContext) {
    this.#context = context;
    const looks = context.queue((uid) => this.#whenComplete(uid, (item) => this.#look(item)), 20);
    const orphans = context.queue((uid) => this.#whenComplete(uid, (item) => this.#orphan(item)), 4);
    this.#graph = new Graph({ look: (item) => looks.add(item.uid), orphan: (item) => orphans.add(item.uid) });
  }

  start(): void {
    this.#context.every(discoveryMs, () => this.#followAll());
  }

  async #whenComplete(uid: string, task: (item: Item) => Promise<void>): Promise<void> {
    await this.#complete.promise;
    const item = this.#graph.get(uid);
    if (item) await task(item);
  }

  async #followAll(): Promise<void> {
    const { client, informers, signal, surroundings: { clock } } = this.#context;
    const { resources, failures } = await discover(client, signal);
    this.#kinds = new Map(resources.map(({ ref }) => [`${apiVersion(ref)} ${ref.kind}`, ref]));
    const wanted = new Map(
      resources
        .filter(({ ref, verbs }) => ['delete', 'list', 'watch'].every((v) => verbs.has(v)) && !ignored.has(ref.group ? `${ref.resource}.${ref.group}` : ref.resource))
        .map(({ ref }) => [`${ref.group}/${ref.version}/${ref.resource}`, ref]),
    );
    const fresh = [...wanted].filter(([key]) => !this.#followed.has(key));
    const synced = fresh.map(([key, ref]) => {
      this.#followed.set(key, ref);
      const informer = informers.of(ref);
      informer.on({
        added: (object) => this.#graph.seen(ref, object),
        updated: (object) => this.#graph.seen(ref, object),
        deleted: (object) => this.#graph.gone(object),
      });
      return informer.synced(signal);
    });
    // A group that cannot be asked now may still be there.
    if (failures.length === 0) {
      for (const [key, ref] of this.#followed) {
        if (wanted.has(key)) continue;
        this.#followed.delete(key);
        await informers.stop(ref);
      }
    }
    await Promise.race([Promise.all(synced), clock.sleep(discoveryMs, signal)]);
    this.#complete.resolve();
  }

  async #look(item: Item): Promise<void> {
    if (item.deleting && !item.foreground) return;
    if (!item.ref) {
      // Only heard of: each dependent finds out for itself.
      for (const dependent of item.dependents) if (dependent.ref) await this.#look(dependent);
      return;
    }
    if (!item.foreground && item.owners.every((owner) => this.#isFine(item, owner))) return;
    const live = await this.#get(item.ref, item.name, item.namespace);
    if (!live || live.metadata.uid !== item.uid) return this.#graph.forget(item);
    if (item.foreground) return this.#finishForeground(item, live);
    const owners = live.metadata.ownerReferences ?? [];
    if (owners.length === 0) return;
    const { solid, absent, waiting } = await this.#classify(item, owners);
    if (solid.length > 0) {
      const useless = [...absent, ...waiting];
      if (useless.length > 0) await this.#dropOwners(item.ref, live, new Set(useless.map((o) => o.uid)));
      return;
    }
    const { finalizers = [] } = live.metadata;
    let policy: 'Orphan' | 'Foreground' | 'Background' = finalizers.includes(orphan) ? 'Orphan' : finalizers.includes(foreground) ? 'Foreground' : 'Background';
    if (waiting.length > 0 && item.dependents.size > 0) {
      // Two that wait for each other would wait for ever.
      const circle = [...item.dependents].some((d) => d.foreground);
      if (circle) await this.#unblock(item.ref, live);
      policy = 'Foreground';
    }
    await this.#delete(item.ref, live, policy);
  }

  /** By what is known here, without asking. */
  #isFine(item: Item, { uid, blockOwnerDeletion }: Owner): boolean {
    const owner = this.#graph.get(uid);
    return owner?.ref !== undefined && (owner.namespace === '' || owner.namespace === item.namespace) && !(owner.foreground && blockOwnerDeletion);
  }

  async #finishForeground(item: Item, live: Live): Promise<void> {
    const blocking = [...item.dependents].filter((d) => d.ref && d.owners.some((o) => o.uid === item.uid && o.blockOwnerDeletion));
    if (blocking.length === 0) return this.#removeFinalizer(item.ref!, live, foreground);
    for (const dependent of blocking) if (!dependent.deleting) await this.#look(dependent);
  }

  async #classify(item: Item, owners: readonly Owner[]): Promise<{ solid: Owner[]; absent: Owner[]; waiting: Owner[] }> {
    const result = { solid: [] as Owner[], absent: [] as Owner[], waiting: [] as Owner[] };
    for (const owner of owners) {
      const known = this.#graph.get(owner.uid);
      if (known?.ref && (known.namespace === '' || known.namespace === item.namespace)) {
        (known.foreground && owner.blockOwnerDeletion ? result.waiting : result.solid).push(owner);
        continue;
      }
      const ref = this.#kinds.get(`${owner.apiVersion} ${owner.kind}`);
      if (!ref) throw new Error(`the server does not know ${owner.kind} of ${owner.apiVersion}, which owns ${item.name}`);
      const live = ref.namespaced && item.namespace === '' ? undefined : await this.#get(ref, owner.name, ref.namespaced ? item.namespace : '');
      if (live?.metadata.uid !== owner.uid) result.absent.push(owner);
      else if (live.metadata.deletionTimestamp && live.metadata.finalizers?.includes(foreground) && owner.blockOwnerDeletion) result.waiting.push(owner);
      else result.solid.push(owner);
    }
    return result;
  }

  async #orphan(item: Item): Promise<void> {
    if (!item.ref || !item.orphaning) return;
    const dependents = [...item.dependents];
    for (const dependent of dependents) {
      if (!dependent.ref) continue;
      const live = await this.#get(dependent.ref, dependent.name, dependent.namespace);
      if (live?.metadata.uid === dependent.uid) await this.#dropOwners(dependent.ref, live, new Set([item.uid]));
    }
    const live = await this.#get(item.ref, item.name, item.namespace);
    if (live?.metadata.uid === item.uid) await this.#removeFinalizer(item.ref, live, orphan);
  }

  async #get(ref: ResourceRef<KubeObject>, name: string, namespace: string): Promise<Live | undefined> {
    try {
      return await this.#context.client.get(ref, name, namespace ? { namespace } : {});
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  #dropOwners(ref: ResourceRef<KubeObject>, live: Live, uids: ReadonlySet<string>): Promise<void> {
    const owners = live.metadata.ownerReferences ?? [];
    const ownerReferences = owners.filter((o) => !uids.has(o.uid));
    return ownerReferences.length === owners.length ? Promise.resolve() : this.#patch(ref, live, { ownerReferences });
  }

  #unblock(ref: ResourceRef<KubeObject>, live: Live): Promise<void> {
    return this.#patch(ref, live, { ownerReferences: (live.metadata.ownerReferences ?? []).map((o) => ({ ...o, blockOwnerDeletion: false })) });
  }

  async #removeFinalizer(ref: ResourceRef<KubeObject>, live: Live, finalizer: string): Promise<void> {
    const { finalizers = [] } = live.metadata;
    if (finalizers.includes(finalizer)) await this.#patch(ref, live, { finalizers: finalizers.filter((f) => f !== finalizer) });
  }

  async #patch(ref: ResourceRef<KubeObject>, live: Live, metadata: Record<string, unknown>): Promise<void> {
    const { name, namespace, uid, resourceVersion } = live.metadata;
    const body = { metadata: { uid, resourceVersion, ...metadata } };
    try {
      await this.#context.client.patch(ref, name, { type: 'application/merge-patch+json', body }, namespace ? { namespace } : {});
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }

  async #delete(ref: ResourceRef<KubeObject>, live: Live, propagationPolicy: 'Orphan' | 'Foreground' | 'Background'): Promise<void> {
    const { name, namespace, uid, resourceVersion } = live.metadata;
    try {
      // The version too: ownership may change between the look and the blow.
      await this.#context.client.delete(ref, name, { ...(namespace ? { namespace } : {}), propagationPolicy, preconditions: { uid, resourceVersion } });
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }
}
