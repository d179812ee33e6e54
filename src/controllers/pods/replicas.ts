/** Making and unmaking many objects carefully: one first, then two, four, and so on, stopping at the first failure. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError, hasReason } from '../../machinery/status.ts';
import { pods, type Pod } from '../../api/core/v1/index.ts';
import type { ResourceRef } from '../../api/reference.ts';
import { compareVersions, type Informer, type KubeObject } from '../../client/informer.ts';
import type { ControllerContext } from '../harness/controller.ts';
import type { NewPod } from './pods.ts';

export interface Replicator<O extends KubeObject> {
  readonly context: ControllerContext;
  readonly informer: Informer<Pod>;
  readonly ownerRef: ResourceRef<O>;
}

/** Rejects with the first failure, once what was begun is over. Then the informer has caught up with what was written. */
export async function slowStart<T>(items: readonly T[], task: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0, size = 1; start < items.length; start += size, size *= 2) {
    const results = await Promise.allSettled(items.slice(start, start + size).map(task));
    const failed = results.find((r) => r.status === 'rejected');
    if (failed) throw failed.reason;
  }
}

export async function createPods<O extends KubeObject>({ context, informer, ownerRef }: Replicator<O>, owner: DeepReadonly<O>, wanted: readonly NewPod[]): Promise<void> {
  let newest = '';
  try {
    await slowStart(wanted, async (pod) => {
      try {
        const made = await context.client.create(pods, pod, { namespace: owner.metadata.namespace ?? '' });
        if (compareVersions(made.metadata.resourceVersion, newest) > 0) newest = made.metadata.resourceVersion;
        context.events.event(ownerRef, owner as DeepReadonly<O>, 'Normal', 'SuccessfulCreate', `Created pod: ${made.metadata.name}`);
      } catch (error) {
        if (!isNamespaceTerminating(error)) context.events.event(ownerRef, owner, 'Warning', 'FailedCreate', `Error creating: ${(error as Error).message}`);
        throw error;
      }
    });
  } catch (error) {
    if (!isNamespaceTerminating(error)) throw error;
  } finally {
    if (newest) await informer.reached(newest);
  }
}

export async function deletePods<O extends KubeObject>({ context, informer, ownerRef }: Replicator<O>, owner: DeepReadonly<O>, unwanted: readonly DeepReadonly<Pod>[]): Promise<void> {
  const results = await Promise.allSettled(unwanted.map(async (pod) => {
    const { name, namespace = '', uid } = pod.metadata;
    try {
      await context.client.delete(pods, name, { namespace, preconditions: { uid } });
      context.events.event(ownerRef, owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
    } catch (error) {
      if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return;
      context.events.event(ownerRef, owner, 'Warning', 'FailedDelete', `Error deleting: ${(error as Error).message}`);
      throw error;
    }
    await informer.gone(pod);
  }));
  const failed = results.find((r) => r.status === 'rejected');
  if (failed) throw failed.reason;
}

export function isNamespaceTerminating(error: unknown): boolean {
  return error instanceof StatusError && error.reason === 'Forbidden' && (error.status.details?.causes ?? []).some((c) => c.reason === 'NamespaceTerminating');
}
