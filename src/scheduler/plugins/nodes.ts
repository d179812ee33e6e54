/** What a node says about itself: its name, whether it takes pods, its taints, ports and labels. */
import { matchesTerm, podSelectsNode, unschedulableTaint, tolerates, untolerated } from '../../api/core/placement.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type { NodeSelectorTerm } from '../../api/core/v1/index.ts';
import { normalizeByMax, refuse, type Plugin } from '../plugin.ts';
import type { HostPort, NodeInfo } from '../state.ts';

export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  gate: (pod) => {
    const gates = pod.spec?.schedulingGates ?? [];
    return gates.length ? `waiting for scheduling gates: [${gates.map((g) => g.name).join(' ')}]` : undefined;
  },
};

export const nodeName: Plugin = {
  name: 'NodeName',
  filterFor: ({ pod }) => {
    const wanted = pod.spec?.nodeName;
    if (!wanted) return undefined;
    const refusal = refuse('NodeName', true, "node(s) didn't match the requested node name");
    return { filter: (node) => (node.name === wanted ? undefined : refusal) };
  },
  helps: (change) => change.kind === 'node',
};

export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  filterFor: ({ pod }) => {
    if (pod.spec?.tolerations?.some((t) => tolerates(t, unschedulableTaint))) return undefined;
    const refusal = refuse('NodeUnschedulable', true, 'node(s) were unschedulable');
    return { filter: (node) => (node.node?.spec?.unschedulable ? refusal : undefined) };
  },
  helps: (change) => change.kind === 'node' && !change.node.spec?.unschedulable,
};

export const taintToleration: Plugin = {
  name: 'TaintToleration',
  weight: 3,
  filterFor: ({ pod }) => ({
    filter: (node) => {
      const taint = untolerated(node.node?.spec?.taints, pod.spec?.tolerations, ['NoSchedule', 'NoExecute']);
      return taint && refuse('TaintToleration', true, `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`);
    },
  }),
  rankFor: ({ pod }, _cluster, nodes) => {
    if (!nodes.some((n) => n.node?.spec?.taints?.some((t) => t.effect === 'PreferNoSchedule'))) return undefined;
    const tolerations = (pod.spec?.tolerations ?? []).filter((t) => !t.effect || t.effect === 'PreferNoSchedule');
    return {
      score: (node) => (node.node?.spec?.taints ?? []).filter((t) => t.effect === 'PreferNoSchedule' && !tolerations.some((x) => tolerates(x, t))).length,
      normalize: normalizeByMax(true),
    };
  },
  helps: (change, { pod }) => change.kind === 'node' && !untolerated(change.node.spec?.taints, pod.spec?.tolerations, ['NoSchedule', 'NoExecute']),
};

export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  weight: 2,
  filterFor: ({ pod }) => {
    const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    if (!required && !pod.spec?.nodeSelector) return undefined;
    const refusal = refuse('NodeAffinity', true, "node(s) didn't match Pod's node affinity/selector");
    return { filter: (node) => (node.node && podSelectsNode(pod, node.node) ? undefined : refusal), ...onlyNamed(required?.nodeSelectorTerms) };
  },
  rankFor: ({ pod }) => {
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
    if (!preferred?.length) return undefined;
    return {
      score: (node) => preferred.reduce((sum, { weight, preference }) => (weight && node.node && matchesTerm(preference, node.node) ? sum + weight : sum), 0),
      normalize: normalizeByMax(),
    };
  },
  helps: (change, { pod }) => change.kind === 'node' && podSelectsNode(pod, change.node),
};

/** Pods of daemon sets name their node in every term: only that one is looked at. */
function onlyNamed(terms: readonly DeepReadonly<NodeSelectorTerm>[] | undefined): { only?: ReadonlySet<string> } {
  if (!terms?.length) return {};
  const names = new Set<string>();
  for (const term of terms) {
    const named = term.matchFields?.find((f) => f.key === 'metadata.name' && f.operator === 'In');
    if (!named) return {};
    named.values?.forEach((name) => names.add(name));
  }
  return { only: names };
}

export const nodePorts: Plugin = {
  name: 'NodePorts',
  filterFor: ({ ports }) => {
    if (ports.length === 0) return undefined;
    const refusal = refuse('NodePorts', false, "node(s) didn't have free ports for the requested pod ports");
    return { filter: (node) => (ports.some((port) => isTaken(node, port)) ? refusal : undefined) };
  },
  helps: (change) => change.kind === 'node' || change.kind === 'pod-removed',
};

function isTaken({ ports }: NodeInfo, { ip, protocol, port }: HostPort): boolean {
  if (ports.size === 0) return false;
  if (ip !== '0.0.0.0') return ports.has(`${protocol}/${port}/${ip}`) || ports.has(`${protocol}/${port}/0.0.0.0`);
  const prefix = `${protocol}/${port}/`;
  for (const key of ports.keys()) if (key.startsWith(prefix)) return true;
  return false;
}
