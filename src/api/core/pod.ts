/** Rules of pods. */
import { thaw, type DeepReadonly } from '../../machinery/json.ts';
import { quoted } from '../../machinery/fieldpath.ts';
import { StatusError } from '../../machinery/status.ts';
import type { KindRules, RuleContext } from '../../schema/vocabulary.ts';
import { keep } from '../strategy.ts';
import { fillAppArmor } from './apparmor.ts';
import { dropDisabled } from './disabled.ts';
import { qosClass } from './qos.ts';
import { validatePod } from './validation/pod.ts';
import { validatePodUpdate } from './validation/pod-update.ts';
import { podColumns, podRowConditions } from './pod-table.ts';
import { statusWarnings } from './warnings/objects.ts';
import { hostnameWarnings, podSpecWarnings } from './warnings/pod.ts';
import type * as T from './v1/types.ts';

/** The pod's spread constraints and affinity terms learn the values of the labels that they name. */
function resolveLabelKeys(pod: T.Pod): void {
  for (const c of pod.spec.topologySpreadConstraints ?? []) {
    if (c.matchLabelKeys?.length && c.labelSelector) extendSelector(c.labelSelector, pod, c.matchLabelKeys, 'In');
  }
  const affinity = pod.spec.affinity;
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((a) => [
    ...(a?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(a?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((w) => w.podAffinityTerm),
  ]);
  for (const t of terms) {
    if (!t.labelSelector) continue;
    extendSelector(t.labelSelector, pod, t.matchLabelKeys ?? [], 'In');
    extendSelector(t.labelSelector, pod, t.mismatchLabelKeys ?? [], 'NotIn');
  }
}

function extendSelector(selector: { matchExpressions?: { key: string; operator: string; values?: string[] }[] }, pod: T.Pod, keys: readonly string[], operator: 'In' | 'NotIn'): void {
  for (const key of keys) {
    const value = pod.metadata.labels?.[key];
    if (value === undefined) continue;
    if (selector.matchExpressions?.some((e) => e.key === key && e.operator === operator && e.values?.length === 1 && e.values[0] === value)) continue;
    (selector.matchExpressions ??= []).push({ key, operator, values: [value] });
  }
}

function prepareCreate(pod: T.Pod, context: RuleContext): void {
  pod.metadata.generation = 1;
  pod.status = { phase: 'Pending', qosClass: qosClass(pod.spec) };
  if (pod.spec.schedulingGates?.length) {
    pod.status.conditions = [{ type: 'PodScheduled', status: 'False', lastTransitionTime: context.now, reason: 'SchedulingGated', message: 'Scheduling is blocked due to non-empty scheduling gates' }];
  }
  dropDisabled(pod.spec);
  resolveLabelKeys(pod);
  fillAppArmor(pod);
}

function prepareUpdate(pod: T.Pod, old: DeepReadonly<T.Pod>, context: RuleContext): void {
  switch (context.subresource) {
    case 'status':
      keep(pod, old, 'spec');
      // Owners are not the kubelet's to change.
      keep(pod.metadata, old.metadata, 'ownerReferences', 'deletionTimestamp');
      if (!pod.status.qosClass && old.status.qosClass) pod.status.qosClass = old.status.qosClass;
      keepObservedGenerations(pod.status, old.status);
      dropDisabledOfStatus(pod.status, old.status);
      break;
    case 'ephemeralcontainers': {
      const wanted = pod.spec.ephemeralContainers;
      keep(pod, old, 'spec', 'status');
      keepMetadata(pod, old);
      if (wanted) pod.spec.ephemeralContainers = wanted;
      else delete pod.spec.ephemeralContainers;
      break;
    }
    case 'resize':
      keepAllButResources(pod, old);
      break;
    case 'binding':
      break;
    default:
      keep(pod, old, 'status');
      dropDisabled(pod.spec, old.spec);
  }
}

/** Who no longer says for which generation a status is does not take back what was said. */
function keepObservedGenerations(status: T.PodStatus, old: DeepReadonly<T.PodStatus>): void {
  status.observedGeneration ||= old.observedGeneration ?? 0;
  if (status.observedGeneration === 0) delete status.observedGeneration;
  const seen = new Map<string, number>();
  for (const condition of status.conditions ?? []) {
    const nth = seen.get(condition.type) ?? 0;
    seen.set(condition.type, nth + 1);
    const before = condition.observedGeneration ? undefined : old.conditions?.filter((c) => c.type === condition.type)[nth]?.observedGeneration;
    if (before) condition.observedGeneration = before;
  }
}

/** Devices for extended resources and the health of devices: what features that are off would say. */
function dropDisabledOfStatus(status: T.PodStatus, old: DeepReadonly<T.PodStatus>): void {
  if (old.extendedResourceClaimStatus === undefined) delete status.extendedResourceClaimStatus;
  const lists = (s: DeepReadonly<T.PodStatus>): DeepReadonly<T.ContainerStatus>[] => [...(s.containerStatuses ?? []), ...(s.initContainerStatuses ?? []), ...(s.ephemeralContainerStatuses ?? [])];
  if (lists(old).some((c) => c.allocatedResourcesStatus !== undefined)) return;
  for (const container of lists(status) as T.ContainerStatus[]) delete container.allocatedResourcesStatus;
}

/** These subresources are about nothing that stands in the metadata. */
function keepMetadata(pod: T.Pod, old: DeepReadonly<T.Pod>): void {
  keep(pod.metadata, old.metadata, 'deletionTimestamp', 'labels', 'annotations', 'finalizers', 'ownerReferences');
}

/** A resize changes resources and resize policies of containers; nothing else. Other containers than there are is for validation to refuse. */
function keepAllButResources(pod: T.Pod, old: DeepReadonly<T.Pod>): void {
  const { containers, initContainers = [] } = pod.spec;
  if (containers.length !== old.spec.containers.length || initContainers.length !== (old.spec.initContainers?.length ?? 0)) return;
  keep(pod, old, 'spec', 'status');
  keepMetadata(pod, old);
  pod.spec.containers = resized(containers, pod.spec.containers);
  if (initContainers.length > 0) pod.spec.initContainers = resized(initContainers, pod.spec.initContainers ?? []);
}

function resized(wanted: T.Container[], present: T.Container[]): T.Container[] {
  if (wanted.some((container, i) => container.name !== present[i]?.name)) return wanted;
  return present.map(({ resizePolicy: _before, ...container }, i) => {
    const { resources, resizePolicy } = wanted[i]!;
    return { ...container, resources, ...(resizePolicy ? { resizePolicy } : {}) };
  });
}

/** Binding: what POST …/pods/x/binding does to the pod. */
export function bindPod(pod: DeepReadonly<T.Pod>, binding: DeepReadonly<T.Binding>, now: string): T.Pod {
  const refuse = (why: string): never => {
    throw StatusError.conflict({ group: '', resource: 'pods/binding' }, pod.metadata.name, why);
  };
  if (pod.metadata.deletionTimestamp) refuse(`pod ${pod.metadata.name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName) refuse(`pod ${pod.metadata.name} is already assigned to node ${quoted(pod.spec.nodeName)}`);
  if (pod.spec.schedulingGates?.length) refuse(`pod ${pod.metadata.name} has non-empty .spec.schedulingGates`);
  const bound = thaw<T.Pod>(pod);
  bound.spec.nodeName = binding.target.name ?? '';
  if (binding.metadata.annotations) bound.metadata.annotations = { ...bound.metadata.annotations, ...binding.metadata.annotations };
  const rest = (bound.status.conditions ?? []).filter((c) => c.type !== 'PodScheduled');
  bound.status.conditions = [...rest, { type: 'PodScheduled', status: 'True', lastTransitionTime: now }];
  delete bound.status.nominatedNodeName;
  return bound;
}

/** Pods that were never placed, or have ended, go at once. */
function gracePeriod(pod: DeepReadonly<T.Pod>, requested: number | undefined): number {
  let seconds = requested ?? pod.spec.terminationGracePeriodSeconds ?? 30;
  if (seconds < 0) seconds = 1;
  if (!pod.spec.nodeName || pod.status.phase === 'Failed' || pod.status.phase === 'Succeeded') return 0;
  return seconds;
}

export const podRules: KindRules<T.Pod> = {
  prepareCreate,
  prepareUpdate,
  gracePeriod,
  metadataChecks: [4, 3],
  validate: validatePod,
  validateUpdate: (pod, old, context) => validatePodUpdate(pod, old, context.subresource),
  // Updates of pods come from machines, and often.
  warnings: (pod, old, { subresource }) => {
    if (subresource === 'status') return statusWarnings(pod);
    return old ? [] : [...hostnameWarnings(pod.metadata.name, "the Pod's hostname"), ...podSpecWarnings(pod.spec, pod.metadata.annotations, '')];
  },
  generation: 'spec',
  columns: podColumns,
  rowConditions: podRowConditions,
  selectable: {
    'spec.nodeName': (p) => p.spec.nodeName ?? '',
    'spec.restartPolicy': (p) => p.spec.restartPolicy ?? '',
    'spec.schedulerName': (p) => p.spec.schedulerName ?? '',
    'spec.serviceAccountName': (p) => p.spec.serviceAccountName ?? '',
    'spec.hostNetwork': (p) => String(p.spec.hostNetwork ?? false),
    'status.phase': (p) => p.status.phase ?? '',
    'status.podIP': (p) => p.status.podIPs?.[0]?.ip ?? p.status.podIP ?? '',
    // May be asked for, yet no pod has a value for it.
    'status.podIPs': () => '',
    'status.nominatedNodeName': (p) => p.status.nominatedNodeName ?? '',
  },
};
