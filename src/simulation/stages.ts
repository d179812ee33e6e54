/**
 * How pods of simulated nodes behave, as data: the first stage that applies to a pod is done after its delay, and then the pod is
 * looked at again. To change the behaviour, pass other stages.
 */
import { timestamp } from '../base/clock.ts';
import { thaw, type DeepReadonly } from '../machinery/json.ts';
import { isSidecar } from '../api/core/podresources.ts';
import type { Container, ContainerStatus, Pod, PodCondition, PodStatus, ResourceRequirements } from '../api/core/v1/index.ts';

export interface StageContext {
  readonly now: number;
  readonly hostIP: string;
  /** The pod's own address, kept until it is gone. */
  podIP(): string;
}

export interface Stage {
  readonly name: string;
  readonly delayMs: number;
  applies(pod: DeepReadonly<Pod>): boolean;
  /** The new status, or that the pod goes away. */
  readonly result: ((pod: DeepReadonly<Pod>, context: StageContext) => Partial<PodStatus>) | 'delete';
}

const phase = (pod: DeepReadonly<Pod>): string => pod.status?.phase || 'Pending';
const isJob = (pod: DeepReadonly<Pod>): boolean => pod.metadata.ownerReferences?.some((o) => o.controller && o.kind === 'Job') ?? false;

/** Pods run and are ready soon, those of jobs succeed a second later, deleted ones go at once. */
export const defaultStages: readonly Stage[] = [
  { name: 'delete', delayMs: 100, applies: (pod) => !!pod.metadata.deletionTimestamp && !pod.metadata.finalizers?.length, result: 'delete' },
  { name: 'start', delayMs: 100, applies: (pod) => !pod.metadata.deletionTimestamp && phase(pod) === 'Pending', result: running },
  { name: 'recover', delayMs: 100, applies: (pod) => !pod.metadata.deletionTimestamp && phase(pod) === 'Running' && !isMarkedReady(pod), result: running },
  { name: 'complete', delayMs: 1000, applies: (pod) => !pod.metadata.deletionTimestamp && phase(pod) === 'Running' && isJob(pod), result: succeeded },
];

function isMarkedReady(pod: DeepReadonly<Pod>): boolean {
  return pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
}

function conditions(pod: DeepReadonly<Pod>, now: string, ready: boolean, reason?: string): PodCondition[] {
  const before = pod.status?.conditions ?? [];
  const make = (type: string, up: boolean): PodCondition => {
    const status = up ? 'True' : 'False';
    const old = before.find((c) => c.type === type);
    const since = old?.status === status ? old.lastTransitionTime : undefined;
    return { type, status, lastTransitionTime: since ?? now, ...(!up && reason ? { reason } : {}) };
  };
  const gates = (pod.spec?.readinessGates ?? []).every((g) => before.some((c) => c.type === g.conditionType && c.status === 'True'));
  return [make('PodReadyToStartContainers', ready), make('Initialized', true), make('Ready', ready && gates), make('ContainersReady', ready), make('PodScheduled', true)];
}

function containerStatus(container: DeepReadonly<Container>, pod: DeepReadonly<Pod>, state: ContainerStatus['state'], ready: boolean): ContainerStatus {
  return {
    name: container.name, state: state ?? {}, lastState: {}, ready, restartCount: 0, image: container.image ?? '', imageID: '', started: ready,
    containerID: `simulated://${pod.metadata.uid}-${container.name}`,
    // That they are told is how a pod's writers know that it can be resized.
    resources: thaw<ResourceRequirements>(container.resources ?? {}),
  };
}

function running(pod: DeepReadonly<Pod>, { now, hostIP, podIP }: StageContext): Partial<PodStatus> {
  const time = timestamp(now);
  const startTime = pod.status?.startTime ?? time;
  const ip = pod.spec?.hostNetwork ? hostIP : podIP();
  const up = { running: { startedAt: startTime } };
  const done = (c: DeepReadonly<Container>) => ({ terminated: { exitCode: 0, reason: 'Completed', startedAt: startTime, finishedAt: startTime, containerID: `simulated://${pod.metadata.uid}-${c.name}` } });
  return {
    phase: 'Running', conditions: conditions(pod, time, true), hostIP, hostIPs: [{ ip: hostIP }], podIP: ip, podIPs: [{ ip }], startTime,
    containerStatuses: (pod.spec?.containers ?? []).map((c) => containerStatus(c, pod, up, true)),
    ...(pod.spec?.initContainers?.length
      ? { initContainerStatuses: pod.spec.initContainers.map((c) => containerStatus(c, pod, isSidecar(c) ? up : done(c), true)) }
      : {}),
  };
}

function succeeded(pod: DeepReadonly<Pod>, { now }: StageContext): Partial<PodStatus> {
  const time = timestamp(now);
  return {
    phase: 'Succeeded', conditions: conditions(pod, time, false, 'PodCompleted'),
    containerStatuses: (pod.status?.containerStatuses ?? []).map((c) => ({
      ...c, ready: false, started: false,
      state: { terminated: { exitCode: 0, reason: 'Completed', startedAt: c.state?.running?.startedAt ?? time, finishedAt: time, ...(c.containerID ? { containerID: c.containerID } : {}) } },
    })) as ContainerStatus[],
  };
}
