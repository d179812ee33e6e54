/** What kubelets may read beyond their role: secrets, config maps, claims and tokens only for pods that are bound to their node. */
import type { Pod, PodSpec, Volume } from '../../api/core/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type { Attributes, Authorizer, Decision } from '../../serving/identity.ts';
import { nodeOf } from '../admission/nodes.ts';
import { nodeRules } from '../bootstrap/policy.ts';
import type { Storage } from '../registry/storage.ts';
import { ruleAllows } from './rules.ts';

const allow: Decision = { decision: 'allow', reason: '' };
const none: Decision = { decision: 'none', reason: '' };
const pathless = new Set(['secrets', 'configmaps', 'persistentvolumeclaims', 'serviceaccounts']);

type Spec = DeepReadonly<PodSpec>;

export function nodeAuthorizer(pods: Storage): Authorizer {
  return async (a) => {
    const node = nodeOf(a.user);
    if (node === undefined || !a.isResource) return none;
    if (a.group === '' && pathless.has(a.resource)) return forPods(pods, node, a);
    if (a.group === 'coordination.k8s.io' && a.resource === 'leases') return lease(node, a);
    if (a.group === 'storage.k8s.io' && a.resource === 'csinodes' && a.verb !== 'create' && a.name !== node) return refuse('can only access CSINode with the same name as the requesting node');
    return nodeRules.some((rule) => ruleAllows(rule, a)) ? allow : none;
  };
}

function refuse(why: string): Decision {
  return { decision: 'none', reason: why };
}

function lease(node: string, a: Attributes): Decision {
  if (!['get', 'create', 'update', 'patch', 'delete'].includes(a.verb)) return refuse('can only get, create, update, patch, or delete a node lease');
  if (a.namespace !== 'kube-node-lease') return refuse(`can only access leases in the "kube-node-lease" system namespace`);
  if (a.verb !== 'create' && a.name !== node) return refuse('can only access node lease with the same name as the requesting node');
  return allow;
}

async function forPods(pods: Storage, node: string, a: Attributes): Promise<Decision> {
  const reads = a.verb === 'get' || a.verb === 'list' || a.verb === 'watch';
  const token = a.resource === 'serviceaccounts' && a.subresource === 'token' && a.verb === 'create';
  const claimStatus = a.resource === 'persistentvolumeclaims' && a.subresource === 'status';
  if (!token && !claimStatus && (!reads || a.subresource !== '')) return none;
  if (a.name === '') return refuse('No Object name found');
  const { items } = await pods.cacher.list({ selection: { namespace: a.namespace, fields: [['spec.nodeName', node]] }, notOlderThan: 0 });
  const refers = items.some((item) => references((item.object as unknown as DeepReadonly<Pod>).spec, a.resource, a.name));
  return refers ? allow : refuse(`no relationship found between node '${node}' and this object`);
}

function references(spec: Spec, resource: string, name: string): boolean {
  switch (resource) {
    case 'serviceaccounts':
      return spec.serviceAccountName === name;
    case 'persistentvolumeclaims':
      return (spec.volumes ?? []).some((v) => v.persistentVolumeClaim?.claimName === name || v.ephemeral !== undefined);
    default:
      return refersTo(spec, resource as 'secrets' | 'configmaps', name);
  }
}

function refersTo(spec: Spec, resource: 'secrets' | 'configmaps', name: string): boolean {
  const secret = resource === 'secrets';
  if (secret && spec.imagePullSecrets?.some((s) => s.name === name)) return true;
  const containers = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
  for (const c of containers) {
    if (c.envFrom?.some((e) => (secret ? e.secretRef?.name : e.configMapRef?.name) === name)) return true;
    if (c.env?.some((e) => (secret ? e.valueFrom?.secretKeyRef?.name : e.valueFrom?.configMapKeyRef?.name) === name)) return true;
  }
  return (spec.volumes ?? []).some((v) => volumeRefersTo(v, secret, name));
}

function volumeRefersTo(volume: DeepReadonly<Volume>, secret: boolean, name: string): boolean {
  if ((secret ? volume.secret?.secretName : volume.configMap?.name) === name) return true;
  return volume.projected?.sources?.some((s) => (secret ? s.secret?.name : s.configMap?.name) === name) === true
    || (secret && (volume.csi?.nodePublishSecretRef?.name === name || volume.flexVolume?.secretRef?.name === name));
}
