/** Who owns whom, of all objects of the cluster, by uid. Pure bookkeeping: it is told what is seen, and says who wants a look. */
import type { DeepReadonly } from '../../machinery/json.ts';
import type { OwnerReference } from '../../api/meta/v1/types.ts';
import type { ResourceRef } from '../../api/reference.ts';
import type { KubeObject } from '../../client/informer.ts';

export const foreground = 'foregroundDeletion';
export const orphan = 'orphan';

export interface Item {
  readonly uid: string;
  /** Absent while it is only known as somebody's owner. */
  ref: ResourceRef<KubeObject> | undefined;
  name: string;
  namespace: string;
  owners: readonly DeepReadonly<OwnerReference>[];
  readonly dependents: Set<Item>;
  deleting: boolean;
  /** Waits, being deleted, for its dependents to go first. */
  foreground: boolean;
  orphaning: boolean;
}

export interface Attention {
  /** Whether it should be deleted, or lose owners. */
  look(item: Item): void;
  orphan(item: Item): void;
}

export class Graph {
  readonly #items = new Map<string, Item>();
  readonly #attention: Attention;

  constructor(attention: Attention) {
    this.#attention = attention;
  }

  get(uid: string): Item | undefined {
    return this.#items.get(uid);
  }

  /** Known from the API itself, not only from a reference. */
  has(uid: string): boolean {
    return this.#items.get(uid)?.ref !== undefined;
  }

  seen(ref: ResourceRef<KubeObject>, object: DeepReadonly<KubeObject>): void {
    const { uid, name, namespace = '', ownerReferences = [], finalizers = [], deletionTimestamp } = object.metadata;
    const item = this.#item(uid);
    const before = { known: item.ref !== undefined, foreground: item.foreground, orphaning: item.orphaning, owners: item.owners };
    item.ref = ref;
    item.name = name;
    item.namespace = namespace;
    item.deleting = deletionTimestamp !== undefined;
    item.foreground = item.deleting && finalizers.includes(foreground);
    item.orphaning = item.deleting && finalizers.includes(orphan);
    item.owners = ownerReferences;
    this.#relink(item, before.owners);
    if (item.foreground && !before.foreground) {
      this.#attention.look(item);
      for (const dependent of item.dependents) this.#attention.look(dependent);
    }
    if (item.orphaning && !before.orphaning) this.#attention.orphan(item);
    // An owner that is unknown, or on its way out, decides over its dependents.
    if (ownerReferences.some((o) => !this.has(o.uid) || this.#items.get(o.uid)?.foreground)) this.#attention.look(item);
    // Whoever waited for this dependent may go on when it has let go.
    for (const old of before.owners) {
      const owner = this.#items.get(old.uid);
      if (owner?.foreground) this.#attention.look(owner);
    }
  }

  gone(object: DeepReadonly<KubeObject>): void {
    const item = this.#items.get(object.metadata.uid);
    if (item) this.forget(item);
  }

  /** The object does not exist: its dependents have lost an owner, its owners need not wait for it. */
  forget(item: Item): void {
    item.ref = undefined;
    const { owners } = item;
    item.owners = [];
    this.#relink(item, owners);
    for (const dependent of item.dependents) this.#attention.look(dependent);
    if (item.dependents.size === 0) this.#items.delete(item.uid);
    for (const { uid } of owners) {
      const owner = this.#items.get(uid);
      if (owner?.foreground) this.#attention.look(owner);
    }
  }

  #item(uid: string): Item {
    let item = this.#items.get(uid);
    if (!item) {
      item = { uid, ref: undefined, name: '', namespace: '', owners: [], dependents: new Set(), deleting: false, foreground: false, orphaning: false };
      this.#items.set(uid, item);
    }
    return item;
  }

  #relink(item: Item, before: readonly DeepReadonly<OwnerReference>[]): void {
    if (before === item.owners || (before.length === 0 && item.owners.length === 0)) return;
    const now = new Set(item.owners.map((o) => o.uid));
    for (const { uid } of before) {
      const owner = this.#items.get(uid);
      if (now.has(uid) || !owner) continue;
      owner.dependents.delete(item);
      if (!owner.ref && owner.dependents.size === 0) this.#items.delete(uid);
    }
    for (const uid of now) this.#item(uid).dependents.add(item);
  }
}
