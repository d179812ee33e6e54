/** Near some pods, far from others: counted over topology pairs such as `zone=a`. */
import { refuse, type NodeFilter, type Plugin } from '../plugin.ts';
import type { AffinityTerm, ClusterState, NamespaceLabels, NodeInfo, PodInfo } from '../state.ts';

const name = 'InterPodAffinity';
const noAffinity = refuse(name, true, "node(s) didn't match pod affinity rules");
const antiAffinity = refuse(name, false, "node(s) didn't match pod anti-affinity rules");
const othersAntiAffinity = refuse(name, false, "node(s) didn't satisfy existing pods anti-affinity rules");

function meets(term: AffinityTerm, pod: PodInfo, namespaces: NamespaceLabels): boolean {
  return term.inNamespace(pod.namespace, namespaces) && term.selector.matches(pod.labels);
}

/** Numbers by `key=value` of a topology. */
class Counts {
  readonly #counts = new Map<string, number>();

  get size(): number {
    return this.#counts.size;
  }

  of(node: NodeInfo, key: string): number {
    const value = node.labels[key];
    return value === undefined ? 0 : (this.#counts.get(`${key}=${value}`) ?? 0);
  }

  change(node: NodeInfo, key: string, by: number): void {
    const value = node.labels[key];
    if (value === undefined) return;
    const pair = `${key}=${value}`;
    const count = (this.#counts.get(pair) ?? 0) + by;
    if (count === 0) this.#counts.delete(pair);
    else this.#counts.set(pair, count);
  }

  entries(): IterableIterator<[string, number]> {
    return this.#counts.entries();
  }
}

class AffinityFilter implements NodeFilter {
  readonly #pod: PodInfo;
  readonly #namespaces: NamespaceLabels;
  /** Pods that want to be far from this one, pods this one wants near, pods it wants far. */
  readonly #repelling = new Counts();
  readonly #near = new Counts();
  readonly #far = new Counts();

  constructor(pod: PodInfo, cluster: ClusterState) {
    this.#pod = pod;
    this.#namespaces = cluster.namespaceLabels;
    const selective = pod.affinity.length + pod.antiAffinity.length > 0;
    for (const node of selective ? cluster.nodes : cluster.attachedNodes) {
      for (const other of selective ? node.pods.values() : node.attached) this.#count(other, node, 1);
    }
  }

  get isNeeded(): boolean {
    return this.#pod.affinity.length + this.#pod.antiAffinity.length + this.#repelling.size > 0;
  }

  #count(other: PodInfo, node: NodeInfo, by: 1 | -1): void {
    if (!node.node) return;
    for (const term of other.antiAffinity) if (meets(term, this.#pod, this.#namespaces)) this.#repelling.change(node, term.topologyKey, by);
    if (this.#pod.affinity.length && this.#pod.affinity.every((term) => meets(term, other, this.#namespaces))) {
      for (const term of this.#pod.affinity) this.#near.change(node, term.topologyKey, by);
    }
    for (const term of this.#pod.antiAffinity) if (meets(term, other, this.#namespaces)) this.#far.change(node, term.topologyKey, by);
  }

  add(pod: PodInfo, node: NodeInfo): void {
    this.#count(pod, node, 1);
  }

  remove(pod: PodInfo, node: NodeInfo): void {
    this.#count(pod, node, -1);
  }

  filter(node: NodeInfo): ReturnType<NodeFilter['filter']> {
    const { affinity, antiAffinity: away } = this.#pod;
    if (affinity.some((term) => node.labels[term.topologyKey] === undefined)) return noAffinity;
    if (affinity.some((term) => this.#near.of(node, term.topologyKey) <= 0) && !this.#isFirstOfItsKind()) return noAffinity;
    if (away.some((term) => this.#far.of(node, term.topologyKey) > 0)) return antiAffinity;
    for (const key in node.labels) if (this.#repelling.of(node, key) > 0) return othersAntiAffinity;
    return undefined;
  }

  /** A pod that wants to be near its own like may start where none is yet. */
  #isFirstOfItsKind(): boolean {
    return this.#near.size === 0 && this.#pod.affinity.every((term) => meets(term, this.#pod, this.#namespaces));
  }
}

/** Existing pods count their own required affinity to newcomers with this weight, as upstream's default. */
const hardAffinityWeight = 1;

export const interPodAffinity: Plugin = {
  name,
  weight: 2,
  filterFor: (pod, cluster) => {
    if (pod.affinity.length + pod.antiAffinity.length === 0 && cluster.attachedNodes.size === 0) return undefined;
    const filter = new AffinityFilter(pod, cluster);
    return filter.isNeeded ? filter : undefined;
  },
  rankFor: (pod, cluster) => {
    const selective = pod.preferredAffinity.length + pod.preferredAntiAffinity.length > 0;
    if (!selective && cluster.attachedNodes.size === 0) return undefined;
    const counts = new Counts();
    const namespaces = cluster.namespaceLabels;
    const weigh = (terms: readonly AffinityTerm[], subject: PodInfo, node: NodeInfo, sign: number): void => {
      for (const term of terms) if (meets(term, subject, namespaces)) counts.change(node, term.topologyKey, sign * term.weight);
    };
    for (const node of selective ? cluster.nodes : cluster.attachedNodes) {
      if (!node.node) continue;
      for (const other of selective ? node.pods.values() : node.attached) {
        weigh(pod.preferredAffinity, other, node, 1);
        weigh(pod.preferredAntiAffinity, other, node, -1);
        weigh(other.affinity, pod, node, hardAffinityWeight);
        weigh(other.preferredAffinity, pod, node, 1);
        weigh(other.preferredAntiAffinity, pod, node, -1);
      }
    }
    if (counts.size === 0) return undefined;
    return {
      score: (node) => {
        let sum = 0;
        for (const key in node.labels) sum += counts.of(node, key);
        return sum;
      },
      normalize: stretch,
    };
  },
  helps: (change, pod) => change.kind === 'node' || change.kind === 'pod-removed' || (change.kind !== 'volumes' && (pod.affinity.length > 0 || change.kind === 'pod-updated')),
};

/** The lowest becomes 0, the highest 100. */
function stretch(scores: number[]): void {
  const min = Math.min(...scores);
  const max = Math.max(...scores);
  for (let i = 0; i < scores.length; i++) scores[i] = max === min ? 0 : Math.floor((100 * (scores[i]! - min)) / (max - min));
}
