/** Which nodes a pod may run on, by its own words: selectors, affinity, tolerations. Shared by scheduler, daemon sets and kubelet. */
import type { DeepReadonly } from '../../machinery/json.ts';
import type { Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod, Taint, Toleration } from './v1/types.ts';

type Labels = Readonly<Record<string, string>> | undefined;
type Named = { readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> | undefined } };

function meets(requirement: DeepReadonly<NodeSelectorRequirement>, value: string | undefined): boolean {
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt': {
      if (value === undefined || !/^[+-]?\d+$/.test(value) || !/^[+-]?\d+$/.test(values[0] ?? '')) return false;
      const difference = BigInt(value) - BigInt(values[0]!);
      return requirement.operator === 'Gt' ? difference > 0n : difference < 0n;
    }
    default:
      return false;
  }
}

export function matchesTerm(term: DeepReadonly<NodeSelectorTerm>, node: Named): boolean {
  // A term that says nothing selects nothing.
  if (!term.matchExpressions?.length && !term.matchFields?.length) return false;
  const labels: Labels = node.metadata.labels;
  return (
    (term.matchExpressions ?? []).every((r) => meets(r, labels?.[r.key])) &&
    (term.matchFields ?? []).every((r) => r.key === 'metadata.name' && meets(r, node.metadata.name))
  );
}

export function matchesNodeSelector(selector: DeepReadonly<NodeSelector>, node: Named): boolean {
  return selector.nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

/** nodeSelector and required node affinity. */
export function podSelectsNode(pod: DeepReadonly<Pod>, node: Named): boolean {
  const wanted = pod.spec?.nodeSelector;
  for (const key in wanted) if (node.metadata.labels?.[key] !== wanted[key]) return false;
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || matchesNodeSelector(required, node);
}

export function tolerates(toleration: DeepReadonly<Toleration>, taint: DeepReadonly<Taint>): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  const operator = toleration.operator || 'Equal';
  if (operator === 'Exists') return true;
  return operator === 'Equal' && !!toleration.key && (toleration.value ?? '') === (taint.value ?? '');
}

/** The first taint with one of the effects that nothing tolerates. */
export function untolerated(
  taints: readonly DeepReadonly<Taint>[] | undefined, tolerations: readonly DeepReadonly<Toleration>[] | undefined, effects: readonly string[],
): DeepReadonly<Taint> | undefined {
  return taints?.find((taint) => effects.includes(taint.effect) && !(tolerations ?? []).some((t) => tolerates(t, taint)));
}

/** What unschedulable nodes are treated as having. */
export const unschedulableTaint: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export function isReady(node: DeepReadonly<Node>): boolean {
  return node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
}
