/** history.metrics.k7s.io/v1alpha1: what nodes and pods used lately, `?since=10m&step=1m`, as columns of numbers. */
import { timestamp } from '../../base/clock.ts';
import type { Node } from '../../api/core/v1/types.ts';
import type { KubeObject } from '../../client/informer.ts';
import type { DeepReadonly, JsonObject } from '../../machinery/json.ts';
import { formatGoDuration, parseGoDuration } from '../../machinery/goduration.ts';
import { Quantity } from '../../machinery/quantity.ts';
import type { Selector } from '../../machinery/selectors.ts';
import { StatusError } from '../../machinery/status.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import { selected, type Cluster } from '../metrics-server/api.ts';
import type { History, Track } from './history.ts';

export const group = 'history.metrics.k7s.io';
export const version = 'v1alpha1';
const apiVersion = `${group}/${version}`;

/** An answer of more numbers than this would take a hundred megabytes. */
const mostNumbers = 4_000_000;

/** Nanocores and bytes, one for each of `times`; null where nothing was measured. */
export interface UsageHistory {
  readonly cpu: readonly (number | null)[];
  readonly memory: readonly (number | null)[];
}

export interface NodeHistory extends UsageHistory {
  readonly kind: 'NodeHistory';
  readonly apiVersion: string;
  readonly metadata: JsonObject;
  /** The shortest time between two points. */
  readonly step: string;
  /** Seconds since the epoch. */
  readonly times: readonly number[];
}

export interface PodHistory {
  readonly kind: 'PodHistory';
  readonly apiVersion: string;
  readonly metadata: JsonObject;
  readonly step: string;
  readonly times: readonly number[];
  readonly containers: readonly ({ readonly name: string } & UsageHistory)[];
}

export interface HistoryApi {
  readonly history: History;
  readonly enabled: boolean;
  readonly cluster: Cluster;
  readonly nodeSelector: Selector;
  readonly now: () => number;
}

type View = ReturnType<History['window']>;

/** Answers get and list of nodes and pods; throws StatusError. */
export function readHistory(d: HistoryApi, info: RequestInfo, query: URLSearchParams): JsonObject {
  if (!(info.resource === 'pods' || (info.resource === 'nodes' && info.namespace === ''))) throw StatusError.pathNotFound();
  if (!d.enabled) throw StatusError.notImplemented('metrics-server keeps no history here: it runs with --history=0');
  const view = d.history.window(d.now(), duration(query, 'since'), duration(query, 'step'));
  const answer = info.resource === 'nodes' ? (info.name ? getNode(d, view, info.name) : listNodes(d, view, query)) : info.name ? getPod(d, view, info.namespace, info.name) : listPods(d, view, info.namespace, query);
  return answer as unknown as JsonObject;
}

function duration(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (!text) return undefined;
  let ms = 0;
  try {
    ms = parseGoDuration(text);
  } catch {
    // Said below, for everything that is no positive duration.
  }
  if (ms <= 0) throw StatusError.badRequest(`${name} should be a positive duration such as 10m, but value ${JSON.stringify(text)} provided`);
  return ms;
}

/** Without the moments before the first and after the last figure of any track. */
function trimmed(times: readonly number[], tracks: readonly Track[]): { times: number[]; tracks: UsageHistory[] } | undefined {
  const measured = (at: number): boolean => tracks.some((track) => track.memory[at] !== undefined);
  let [start, end] = [0, times.length];
  while (start < end && !measured(start)) start++;
  while (end > start && !measured(end - 1)) end--;
  if (start === end) return undefined;
  const part = (values: readonly (number | undefined)[]): (number | null)[] => values.slice(start, end).map((v) => v ?? null);
  return { times: times.slice(start, end).map((ms) => Math.round(ms / 1000)), tracks: tracks.map((track) => ({ cpu: part(track.cpu), memory: part(track.memory) })) };
}

type Meta = DeepReadonly<{ metadata: { name: string; namespace?: string; labels?: Record<string, string> } }>;

function metadata(d: HistoryApi, { metadata: { name, namespace, labels } }: Meta): JsonObject {
  return { name, ...(namespace ? { namespace } : {}), creationTimestamp: timestamp(d.now()), ...(labels ? { labels: { ...labels } } : {}) };
}

function nodeHistory(d: HistoryApi, view: View, node: DeepReadonly<Node>): NodeHistory | undefined {
  const slot = d.history.nodeSlot(node.metadata.name);
  const found = slot === undefined ? undefined : trimmed(view.times, [view.track(slot)]);
  if (!found) return undefined;
  return { kind: 'NodeHistory', apiVersion, metadata: metadata(d, node), step: formatGoDuration(view.stepMs), times: found.times, ...found.tracks[0]! };
}

function podHistory(d: HistoryApi, view: View, pod: DeepReadonly<KubeObject>): PodHistory | undefined {
  const slots = d.history.podSlots(`${pod.metadata.namespace ?? ''}/${pod.metadata.name}`);
  const found = trimmed(view.times, slots.map(({ slot }) => view.track(slot)));
  if (!found) return undefined;
  // A container that was there before this time, and shows nothing in it, is left out.
  const containers = slots.map(({ name }, i) => ({ name, ...found.tracks[i]! })).filter((c) => c.memory.some((v) => v !== null));
  return { kind: 'PodHistory', apiVersion, metadata: metadata(d, pod as Meta), step: formatGoDuration(view.stepMs), times: found.times, containers };
}

function getNode(d: HistoryApi, view: View, name: string): NodeHistory {
  const node = d.cluster.node(name);
  if (!node || !d.nodeSelector.matches(node.metadata.labels ?? {})) throw StatusError.notFound({ group: '', resource: 'nodes' }, name);
  const found = nodeHistory(d, view, node);
  if (!found) throw StatusError.notFound({ group, resource: 'nodes' }, name);
  return found;
}

function getPod(d: HistoryApi, view: View, namespace: string, name: string): PodHistory {
  const pod = d.cluster.pod(namespace, name);
  if (!pod) throw StatusError.notFound({ group: '', resource: 'pods' }, `${namespace}/${name}`);
  const found = podHistory(d, view, pod);
  if (!found) throw StatusError.notFound({ group, resource: 'pods' }, name);
  return found;
}

function demandBounded(items: number, view: View): void {
  const numbers = items * view.times.length * 3;
  if (numbers > mostNumbers) throw StatusError.badRequest(`the history of ${items} objects at ${view.times.length} times is too much for one answer: name a namespace, a selector, a shorter since or a longer step`);
}

function listNodes(d: HistoryApi, view: View, query: URLSearchParams) {
  const nodes = selected(d.cluster.nodes(), query).filter((n) => d.nodeSelector.matches(n.metadata.labels ?? {}));
  demandBounded(nodes.length, view);
  return { kind: 'NodeHistoryList', apiVersion, metadata: {}, items: nodes.map((n) => nodeHistory(d, view, n)).filter((n) => n !== undefined) };
}

function listPods(d: HistoryApi, view: View, namespace: string, query: URLSearchParams) {
  const pods = selected(d.cluster.pods(namespace), query);
  demandBounded(pods.length, view);
  return { kind: 'PodHistoryList', apiVersion, metadata: {}, items: pods.map((p) => podHistory(d, view, p)).filter((p) => p !== undefined) };
}

/** The sum of the containers at each time; null where none was measured. */
export function total(tracks: readonly UsageHistory[]): UsageHistory {
  const sum = (of: (track: UsageHistory) => readonly (number | null)[]): (number | null)[] =>
    (tracks[0] ? of(tracks[0]) : []).map((_, at) => tracks.reduce<number | null>((all, track) => (of(track)[at] === null ? all : (all ?? 0) + of(track)[at]!), null));
  return { cpu: sum((t) => t.cpu), memory: sum((t) => t.memory) };
}

/** The meta.k8s.io/v1 Table: from, points, step, and what CPU and memory were at least, on average and at most. */
export function historyTable(answer: JsonObject, includeObject: string): JsonObject {
  const items = ('items' in answer ? answer['items'] : [answer]) as unknown as (NodeHistory | PodHistory)[];
  const rows = items.map((item) => {
    const usage = 'containers' in item ? total(item.containers) : item;
    const [cpu, memory] = [spread(usage.cpu), spread(usage.memory)];
    const object = includeObject === 'None' ? null : includeObject === 'Object' ? item : { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: item.metadata };
    const cells = [item.metadata['name'], timestamp(item.times[0]! * 1000), item.times.length, item.step, ...cpu.map((n) => `${new Quantity(BigInt(Math.ceil(n / 1e6)), -3).toString()}`), ...memory.map((n) => `${Math.floor(n / 2 ** 20)}Mi`)];
    return { cells, object };
  });
  const column = (name: string, type = 'string', format = '') => ({ name, type, format, description: '', priority: 0 });
  const columns = [column('Name', 'string', 'name'), column('Since'), column('Points', 'integer'), column('Step'), ...['CPU', 'Memory'].flatMap((name) => ['min', 'avg', 'max'].map((what) => column(`${name}(${what})`)))];
  return { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: (answer['items'] ? answer['metadata'] : {}) as JsonObject, columnDefinitions: columns, rows } as unknown as JsonObject;
}

function spread(values: readonly (number | null)[]): [number, number, number] {
  const present = values.filter((v) => v !== null);
  return [Math.min(...present), present.reduce((sum, v) => sum + v, 0) / present.length, Math.max(...present)];
}
