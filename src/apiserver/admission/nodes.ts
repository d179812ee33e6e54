/** New nodes are tainted until they are ready. */
import type { Node } from '../../api/core/v1/types.ts';
import type { AdmissionPlugin } from './chain.ts';

const notReady = 'node.kubernetes.io/not-ready';

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  mutate(request) {
    if (request.group !== '' || request.resource !== 'nodes' || request.operation !== 'CREATE') return;
    const node = request.object as unknown as Node;
    if (!node.spec.taints?.some((t) => t.key === notReady && t.effect === 'NoSchedule')) (node.spec.taints ??= []).push({ key: notReady, effect: 'NoSchedule' });
  },
};

/** The node that a user is the kubelet of. */
export function nodeOf(user: { readonly name: string; readonly groups: readonly string[] }): string | undefined {
  return user.name.startsWith('system:node:') && user.groups.includes('system:nodes') ? user.name.slice('system:node:'.length) : undefined;
}
