/**
 * Decides, from what is wanted and what the runtime has, what to do next. Pure: the worker carries it out, looks again
 * and asks again until there is nothing to do.
 */
import {
  containerHash, isSidecar, newest, restartPolicyOf, type Container, type ContainerKind, type ContainerView, type Pod,
  type PodRuntime,
} from './model.ts';

export type ProbeVerdict = 'passed' | 'failed' | 'unknown';

/** What the probes of a running container say, by container id. */
export interface ProbeResults {
  started(container: Container, view: ContainerView): boolean;
  ready(container: Container, view: ContainerView): boolean;
  liveness(view: ContainerView): ProbeVerdict;
  startup(view: ContainerView): ProbeVerdict;
}

export interface StopStep {
  readonly view: ContainerView;
  readonly reason: string;
  readonly message: string;
}

export interface StartStep {
  readonly kind: ContainerKind;
  readonly container: Container;
  /** The last run, which back-off counts from. */
  readonly last: ContainerView | undefined;
}

export interface Plan {
  /** Nothing will ever run again: take the sandbox down too. */
  readonly finished: boolean;
  readonly createSandbox: boolean;
  readonly attempt: number;
  readonly stop: readonly StopStep[];
  readonly start: readonly StartStep[];
}

/** Of a container that does not run. */
export function shouldRestart(pod: Pod, container: Container, last: ContainerView | undefined): boolean {
  if (!last) return true;
  if (last.state === 'CONTAINER_RUNNING') return false;
  if (last.state !== 'CONTAINER_EXITED') return true;
  if (isSidecar(container)) return true;
  const policy = restartPolicyOf(pod);
  if (policy === 'Never') return false;
  return policy === 'Always' || last.exitCode !== 0;
}

/** Have regular containers been reached in this sandbox? */
export function isInitialized(pod: Pod, runtime: PodRuntime): boolean {
  const sandbox = runtime.sandboxes[0];
  if (!sandbox) return false;
  const names = new Set(pod.spec.containers.map((c) => c.name));
  return runtime.containers.some((c) => c.sandboxId === sandbox.id && names.has(c.name));
}

export function planPod(pod: Pod, runtime: PodRuntime, probes: ProbeResults): Plan {
  const sandbox = runtime.sandboxes[0];
  const attempt = sandbox ? sandbox.attempt + 1 : 0;
  if (!sandbox?.ready || (!pod.spec.hostNetwork && sandbox.ips.length === 0)) return planSandbox(pod, runtime, attempt);

  const stop: StopStep[] = [];
  const start: StartStep[] = [];
  const here = (name: string): ContainerView | undefined => runtime.containers.find((c) => c.name === name && c.sandboxId === sandbox.id);

  for (const container of pod.spec.ephemeralContainers ?? []) {
    if (!newest(runtime, container.name)) start.push({ kind: 'ephemeral', container, last: undefined });
  }

  const initialized = isInitialized(pod, runtime);
  const init = planInit(pod, here, initialized, probes);
  stop.push(...init.stop);
  start.push(...init.start);
  if (init.failed) return { finished: true, createSandbox: false, attempt, stop: [], start: [] };
  if (!initialized && !init.done) return { finished: false, createSandbox: false, attempt, stop, start };

  let kept = 0;
  for (const container of pod.spec.containers) {
    const view = newest(runtime, container.name);
    if (view?.state === 'CONTAINER_RUNNING') {
      kept++;
      const why = whyReplace(container, view, probes);
      if (why) stop.push({ view, ...why });
    } else if (shouldRestart(pod, container, view)) {
      kept++;
      start.push({ kind: 'regular', container, last: view });
    }
  }
  if (kept === 0) return { finished: true, createSandbox: false, attempt, stop: [], start: [] };
  return { finished: false, createSandbox: false, attempt, stop, start };
}

/** No usable sandbox: a new one, unless all that was to run has run. */
function planSandbox(pod: Pod, runtime: PodRuntime, attempt: number): Plan {
  const finished = { finished: true, createSandbox: false, attempt, stop: [], start: [] };
  const policy = restartPolicyOf(pod);
  if (policy === 'Never' && attempt > 0 && runtime.containers.length > 0) return finished;
  const pending = pod.spec.containers.some((c) => shouldRestart(pod, c, newest(runtime, c.name)));
  if (!pending) return finished;
  return { finished: false, createSandbox: true, attempt, stop: [], start: [] };
}

function whyReplace(container: Container, view: ContainerView, probes: ProbeResults): { reason: string; message: string } | undefined {
  if (view.hash !== '' && view.hash !== containerHash(container)) {
    return { reason: 'Killing', message: `Container ${container.name} definition changed, will be restarted` };
  }
  if (probes.liveness(view) === 'failed') {
    return { reason: 'Unhealthy', message: `Container ${container.name} failed liveness probe, will be restarted` };
  }
  if (probes.startup(view) === 'failed') {
    return { reason: 'Unhealthy', message: `Container ${container.name} failed startup probe, will be restarted` };
  }
  return undefined;
}

interface InitPlan {
  readonly stop: StopStep[];
  readonly start: StartStep[];
  readonly done: boolean;
  readonly failed: boolean;
}

/** One after the other; a sidecar lets the next begin once it has started. After initialization only sidecars are tended. */
function planInit(pod: Pod, here: (name: string) => ContainerView | undefined, initialized: boolean, probes: ProbeResults): InitPlan {
  const plan: InitPlan = { stop: [], start: [], done: false, failed: false };
  for (const container of pod.spec.initContainers ?? []) {
    const view = here(container.name);
    const sidecar = isSidecar(container);
    if (initialized && !sidecar) continue;
    if (!view || view.state === 'CONTAINER_CREATED' || view.state === 'CONTAINER_UNKNOWN') {
      plan.start.push({ kind: 'init', container, last: view });
      if (!initialized) return plan;
    } else if (view.state === 'CONTAINER_RUNNING') {
      const why = sidecar ? whyReplace(container, view, probes) : undefined;
      if (why) plan.stop.push({ view, ...why });
      if (!initialized && (!sidecar || !probes.started(container, view))) return plan;
    } else if (sidecar || view.exitCode !== 0) {
      if (!sidecar && restartPolicyOf(pod) === 'Never') return { ...plan, failed: true };
      plan.start.push({ kind: 'init', container, last: view });
      if (!initialized) return plan;
    }
  }
  return { ...plan, done: true };
}

/** All that may still need stopping, in the order of termination: regular and ephemeral first, then sidecars from the last to the first. */
export function stopOrder(pod: Pod, running: readonly ContainerView[]): ContainerView[][] {
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar).map((c) => c.name);
  const first = running.filter((c) => !sidecars.includes(c.name));
  const rest = sidecars.toReversed().map((name) => running.filter((c) => c.name === name));
  return [first, ...rest].filter((group) => group.length > 0);
}
