/** What workload controllers need to know of pods, and how they make them. */
import { parseTime } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { thaw } from '../../machinery/json.ts';
import type { Pod, PodTemplateSpec } from '../../api/core/v1/index.ts';
import { isFinished } from '../../api/core/podresources.ts';
import type { ObjectMeta } from '../../api/meta/v1/types.ts';
import type { ResourceRef } from '../../api/reference.ts';
import type { Informer, KubeObject } from '../../client/informer.ts';
import { controllerOf, controllerReference, controllerUid } from '../../client/owner.ts';

/** Names of the indexes that `indexed` puts on the shared pod informer. */
export const byController = 'controller';
export const byOrphanNamespace = 'orphan-namespace';
export const byNode = 'node';

export function indexed<T extends KubeObject>(informer: Informer<T>): Informer<T> {
  return informer
    .addIndex(byController, controllerUid)
    .addIndex(byOrphanNamespace, (object) => (controllerOf(object) ? [] : [object.metadata.namespace ?? '']));
}

export function indexedByNode(informer: Informer<Pod>): Informer<Pod> {
  return informer.addIndex(byNode, (pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []));
}

export function isActive(pod: DeepReadonly<Pod>): boolean {
  return !isFinished(pod) && !pod.metadata.deletionTimestamp;
}

export function readySince(pod: DeepReadonly<Pod>): number | undefined {
  const ready = pod.status?.conditions?.find((c) => c.type === 'Ready');
  return ready?.status === 'True' ? parseTime(ready.lastTransitionTime ?? '') || 0 : undefined;
}

export function isReady(pod: DeepReadonly<Pod>): boolean {
  for (const c of pod.status?.conditions ?? []) if (c.type === 'Ready') return c.status === 'True';
  return false;
}

/** Ready for at least so long. */
export function isAvailable(pod: DeepReadonly<Pod>, minReadySeconds: number, now: number): boolean {
  if (minReadySeconds === 0) return isReady(pod);
  const since = readySince(pod);
  return since !== undefined && since + minReadySeconds * 1000 <= now;
}

/** A pod to create; the server completes it. */
export type NewPod = { metadata: Partial<ObjectMeta>; spec: Pod['spec'] };

export function podFromTemplate(template: DeepReadonly<PodTemplateSpec>, ownerRef: ResourceRef<unknown>, owner: DeepReadonly<KubeObject>): NewPod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace ?? '',
      ...(labels ? { labels: { ...labels } } : {}),
      ...(annotations ? { annotations: { ...annotations } } : {}),
      ...(finalizers ? { finalizers: [...finalizers] } : {}),
      ownerReferences: [controllerReference(ownerRef, owner)],
    },
    spec: thaw(template.spec!) as NonNullable<Pod['spec']>,
  };
}

const phases = ['Pending', 'Unknown', 'Running'];

/** The first are the best to do without. `crowd` says how many of the pods are on a node. */
export function byDispensability(pods: readonly DeepReadonly<Pod>[], related: readonly DeepReadonly<Pod>[]): DeepReadonly<Pod>[] {
  const crowd = new Map<string, number>();
  for (const pod of related) crowd.set(pod.spec?.nodeName ?? '', (crowd.get(pod.spec?.nodeName ?? '') ?? 0) + 1);
  const phase = (pod: DeepReadonly<Pod>): number => phases.indexOf(pod.status?.phase || 'Pending');
  const cost = (pod: DeepReadonly<Pod>): number => Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0) || 0;
  const restarts = (pod: DeepReadonly<Pod>): number => Math.max(0, ...(pod.status?.containerStatuses ?? []).map((c) => c.restartCount));
  const magnitude = (since: number): number => Math.floor(Math.log2(Math.max(1, since)));
  const newest = Math.max(0, ...pods.map((p) => readySince(p) ?? 0), ...pods.map((p) => parseTime(p.metadata.creationTimestamp) || 0));
  const compare = (a: DeepReadonly<Pod>, b: DeepReadonly<Pod>): number =>
    Number(!!a.spec?.nodeName) - Number(!!b.spec?.nodeName) ||
    phase(a) - phase(b) ||
    Number(isReady(a)) - Number(isReady(b)) ||
    cost(a) - cost(b) ||
    crowd.get(b.spec?.nodeName ?? '')! - crowd.get(a.spec?.nodeName ?? '')! ||
    (isReady(a) ? magnitude(newest - readySince(a)!) - magnitude(newest - readySince(b)!) : 0) ||
    restarts(b) - restarts(a) ||
    magnitude(newest - (parseTime(a.metadata.creationTimestamp) || 0)) - magnitude(newest - (parseTime(b.metadata.creationTimestamp) || 0)) ||
    (a.metadata.uid < b.metadata.uid ? -1 : 1);
  return [...pods].sort(compare);
}

/** A rolled-out template's label value: stable, and of letters that spell nothing. */
export function templateHash(template: unknown, collisions = 0): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(canonicalJson(template) + (collisions ? `#${collisions}` : ''))) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  return [...String(hash)].map((c) => alphabet[c.charCodeAt(0) % alphabet.length]).join('');
}

/** Equal values give equal text, whatever the order of their keys. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, v: unknown) =>
    v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v,
  );
}
