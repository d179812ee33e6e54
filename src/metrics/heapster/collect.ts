/**
 * One batch of the model: CPU and working set from metrics.k8s.io, so that they are what kubectl top shows; the rest from the kubelets'
 * summaries; requests, limits and capacities from the objects; sums over pods, namespaces and the cluster.
 */
import type { Container, Node, Pod } from '../../api/core/v1/index.ts';
import type { NodeMetrics, PodMetrics } from '../../api/metrics/v1beta1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import { keys, type Batch, type Kind, type Labeled, type MetricSet, type Values } from './model.ts';
import type { Fs, Measured, Summary } from './summary.ts';

export interface Inputs {
  readonly nodes: readonly DeepReadonly<Node>[];
  readonly pods: readonly DeepReadonly<Pod>[];
  readonly nodeMetrics: readonly NodeMetrics[];
  readonly podMetrics: readonly PodMetrics[];
  /** Of the nodes that answered. */
  readonly summaries: readonly Summary[];
}

const systemNames: Readonly<Record<string, string>> = { kubelet: 'kubelet', runtime: 'docker-daemon', misc: 'system' };
const rates: readonly (readonly [cumulative: string, rate: string])[] = ['memory/page_faults', 'memory/major_page_faults', 'network/rx', 'network/rx_errors', 'network/tx', 'network/tx_errors'].map((name) => [name, `${name}_rate`]);
const summed = ['cpu/usage_rate', 'memory/usage', 'memory/working_set', 'cpu/request', 'cpu/limit', 'memory/request', 'memory/limit'];
const reserved = ['cpu/request', 'cpu/limit', 'memory/request', 'memory/limit'];

export function collect(inputs: Inputs, at: number, before: Batch | undefined): Batch {
  const draft = new Draft();
  const pods = new Map(inputs.pods.map((pod) => [keys.pod(pod.metadata.namespace ?? '', pod.metadata.name), pod]));
  for (const { metadata, usage } of inputs.nodeMetrics) takeUsage(draft.set('node', keys.node(metadata.name), metadata.name, keys.cluster).values, usage);
  for (const { metadata, containers } of inputs.podMetrics) {
    const { namespace = '', name } = metadata;
    // What is gone from the cluster is not shown, however lately it was measured.
    if (!pods.has(keys.pod(namespace, name))) continue;
    draft.pod(namespace, name);
    for (const container of containers) takeUsage(draft.container(namespace, name, container.name).values, container.usage);
  }
  for (const summary of inputs.summaries) takeSummary(draft, summary, at, pods);
  for (const pod of pods.values()) takeSpec(draft, pod);
  takeRates(draft.sets, at, before);
  sum(draft, pods);
  for (const node of inputs.nodes) takeCapacity(draft.sets.get(keys.node(node.metadata.name))?.values, node);
  return { at, sets: draft.sets };
}

class Draft {
  readonly sets = new Map<string, MetricSet>();

  set(kind: Kind, key: string, name: string, parent: string): MetricSet {
    let set = this.sets.get(key);
    if (!set) this.sets.set(key, (set = { kind, name, parent, values: new Map(), labeled: [] }));
    return set;
  }

  pod(namespace: string, name: string): MetricSet {
    this.set('namespace', keys.namespace(namespace), namespace, keys.cluster);
    return this.set('pod', keys.pod(namespace, name), name, keys.namespace(namespace));
  }

  container(namespace: string, pod: string, name: string): MetricSet {
    return this.set('pod_container', keys.container(namespace, pod, name), name, keys.pod(namespace, pod));
  }
}

function takeUsage(values: Values, usage: Readonly<Record<string, string>>): void {
  // Whole thousandths, rounded up, as kubectl top prints them.
  if (usage['cpu'] !== undefined) values.set('cpu/usage_rate', parseQuantity(usage['cpu']).milli());
  if (usage['memory'] !== undefined) values.set('memory/working_set', parseQuantity(usage['memory']).value());
}

function takeSummary(draft: Draft, { node, pods = [] }: Summary, at: number, known: ReadonlyMap<string, unknown>): void {
  const nodeKey = keys.node(node.nodeName);
  const set = draft.set('node', nodeKey, node.nodeName, keys.cluster);
  takeMeasured(set.values, node, at);
  takeFs(set.labeled, '/', node.fs);
  for (const system of node.systemContainers ?? []) {
    const name = systemNames[system.name] ?? system.name;
    takeMeasured(draft.set('sys_container', keys.systemContainer(node.nodeName, name), name, nodeKey).values, system, at);
  }
  for (const pod of pods) {
    const { namespace, name } = pod.podRef;
    if (!known.has(keys.pod(namespace, name))) continue;
    const podSet = draft.pod(namespace, name);
    takeMeasured(podSet.values, { startTime: pod.startTime, network: pod.network }, at);
    for (const volume of pod.volume ?? []) takeFs(podSet.labeled, `Volume:${volume.name}`, volume);
    for (const container of pod.containers ?? []) {
      const own = draft.container(namespace, name, container.name);
      takeMeasured(own.values, container, at);
      takeFs(own.labeled, '/', container.rootfs);
      takeFs(own.labeled, 'logs', container.logs);
    }
  }
}

function takeMeasured(values: Values, { startTime, cpu, memory, network }: Measured, at: number): void {
  const put = (name: string, value: number | undefined): void => void (value !== undefined && values.set(name, value));
  if (startTime) put('uptime', Math.max(0, at - Date.parse(startTime)));
  put('cpu/usage', cpu?.usageCoreNanoSeconds);
  put('memory/usage', memory?.usageBytes);
  put('memory/rss', memory?.rssBytes);
  put('memory/page_faults', memory?.pageFaults);
  put('memory/major_page_faults', memory?.majorPageFaults);
  // Where metrics.k8s.io has nothing (system containers), the summary's own figures.
  if (!values.has('memory/working_set')) put('memory/working_set', memory?.workingSetBytes);
  if (!values.has('cpu/usage_rate') && cpu?.usageNanoCores !== undefined) put('cpu/usage_rate', Math.ceil(cpu.usageNanoCores / 1e6));
  put('network/rx', network?.rxBytes);
  put('network/rx_errors', network?.rxErrors);
  put('network/tx', network?.txBytes);
  put('network/tx_errors', network?.txErrors);
}

function takeFs(labeled: Labeled[], resource: string, fs: Fs | undefined): void {
  const put = (name: string, value: number | undefined): void => void (value !== undefined && labeled.push({ name, labels: { resource_id: resource }, value }));
  put('filesystem/usage', fs?.usedBytes);
  put('filesystem/limit', fs?.capacityBytes);
  put('filesystem/available', fs?.availableBytes);
  put('filesystem/inodes', fs?.inodes);
  put('filesystem/inodes_free', fs?.inodesFree);
}

function takeSpec(draft: Draft, pod: DeepReadonly<Pod>): void {
  const { namespace = '', name } = pod.metadata;
  if (!draft.sets.has(keys.pod(namespace, name))) return;
  for (const container of pod.spec?.containers ?? []) {
    const { values } = draft.container(namespace, name, container.name);
    for (const [which, kind] of [['requests', 'request'], ['limits', 'limit']] as const) {
      values.set(`cpu/${kind}`, amount(container, which, 'cpu'));
      values.set(`memory/${kind}`, amount(container, which, 'memory'));
    }
  }
}

/** Thousandths of a core, or bytes; what is not asked for is 0, as upstream has it. */
function amount(container: DeepReadonly<Container>, which: 'requests' | 'limits', resource: 'cpu' | 'memory'): number {
  const text = container.resources?.[which]?.[resource];
  if (text === undefined) return 0;
  return resource === 'cpu' ? parseQuantity(text).milli() : parseQuantity(text).value();
}

/** Per second, against the batch before; a counter that went back has no rate. */
function takeRates(sets: ReadonlyMap<string, MetricSet>, at: number, before: Batch | undefined): void {
  if (!before) return;
  const seconds = (at - before.at) / 1000;
  for (const [key, { values }] of sets) {
    const old = before.sets.get(key)?.values;
    if (!old) continue;
    for (const [cumulative, rate] of rates) {
      const [now, then] = [values.get(cumulative), old.get(cumulative)];
      if (now !== undefined && then !== undefined && now >= then && seconds > 0) values.set(rate, (now - then) / seconds);
    }
  }
}

function sum(draft: Draft, pods: ReadonlyMap<string, DeepReadonly<Pod>>): void {
  const add = (to: Values, from: ReadonlyMap<string, number>, names: Iterable<string>): void => {
    for (const name of names) {
      const value = from.get(name);
      if (value !== undefined) to.set(name, (to.get(name) ?? 0) + value);
    }
  };
  const of = (kind: Kind): MetricSet[] => [...draft.sets.values()].filter((set) => set.kind === kind);
  // A pod has all that its containers have, but for what is its own.
  const own = new Map(of('pod').map((set) => [set, new Set(set.values.keys())]));
  for (const set of of('pod_container')) {
    const pod = draft.sets.get(set.parent)!;
    add(pod.values, set.values, [...set.values.keys()].filter((name) => !own.get(pod)?.has(name)));
  }
  for (const [key, set] of draft.sets) {
    if (set.kind !== 'pod') continue;
    add(draft.sets.get(set.parent)!.values, set.values, summed);
    const node = draft.sets.get(keys.node(pods.get(key)?.spec?.nodeName ?? ''));
    if (node) add(node.values, set.values, reserved);
  }
  const cluster = draft.set('cluster', keys.cluster, 'cluster', '');
  for (const set of of('namespace')) add(cluster.values, set.values, summed);
}

function takeCapacity(values: Values | undefined, { status }: DeepReadonly<Node>): void {
  if (!values) return;
  for (const resource of ['cpu', 'memory'] as const) {
    const read = (text: string | undefined): number => (text === undefined ? 0 : resource === 'cpu' ? parseQuantity(text).milli() : parseQuantity(text).value());
    const allocatable = read(status.allocatable?.[resource]);
    values.set(`${resource}/node_capacity`, read(status.capacity?.[resource]));
    values.set(`${resource}/node_allocatable`, allocatable);
    if (allocatable === 0) continue;
    values.set(`${resource}/node_utilization`, (values.get(resource === 'cpu' ? 'cpu/usage_rate' : 'memory/usage') ?? 0) / allocatable);
    values.set(`${resource}/node_reservation`, (values.get(`${resource}/request`) ?? 0) / allocatable);
  }
}
