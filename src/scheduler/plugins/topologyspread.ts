/** Spreads like pods evenly over zones, nodes or whatever a label names. */
import { podSelectsNode, untolerated } from '../../api/core/placement.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { selectorFromObject, type Selector } from '../../machinery/selectors.ts';
import type { TopologySpreadConstraint } from '../../api/core/v1/index.ts';
import { refuse, type NodeFilter, type Plugin, type Refusal } from '../plugin.ts';
import type { ClusterState, NodeInfo, PodInfo } from '../state.ts';

const name = 'PodTopologySpread';
const skewed = refuse(name, false, "node(s) didn't match pod topology spread constraints");
const unlabelled = refuse(name, true, "node(s) didn't match pod topology spread constraints (missing required label)");

interface Constraint {
  readonly key: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selector: Selector;
  /** Whether the pod itself counts. */
  readonly self: boolean;
  includes(node: NodeInfo): boolean;
}

function constraintsOf(pod: PodInfo, when: 'DoNotSchedule' | 'ScheduleAnyway'): Constraint[] {
  return (pod.pod.spec?.topologySpreadConstraints ?? []).filter((c) => c.whenUnsatisfiable === when).map((c) => constraint(c, pod));
}

function constraint(spec: DeepReadonly<TopologySpreadConstraint>, pod: PodInfo): Constraint {
  const own = (spec.matchLabelKeys ?? []).filter((key) => pod.labels[key] !== undefined);
  const selector = selectorFromObject(
    spec.labelSelector && { ...spec.labelSelector, matchLabels: { ...spec.labelSelector.matchLabels, ...Object.fromEntries(own.map((key) => [key, pod.labels[key]!])) } },
  );
  const byAffinity = spec.nodeAffinityPolicy !== 'Ignore';
  const byTaints = spec.nodeTaintsPolicy === 'Honor';
  return {
    key: spec.topologyKey, maxSkew: spec.maxSkew, minDomains: spec.minDomains ?? 1, selector, self: selector.matches(pod.labels),
    includes: ({ node }) => !!node && (!byAffinity || podSelectsNode(pod.pod, node))
      && (!byTaints || !untolerated(node.spec?.taints, pod.pod.spec?.tolerations, ['NoSchedule', 'NoExecute'])),
  };
}

const systemDefaults = [
  { key: 'kubernetes.io/hostname', maxSkew: 3 },
  { key: 'topology.kubernetes.io/zone', maxSkew: 5 },
] as const;

function defaultConstraints(pod: PodInfo, cluster: ClusterState): Constraint[] {
  const selector = cluster.siblings(pod);
  if (selector.isNothing || selector.isEverything) return [];
  return systemDefaults.map((c) => ({ ...c, minDomains: 1, selector, self: true, includes: () => true }));
}

class SpreadFilter implements NodeFilter {
  readonly #pod: PodInfo;
  readonly #constraints: readonly Constraint[];
  /** For each constraint, how many pods each value of its label has. */
  readonly #counts: Map<string, number>[];

  constructor(pod: PodInfo, constraints: readonly Constraint[], cluster: ClusterState) {
    this.#pod = pod;
    this.#constraints = constraints;
    this.#counts = constraints.map(() => new Map());
    const matching = constraints.map((c) => cluster.matching(pod.namespace, c.selector));
    for (const node of cluster.nodes) {
      if (constraints.some((c) => node.labels[c.key] === undefined)) continue;
      constraints.forEach((c, i) => {
        if (!c.includes(node)) return;
        const value = node.labels[c.key]!;
        this.#counts[i]!.set(value, (this.#counts[i]!.get(value) ?? 0) + (matching[i]!.get(node) ?? 0));
      });
    }
  }

  filter(node: NodeInfo): Refusal | undefined {
    for (const [i, c] of this.#constraints.entries()) {
      const value = node.labels[c.key];
      if (value === undefined) return unlabelled;
      const counts = this.#counts[i]!;
      let least = counts.size < c.minDomains ? 0 : Infinity;
      if (least !== 0) for (const count of counts.values()) least = Math.min(least, count);
      if (least === Infinity) least = 0;
      if ((counts.get(value) ?? 0) + (c.self ? 1 : 0) - least > c.maxSkew) return skewed;
    }
    return undefined;
  }

  add(pod: PodInfo, node: NodeInfo): void {
    this.#change(pod, node, 1);
  }

  remove(pod: PodInfo, node: NodeInfo): void {
    this.#change(pod, node, -1);
  }

  #change(other: PodInfo, node: NodeInfo, by: 1 | -1): void {
    if (other.namespace !== this.#pod.namespace || other.pod.metadata.deletionTimestamp) return;
    this.#constraints.forEach((c, i) => {
      const value = node.labels[c.key];
      const count = value === undefined ? undefined : this.#counts[i]!.get(value);
      if (count !== undefined && c.includes(node) && c.selector.matches(other.labels)) this.#counts[i]!.set(value!, count + by);
    });
  }
}

export const podTopologySpread: Plugin = {
  name,
  weight: 2,
  filterFor: (pod, cluster) => {
    const constraints = constraintsOf(pod, 'DoNotSchedule');
    return constraints.length ? new SpreadFilter(pod, constraints, cluster) : undefined;
  },
  rankFor: (pod, cluster, nodes) => {
    const own = pod.pod.spec?.topologySpreadConstraints?.length ? constraintsOf(pod, 'ScheduleAnyway') : undefined;
    const constraints = own ?? defaultConstraints(pod, cluster);
    if (constraints.length === 0) return undefined;
    // Defaults are soft about labels that a cluster does not use; the pod's own are not.
    const lacks = (node: NodeInfo): boolean => own !== undefined && own.some((c) => node.labels[c.key] === undefined);
    const counted = constraints.map((c) => {
      const counts = new Map<string, number>();
      for (const node of nodes) if (!lacks(node) && node.labels[c.key] !== undefined) counts.set(node.labels[c.key]!, 0);
      for (const [node, count] of cluster.matching(pod.namespace, c.selector)) {
        const value = node.labels[c.key];
        if (value !== undefined && counts.has(value) && c.includes(node)) counts.set(value, counts.get(value)! + count);
      }
      return { ...c, counts, weight: Math.log(counts.size + 2) };
    });
    return {
      score: (node) => {
        if (lacks(node)) return Number.NaN;
        let sum = 0;
        for (const c of counted) {
          const value = node.labels[c.key];
          if (value !== undefined) sum += (c.counts.get(value) ?? 0) * c.weight + (c.maxSkew - 1);
        }
        return Math.round(sum);
      },
      normalize: fewestFirst,
    };
  },
  helps: (change) => change.kind === 'node' || change.kind !== 'volumes',
};

function fewestFirst(scores: number[]): void {
  const known = scores.filter((s) => !Number.isNaN(s));
  const min = Math.min(...known);
  const max = Math.max(...known);
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    scores[i] = Number.isNaN(score) ? 0 : max === 0 ? 100 : Math.floor((100 * (max + min - score)) / max);
  }
}
