/** How many replicas a metric asks for. Amounts are thousandths, as the metrics APIs give them; time comes from outside. */
import { parseTime } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import { isSidecar, podAmounts } from '../../api/core/podresources.ts';
import type { Pod, PodCondition } from '../../api/core/v1/index.ts';

export interface PodMetric {
  readonly value: number;
  readonly timestamp: number;
  readonly windowMs: number;
}

/** By the pod's name. */
export type PodMetrics = ReadonlyMap<string, PodMetric>;

export interface Rules {
  readonly now: number;
  /** A ratio less than this above or below 1 changes nothing. */
  readonly tolerance: { readonly up: number; readonly down: number };
  readonly cpuInitializationPeriodMs: number;
  readonly initialReadinessDelayMs: number;
}

export interface Proposal {
  readonly replicas: number;
  /** Of one pod on average, or the value itself where the metric is one of the whole. */
  readonly usage: number;
  readonly utilization?: number;
}

type Pods = readonly DeepReadonly<Pod>[];

interface Measured {
  readonly ratio: number;
  readonly usage: number;
  readonly utilization?: number;
}

const maxReplicas = 2 ** 31 - 1;
const noPods = 'no pods returned by selector while calculating replica count';

function within(ratio: number, { tolerance }: Rules): boolean {
  return 1 - tolerance.down <= ratio && ratio <= 1 + tolerance.up;
}

function rounded(replicas: number): number {
  return Math.min(maxReplicas, Math.ceil(replicas));
}

function readyCondition(pod: DeepReadonly<Pod>): DeepReadonly<PodCondition> | undefined {
  return pod.status?.conditions?.find((c) => c.type === 'Ready');
}

/** The CPU of a pod that starts says nothing about its load. */
function isWarmingUp(pod: DeepReadonly<Pod>, metric: PodMetric, rules: Rules): boolean {
  const ready = readyCondition(pod);
  const started = pod.status?.startTime ? parseTime(pod.status.startTime) : undefined;
  if (!ready || started === undefined) return true;
  const changed = ready.lastTransitionTime ? parseTime(ready.lastTransitionTime) : 0;
  if (started + rules.cpuInitializationPeriodMs > rules.now) return ready.status === 'False' || metric.timestamp < changed + metric.windowMs;
  return ready.status === 'False' && started + rules.initialReadinessDelayMs > changed;
}

interface Groups {
  readonly ready: number;
  readonly unready: readonly string[];
  readonly missing: readonly string[];
  /** Those of pods that count. */
  readonly values: Map<string, number>;
}

function group(pods: Pods, metrics: PodMetrics, resource: string, rules: Rules): Groups {
  const values = new Map([...metrics].map(([name, { value }]) => [name, value]));
  const unready: string[] = [];
  const missing: string[] = [];
  let ready = 0;
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    const metric = metrics.get(name);
    if (deletionTimestamp || pod.status?.phase === 'Failed') values.delete(name);
    else if (pod.status?.phase === 'Pending' || (metric && resource === 'cpu' && isWarmingUp(pod, metric, rules))) {
      unready.push(name);
      values.delete(name);
    } else if (!metric) missing.push(name);
    else ready++;
  }
  return { ready, unready, missing, values };
}

/**
 * Pods that say nothing, or are not ready, dampen the change: going down they count as busy, going up as idle, and they never turn
 * its direction around.
 */
function propose(current: number, groups: Groups, measure: (values: ReadonlyMap<string, number>) => Measured, busy: (pod: string) => number, rules: Rules): Proposal {
  const { ready, unready, missing, values } = groups;
  const measured = measure(values);
  const { ratio } = measured;
  const proposal = (replicas: number): Proposal => ({ replicas, usage: measured.usage, ...(measured.utilization === undefined ? {} : { utilization: measured.utilization }) });
  const withUnready = unready.length > 0 && ratio > 1;
  if (!withUnready && missing.length === 0) return proposal(within(ratio, rules) ? current : rounded(ratio * ready));
  if (ratio < 1) for (const pod of missing) values.set(pod, busy(pod));
  else if (ratio > 1) for (const pod of missing) values.set(pod, 0);
  if (withUnready) for (const pod of unready) values.set(pod, 0);
  const dampened = measure(values).ratio;
  if (within(dampened, rules) || (ratio < 1 && dampened > 1) || (ratio > 1 && dampened < 1)) return proposal(current);
  const replicas = rounded(dampened * values.size);
  return proposal((dampened < 1 && replicas > current) || (dampened > 1 && replicas < current) ? current : replicas);
}

function grouped(pods: Pods, metrics: PodMetrics, resource: string, rules: Rules): Groups {
  if (pods.length === 0) throw new Error(noPods);
  const groups = group(pods, metrics, resource, rules);
  if (groups.values.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  return groups;
}

/** For a target in percent of what the pods request; `container` restricts it to one of each pod. */
export function replicasForUtilization(current: number, target: number, pods: Pods, metrics: PodMetrics, resource: string, container: string, rules: Rules): Proposal {
  const groups = grouped(pods, metrics, resource, rules);
  const requests = new Map(pods.map((pod) => [pod.metadata.name, requested(pod, resource, container)]));
  const measure = (values: ReadonlyMap<string, number>): Measured => {
    let usage = 0;
    let request = 0;
    let count = 0;
    for (const [name, value] of values) {
      const asked = requests.get(name);
      if (asked === undefined) continue;
      usage += value;
      request += asked;
      count++;
    }
    if (request === 0) throw new Error('no metrics returned matched known pods');
    const utilization = Math.trunc((usage * 100) / request);
    return { ratio: utilization / target, usage: Math.trunc(usage / count), utilization };
  };
  return propose(current, groups, measure, (pod) => Math.trunc(((requests.get(pod) ?? 0) * Math.max(100, target)) / 100), rules);
}

/** For a target amount per pod; `resource` is empty for custom metrics. */
export function replicasForAverage(current: number, target: number, pods: Pods, metrics: PodMetrics, resource: string, rules: Rules): Proposal {
  const measure = (values: ReadonlyMap<string, number>): Measured => {
    let sum = 0;
    for (const value of values.values()) sum += value;
    const usage = Math.trunc(sum / values.size);
    return { ratio: usage / target, usage };
  };
  return propose(current, grouped(pods, metrics, resource, rules), measure, () => target, rules);
}

/** For one value of the whole, and the target of that value: it scales the pods that are ready. */
export function replicasForValue(current: number, usage: number, target: number, pods: Pods, rules: Rules): Proposal {
  const ratio = usage / target;
  // From nothing there are no ready pods to multiply.
  if (current === 0) return { replicas: rounded(ratio), usage };
  if (within(ratio, rules)) return { replicas: current, usage };
  if (pods.length === 0) throw new Error(`unable to calculate ready pods: ${noPods}`);
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && readyCondition(pod)?.status === 'True').length;
  return { replicas: rounded(ratio * ready), usage };
}

/** For one value of the whole, and the target of each replica's share. */
export function replicasForShare(statusReplicas: number, usage: number, target: number, rules: Rules): Proposal {
  const replicas = within(usage / (target * statusReplicas), rules) ? statusReplicas : rounded(usage / target);
  return { replicas, usage: statusReplicas === 0 ? usage : Math.ceil(usage / statusReplicas) };
}

function requested(pod: DeepReadonly<Pod>, resource: string, container: string): number {
  const { name } = pod.metadata;
  const { spec } = pod;
  if (!container && Object.keys(spec?.resources?.requests ?? {}).length > 0) {
    const amount = podAmounts(pod, 'requests').get(resource);
    if (amount === undefined) throw new Error(`missing pod-level request for ${resource} in Pod ${name}`);
    return resource === 'cpu' ? amount : amount * 1000;
  }
  let sum = 0;
  let found = false;
  for (const one of [...(spec?.containers ?? []), ...(spec?.initContainers ?? []).filter(isSidecar)]) {
    if (container && container !== one.name) continue;
    const request = one.resources?.requests?.[resource];
    if (request === undefined) throw new Error(`missing request for ${resource} in container ${one.name} of Pod ${name}`);
    sum += parseQuantity(request).milli();
    found = true;
  }
  if (container && !found) throw new Error(`container ${container} not found in Pod ${name}`);
  return sum;
}
