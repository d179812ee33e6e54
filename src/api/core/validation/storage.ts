/** Persistent volumes and claims. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { forbidden, immutable, invalid, notSupported, required, sameValue } from '../../../machinery/fieldpath.ts';
import { nameIsLabel, nameIsSubdomain, qualifiedNameComplaints, subdomainComplaints } from '../../../machinery/names.ts';
import { parseQuantity, type Quantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { checkLabelSelector } from '../../../schema/metadata.ts';
import { accessModes, reclaimPolicies, resizeStates, volumeModes } from '../v1/enums.ts';
import { internalForm } from '../../../schema/internalform.ts';
import { coreV1 } from '../v1/package.ts';
import type * as T from '../v1/types.ts';
import { differences } from './differences.ts';
import { isNativeResource } from './resources.ts';
import { checkNodeSelector } from './scheduling.ts';
import { checkOneSource, sharedRules, type SourceRule } from './sources.ts';

const volumeSettings = new Set(['capacity', 'accessModes', 'claimRef', 'persistentVolumeReclaimPolicy', 'storageClassName', 'mountOptions', 'volumeMode', 'nodeAffinity', 'volumeAttributesClassName']);

function checkModes(list: readonly string[] | undefined, path: string, out: FieldError[]): void {
  for (const m of list ?? []) if (!accessModes.includes(m)) out.push(notSupported(path, m, accessModes));
  if (list?.includes('ReadWriteOncePod') && list.some((m) => m !== 'ReadWriteOncePod' && accessModes.includes(m))) out.push(forbidden(path, 'may not use ReadWriteOncePod with other access modes'));
}

function checkClassName(name: string | undefined, path: string, out: FieldError[]): void {
  if (name) for (const c of nameIsSubdomain(name, false)) out.push(invalid(path, name, c));
}

function checkAmount(amount: string, path: string, out: FieldError[]): void {
  const quantity = parseQuantity(amount);
  if (quantity.value() < 0) out.push(invalid(path, quantity.value(), 'must be a valid resource quantity'));
}

function sources(spec: DeepReadonly<T.PersistentVolumeSpec>): string[] {
  return Object.entries(spec).filter(([key, value]) => !volumeSettings.has(key) && value !== undefined).map(([key]) => key);
}

/** In upstream's order. */
const order = [
  'hostPath', 'gcePersistentDisk', 'awsElasticBlockStore', 'glusterfs', 'flocker', 'nfs', 'rbd', 'quobyte', 'cephfs', 'iscsi', 'cinder', 'fc', 'flexVolume', 'azureFile', 'vsphereVolume',
  'photonPersistentDisk', 'portworxVolume', 'azureDisk', 'scaleIO', 'local', 'storageos', 'csi',
] as const;
const rules = order.map((key) => [key, sharedRules[key] as SourceRule<never>] as const);

function checkCapacity(given: Readonly<Record<string, string>> | undefined, out: FieldError[]): void {
  const capacity = given ?? {};
  if (Object.keys(capacity).length === 0) out.push(required('spec.capacity'));
  if (capacity['storage'] === undefined || Object.keys(capacity).length > 1) out.push(notSupported('spec.capacity', given, ['storage']));
  for (const [name, amount] of Object.entries(capacity)) {
    checkAmount(amount, `spec.capacity[${name}]`, out);
    if (parseQuantity(amount).sign() <= 0) out.push(invalid(`spec.capacity[${name}]`, amount, 'must be greater than zero'));
  }
}

export function validateVolume(v: DeepReadonly<T.PersistentVolume>): FieldError[] {
  const out: FieldError[] = [];
  const { spec } = v;
  if (!spec.accessModes?.length) out.push(required('spec.accessModes'));
  checkModes(spec.accessModes, 'spec.accessModes', out);
  checkCapacity(spec.capacity, out);
  const policy = spec.persistentVolumeReclaimPolicy;
  if (policy && !reclaimPolicies.includes(policy)) out.push(notSupported('spec.persistentVolumeReclaimPolicy', policy, reclaimPolicies));
  if (spec.nodeAffinity) {
    if (!spec.nodeAffinity.required) out.push(required('spec.nodeAffinity.required', 'must specify required node constraints'));
    else checkNodeSelector(spec.nodeAffinity.required, 'spec.nodeAffinity.required', out);
  }
  checkVolumeSource(v, out);
  if (spec.hostPath && /^\/+(\.?\/)*\.?$/.test(spec.hostPath.path ?? '') && policy === 'Recycle') out.push(forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"));
  checkClassName(spec.storageClassName, 'spec.storageClassName', out);
  if (spec.volumeMode !== undefined && !volumeModes.includes(spec.volumeMode)) out.push(notSupported('spec.volumeMode', spec.volumeMode, volumeModes));
  if (spec.volumeAttributesClassName !== undefined) {
    if (spec.volumeAttributesClassName === '') out.push(required('spec.volumeAttributesClassName', 'an empty string is disallowed'));
    checkClassName(spec.volumeAttributesClassName, 'spec.volumeAttributesClassName', out);
    if (!spec.csi) out.push(required('spec.csi', 'has to be specified when using volumeAttributesClassName'));
  }
  return out;
}

function checkVolumeSource({ metadata, spec }: DeepReadonly<T.PersistentVolume>, out: FieldError[]): void {
  const isFirstLocal = spec.local !== undefined && sources(spec).every((key) => order.indexOf(key as 'local') >= order.indexOf('local'));
  const local: SourceRule<T.LocalVolumeSource> = {
    check(s, path, found, holder) {
      sharedRules.local.check!(s, path, found, holder);
      if (!spec.nodeAffinity) found.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
    },
  };
  const own = isFirstLocal ? rules.map((rule) => (rule[0] === 'local' ? ['local', local as SourceRule<never>] as const : rule)) : rules;
  const count = checkOneSource(spec, own, 'spec', { persistent: true, name: metadata.name ?? '' }, out, (key) => key === 'flexVolume');
  if (count === 0) out.push(required('spec', 'must specify a volume type'));
}

export function validateVolumeUpdate(v: DeepReadonly<T.PersistentVolume>, old: DeepReadonly<T.PersistentVolume>, subresource: string): FieldError[] {
  if (subresource === 'status') return [];
  // Upstream judges the new volume twice.
  const judged = validateVolume(v);
  const out = [...judged, ...judged];
  const pick = (spec: DeepReadonly<T.PersistentVolumeSpec>): Record<string, unknown> => Object.fromEntries(sources(spec).map((k) => [k, (spec as Record<string, unknown>)[k]]));
  const [now, before] = [pick(v.spec), pick(old.spec)];
  // The secret for growing may come later.
  if (old.spec.csi && !old.spec.csi.controllerExpandSecretRef && v.spec.csi) now['csi'] = { ...v.spec.csi, controllerExpandSecretRef: undefined };
  if (!sameValue(now, before)) out.push(forbidden('spec.persistentvolumesource', `spec.persistentvolumesource is immutable after creation\n${differences(before, now).join('\n')}\n`));
  out.push(...immutable('volumeMode', v.spec.volumeMode, old.spec.volumeMode));
  if (old.spec.nodeAffinity && !sameValue(withoutBetaLabels(v.spec.nodeAffinity, old.spec.nodeAffinity), old.spec.nodeAffinity)) {
    out.push(invalid('nodeAffinity', internalForm(v.spec.nodeAffinity, coreV1, 'VolumeNodeAffinity'), 'field is immutable, except for updating from beta label to GA'));
  }
  if (old.spec.volumeAttributesClassName !== undefined && v.spec.volumeAttributesClassName === undefined) out.push(forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'));
  return out;
}

const successors: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

/** With the old label wherever the new affinity names its successor. */
function withoutBetaLabels(now: DeepReadonly<T.VolumeNodeAffinity> | undefined, old: DeepReadonly<T.VolumeNodeAffinity>): unknown {
  return now && { required: now.required && { nodeSelectorTerms: (now.required.nodeSelectorTerms ?? []).map((term, i) => ({
    ...term,
    matchExpressions: term.matchExpressions?.map((e, j) => {
      const before = old.required?.nodeSelectorTerms?.[i]?.matchExpressions?.[j]?.key ?? '';
      return successors[before] === e.key ? { ...e, key: before } : e;
    }),
  })) } };
}

function checkDataSource(source: DeepReadonly<T.TypedObjectReference> | undefined, path: string, out: FieldError[], anyGroup: boolean): void {
  if (!source) return;
  if (!source.name) out.push(required(`${path}.name`));
  if (!source.kind) out.push(required(`${path}.kind`));
  if (!source.apiGroup && source.kind !== 'PersistentVolumeClaim') out.push(invalid(path, source.kind ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  if (source.apiGroup && !anyGroup) for (const c of subdomainComplaints(source.apiGroup)) out.push(invalid(`${path}.apiGroup`, source.apiGroup, c));
  if (source.namespace) for (const c of nameIsLabel(source.namespace, false)) out.push(invalid(`${path}.namespace`, source.namespace, c));
}

/** `anyGroup`: what is there already had a group, whatever its name. */
export function checkClaimSpec(spec: DeepReadonly<T.PersistentVolumeClaimSpec>, path: string, out: FieldError[], anyGroup = false): void {
  if (!spec.accessModes?.length) out.push(required(`${path}.accessModes`, 'at least 1 access mode is required'));
  checkLabelSelector(spec.selector, `${path}.selector`, out);
  checkModes(spec.accessModes, `${path}.accessModes`, out);
  const size = spec.resources?.requests?.['storage'];
  if (size === undefined) out.push(required(`${path}.resources[storage]`));
  else if (parseQuantity(size).sign() <= 0) out.push(invalid(`${path}.resources[storage]`, size, 'must be greater than zero'));
  checkClassName(spec.storageClassName, `${path}.storageClassName`, out);
  if (spec.volumeMode !== undefined && !volumeModes.includes(spec.volumeMode)) out.push(notSupported(`${path}.volumeMode`, spec.volumeMode, volumeModes));
  const { dataSource, dataSourceRef } = spec;
  checkDataSource(dataSource, `${path}.dataSource`, out, anyGroup);
  checkDataSource(dataSourceRef, `${path}.dataSourceRef`, out, anyGroup);
  const same = dataSource?.apiGroup === dataSourceRef?.apiGroup && dataSource?.kind === dataSourceRef?.kind && dataSource?.name === dataSourceRef?.name;
  if (dataSource && dataSourceRef && !same) out.push(invalid(path, {}, 'must match dataSourceRef'));
  checkClassName(spec.volumeAttributesClassName, `${path}.volumeAttributesClassName`, out);
}

export function validateClaim(c: DeepReadonly<T.PersistentVolumeClaim>): FieldError[] {
  const out: FieldError[] = [];
  checkClaimSpec(c.spec, 'spec', out);
  return out;
}

export function validateClaimUpdate(c: DeepReadonly<T.PersistentVolumeClaim>, old: DeepReadonly<T.PersistentVolumeClaim>, subresource: string): FieldError[] {
  if (subresource === 'status') return validateClaimStatus(c);
  const judged: FieldError[] = [];
  checkClaimSpec(c.spec, 'spec', judged, old.spec.dataSource?.apiGroup !== undefined || old.spec.dataSourceRef?.apiGroup !== undefined);
  // Upstream judges the new claim twice.
  const out = [...judged, ...judged];
  checkClaimChange(c, old, out);
  const [now, was, has] = [c.spec.resources?.requests?.['storage'] ?? '0', old.spec.resources?.requests?.['storage'] ?? '0', old.status?.capacity?.['storage'] ?? '0'].map(parseQuantity) as [Quantity, Quantity, Quantity];
  if (now.cmp(was) < 0 && now.cmp(has) <= 0) out.push(forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  out.push(...immutable('volumeMode', c.spec.volumeMode, old.spec.volumeMode));
  if (old.status?.currentVolumeAttributesClassName !== undefined && !c.spec.volumeAttributesClassName && c.spec.volumeAttributesClassName !== old.spec.volumeAttributesClassName) {
    out.push(forbidden('spec.volumeAttributesClassName', `update to ${c.spec.volumeAttributesClassName === undefined ? 'nil' : 'empty string'} is forbidden when status.currentVolumeAttributesClassName is not nil`));
  }
  return out;
}

const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

function checkClaimChange(c: DeepReadonly<T.PersistentVolumeClaim>, old: DeepReadonly<T.PersistentVolumeClaim>, out: FieldError[]): void {
  const rest: Record<string, unknown> = { ...c.spec };
  const before: Record<string, unknown> = { ...old.spec };
  const bound = c.status?.phase === 'Bound';
  if (!old.spec.volumeName) rest['volumeName'] = before['volumeName'];
  const annotated = old.metadata.annotations?.[classAnnotation];
  const annotation = c.metadata.annotations?.[classAnnotation];
  const named = old.spec.storageClassName === undefined && c.spec.storageClassName !== undefined;
  const upgraded = named && annotated !== undefined && c.spec.storageClassName === annotated && (annotation === undefined || annotation === annotated);
  if (!upgraded && (annotation ?? '') !== (annotated ?? '')) out.push(invalid(`metadata.annotations.${classAnnotation}`, annotation ?? '', 'field is immutable'));
  // A class may be filled in where none was named, and an annotation may become the field.
  if (upgraded || (named && (annotated === undefined || c.spec.storageClassName === annotated))) rest['storageClassName'] = before['storageClassName'];
  if (bound && c.spec.resources?.requests) rest['resources'] = { ...c.spec.resources, requests: { ...c.spec.resources.requests, storage: old.spec.resources?.requests?.['storage'] } };
  if (bound) rest['volumeAttributesClassName'] = before['volumeAttributesClassName'];
  if (!sameValue(rest, before)) {
    out.push(forbidden('spec', `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${differences(before, rest).join('\n')}\n`));
  }
}


function checkClaimResource(name: string, path: string, out: FieldError[]): boolean {
  const complaints = qualifiedNameComplaints(name);
  for (const c of complaints) out.push(invalid(path, name, c));
  const isForeign = complaints.length === 0 && isNativeResource(name) && name !== 'storage';
  if (isForeign) out.push(notSupported(path, name, ['storage']));
  return complaints.length === 0 && !isForeign;
}

function validateClaimStatus({ spec, status }: DeepReadonly<T.PersistentVolumeClaim>): FieldError[] {
  const out: FieldError[] = [];
  if (!spec.accessModes?.length) out.push(required('Spec.accessModes'));
  for (const [name, amount] of Object.entries(status.capacity ?? {})) checkAmount(amount, `status.capacity[${name}]`, out);
  for (const [name, state] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    checkClaimResource(name, 'status.allocatedResourceStatuses', out);
    if (!resizeStates.includes(state)) out.push(notSupported('status.allocatedResourceStatuses', name, resizeStates));
  }
  for (const [name, amount] of Object.entries(status.allocatedResources ?? {})) {
    if (!checkClaimResource(name, 'status.allocatedResources', out)) continue;
    checkAmount(amount, `status.allocatedResources[${name}]`, out);
  }
  return out;
}
