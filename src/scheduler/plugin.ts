/** What a scheduling plugin is: plain functions over one pod and the cluster. */
import type { DeepReadonly } from '../machinery/json.ts';
import type { Node, Pod } from '../api/core/v1/index.ts';
import type { ClusterState, NodeInfo, PodInfo } from './state.ts';

export interface Refusal {
  readonly plugin: string;
  readonly reasons: readonly string[];
  /** Evicting pods would not help. */
  readonly final: boolean;
}

/** A check of nodes for one pod. `add` and `remove` keep it right while preemption tries out changes. */
export interface NodeFilter {
  filter(node: NodeInfo): Refusal | undefined;
  /** The only nodes that can do at all. */
  readonly only?: ReadonlySet<string>;
  add?(pod: PodInfo, node: NodeInfo): void;
  remove?(pod: PodInfo, node: NodeInfo): void;
}

/** Higher is better; `normalize` turns raw figures into 0 to 100, absent where they are already. */
export interface NodeRank {
  score(node: NodeInfo): number;
  normalize?(scores: number[]): void;
}

/** What happened in the cluster. Pods are those that have a node. */
export type Change =
  | { readonly kind: 'node'; readonly node: DeepReadonly<Node>; readonly old?: DeepReadonly<Node> }
  | { readonly kind: 'pod-added' | 'pod-updated' | 'pod-removed'; readonly pod: DeepReadonly<Pod>; readonly old?: DeepReadonly<Pod> }
  | { readonly kind: 'volumes' };

export interface Plugin {
  readonly name: string;
  /** A reason not even to try the pod. */
  gate?(pod: DeepReadonly<Pod>): string | undefined;
  /** Undefined: nothing to check for this pod. A Refusal: no node will do. */
  filterFor?(pod: PodInfo, cluster: ClusterState): NodeFilter | Refusal | undefined;
  rankFor?(pod: PodInfo, cluster: ClusterState, nodes: readonly NodeInfo[]): NodeRank | undefined;
  readonly weight?: number;
  /** Whether the change may let a pod pass that this plugin refused. */
  helps?(change: Change, pod: PodInfo): boolean;
}

export function refuse(plugin: string, final: boolean, ...reasons: string[]): Refusal {
  return { plugin, reasons, final };
}

export function isRefusal(plan: NodeFilter | Refusal): plan is Refusal {
  return 'reasons' in plan;
}

/** Stretches to 0..100 by the highest; `reverse` for what is worse the higher it is. */
export function normalizeByMax(reverse = false): (scores: number[]) => void {
  return (scores) => {
    const max = Math.max(...scores, 0);
    for (let i = 0; i < scores.length; i++) {
      const share = max === 0 ? 0 : Math.floor((scores[i]! * 100) / max);
      scores[i] = reverse ? 100 - share : share;
    }
  };
}
