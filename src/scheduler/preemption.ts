/** Making room for a more important pod: which pods would have to go from which node, doing the least harm. */
import type { DeepReadonly } from '../machinery/json.ts';
import { selectorFromObject } from '../machinery/selectors.ts';
import type { PodDisruptionBudget } from '../api/policy/v1/index.ts';
import type { NodeFilter, Refusal } from './plugin.ts';
import { explain, runFilters, type Misfit } from './schedule.ts';
import type { ClusterState, NodeInfo, PodInfo } from './state.ts';

export interface Candidate {
  readonly node: string;
  /** The most important first. */
  readonly victims: readonly PodInfo[];
  /** How many victims a disruption budget wanted to keep. */
  readonly violations: number;
}

/** The candidate to take, or the words why there is none. `asked` is false where the pod may not even look for one: what was promised to it stays. */
export type Preemption = { readonly candidate: Candidate } | { readonly why: string; readonly asked: boolean };

const notHelpful: Refusal = { plugin: 'DefaultPreemption', final: true, reasons: ['Preemption is not helpful for scheduling'] };
const noVictims: Refusal = { plugin: 'DefaultPreemption', final: true, reasons: ['No preemption victims found for incoming pod'] };

export function preempt(pod: PodInfo, misfit: Misfit, filters: readonly NodeFilter[], cluster: ClusterState, budgets: readonly DeepReadonly<PodDisruptionBudget>[], random: () => number): Preemption {
  const ineligible = whyNot(pod, misfit, cluster);
  if (ineligible) return { why: ineligible, asked: false };
  const possible = [...misfit.refusals].flatMap(([name, refusal]) => (refusal.final ? [] : [cluster.node(name)!]));
  const enough = Math.max(100, Math.floor(possible.length / 10));
  const offset = Math.floor(random() * possible.length);
  const candidates: Candidate[] = [];
  const refusals = new Map<string, Refusal>();
  for (let i = 0; i < possible.length && candidates.length < enough; i++) {
    const node = possible[(offset + i) % possible.length]!;
    const found = victimsOn(node, pod, filters, cluster, budgets);
    if ('victims' in found) candidates.push(found);
    else refusals.set(node.name, found);
  }
  if (candidates.length > 0) return { candidate: leastHarm(candidates) };
  return { why: explain({ total: misfit.total, refusals, others: notHelpful, plugins: new Set() }), asked: true };
}

function whyNot(pod: PodInfo, misfit: Misfit, cluster: ClusterState): string | undefined {
  if (pod.pod.spec?.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const nominated = pod.pod.status?.nominatedNodeName;
  if (!nominated || misfit.refusals.get(nominated)?.final) return undefined;
  for (const other of cluster.node(nominated)?.pods.values() ?? []) {
    if (other.pod.metadata.deletionTimestamp && other.priority < pod.priority) return 'not eligible due to a terminating pod on the nominated node.';
  }
  return undefined;
}

function victimsOn(node: NodeInfo, pod: PodInfo, filters: readonly NodeFilter[], cluster: ClusterState, budgets: readonly DeepReadonly<PodDisruptionBudget>[]): Candidate | Refusal {
  const trial = node.clone();
  const gone = new Set<PodInfo>();
  const remove = (other: PodInfo): void => {
    gone.add(other);
    trial.remove(other.uid);
    for (const f of filters) f.remove?.(other, trial);
  };
  const add = (other: PodInfo): void => {
    gone.delete(other);
    trial.add(other);
    for (const f of filters) f.add?.(other, trial);
  };
  const lesser = [...node.pods.values()].filter((p) => p.priority < pod.priority).sort(moreImportant);
  if (lesser.length === 0) return noVictims;
  const promised = cluster.nominatedBefore(pod, node.name);
  lesser.forEach(remove);
  promised.forEach(add);
  let refusal = runFilters(trial, filters);
  const victims: PodInfo[] = [];
  let violations = 0;
  if (!refusal) {
    // The most important come back first, those under a budget before all.
    const { guarded, free } = byBudget(lesser, budgets);
    const reprieve = (other: PodInfo): boolean => {
      add(other);
      if (!runFilters(trial, filters)) return true;
      remove(other);
      victims.push(other);
      return false;
    };
    for (const other of guarded) if (!reprieve(other)) violations++;
    for (const other of free) reprieve(other);
    if (victims.length === 0) refusal = noVictims;
  }
  // The filters are shared with the next node: put their counts back.
  for (const other of promised) for (const f of filters) f.remove?.(other, trial);
  for (const other of gone) for (const f of filters) f.add?.(other, trial);
  return refusal ?? { node: node.name, victims: victims.sort(moreImportant), violations };
}

function moreImportant(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || a.startTime - b.startTime;
}

function byBudget(pods: readonly PodInfo[], budgets: readonly DeepReadonly<PodDisruptionBudget>[]): { guarded: PodInfo[]; free: PodInfo[] } {
  const left = budgets.map((budget) => ({
    budget, namespace: budget.metadata.namespace, selector: selectorFromObject(budget.spec?.selector), allowed: budget.status?.disruptionsAllowed ?? 0,
  }));
  const guarded: PodInfo[] = [];
  const free: PodInfo[] = [];
  for (const pod of pods) {
    let violates = false;
    for (const entry of left) {
      if (entry.namespace !== pod.namespace || entry.selector.isEverything || !entry.selector.matches(pod.labels)) continue;
      if (entry.budget.status?.disruptedPods?.[pod.pod.metadata.name]) continue; // already counted
      if (--entry.allowed < 0) violates = true;
    }
    (violates ? guarded : free).push(pod);
  }
  return { guarded, free };
}

/** Each rule decides between those that the rules before it left equal. */
function leastHarm(candidates: readonly Candidate[]): Candidate {
  const rules: ((c: Candidate) => number)[] = [
    (c) => c.violations,
    (c) => c.victims[0]!.priority,
    (c) => c.victims.reduce((sum, v) => sum + v.priority + 2 ** 31, 0),
    (c) => c.victims.length,
    // The latest start of its most important victims: less work is lost.
    (c) => -Math.min(...c.victims.filter((v) => v.priority === c.victims[0]!.priority).map((v) => v.startTime)),
  ];
  let left = candidates;
  for (const rule of rules) {
    if (left.length === 1) break;
    const figures = left.map(rule);
    const least = Math.min(...figures);
    left = left.filter((_, i) => figures[i] === least);
  }
  return left[0]!;
}
