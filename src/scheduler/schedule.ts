/** One pod, one decision: which nodes can do, which of them is best, and why none can. */
import type { Random } from '../base/ids.ts';
import { isRefusal, type NodeFilter, type Plugin, type Refusal } from './plugin.ts';
import type { ClusterState, NodeInfo, PodInfo } from './state.ts';

/** Why a pod fits nowhere. */
export interface Misfit {
  readonly total: number;
  /** The first refusal of each node that was asked. */
  readonly refusals: ReadonlyMap<string, Refusal>;
  /** Of the nodes that were not asked; by default, that the pod names others. */
  readonly others?: Refusal;
  /** No single node's fault. */
  readonly general?: Refusal;
  /** Those whose opinion has to change. */
  readonly plugins: ReadonlySet<string>;
}

const notNamed: Refusal = { plugin: 'NodeAffinity', final: true, reasons: ["node(s) didn't satisfy plugin(s) [NodeAffinity]"] };

export type Decision = { readonly node: NodeInfo; readonly feasible: number } | { readonly misfit: Misfit; readonly filters: readonly NodeFilter[] };

export function decide(pod: PodInfo, cluster: ClusterState, plugins: readonly Plugin[], random: Random, start = 0): Decision {
  const total = cluster.nodes.length;
  const planned = planFilters(pod, cluster, plugins);
  if (!Array.isArray(planned)) {
    const refusal = planned as Refusal;
    return { misfit: { total, refusals: new Map(), general: refusal, plugins: new Set([refusal.plugin]) }, filters: [] };
  }
  const refusals = new Map<string, Refusal>();
  const feasible = findFeasible(pod, cluster, planned, refusals, start);
  if (feasible.length === 0) {
    const blamed = new Set([...refusals.values()].map((r) => r.plugin));
    if (refusals.size < total) blamed.add(notNamed.plugin);
    return { misfit: { total, refusals, plugins: blamed }, filters: planned };
  }
  return { node: feasible.length === 1 ? feasible[0]! : best(pod, cluster, plugins, feasible, random), feasible: feasible.length };
}

export function planFilters(pod: PodInfo, cluster: ClusterState, plugins: readonly Plugin[]): NodeFilter[] | Refusal {
  const filters: NodeFilter[] = [];
  for (const plugin of plugins) {
    const plan = plugin.filterFor?.(pod, cluster);
    if (!plan) continue;
    if (isRefusal(plan)) return plan;
    filters.push(plan);
  }
  return filters;
}

/** In big clusters not every node is looked at: enough good ones will do, and the next pod starts where this one stopped. */
export function enoughNodes(total: number): number {
  if (total < 100) return total;
  const percentage = Math.max(5, 50 - Math.floor(total / 125));
  return Math.max(100, Math.floor((total * percentage) / 100));
}

function findFeasible(pod: PodInfo, cluster: ClusterState, filters: readonly NodeFilter[], refusals: Map<string, Refusal>, start: number): NodeInfo[] {
  const nominated = pod.pod.status?.nominatedNodeName;
  const room = nominated ? cluster.node(nominated) : undefined;
  if (room?.node && !check(pod, room, cluster, filters)) return [room];
  const only = filters.find((f) => f.only)?.only;
  const { nodes } = cluster;
  // Pods of daemon sets name their node: the others are not even looked at.
  const enough = enoughNodes(nodes.length);
  const feasible: NodeInfo[] = [];
  const asked = only ? [...only].flatMap((name) => (cluster.node(name)?.node ? [cluster.node(name)!] : [])) : undefined;
  const count = asked?.length ?? nodes.length;
  for (let i = 0; i < count && feasible.length < enough; i++) {
    const node = asked?.[i] ?? nodes[(start + i) % nodes.length]!;
    const refusal = check(pod, node, cluster, filters);
    if (refusal) refusals.set(node.name, refusal);
    else feasible.push(node);
  }
  return feasible;
}

/** A node must do with the more important pods that were promised room on it, and also without them. */
export function check(pod: PodInfo, node: NodeInfo, cluster: ClusterState, filters: readonly NodeFilter[]): Refusal | undefined {
  const promised = cluster.nominatedBefore(pod, node.name);
  if (promised.length > 0) {
    const trial = node.clone();
    for (const other of promised) {
      trial.add(other);
      for (const f of filters) f.add?.(other, trial);
    }
    const refusal = runFilters(trial, filters);
    for (const other of promised) for (const f of filters) f.remove?.(other, trial);
    if (refusal) return refusal;
  }
  return runFilters(node, filters);
}

export function runFilters(node: NodeInfo, filters: readonly NodeFilter[]): Refusal | undefined {
  for (const f of filters) {
    const refusal = f.filter(node);
    if (refusal) return refusal;
  }
  return undefined;
}

function best(pod: PodInfo, cluster: ClusterState, plugins: readonly Plugin[], nodes: readonly NodeInfo[], random: Random): NodeInfo {
  const totals = new Array<number>(nodes.length).fill(0);
  for (const plugin of plugins) {
    const rank = plugin.rankFor?.(pod, cluster, nodes);
    if (!rank) continue;
    const scores = nodes.map((node) => rank.score(node));
    rank.normalize?.(scores);
    const weight = plugin.weight ?? 1;
    for (let i = 0; i < scores.length; i++) totals[i]! += scores[i]! * weight;
  }
  let chosen = 0;
  let equals = 1;
  for (let i = 1; i < totals.length; i++) {
    if (totals[i]! > totals[chosen]!) {
      chosen = i;
      equals = 1;
    } else if (totals[i] === totals[chosen] && random.next() < 1 / ++equals) chosen = i; // each equal has the same chance
  }
  return nodes[chosen]!;
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function explain(misfit: Misfit): string {
  let text = `0/${misfit.total} nodes are available:`;
  if (misfit.general) return `${text} ${misfit.general.reasons.join(', ')}.`;
  const counts = new Map<string, number>();
  for (const { reasons } of misfit.refusals.values()) for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const others = misfit.total - misfit.refusals.size;
  if (others > 0) counts.set((misfit.others ?? notNamed).reasons[0]!, others);
  const lines = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  if (lines.length) text += ` ${lines.join(', ')}.`;
  return text;
}
