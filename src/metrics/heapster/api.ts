/** Heapster's two APIs: the model below /api/v1/model, and the metrics API that kubectl up to 1.12 asks. Errors are plain text, as there. */
import { timestamp } from '../../base/clock.ts';
import type { NodeMetrics, PodMetrics } from '../../api/metrics/v1beta1/types.ts';
import { parseQuantity, Quantity } from '../../machinery/quantity.ts';
import { keys, type Model, type Point } from './model.ts';

export class ApiError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** metrics.k8s.io at this moment; the path begins with `/nodes` or `/namespaces/…/pods`. Throws an ApiError where it fails. */
export type ReadMetrics = <T>(path: string, labelSelector: string) => Promise<T>;

export interface Sources {
  readonly model: Model;
  readonly metrics: ReadMetrics;
  readonly now: () => number;
}

const roots = ['/apis/metrics/v1alpha1', '/apis/metrics.k8s.io/v1alpha1'];
const modelRoot = '/api/v1/model';

/** The answer as JSON; undefined: nothing is served there. */
export async function answerOf(path: string, query: URLSearchParams, sources: Sources): Promise<unknown> {
  const root = roots.find((r) => path.startsWith(`${r}/`));
  if (root) return metricsApi(parts(path.slice(root.length)), query, sources);
  return path.startsWith(`${modelRoot}/`) ? modelApi(parts(path.slice(modelRoot.length)), query, sources) : undefined;
}

/** A slash at the end means nothing. */
function parts(path: string): string[] {
  return path.split('/').filter(Boolean).map(decodeURIComponent);
}

async function metricsApi(path: readonly string[], query: URLSearchParams, { metrics }: Sources): Promise<unknown> {
  const selector = query.get('labelSelector') ?? '';
  const [first, name, second, pod, ...rest] = path;
  if (first === 'nodes' && path.length === 1) return { metadata: {}, items: (await metrics<{ items: NodeMetrics[] }>('/nodes', selector)).items.map(asNode) };
  if (first === 'nodes' && path.length === 2) return asNode(await named(metrics<NodeMetrics>(`/nodes/${name}`, ''), `No metrics for node ${name}`));
  if (first === 'pods' && path.length === 1) return { metadata: {}, items: (await metrics<{ items: PodMetrics[] }>('/pods', selector)).items.map(asPod) };
  if (first !== 'namespaces' || second !== 'pods' || rest.length > 0) return undefined;
  if (pod === undefined) return { metadata: {}, items: (await metrics<{ items: PodMetrics[] }>(`/namespaces/${name}/pods`, selector)).items.map(asPod) };
  return asPod(await named(metrics<PodMetrics>(`/namespaces/${name}/pods/${pod}`, ''), `No metrics availalble for pod ${name}/${pod}`));
}

async function named<T>(asked: Promise<T>, absent: string): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw error instanceof ApiError && error.code === 404 ? new ApiError(404, absent) : error;
  }
}

function usageOf(usage: Readonly<Record<string, string>>): Record<string, string> {
  return { cpu: Quantity.ofMilli(parseQuantity(usage['cpu'] ?? '0').milli()).toString(), memory: usage['memory'] ?? '0' };
}

/** v1alpha1 had neither kind nor labels in its answers. */
function asNode({ metadata, timestamp: at, window, usage }: NodeMetrics): object {
  return { metadata: { name: metadata.name, creationTimestamp: metadata.creationTimestamp }, timestamp: at, window, usage: usageOf(usage) };
}

function asPod({ metadata, timestamp: at, window, containers }: PodMetrics): object {
  return {
    metadata: { name: metadata.name, namespace: metadata.namespace, creationTimestamp: metadata.creationTimestamp }, timestamp: at, window,
    containers: containers.map(({ name, usage }) => ({ name, usage: usageOf(usage) })),
  };
}

const oldNames: Readonly<Record<string, string>> = {
  'cpu-usage': 'cpu/usage_rate', 'cpu-limit': 'cpu/limit', 'memory-limit': 'memory/limit', 'memory-usage': 'memory/usage', 'memory-working': 'memory/working_set',
};

function modelApi(path: readonly string[], query: URLSearchParams, sources: Sources): unknown {
  const { model } = sources;
  const [first, second, third, fourth, fifth, sixth] = path;
  // Names of metrics have slashes in them.
  const metricsOf = (key: string, at: number): unknown => (path.length === at ? model.metricNames(key) : series(key, path.slice(at).join('/'), query, sources));
  if (first === 'metrics') return metricsOf(keys.cluster, 1);
  if (first === 'debug' && second === 'allkeys' && path.length === 2) return model.keys();
  if (first === 'nodes') {
    if (path.length === 1) return model.names('node', keys.cluster);
    if (third === 'metrics') return metricsOf(keys.node(second!), 3);
    if (third !== 'freecontainers') return undefined;
    if (path.length === 3) return model.names('sys_container', keys.node(second!));
    return fifth === 'metrics' ? metricsOf(keys.systemContainer(second!, fourth!), 5) : undefined;
  }
  if (first !== 'namespaces') return undefined;
  if (path.length === 1) return model.names('namespace', keys.cluster);
  if (third === 'metrics') return metricsOf(keys.namespace(second!), 3);
  if (third === 'pod-list' && fourth && fifth === 'metrics' && path.length > 5) {
    return { items: fourth.split(',').map((pod) => series(keys.pod(second!, pod), path.slice(5).join('/'), query, sources)) };
  }
  if (third !== 'pods') return undefined;
  if (path.length === 3) return model.names('pod', keys.namespace(second!));
  if (fifth === 'metrics') return metricsOf(keys.pod(second!, fourth!), 5);
  if (fifth !== 'containers') return undefined;
  if (path.length === 5) return model.names('pod_container', keys.pod(second!, fourth!));
  return path[6] === 'metrics' ? metricsOf(keys.container(second!, fourth!, sixth!), 7) : undefined;
}

function series(key: string, name: string, query: URLSearchParams, { model, now }: Sources): object {
  const metric = oldNames[name] ?? name;
  const [start, end] = [timeOf(query, 'start', 0), timeOf(query, 'end', now())];
  const labels = labelsOf(query);
  const points = labels ? model.labeledPoints(key, metric, labels, start, end) : model.points(key, metric, start, end);
  const latest = points.reduce((most, p) => Math.max(most, p.at), 0);
  return { metrics: points.map(pointOf), latestTimestamp: latest === 0 ? '0001-01-01T00:00:00Z' : timestamp(latest) };
}

/** `value` is whole, as it always was; shares have their fraction beside it. */
function pointOf({ at, value }: Point): object {
  return { timestamp: timestamp(at), value: Math.trunc(value), ...(Number.isInteger(value) ? {} : { floatValue: value }) };
}

function timeOf(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (!text) return otherwise;
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new ApiError(400, `timestamp argument cannot be parsed: parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)}`);
  return time;
}

function labelsOf(query: URLSearchParams): Record<string, string> | undefined {
  const text = query.get('labels');
  if (!text) return undefined;
  return Object.fromEntries(text.split(',').map((pair) => {
    const at = pair.indexOf(':');
    if (at <= 0 || at === pair.length - 1) throw new ApiError(400, `invalid label pair ${JSON.stringify(pair)}`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  }));
}
