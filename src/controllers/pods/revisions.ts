/** The history of templates that daemon sets and stateful sets keep, one ControllerRevision for each. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { controllerrevisions, type ControllerRevision } from '../../api/apps/v1/index.ts';
import type { PodTemplateSpec } from '../../api/core/v1/index.ts';
import type { ResourceRef } from '../../api/reference.ts';
import type { Informer, KubeObject } from '../../client/informer.ts';
import { controllerReference } from '../../client/owner.ts';
import type { ControllerContext } from '../harness/controller.ts';
import { byController, canonicalJson, templateHash } from './pods.ts';

export type Revision = DeepReadonly<ControllerRevision>;

export interface History {
  readonly current: Revision;
  /** Oldest first, with the current one. */
  readonly all: readonly Revision[];
}

/** What a rollback puts back: the template and nothing else; in the order of names, as clients that compare bytes expect it. */
function dataOf(template: DeepReadonly<PodTemplateSpec>): object {
  return JSON.parse(canonicalJson({ spec: { template: { ...template, $patch: 'replace' } } })) as object;
}

export async function syncHistory(
  context: ControllerContext, informer: Informer<ControllerRevision>, ownerRef: ResourceRef<unknown>, owner: DeepReadonly<KubeObject>,
  template: DeepReadonly<PodTemplateSpec>, selectorLabels: Readonly<Record<string, string>>, hashLabel: string,
): Promise<History> {
  const { name, namespace = '', uid } = owner.metadata;
  const all = informer.by(byController, uid).sort((a, b) => a.revision - b.revision);
  const data = dataOf(template);
  const wanted = canonicalJson(data);
  const newest = all.at(-1)?.revision ?? 0;
  const equal = all.findLast((r) => canonicalJson(r.data) === wanted);
  if (equal?.revision === newest && equal) return { current: equal, all };
  if (equal) {
    // Rolled back: what was old is the newest again.
    const current = await context.client.update<ControllerRevision>(controllerrevisions, { ...equal, revision: newest + 1 });
    await informer.reached(current.metadata.resourceVersion);
    return { current, all: [...all.filter((r) => r !== equal), current] };
  }
  for (let collisions = 0; ; collisions++) {
    const hash = templateHash(template, collisions);
    const labels = { ...selectorLabels, [hashLabel]: hash };
    const metadata = { name: `${name}-${hash}`, namespace, labels, ownerReferences: [controllerReference(ownerRef, owner)] };
    try {
      const current = await context.client.create(controllerrevisions, { metadata, data: data as never, revision: newest + 1 });
      await informer.reached(current.metadata.resourceVersion);
      return { current, all: [...all, current] };
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
      const existing = await context.client.get(controllerrevisions, metadata.name, { namespace });
      if (canonicalJson(existing.data) === wanted) return { current: existing, all: [...all, existing] };
    }
  }
}

/** Removes the oldest beyond the limit that nothing uses. */
export async function trimHistory(context: ControllerContext, history: History, inUse: (revision: Revision) => boolean, limit: number): Promise<void> {
  const unused = history.all.filter((r) => r !== history.current && !inUse(r));
  for (const revision of unused.slice(0, Math.max(0, unused.length - limit))) {
    const { name, namespace = '' } = revision.metadata;
    try {
      await context.client.delete(controllerrevisions, name, { namespace });
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }
}
