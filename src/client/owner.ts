/** Who owns an object, and taking and giving up ownership as controllers do. */
import type { DeepReadonly } from '../machinery/json.ts';
import { hasReason } from '../machinery/status.ts';
import type { ObjectMeta, OwnerReference } from '../api/meta/v1/types.ts';
import type { ResourceRef } from '../api/reference.ts';
import type { Client } from './client.ts';
import type { KubeObject } from './informer.ts';
import { apiVersion } from './paths.ts';

/** The one owner that manages the object. */
export function controllerOf(object: { readonly metadata: DeepReadonly<ObjectMeta> }): DeepReadonly<OwnerReference> | undefined {
  return object.metadata.ownerReferences?.find((o) => o.controller);
}

/** An index function: the uid of the managing owner. */
export function controllerUid(object: { readonly metadata: DeepReadonly<ObjectMeta> }): string[] {
  const owner = controllerOf(object);
  return owner ? [owner.uid] : [];
}

export function controllerReference(ref: ResourceRef<unknown>, owner: DeepReadonly<KubeObject>): OwnerReference {
  const { name, uid } = owner.metadata;
  return { apiVersion: apiVersion(ref), kind: ref.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

export interface Claim<O extends KubeObject, C extends KubeObject> {
  readonly client: Client;
  readonly ownerRef: ResourceRef<O>;
  readonly owner: DeepReadonly<O>;
  readonly childRef: ResourceRef<C>;
  /** What the owner manages now, and what nobody manages. */
  readonly candidates: readonly DeepReadonly<C>[];
  readonly matches: (child: DeepReadonly<C>) => boolean;
}

/**
 * The children that are the owner's after adopting matching orphans and releasing its own that match no longer.
 * Before the first adoption the owner is read from the server: one that was deleted or replaced meanwhile adopts nothing.
 */
export async function claim<O extends KubeObject, C extends KubeObject>(options: Claim<O, C>): Promise<DeepReadonly<C>[]> {
  const { client, ownerRef, owner, childRef } = options;
  const { uid, namespace, deletionTimestamp } = owner.metadata;
  const patch = async (child: DeepReadonly<C>, ownerReferences: unknown[]): Promise<DeepReadonly<C> | undefined> => {
    const body = { metadata: { uid: child.metadata.uid, ownerReferences } };
    try {
      return await client.patch(childRef, child.metadata.name, { type: 'application/strategic-merge-patch+json', body }, namespace ? { namespace } : {});
    } catch (error) {
      // Gone, or another object of that name: nothing to claim any more.
      if (hasReason(error, 'NotFound') || hasReason(error, 'Invalid') || hasReason(error, 'Conflict')) return undefined;
      throw error;
    }
  };
  let mayAdopt: boolean | undefined;
  const claimed: DeepReadonly<C>[] = [];
  for (const child of options.candidates) {
    const current = controllerOf(child);
    const matches = options.matches(child);
    if (current) {
      if (current.uid !== uid) continue;
      if (matches || deletionTimestamp) {
        if (matches) claimed.push(child);
        continue;
      }
      await patch(child, [{ $patch: 'delete', uid }]);
      continue;
    }
    if (!matches || deletionTimestamp || child.metadata.deletionTimestamp) continue;
    mayAdopt ??= await isAlive(client, ownerRef, owner);
    if (!mayAdopt) continue;
    const adopted = await patch(child, [controllerReference(ownerRef, owner)]);
    if (adopted) claimed.push(adopted);
  }
  return claimed;
}

async function isAlive<O extends KubeObject>(client: Client, ref: ResourceRef<O>, owner: DeepReadonly<O>): Promise<boolean> {
  const { name, namespace, uid } = owner.metadata;
  try {
    const fresh = await client.get(ref, name, namespace ? { namespace } : {});
    return (fresh as DeepReadonly<KubeObject>).metadata.uid === uid && !(fresh as DeepReadonly<KubeObject>).metadata.deletionTimestamp;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false;
    throw error;
  }
}
