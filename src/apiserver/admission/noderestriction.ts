/** NodeRestriction: kubelets touch only what is theirs. */
import { isDeepStrictEqual } from 'node:util';
import type { TokenRequest } from '../../api/authentication/v1/types.ts';
import type { CertificateSigningRequest } from '../../api/certificates/v1/types.ts';
import type { Node, PersistentVolumeClaim, Pod, PersistentVolume, Volume } from '../../api/core/v1/types.ts';
import type { CSIDriver } from '../../api/storage/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import type { Authorizer } from '../../serving/identity.ts';
import { readSigningRequest } from '../../wire/certificates.ts';
import type { Storage } from '../registry/storage.ts';
import { nameOf, type AdmissionPlugin, type AdmissionRequest } from './chain.ts';
import { nodeOf } from './nodes.ts';

const mirrorAnnotation = 'kubernetes.io/config.mirror';
const quote = JSON.stringify;

export interface NodeRestrictionOptions {
  readonly authorize: Authorizer;
  readonly storages: Readonly<Record<'pods' | 'nodes' | 'claims' | 'volumes' | 'drivers', Storage>>;
}

type Check = (request: AdmissionRequest, node: string, options: NodeRestrictionOptions) => Promise<void> | void;

function refuse({ group, resource, ...rest }: AdmissionRequest, why: string): never {
  throw StatusError.forbidden({ group, resource }, nameOf({ group, resource, ...rest }), why);
}

const checks: Readonly<Record<string, Check>> = {
  'nodes': checkNode,
  'pods': checkPod,
  'persistentvolumeclaims': checkClaim,
  'serviceaccounts': checkToken,
  'leases.coordination.k8s.io': (request, node) => {
    if (request.namespace !== 'kube-node-lease') refuse(request, 'can only access leases in the "kube-node-lease" system namespace');
    if (request.name !== node) refuse(request, 'can only access node lease with the same name as the requesting node');
  },
  'csinodes.storage.k8s.io': (request, node) => {
    if (request.name !== node) refuse(request, 'can only access CSINode with the same name as the requesting node');
  },
  'resourceslices.resource.k8s.io': (request, node) => {
    const { operation } = request;
    if (operation !== 'CREATE' && operation !== 'DELETE') return;
    const { spec } = (operation === 'CREATE' ? request.object : request.old) as unknown as { spec: { nodeName?: string } };
    if (spec.nodeName !== node) refuse(request, `can only ${operation.toLowerCase()} ResourceSlice with the same NodeName as the requesting node`);
  },
  'certificatesigningrequests.certificates.k8s.io': async (request, node) => {
    if (request.operation !== 'CREATE') return;
    const { spec } = request.object as unknown as CertificateSigningRequest;
    if (spec.signerName !== 'kubernetes.io/kubelet-serving' && spec.signerName !== 'kubernetes.io/kube-apiserver-client-kubelet') return;
    const { commonName } = await readSigningRequest(Buffer.from(spec.request, 'base64').toString());
    if (commonName !== `system:node:${node}`) refuse(request, `can only create a node CSR with CN=system:node:${node}`);
  },
};

export function nodeRestriction(options: NodeRestrictionOptions): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    mutate(request) {
      if (request.operation === 'CONNECT' || !request.user.groups.includes('system:nodes') || !request.user.name.startsWith('system:node:')) return undefined;
      const check = checks[request.group === '' ? request.resource : `${request.resource}.${request.group}`];
      return check?.(request, nodeOf(request.user)!, options);
    },
  };
}

function checkNode(request: AdmissionRequest, node: string): void {
  const who = `node ${quote(node)}`;
  const name = request.name || (request.object?.metadata.name ?? '');
  if (name !== node) refuse(request, `${who} is not allowed to modify node ${quote(name)}`);
  const next = request.object as unknown as Node | undefined;
  if (request.operation === 'CREATE' && request.subresource === '') {
    if (next!.spec.configSource) refuse(request, `${who} is not allowed to create pods with a non-nil configSource`);
    const forbidden = forbiddenLabels(next!.metadata.labels, undefined);
    if (forbidden.length > 0) refuse(request, `${who} is not allowed to set the following labels: ${forbidden.join(', ')}`);
  }
  if (request.operation !== 'UPDATE') return;
  const old = request.old as unknown as DeepReadonly<Node>;
  if (next!.spec.configSource && !isDeepStrictEqual(next!.spec.configSource, old.spec.configSource)) refuse(request, `${who} is not allowed to update configSource to a new non-nil configSource`);
  if (!isDeepStrictEqual(next!.spec.taints ?? [], old.spec.taints ?? [])) refuse(request, `${who} is not allowed to modify taints`);
  if (!isDeepStrictEqual(next!.metadata.ownerReferences ?? [], old.metadata.ownerReferences ?? [])) refuse(request, `${who} is not allowed to modify ownerReferences`);
  const forbidden = forbiddenLabels(next!.metadata.labels, old.metadata.labels);
  if (forbidden.length > 0) refuse(request, `is not allowed to modify labels: ${forbidden.join(', ')}`);
}

const ownLabels = new Set([
  'kubernetes.io/hostname', 'kubernetes.io/arch', 'kubernetes.io/os', 'topology.kubernetes.io/zone', 'topology.kubernetes.io/region', 'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/region', 'beta.kubernetes.io/instance-type', 'beta.kubernetes.io/os', 'beta.kubernetes.io/arch',
]);
type Labels = Readonly<Record<string, string>> | undefined;

const within = (namespace: string, domain: string): boolean => namespace === domain || namespace.endsWith(`.${domain}`);

/** Labels that steer workloads, and those of Kubernetes that are not for kubelets, are not theirs to change. */
function forbiddenLabels(next: Labels, old: Labels): string[] {
  const changed = [...new Set([...Object.keys(next ?? {}), ...Object.keys(old ?? {})])].filter((key) => next?.[key] !== old?.[key]);
  return changed.filter((key) => {
    const slash = key.indexOf('/');
    const namespace = slash < 0 ? '' : key.slice(0, slash);
    if (within(namespace, 'node-restriction.kubernetes.io')) return true;
    if (!within(namespace, 'kubernetes.io') && !within(namespace, 'k8s.io')) return false;
    return !ownLabels.has(key) && !within(namespace, 'kubelet.kubernetes.io') && !within(namespace, 'node.kubernetes.io');
  }).sort();
}

async function checkPod(request: AdmissionRequest, node: string, { storages }: NodeRestrictionOptions): Promise<void> {
  const who = `node ${quote(node)}`;
  const { operation, subresource } = request;
  const stored = async (): Promise<DeepReadonly<Pod>> => (request.old ?? (await storages.pods.get(request.namespace, request.name, 0)).object) as unknown as DeepReadonly<Pod>;
  if (subresource === 'status') {
    const [next, old] = [request.object, request.old] as unknown as DeepReadonly<Pod>[];
    if (old!.spec.nodeName !== node) refuse(request, `${who} can only update pod status for pods with spec.nodeName set to itself`);
    if (!isDeepStrictEqual(next!.metadata.labels ?? {}, old!.metadata.labels ?? {})) refuse(request, `${who} cannot update labels through pod status`);
    if (!isDeepStrictEqual(next!.status.resourceClaimStatuses ?? [], old!.status.resourceClaimStatuses ?? [])) refuse(request, `${who} cannot update resource claim statues`);
    if (!isDeepStrictEqual(next!.status.extendedResourceClaimStatus, old!.status.extendedResourceClaimStatus)) refuse(request, `${who} cannot update extended resource claim status`);
    return;
  }
  if (subresource === 'eviction') {
    if ((await stored()).spec.nodeName !== node) refuse(request, `node ${node} can only evict pods with spec.nodeName set to itself`);
    return;
  }
  if (subresource !== '') return refuse(request, `unexpected pod subresource ${quote(subresource)}, only 'status' and 'eviction' are allowed`);
  if (operation === 'DELETE') {
    if ((await stored()).spec.nodeName !== node) refuse(request, `${who} can only delete pods with spec.nodeName set to itself`);
  } else if (operation === 'CREATE') await checkMirror(request, node, storages.nodes);
  else refuse(request, `unexpected operation ${quote(operation)}, ${who} can only create and delete mirror pods`);
}

async function checkMirror(request: AdmissionRequest, node: string, nodes: Storage): Promise<void> {
  const who = `node ${quote(node)}`;
  const pod = request.object as unknown as Pod;
  if (pod.metadata.annotations?.[mirrorAnnotation] === undefined) refuse(request, `pod does not have ${quote(mirrorAnnotation)} annotation, ${who} can only create mirror pods`);
  if (pod.spec.nodeName !== node) refuse(request, `${who} can only create pods with spec.nodeName set to itself`);
  const owners = pod.metadata.ownerReferences ?? [];
  if (owners.length > 1) refuse(request, `${who} can only create pods with a single owner reference set to itself`);
  const [owner] = owners;
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) return refuse(request, `${who} can only create pods with an owner reference set to itself`);
  if (owner.controller !== true) refuse(request, `${who} can only create pods with a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion === true) refuse(request, `${who} must not set blockOwnerDeletion on an owner reference`);
  const { uid } = (await nodes.get('', node, 0)).object.metadata;
  if (owner.uid !== uid) refuse(request, `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`);
  const referenced = reference(pod);
  if (referenced !== undefined) refuse(request, `${who} can not create pods that reference ${referenced}`);
}

const harmless = new Set(['awsElasticBlockStore', 'azureDisk', 'cephfs', 'cinder', 'downwardAPI', 'emptyDir', 'fc', 'flexVolume', 'flocker', 'gcePersistentDisk', 'gitRepo', 'hostPath', 'image', 'iscsi', 'nfs', 'photonPersistentDisk', 'portworxVolume', 'quobyte', 'rbd', 'scaleIO', 'storageos', 'vsphereVolume']);
const byVolume: Readonly<Record<string, string>> = {
  configMap: 'configmaps (via configmap volumes)', secret: 'secrets (via secret volumes)', csi: 'csidrivers (via CSI volumes)', glusterfs: 'endpoints (via glusterFS volumes)',
  persistentVolumeClaim: 'persistentvolumeclaims', ephemeral: 'persistentvolumeclaims (via ephemeral volumes)', azureFile: 'secrets (via azureFile volumes)',
};
const byProjection: Readonly<Record<string, string>> = {
  configMap: 'configmaps (via projected volumes)', secret: 'secrets (via projected volumes)', serviceAccountToken: 'serviceaccounts (via projected volumes)', clusterTrustBundle: 'clustertrustbundles', podCertificate: 'podcertificates',
};

/** What a pod takes from the API, in upstream's words. */
function reference({ spec }: Pod): string | undefined {
  if (spec.serviceAccountName) return 'serviceaccounts';
  const containers = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
  if (spec.imagePullSecrets?.length || containers.some((c) => c.envFrom?.some((e) => e.secretRef) || c.env?.some((e) => e.valueFrom?.secretKeyRef))) return 'secrets';
  const kinds = (volume: Volume): string[] => Object.keys(volume).filter((key) => key !== 'name' && volume[key as keyof Volume] !== undefined);
  const volumes = spec.volumes ?? [];
  // Volumes with secrets and configuration count among the names that a pod uses, before it is looked at what kind of volume they are.
  if (volumes.some((v) => v.secret || v.projected?.sources?.some((s) => s.secret))) return 'secrets';
  if (containers.some((c) => c.envFrom?.some((e) => e.configMapRef) || c.env?.some((e) => e.valueFrom?.configMapKeyRef)) || volumes.some((v) => v.configMap || v.projected?.sources?.some((s) => s.configMap))) return 'configmaps';
  if (spec.resourceClaims?.length) return 'resourceclaims';
  for (const volume of volumes) {
    for (const kind of kinds(volume)) {
      if (byVolume[kind] !== undefined) return byVolume[kind];
      if (kind !== 'projected' && !harmless.has(kind)) return kind;
    }
    for (const source of volume.projected?.sources ?? []) for (const kind of Object.keys(source)) if (byProjection[kind] !== undefined) return byProjection[kind];
  }
  return undefined;
}

function checkClaim(request: AdmissionRequest, node: string): void {
  if (request.subresource !== 'status') refuse(request, 'may only update PVC status');
  const rest = (claim: unknown): unknown => {
    const { metadata: { resourceVersion: _r, managedFields: _m, ...metadata }, status, ...more } = claim as DeepReadonly<PersistentVolumeClaim>;
    const { capacity: _c, conditions: _o, allocatedResourceStatuses: _s, allocatedResources: _a, ...kept } = status;
    return { ...more, metadata, status: kept };
  };
  if (!isDeepStrictEqual(rest(request.object), rest(request.old))) refuse(request, `node ${quote(node)} is not allowed to update fields other than status.quantity and status.conditions: they differ`);
}

async function checkToken(request: AdmissionRequest, node: string, options: NodeRestrictionOptions): Promise<void> {
  if (request.operation !== 'CREATE' || request.subresource !== 'token') return;
  const { boundObjectRef: ref, audiences } = (request.object as unknown as TokenRequest).spec;
  if (!ref || ref.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name) return refuse(request, 'node requested token not bound to a pod');
  if (!ref.uid) refuse(request, 'node requested token with a pod binding without a uid');
  const pod = (await options.storages.pods.get(request.namespace, ref.name, 0)).object as unknown as DeepReadonly<Pod>;
  if (ref.uid !== pod.metadata.uid) refuse(request, `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`);
  if (pod.spec.nodeName !== node) refuse(request, 'node requested token bound to a pod scheduled on a different node');
  await checkAudience(request, pod, audiences ?? [], options);
}

/** For whom a kubelet may ask a token: who the pod's volumes name, or who it has been allowed. */
async function checkAudience(request: AdmissionRequest, pod: DeepReadonly<Pod>, audiences: readonly string[], { storages, authorize }: NodeRestrictionOptions): Promise<void> {
  if (audiences.length > 1) refuse(request, 'node may only request 0 or 1 audiences');
  const audience = audiences[0] ?? '';
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.projected?.sources?.some((s) => s.serviceAccountToken && (s.serviceAccountToken.audience ?? '') === audience)) return;
    const name = volume.csi?.driver ?? (await driverOf(volume, pod, storages));
    const driver = name && ((await storages.drivers.find('', name, 0))?.object as unknown as DeepReadonly<CSIDriver> | undefined);
    if (driver && driver.spec.tokenRequests?.some((t) => t.audience === audience)) return;
  }
  const { decision } = await authorize({
    user: request.user, verb: 'request-serviceaccounts-token-audience', isResource: true, namespace: request.namespace, group: '', version: 'v1', resource: audience, subresource: '', name: request.name, path: '',
  });
  if (decision !== 'allow') refuse(request, `audience ${quote(audience)} not found in pod spec volume, ${request.user.name} is not authorized to request tokens for this audience`);
}

/** The CSI driver behind a volume that is a claim. */
async function driverOf(volume: DeepReadonly<Volume>, pod: DeepReadonly<Pod>, { claims, volumes }: NodeRestrictionOptions['storages']): Promise<string | undefined> {
  const name = volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral?.volumeClaimTemplate ? `${pod.metadata.name}-${volume.name}` : undefined);
  if (name === undefined) return undefined;
  const claim = (await claims.find(pod.metadata.namespace ?? '', name, 0))?.object as unknown as DeepReadonly<PersistentVolumeClaim> | undefined;
  const volumeName = claim?.spec?.volumeName;
  const found = volumeName ? ((await volumes.find('', volumeName, 0))?.object as unknown as DeepReadonly<PersistentVolume> | undefined) : undefined;
  return found?.spec?.csi?.driver;
}
