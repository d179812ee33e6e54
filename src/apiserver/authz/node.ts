/**
 * What kubelets may do beyond what their role says: reading what pods bound to their node refer to, their own node, lease, slices.
 * Nothing is kept for it: the pods of a node are found by an index of the watch cache, and everything else starts from them.
 */
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type { Attributes, Authorizer, Decision } from '../../serving/identity.ts';
import { nodeOf } from '../admission/nodes.ts';
import { nodeRules } from '../bootstrap/policy.ts';
import type { Storage } from '../registry/storage.ts';
import { claimsOf, refersTo, resourceClaimsOf } from '../../api/core/podreferences.ts';
import { ruleAllows } from './rules.ts';

const allow: Decision = { decision: 'allow', reason: '' };
const none: Decision = { decision: 'none', reason: '' };
const refuse = (reason: string): Decision => ({ decision: 'none', reason });

type Storages = (name: string) => Storage;
type SomePod = DeepReadonly<Pod>;
type Judge = (storage: Storages, node: string, a: Attributes) => Decision | Promise<Decision>;

const reads = new Set(['get', 'list', 'watch']);
const ownVerbs = new Set(['get', 'create', 'update', 'patch', 'delete']);

/** By group and resource; what is not here is judged by the role alone. */
const judges: Readonly<Record<string, Judge>> = {
  'secrets': readNamespaced(async (storage, node, a) => (await anyPod(storage, node, a.namespace, (pod) => refersTo(pod.spec, 'secrets', a.name))) || secretOfVolume(storage, node, a)),
  'configmaps': readNamespaced((storage, node, a) => anyPod(storage, node, a.namespace, (pod) => refersTo(pod.spec, 'configmaps', a.name))),
  'persistentvolumeclaims': (storage, node, a) => {
    const related: Related = () => anyPod(storage, node, a.namespace, (pod) => claimsOf(pod).includes(a.name));
    if (a.subresource !== 'status') return getOnly(related)(storage, node, a);
    return a.verb === 'update' || a.verb === 'patch' ? demand(related, storage, node, a) : refuse('can only get/update/patch this type');
  },
  'persistentvolumes': getOnly(async (storage, node, a) => {
    const ref = ((await find(storage, 'persistentvolumes', '', a.name)) as DeepReadonly<PersistentVolume> | undefined)?.spec.claimRef;
    return ref?.name !== undefined && anyPod(storage, node, ref.namespace ?? '', (pod) => claimsOf(pod).includes(ref.name!));
  }),
  'resourceclaims.resource.k8s.io': getOnly((storage, node, a) => anyPod(storage, node, a.namespace, (pod) => resourceClaimsOf(pod).includes(a.name))),
  'volumeattachments.storage.k8s.io': getOnly(async (storage, node, a) => nodeNameOf(await find(storage, 'volumeattachments.storage.k8s.io', '', a.name)) === node),
  'serviceaccounts': (storage, node, a) => {
    const related: Related = () => anyPod(storage, node, a.namespace, (pod) => pod.spec.serviceAccountName === a.name);
    if (a.verb === 'get' && a.subresource === '') return readNamespaced(related)(storage, node, a);
    if (a.verb !== 'create' || a.name === '') return refuse('can only create tokens for individual service accounts');
    return a.subresource === 'token' ? demand(related, storage, node, a) : refuse('can only create token subresource of serviceaccount');
  },
  'leases.coordination.k8s.io': (_storage, node, a) => {
    if (!ownVerbs.has(a.verb)) return refuse('can only get, create, update, patch, or delete a node lease');
    if (a.namespace !== 'kube-node-lease') return refuse('can only access leases in the "kube-node-lease" system namespace');
    return a.verb === 'create' || a.name === node ? allow : refuse('can only access node lease with the same name as the requesting node');
  },
  'csinodes.storage.k8s.io': (_storage, node, a) => {
    if (!ownVerbs.has(a.verb)) return refuse('can only get, create, update, patch, or delete a CSINode');
    if (a.subresource !== '') return refuse('cannot authorize CSINode subresources');
    return a.verb === 'create' || a.name === node ? allow : refuse('can only access CSINode with the same name as the requesting node');
  },
  'resourceslices.resource.k8s.io': slice,
  'nodes': ownNode,
  'pods': ownPods,
};

export function nodeAuthorizer(storage: Storages): Authorizer {
  return (a) => {
    const node = nodeOf(a.user);
    if (node === undefined) return none;
    if (node === '') return refuse(`unknown node for user ${JSON.stringify(a.user.name)}`);
    if (a.isResource) {
      const name = a.group === '' ? a.resource : `${a.resource}.${a.group}`;
      if (Object.hasOwn(judges, name)) return judges[name]!(storage, node, a);
    }
    return nodeRules.some((rule) => ruleAllows(rule, a)) ? allow : none;
  };
}

type Related = (storage: Storages, node: string, a: Attributes) => boolean | Promise<boolean>;

async function demand(related: Related, storage: Storages, node: string, a: Attributes): Promise<Decision> {
  if (a.name === '') return refuse('No Object name found');
  return (await related(storage, node, a)) ? allow : refuse(`no relationship found between node '${node}' and this object`);
}

function readNamespaced(related: Related): Judge {
  return (storage, node, a) => {
    if (!reads.has(a.verb)) return refuse('can only read resources of this type');
    if (a.subresource !== '') return refuse('cannot read subresource');
    if (a.namespace === '') return refuse('can only read namespaced object of this type');
    return demand(related, storage, node, a);
  };
}

function getOnly(related: Related): Judge {
  return (storage, node, a) => {
    if (a.verb !== 'get') return refuse('can only get individual resources of this type');
    if (a.subresource !== '') return refuse('cannot get subresource');
    return demand(related, storage, node, a);
  };
}

const selectsNode = (a: Attributes, field: string, node: string): boolean =>
  a.selectors?.fields.some((r) => r.key === field && r.operator === 'In' && r.values?.length === 1 && r.values[0] === node) === true;

function slice(storage: Storages, node: string, a: Attributes): Decision | Promise<Decision> {
  if (a.subresource !== '') return refuse('cannot authorize ResourceSlice subresources');
  switch (a.verb) {
    case 'create':
      return allow;
    case 'get':
    case 'update':
    case 'patch':
    case 'delete':
      return demand(async () => nodeNameOf(await find(storage, 'resourceslices.resource.k8s.io', '', a.name)) === node, storage, node, a);
    case 'list':
    case 'watch':
    case 'deletecollection':
      return selectsNode(a, 'spec.nodeName', node) ? allow : refuse('can only list/watch/deletecollection resourceslices with nodeName field selector');
    default:
      return refuse('only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection');
  }
}

function ownNode(_storage: Storages, node: string, a: Attributes): Decision {
  if (a.subresource === 'status') return a.verb === 'update' || a.verb === 'patch' ? allow : none;
  if (a.subresource !== '') return none;
  if (a.verb === 'create' || a.verb === 'update' || a.verb === 'patch') return allow;
  if (!reads.has(a.verb)) return none;
  if (a.name === node) return allow;
  return refuse(a.name === '' ? `node '${node}' cannot read all nodes, only its own Node object` : `node '${node}' cannot read '${a.name}', only its own Node object`);
}

function ownPods(storage: Storages, node: string, a: Attributes): Decision | Promise<Decision> {
  const bound: Related = async () => nodeNameOf(await find(storage, 'pods', a.namespace, a.name)) === node;
  switch (a.subresource) {
    case '':
      if (a.verb === 'get') return demand(bound, storage, node, a);
      if (a.verb === 'create' || a.verb === 'delete') return allow;
      if (a.verb !== 'list' && a.verb !== 'watch') return none;
      if (selectsNode(a, 'spec.nodeName', node)) return allow;
      return a.name === '' ? refuse('can only list/watch pods with spec.nodeName field selector') : demand(bound, storage, node, a);
    case 'status':
      return a.verb === 'update' || a.verb === 'patch' ? allow : none;
    case 'eviction':
      return a.verb === 'create' ? allow : none;
    default:
      return none;
  }
}

async function find(storage: Storages, resource: string, namespace: string, name: string): Promise<unknown> {
  return (await storage(resource).find(namespace, name, 0))?.object;
}

function nodeNameOf(object: unknown): string | undefined {
  return (object as { readonly spec?: { readonly nodeName?: string } } | undefined)?.spec?.nodeName;
}

async function podsOf(storage: Storages, node: string, namespace?: string): Promise<SomePod[]> {
  const { items } = await storage('pods').cacher.list({ selection: { ...(namespace === undefined ? {} : { namespace }), fields: [['spec.nodeName', node]] }, notOlderThan: 0 });
  return items.map((item) => item.object as unknown as SomePod);
}

const mirror = 'kubernetes.io/config.mirror';

/** Mirror pods come from the node itself: they open nothing. */
async function anyPod(storage: Storages, node: string, namespace: string, fits: (pod: SomePod) => boolean): Promise<boolean> {
  return (await podsOf(storage, node, namespace)).some((pod) => pod.metadata.annotations?.[mirror] === undefined && fits(pod));
}

/** A Secret that a volume needs, whose claim a pod of the node uses. */
async function secretOfVolume(storage: Storages, node: string, a: Attributes): Promise<boolean> {
  for (const pod of await podsOf(storage, node)) {
    if (pod.metadata.annotations?.[mirror] !== undefined) continue;
    for (const name of claimsOf(pod)) {
      const claim = (await find(storage, 'persistentvolumeclaims', pod.metadata.namespace ?? '', name)) as DeepReadonly<PersistentVolumeClaim> | undefined;
      const volume = claim?.spec.volumeName ? ((await find(storage, 'persistentvolumes', '', claim.spec.volumeName)) as DeepReadonly<PersistentVolume> | undefined) : undefined;
      if (volume && secretsOf(volume).some((s) => s.name === a.name && (s.namespace ?? volume.spec.claimRef?.namespace) === a.namespace)) return true;
    }
  }
  return false;
}

function secretsOf({ spec }: DeepReadonly<PersistentVolume>): { readonly name?: string | undefined; readonly namespace?: string | undefined }[] {
  const { csi, azureFile, cephfs, flexVolume, rbd, scaleIO, iscsi, storageos } = spec;
  const refs = [
    csi?.controllerPublishSecretRef, csi?.nodePublishSecretRef, csi?.nodeStageSecretRef, csi?.controllerExpandSecretRef, csi?.nodeExpandSecretRef,
    cephfs?.secretRef, flexVolume?.secretRef, rbd?.secretRef, scaleIO?.secretRef, iscsi?.secretRef, storageos?.secretRef,
    azureFile ? { name: azureFile.secretName, ...(azureFile.secretNamespace ? { namespace: azureFile.secretNamespace } : {}) } : undefined,
  ];
  return refs.filter((ref) => ref !== undefined);
}
