/** New nodes are tainted until they are ready; kubelets touch only what is theirs. */
import type { Node, Pod } from '../../api/core/v1/types.ts';
import { StatusError } from '../../machinery/status.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type { Storage } from '../registry/storage.ts';
import type { AdmissionPlugin, AdmissionRequest } from './chain.ts';

const notReady = 'node.kubernetes.io/not-ready';
const mirrorAnnotation = 'kubernetes.io/config.mirror';

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

export function nodeRestriction(pods: Storage): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    async mutate(request) {
      const node = nodeOf(request.user);
      if (node === undefined || request.group !== '') return;
      if (request.resource === 'nodes') checkNode(request, node);
      else if (request.resource === 'pods') await checkPod(request, node, pods);
    },
  };
}

function checkNode(request: AdmissionRequest, node: string): void {
  const refuse = (why: string): never => {
    throw StatusError.forbidden({ group: '', resource: 'nodes' }, request.name, why);
  };
  if (request.name !== node) refuse(`node ${JSON.stringify(node)} is not allowed to modify node ${JSON.stringify(request.name)}`);
  if (request.operation !== 'UPDATE' || request.subresource !== '') return;
  const next = request.object as unknown as Node;
  const old = request.old as unknown as DeepReadonly<Node>;
  if (JSON.stringify(next.spec.taints ?? []) !== JSON.stringify(old.spec.taints ?? [])) refuse(`node ${JSON.stringify(node)} is not allowed to modify taints`);
}

async function checkPod(request: AdmissionRequest, node: string, pods: Storage): Promise<void> {
  const refuse = (why: string): never => {
    throw StatusError.forbidden({ group: '', resource: 'pods' }, request.name, why);
  };
  const who = `node ${JSON.stringify(node)}`;
  if (request.operation === 'CREATE' && request.subresource === '') {
    const pod = request.object as unknown as Pod;
    if (pod.metadata.annotations?.[mirrorAnnotation] === undefined) refuse(`pod does not have ${JSON.stringify(mirrorAnnotation)} annotation, ${who} can only create mirror pods`);
    if (pod.spec.nodeName !== node) refuse(`${who} can only create pods with spec.nodeName set to itself`);
    return;
  }
  const pod = (request.old ?? (await pods.find(request.namespace, request.name, 0))?.object) as unknown as DeepReadonly<Pod> | undefined;
  if (pod && pod.spec.nodeName !== node) {
    refuse(request.operation === 'DELETE' ? `${who} can only delete pods with spec.nodeName set to itself` : `${who} can only update pod status for pods with spec.nodeName set to itself`);
  }
  if (request.operation === 'UPDATE' && request.subresource !== 'status') refuse(`${who} can only update pod status`);
}
