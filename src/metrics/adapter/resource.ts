/** CPU and memory of nodes and pods out of Prometheus: what metrics.k8s.io is answered from where there are resource rules. */
import type { RequestInfo } from '../../serving/requestinfo.ts';
import { Selector } from '../../machinery/selectors.ts';
import type { ApiDependencies, Cluster } from '../metrics-server/api.ts';
import type { Usage } from '../metrics-server/storage.ts';
import type { AdapterConfig, ResourceRule } from './config.ts';
import { LabelMapping } from './labels.ts';
import type { ResourceMapper } from './mapper.ts';
import { PrometheusError, type Prometheus, type Sample } from './prometheus.ts';
import { metricsQuery, type MetricsQuery } from './query.ts';
import { unavailable } from './values.ts';

interface Querier {
  readonly labels: LabelMapping;
  readonly containers: MetricsQuery;
  readonly nodes: MetricsQuery;
  readonly containerLabel: string;
}

type Figures = ApiDependencies['storage'];

export interface ResourceSource {
  /** The figures that this request will read. */
  figures(info: RequestInfo, cluster: Cluster, signal: AbortSignal): Promise<Figures>;
}

export function resourceSource(rules: NonNullable<AdapterConfig['resourceRules']>, mapper: ResourceMapper, prometheus: Prometheus): ResourceSource {
  const querier = (rule: ResourceRule): Querier => {
    const labels = new LabelMapping(rule.resources, mapper);
    return { labels, containers: metricsQuery(rule.containerQuery, labels, mapper), nodes: metricsQuery(rule.nodeQuery, labels, mapper), containerLabel: rule.containerLabel };
  };
  const both = [querier(rules.cpu), querier(rules.memory)] as const;
  const { windowMs } = rules;

  /** Samples by the name of the object that they are of. */
  const ask = async ({ labels, containers, nodes, containerLabel }: Querier, resource: 'pods' | 'nodes', namespace: string, names: readonly string[], signal: AbortSignal): Promise<Map<string, Sample[]>> => {
    const mapped = mapper.require('', resource);
    const query = resource === 'pods' ? containers.of('', mapped, namespace, names, Selector.everything, [containerLabel]) : nodes.of('', mapped, '', names, Selector.everything);
    const answer = await prometheus.query(query, signal);
    if (answer.type !== 'vector') throw new PrometheusError(prometheus.url, `invalid or empty value of non-vector type (${answer.type}) returned`, false);
    const label = labels.labelOf(mapped);
    return Map.groupBy(answer.samples, (sample) => sample.labels[label] ?? '');
  };
  const askBoth = (resource: 'pods' | 'nodes', namespace: string, names: readonly string[], signal: AbortSignal) =>
    Promise.all(both.map((one) => ask(one, resource, namespace, names, signal)));

  const podFigures = async (byNamespace: ReadonlyMap<string, readonly string[]>, signal: AbortSignal): Promise<Figures> => {
    const found = new Map<string, ReadonlyMap<string, Usage>>();
    await Promise.all([...byNamespace].map(async ([namespace, names]) => {
      const [cpu, memory] = await askBoth('pods', namespace, names, signal);
      for (const name of names) {
        const [c, m] = [cpu!.get(name), memory!.get(name)];
        if (c && m) found.set(`${namespace}/${name}`, containersOf(c, m));
      }
    }));
    return { node: () => undefined, pod: (key) => found.get(key) };
  };
  const containersOf = (cpu: readonly Sample[], memory: readonly Sample[]): ReadonlyMap<string, Usage> => {
    const earliest = Math.min(...[...cpu, ...memory].map((s) => s.timestamp));
    const out = new Map<string, Usage>();
    // A container with one of the two figures only has none of the other.
    const add = (samples: readonly Sample[], label: string, put: (value: number) => Partial<Usage>): void => {
      for (const sample of samples) {
        const name = sample.labels[label] ?? '';
        out.set(name, { ...(out.get(name) ?? { cpu: 0, memory: 0, timestamp: earliest, windowMs }), ...put(sample.value) });
      }
    };
    add(cpu, both[0].containerLabel, (value) => ({ cpu: nanoCores(value) }));
    add(memory, both[1].containerLabel, (value) => ({ memory: bytes(value) }));
    return out;
  };
  const nodeFigures = async (names: readonly string[], signal: AbortSignal): Promise<Figures> => {
    const [cpu, memory] = await askBoth('nodes', '', names, signal);
    const found = new Map<string, Usage>();
    for (const name of names) {
      const [c, m] = [cpu!.get(name)?.[0], memory!.get(name)?.[0]];
      if (c && m) found.set(name, { cpu: nanoCores(c.value), memory: bytes(m.value), timestamp: Math.min(c.timestamp, m.timestamp), windowMs });
    }
    return { node: (name) => found.get(name), pod: () => undefined };
  };

  return {
    figures: async (info, cluster, signal) => {
      const none: Figures = { node: () => undefined, pod: () => undefined };
      try {
        if (info.resource === 'nodes') {
          const names = cluster.nodes().map((n) => n.metadata.name).filter((name) => info.name === '' || name === info.name);
          return names.length === 0 ? none : await nodeFigures(names, signal);
        }
        const pods = info.name === '' ? cluster.pods(info.namespace) : [cluster.pod(info.namespace, info.name)].filter((p) => p !== undefined);
        const names = Map.groupBy(pods, (p) => p.metadata.namespace ?? '');
        return await podFigures(new Map([...names].map(([namespace, list]) => [namespace, list.map((p) => p.metadata.name)])), signal);
      } catch (error) {
        throw error instanceof PrometheusError ? unavailable(error) : error;
      }
    },
  };
}

/** Whole thousandths of a core, as upstream reports them; nothing is negative. */
function nanoCores(value: number): number {
  return known(value) ? Math.trunc(value * 1000) * 1e6 : 0;
}

function bytes(value: number): number {
  return known(value) ? Math.trunc(value) : 0;
}

function known(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}
