/** metrics.k8s.io: node and pod figures as resources, read-only, always of this moment. */
import { timestamp } from '../../base/clock.ts';
import type { Node } from '../../api/core/v1/types.ts';
import type { KubeObject } from '../../client/informer.ts';
import type { NodeMetrics, PodMetrics } from '../../api/metrics/v1beta1/types.ts';
import type { DeepReadonly, JsonObject } from '../../machinery/json.ts';
import { formatGoDuration } from '../../machinery/goduration.ts';
import { parseQuantity, Quantity } from '../../machinery/quantity.ts';
import { parseFieldSelector, parseLabelSelector, type Selector } from '../../machinery/selectors.ts';
import { StatusError } from '../../machinery/status.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import type { Storage, Usage } from './storage.ts';

export const group = 'metrics.k8s.io';
/** Upstream's version, which its clients know, and the same under the name of a stable one. */
export const versions: readonly string[] = ['v1beta1', 'v1'];

/** What the API needs to know of the cluster's nodes and pods. */
export interface Cluster {
  nodes(): readonly DeepReadonly<Node>[];
  node(name: string): DeepReadonly<Node> | undefined;
  /** Of one namespace, or of all. */
  pods(namespace: string): readonly DeepReadonly<KubeObject>[];
  pod(namespace: string, name: string): DeepReadonly<KubeObject> | undefined;
}

export interface ApiDependencies {
  readonly storage: Pick<Storage, 'node' | 'pod'>;
  readonly cluster: Cluster;
  readonly nodeSelector: Selector;
  readonly now: () => number;
  /** Told the timestamp of each figure that goes out. */
  readonly shown?: (timestamp: number) => void;
}

function usageList(u: { cpu: number; memory: number }): Record<string, string> {
  return {
    cpu: Quantity.ofNano(BigInt(u.cpu)).toString(),
    memory: new Quantity(BigInt(u.memory), 0, 'BinarySI').toString(),
  };
}

function nodeMetrics(d: ApiDependencies, apiVersion: string, node: DeepReadonly<Node>): NodeMetrics | undefined {
  const usage = d.storage.node(node.metadata.name);
  if (!usage) return undefined;
  d.shown?.(usage.timestamp);
  return {
    kind: 'NodeMetrics', apiVersion,
    metadata: { name: node.metadata.name, creationTimestamp: timestamp(d.now()), ...(node.metadata.labels ? { labels: { ...node.metadata.labels } } : {}) } as NodeMetrics['metadata'],
    timestamp: timestamp(usage.timestamp),
    window: formatGoDuration(usage.windowMs),
    usage: usageList(usage),
  };
}

function podMetrics(d: ApiDependencies, apiVersion: string, pod: DeepReadonly<KubeObject>): PodMetrics | undefined {
  const { name, namespace = '', labels } = pod.metadata;
  const usages = d.storage.pod(`${namespace}/${name}`);
  if (!usages || usages.size === 0) return undefined;
  let earliest: Usage | undefined;
  for (const u of usages.values()) if (!earliest || u.timestamp < earliest.timestamp) earliest = u;
  d.shown?.(earliest!.timestamp);
  return {
    kind: 'PodMetrics', apiVersion,
    metadata: { name, namespace, creationTimestamp: timestamp(d.now()), ...(labels ? { labels: { ...labels } } : {}) } as PodMetrics['metadata'],
    timestamp: timestamp(earliest!.timestamp),
    window: formatGoDuration(earliest!.windowMs),
    containers: [...usages].map(([container, u]) => ({ name: container, usage: usageList(u) })),
  };
}

/** Answers get and list of nodes and pods; throws StatusError. */
export function read(d: ApiDependencies, info: RequestInfo, query: URLSearchParams): JsonObject {
  const apiVersion = `${group}/${info.version}`;
  if (info.resource === 'nodes' && info.namespace === '') return (info.name ? getNode(d, apiVersion, info.name) : listNodes(d, apiVersion, query)) as unknown as JsonObject;
  if (info.resource === 'pods') return (info.name ? getPod(d, apiVersion, info.namespace, info.name) : listPods(d, apiVersion, info.namespace, query)) as unknown as JsonObject;
  throw StatusError.pathNotFound();
}

function getNode(d: ApiDependencies, apiVersion: string, name: string): NodeMetrics {
  const node = d.cluster.node(name);
  if (!node || !d.nodeSelector.matches(node.metadata.labels ?? {})) throw StatusError.notFound({ group: '', resource: 'nodes' }, name);
  const found = nodeMetrics(d, apiVersion, node);
  if (!found) throw StatusError.notFound({ group, resource: 'nodemetrics' }, name);
  return found;
}

function getPod(d: ApiDependencies, apiVersion: string, namespace: string, name: string): PodMetrics {
  const pod = d.cluster.pod(namespace, name);
  if (!pod) throw StatusError.notFound({ group: '', resource: 'pods' }, `${namespace}/${name}`);
  const found = podMetrics(d, apiVersion, pod);
  if (!found) throw StatusError.notFound({ group, resource: 'podmetrics' }, `${namespace}/${name}`);
  return found;
}

type Meta = { readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> } };

export function selected<T extends Meta>(objects: readonly T[], query: URLSearchParams): T[] {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '');
  const byName = (a: T, b: T): number => {
    const [x, y] = [`${a.metadata.namespace ?? ''}/${a.metadata.name}`, `${b.metadata.namespace ?? ''}/${b.metadata.name}`];
    return x < y ? -1 : x > y ? 1 : 0;
  };
  return objects
    .filter((o) => labels.matches(o.metadata.labels ?? {}))
    .filter((o) => fields.matches((f) => (f === 'metadata.name' ? o.metadata.name : f === 'metadata.namespace' ? (o.metadata.namespace ?? '') : '')))
    .sort(byName);
}

function listNodes(d: ApiDependencies, apiVersion: string, query: URLSearchParams) {
  const nodes = selected(d.cluster.nodes(), query).filter((n) => d.nodeSelector.matches(n.metadata.labels ?? {}));
  return { kind: 'NodeMetricsList', apiVersion, metadata: {}, items: nodes.map((n) => nodeMetrics(d, apiVersion, n)).filter((n) => n !== undefined) };
}

function listPods(d: ApiDependencies, apiVersion: string, namespace: string, query: URLSearchParams) {
  const pods = selected(d.cluster.pods(namespace), query);
  return { kind: 'PodMetricsList', apiVersion, metadata: {}, items: pods.map((p) => podMetrics(d, apiVersion, p)).filter((p) => p !== undefined) };
}

type Measured = (NodeMetrics & { containers?: undefined }) | PodMetrics;

/** The meta.k8s.io/v1 Table of one object or a list: name, cpu, memory, window. */
export function toTable(answer: JsonObject, includeObject: string): JsonObject {
  const items = ('items' in answer ? answer['items'] : [answer]) as unknown as Measured[];
  const rows = items.map((item) => {
    const total: Record<string, Quantity> = {};
    for (const usage of item.containers?.map((c) => c.usage) ?? [(item as NodeMetrics).usage]) {
      for (const [resource, amount] of Object.entries(usage)) total[resource] = total[resource]?.add(parseQuantity(amount)) ?? parseQuantity(amount);
    }
    const object = includeObject === 'None' ? null : includeObject === 'Object' ? item : { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: item.metadata };
    return { cells: [item.metadata.name, String(total['cpu']), String(total['memory']), item.window], object };
  });
  const columns = [
    { name: 'Name', type: 'string', format: 'name', description: 'Name of the resource', priority: 0 },
    { name: 'cpu', type: 'string', format: 'quantity', description: '', priority: 0 },
    { name: 'memory', type: 'string', format: 'quantity', description: '', priority: 0 },
    { name: 'Window', type: 'string', format: 'duration', description: '', priority: 0 },
  ];
  return { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: (answer['items'] ? answer['metadata'] : {}) as JsonObject, columnDefinitions: items.length ? columns : [], rows } as unknown as JsonObject;
}
