/** Pods with a name, a place in the order, and volumes of their own. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { thaw } from '../../machinery/json.ts';
import { statefulsets, type StatefulSet } from '../../api/apps/v1/index.ts';
import type { PersistentVolumeClaim, Pod, PodSpec, PodTemplateSpec } from '../../api/core/v1/index.ts';
import { podFromTemplate, type NewPod } from '../pods/pods.ts';

export type Set = DeepReadonly<StatefulSet>;
export const revisionLabel = 'controller-revision-hash';
const nameLabel = 'statefulset.kubernetes.io/pod-name';
const indexLabel = 'apps.kubernetes.io/pod-index';

export const firstOrdinal = (set: Set): number => set.spec?.ordinals?.start ?? 0;
export const podName = (set: Set, ordinal: number): string => `${set.metadata.name}-${ordinal}`;

/** -1 when the name is not one of the set's. */
export function ordinalOf(set: Set, pod: { readonly metadata: { readonly name: string } }): number {
  const match = /^(.*)-(0|[1-9]\d*)$/.exec(pod.metadata.name);
  return match && match[1] === set.metadata.name ? Number(match[2]) : -1;
}

export function claimName(set: Set, claim: string, ordinal: number): string {
  return `${claim}-${set.metadata.name}-${ordinal}`;
}

export function podFor(set: Set, template: DeepReadonly<PodTemplateSpec>, revision: string, ordinal: number): NewPod {
  const pod = podFromTemplate(template, statefulsets, set);
  const name = podName(set, ordinal);
  delete pod.metadata.generateName;
  pod.metadata.name = name;
  pod.metadata.labels = { ...pod.metadata.labels, [nameLabel]: name, [indexLabel]: String(ordinal), [revisionLabel]: revision };
  const spec = pod.spec as PodSpec;
  spec.hostname = name;
  if (set.spec?.serviceName) spec.subdomain = set.spec.serviceName;
  const claims = set.spec?.volumeClaimTemplates ?? [];
  const own = claims.map((c) => ({ name: c.metadata.name, persistentVolumeClaim: { claimName: claimName(set, c.metadata.name, ordinal) } }));
  const others = (spec.volumes ?? []).filter((v) => !claims.some((c) => c.metadata.name === v.name));
  if (own.length + others.length > 0) spec.volumes = [...own, ...others];
  return pod;
}

export function claimsFor(set: Set, ordinal: number): PersistentVolumeClaim[] {
  const labels = set.spec?.selector?.matchLabels ?? {};
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => {
    const claim = thaw(template) as PersistentVolumeClaim;
    claim.metadata = {
      ...claim.metadata, name: claimName(set, template.metadata.name, ordinal), namespace: set.metadata.namespace ?? '', labels: { ...claim.metadata.labels, ...labels },
    };
    return claim;
  });
}

export const isRunningAndReady = (pod: DeepReadonly<Pod>): boolean =>
  pod.status?.phase === 'Running' && (pod.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false);
export const hasEnded = (pod: DeepReadonly<Pod>): boolean => pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
export const isGoing = (pod: DeepReadonly<Pod>): boolean => pod.metadata.deletionTimestamp !== undefined;
