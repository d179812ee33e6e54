/** The status of a pod out of what the runtime, the probes and the worker know. Pure. */
import { timestamp } from '../../base/clock.ts';
import type { DeepReadonly, Draft } from '../../machinery/json.ts';
import type * as core from '../../api/core/v1/types.ts';
import {
  isSidecar, restartPolicyOf, type Container, type ContainerKind, type ContainerView, type Pod, type PodRuntime,
} from '../pods/model.ts';
import { isInitialized, shouldRestart, type ProbeResults } from '../pods/plan.ts';
import { qosClass } from '../pods/resources.ts';

export interface WaitingReason {
  readonly reason: string;
  readonly message: string;
}

export interface StatusInput {
  readonly pod: Pod;
  readonly runtime: PodRuntime;
  readonly probes: ProbeResults;
  /** Why containers could not be started, by name. */
  readonly reasons: ReadonlyMap<string, WaitingReason>;
  /** Last words, by container id. */
  readonly messages: ReadonlyMap<string, string>;
  readonly hostIPs: readonly string[];
  readonly now: number;
  readonly startTime: string;
  /** Everything has been stopped for good. */
  readonly ended: boolean;
  /** Set where the agent itself ended the pod: eviction, deadline, refusal. */
  readonly verdict?: WaitingReason | undefined;
}

type ContainerStatus = Draft<core.ContainerStatus>;
type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

function terminated(view: ContainerView, message: string | undefined): Draft<core.ContainerStateTerminated> {
  const words = message || view.message;
  return {
    exitCode: view.exitCode,
    reason: view.reason || (view.exitCode === 0 ? 'Completed' : 'Error'),
    ...(words ? { message: words } : {}),
    ...(view.startedAt > 0 ? { startedAt: timestamp(view.startedAt) } : {}),
    ...(view.finishedAt > 0 ? { finishedAt: timestamp(view.finishedAt) } : {}),
    containerID: `containerd://${view.id}`,
  };
}

function stateOf(view: ContainerView, waiting: WaitingReason | undefined, input: StatusInput): Draft<core.ContainerState> {
  if (view.state === 'CONTAINER_RUNNING') return { running: { startedAt: timestamp(view.startedAt) } };
  if (view.state === 'CONTAINER_EXITED') return { terminated: terminated(view, input.messages.get(view.id)) };
  return { waiting: waiting ?? { reason: 'ContainerCreating' } };
}

const lost = { exitCode: 137, reason: 'ContainerStatusUnknown', message: 'The container could not be located when the pod was terminated' };

/** Whether it was its turn to run: what comes after an init container that failed still waits when the pod has ended. */
function wasDue(container: Container, kind: ContainerKind, { pod, runtime }: StatusInput): boolean {
  const names = (pod.spec.initContainers ?? []).map((c) => c.name);
  if (kind === 'regular') return names.length === 0 || isInitialized(pod, runtime) || pod.status.conditions?.some((c) => c.type === 'Initialized' && c.status === 'True') === true;
  if (kind !== 'init') return true;
  const later = names.slice(names.indexOf(container.name) + 1);
  return runtime.containers.some((c) => later.includes(c.name));
}

/** Nothing in the runtime: what the API last knew counts for what is over. */
function withoutContainer(container: Container, kind: ContainerKind, input: StatusInput, old: DeepReadonly<core.ContainerStatus> | undefined): ContainerStatus {
  const { pod, reasons } = input;
  const base = {
    name: container.name, ready: false, started: false, image: container.image ?? '', imageID: '',
    restartCount: old?.restartCount ?? 0, lastState: old?.lastState ?? {},
  };
  if (old?.state.terminated) return { ...old, ready: kind === 'init' && old.state.terminated.exitCode === 0, started: false };
  if (input.ended && wasDue(container, kind, input)) return { ...base, state: { terminated: { ...lost, ...(old?.containerID ? { containerID: old.containerID } : {}) } } };
  // Of a pod with init containers everything that has not begun is said to wait for them, they themselves too.
  const waiting = reasons.get(container.name) ?? { reason: (pod.spec.initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating' };
  return { ...base, state: { waiting } };
}

function containerStatus(container: Container, kind: ContainerKind, input: StatusInput, old: DeepReadonly<core.ContainerStatus> | undefined): ContainerStatus {
  const views = input.runtime.containers.filter((c) => c.name === container.name);
  const [view, before] = views;
  if (!view) return withoutContainer(container, kind, input, old);
  const reason = input.reasons.get(container.name);
  const again = !input.ended && shouldRestart(input.pod, container, view) && !(kind === 'init' && !isSidecar(container) && view.exitCode === 0 && view.state === 'CONTAINER_EXITED');
  let state = stateOf(view, reason, input);
  let lastState: Draft<core.ContainerState> = before?.state === 'CONTAINER_EXITED' ? { terminated: terminated(before, input.messages.get(before.id)) } : {};
  if (!before && view.restartCount > 0 && old?.lastState.terminated) lastState = { terminated: old.lastState.terminated };
  if (reason && again && view.state === 'CONTAINER_EXITED') {
    lastState = { terminated: terminated(view, input.messages.get(view.id)) };
    state = { waiting: reason };
  }
  const done = kind === 'init' && !isSidecar(container) && view.state === 'CONTAINER_EXITED' && view.exitCode === 0;
  return {
    name: container.name, state, lastState,
    ready: done || (kind !== 'ephemeral' && (kind === 'regular' || isSidecar(container)) && input.probes.ready(container, view)),
    restartCount: view.restartCount,
    image: view.image, imageID: view.imageRef, containerID: `containerd://${view.id}`,
    started: kind !== 'ephemeral' && (kind === 'regular' || isSidecar(container)) && input.probes.started(container, view),
    ...(kind === 'ephemeral' ? {} : resourcesOf(container)),
    ...(container.volumeMounts?.length ? { volumeMounts: container.volumeMounts.map(mountStatus) } : {}),
  };
}

function resourcesOf(container: Container): ContainerStatus {
  const { requests, limits } = container.resources;
  if (!requests && !limits) return { resources: {} };
  return { resources: { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) }, ...(requests ? { allocatedResources: requests } : {}) };
}

function mountStatus(mount: DeepReadonly<core.VolumeMount>): Draft<core.VolumeMountStatus> {
  return { name: mount.name, mountPath: mount.mountPath, ...(mount.readOnly ? { readOnly: true, recursiveReadOnly: 'Disabled' } : {}) };
}

interface Counts {
  waiting: number;
  running: number;
  stopped: number;
  succeeded: number;
}

function phaseOf(input: StatusInput, init: readonly ContainerStatus[], regular: readonly ContainerStatus[]): Phase {
  const { pod } = input;
  const specs = pod.spec.initContainers ?? [];
  const never = restartPolicyOf(pod) === 'Never';
  const initialized = isInitialized(pod, input.runtime);
  let pendingInit = false;
  for (const [i, status] of init.entries()) {
    const over = status.state?.terminated;
    const sidecar = isSidecar(specs[i]!);
    if (sidecar ? !status.started && !initialized : over?.exitCode !== 0) pendingInit = true;
    if (!sidecar && over && over.exitCode !== 0 && never) return 'Failed';
  }
  const counts: Counts = { waiting: 0, running: 0, stopped: 0, succeeded: 0 };
  for (const { state, lastState } of regular) {
    if (state?.running) counts.running++;
    else if (state?.terminated) {
      counts.stopped++;
      if (state.terminated.exitCode === 0) counts.succeeded++;
    } else if (lastState?.terminated) counts.stopped++;
    else counts.waiting++;
  }
  if (pendingInit && !initialized && !input.ended) return 'Pending';
  if (counts.waiting > 0 && !input.ended) return 'Pending';
  if (counts.running > 0) return 'Running';
  if (input.ended) return counts.stopped === counts.succeeded && counts.waiting === 0 ? 'Succeeded' : 'Failed';
  if (counts.stopped === 0) return 'Pending';
  if (restartPolicyOf(pod) === 'Always') return 'Running';
  if (counts.stopped === counts.succeeded) return 'Succeeded';
  return never ? 'Failed' : 'Running';
}

const list = (names: readonly (string | undefined)[]): string => `[${names.join(' ')}]`;

type Condition = Draft<core.PodCondition>;

function readiness(regular: readonly ContainerStatus[], init: readonly ContainerStatus[], phase: Phase): Condition {
  const type = 'ContainersReady';
  if (phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' };
  const unready = [...init, ...regular].filter((c) => !c.ready).map((c) => c.name);
  if (unready.length === 0) return { type, status: 'True' };
  return { type, status: 'False', reason: 'ContainersNotReady', message: `containers with unready status: ${list(unready)}` };
}

function conditions(input: StatusInput, init: readonly ContainerStatus[], regular: readonly ContainerStatus[], phase: Phase): Condition[] {
  const { pod, runtime } = input;
  const specs = pod.spec.initContainers ?? [];
  const incomplete = init.filter((s, i) => (isSidecar(specs[i]!) ? !s.started : s.state?.terminated?.exitCode !== 0)).map((s) => s.name);
  const initialized: Condition =
    phase === 'Succeeded' && incomplete.length > 0
      ? { type: 'Initialized', status: 'True', reason: 'PodCompleted' }
      : incomplete.length === 0 || isInitialized(pod, runtime)
        ? { type: 'Initialized', status: 'True', ...(phase === 'Succeeded' ? { reason: 'PodCompleted' } : {}) }
        : { type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: ${list(incomplete)}` };
  const sidecars = init.filter((_s, i) => isSidecar(specs[i]!));
  const containersReady = readiness(regular, sidecars, phase);
  const gates = (pod.spec.readinessGates ?? []).map((g) => g.conditionType);
  const missing = gates.filter((type) => pod.status?.conditions?.find((c) => c.type === type)?.status !== 'True');
  const ready: Condition =
    containersReady.status === 'True' && missing.length > 0
      ? {
          type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady',
          message: missing.map((type) => `corresponding condition of pod readiness gate ${JSON.stringify(type)} does not exist.`).join(', '),
        }
      : { ...containersReady, type: 'Ready' };
  const sandbox = runtime.sandboxes[0];
  const sandboxReady = sandbox !== undefined && sandbox.ready && (pod.spec.hostNetwork === true || sandbox.ips.length > 0);
  return [
    { type: 'PodReadyToStartContainers', status: sandboxReady ? 'True' : 'False' },
    initialized, ready, containersReady,
    { type: 'PodScheduled', status: 'True' },
  ];
}

/** Conditions that did not change keep their time. */
function stamped(fresh: Condition, pod: Pod, now: string): Condition {
  const old = pod.status?.conditions?.find((c) => c.type === fresh.type);
  const lastTransitionTime = old?.status === fresh.status && old?.lastTransitionTime ? old.lastTransitionTime : now;
  const { generation } = pod.metadata;
  return { ...fresh, lastTransitionTime, ...(generation ? { observedGeneration: generation } : {}) };
}

export function podStatus(input: StatusInput): Draft<core.PodStatus> {
  const { pod, runtime } = input;
  const known = (statuses: readonly DeepReadonly<core.ContainerStatus>[] | undefined, name: string) => statuses?.find((s) => s.name === name);
  const old = pod.status;
  const init = (pod.spec.initContainers ?? []).map((c) => containerStatus(c, 'init', input, known(old?.initContainerStatuses, c.name)));
  const regular = pod.spec.containers.map((c) => containerStatus(c, 'regular', input, known(old?.containerStatuses, c.name)));
  const ephemeral = (pod.spec.ephemeralContainers ?? []).map((c) => containerStatus(c, 'ephemeral', input, known(old?.ephemeralContainerStatuses, c.name)));
  let phase = phaseOf(input, init, regular);
  if (input.verdict) phase = 'Failed';
  // What is over stays over.
  else if (old?.phase === 'Succeeded' || old?.phase === 'Failed') phase = old.phase;
  const now = timestamp(input.now);
  const current = pod.spec.hostNetwork ? input.hostIPs : (runtime.sandboxes[0]?.ips ?? []);
  // A sandbox that is gone takes its address along; what was known of it stays.
  const ips = current.length > 0 ? current : (old?.podIPs ?? []).flatMap((p) => (p.ip ? [p.ip] : []));
  const { generation } = pod.metadata;
  return {
    ...(generation ? { observedGeneration: generation } : {}),
    phase,
    conditions: conditions(input, init, regular, phase).map((c) => stamped(c, pod, now)),
    ...(input.verdict ? { reason: input.verdict.reason, message: input.verdict.message } : {}),
    ...(!input.verdict && old?.reason && input.ended ? { reason: old.reason, ...(old.message ? { message: old.message } : {}) } : {}),
    ...(input.hostIPs[0] ? { hostIP: input.hostIPs[0], hostIPs: input.hostIPs.map((ip) => ({ ip })) } : {}),
    ...(ips[0] ? { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) } : {}),
    startTime: input.startTime,
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: regular,
    qosClass: qosClass(pod),
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
  };
}
