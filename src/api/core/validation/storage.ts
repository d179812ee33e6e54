/** Persistent volumes and claims. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { forbidden, invalid, notSupported, required, sameValue } from '../../../machinery/fieldpath.ts';
import { nameIsSubdomain } from '../../../machinery/names.ts';
import { parseQuantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { checkLabelSelector } from '../../../schema/metadata.ts';
import type * as T from '../v1/types.ts';
import { checkNoBacksteps } from './paths.ts';
import { differences } from './pod-update.ts';
import { checkNodeSelector } from './scheduling.ts';

const modes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const volumeModes = ['Block', 'Filesystem'];
const volumeSettings = new Set(['capacity', 'accessModes', 'claimRef', 'persistentVolumeReclaimPolicy', 'storageClassName', 'mountOptions', 'volumeMode', 'nodeAffinity', 'volumeAttributesClassName']);

function checkModes(list: readonly string[] | undefined, path: string, words: string, out: FieldError[]): void {
  if (!list?.length) out.push(required(path, words));
  for (const m of list ?? []) if (!modes.includes(m)) out.push(notSupported(path, m, modes));
  if (list?.includes('ReadWriteOncePod') && list.length > 1) out.push(forbidden(path, 'may not use ReadWriteOncePod with other access modes'));
}

function checkClassName(name: string | undefined, path: string, out: FieldError[]): void {
  if (name) for (const c of nameIsSubdomain(name, false)) out.push(invalid(path, name, c));
}

function sources(spec: DeepReadonly<T.PersistentVolumeSpec>): string[] {
  return Object.entries(spec).filter(([key, value]) => !volumeSettings.has(key) && value !== undefined).map(([key]) => key);
}

export function validateVolume(v: DeepReadonly<T.PersistentVolume>): FieldError[] {
  const out: FieldError[] = [];
  const { spec } = v;
  checkModes(spec.accessModes, 'spec.accessModes', '', out);
  const capacity = spec.capacity ?? {};
  if (Object.keys(capacity).length === 0) out.push(required('spec.capacity'));
  else if (capacity['storage'] === undefined || Object.keys(capacity).length > 1) out.push(notSupported('spec.capacity', capacity, ['storage']));
  for (const [name, amount] of Object.entries(capacity)) if (parseQuantity(amount).sign() <= 0) out.push(invalid(`spec.capacity[${name}]`, amount, 'must be greater than zero'));
  const policy = spec.persistentVolumeReclaimPolicy;
  if (policy && !['Delete', 'Recycle', 'Retain'].includes(policy)) out.push(notSupported('spec.persistentVolumeReclaimPolicy', policy, ['Delete', 'Recycle', 'Retain']));
  if (spec.nodeAffinity) {
    if (!spec.nodeAffinity.required) out.push(required('spec.nodeAffinity.required', 'must specify required node constraints'));
    else checkNodeSelector(spec.nodeAffinity.required, 'spec.nodeAffinity.required', out);
  }
  const kinds = sources(spec);
  for (const kind of kinds.slice(1)) out.push(forbidden(`spec.${kind}`, 'may not specify more than 1 volume type'));
  if (kinds.length === 0) out.push(required('spec', 'must specify a volume type'));
  if (spec.hostPath) {
    if (!spec.hostPath.path) out.push(required('spec.hostPath.path'));
    else checkNoBacksteps(spec.hostPath.path, 'spec.hostPath.path', out);
  }
  if (spec.local && !spec.nodeAffinity) out.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
  if (spec.hostPath?.path === '/' && policy === 'Recycle') out.push(forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"));
  checkClassName(spec.storageClassName, 'spec.storageClassName', out);
  if (spec.volumeMode && !volumeModes.includes(spec.volumeMode)) out.push(notSupported('spec.volumeMode', spec.volumeMode, volumeModes));
  return out;
}

export function validateVolumeUpdate(v: DeepReadonly<T.PersistentVolume>, old: DeepReadonly<T.PersistentVolume>, subresource: string): FieldError[] {
  if (subresource === 'status') return [];
  const out = validateVolume(v);
  const pick = (spec: DeepReadonly<T.PersistentVolumeSpec>): unknown => Object.fromEntries(sources(spec).map((k) => [k, (spec as Record<string, unknown>)[k]]));
  const [now, before] = [pick(v.spec), pick(old.spec)];
  if (!sameValue(now, before)) out.push(forbidden('spec.persistentvolumesource', `spec.persistentvolumesource is immutable after creation\n${differences(before, now).join('\n')}\n`));
  if (v.spec.volumeMode !== old.spec.volumeMode) out.push(invalid('volumeMode', v.spec.volumeMode, 'field is immutable'));
  if (old.spec.nodeAffinity && !sameValue(v.spec.nodeAffinity, old.spec.nodeAffinity)) out.push(invalid('nodeAffinity', v.spec.nodeAffinity, 'field is immutable'));
  return out;
}

export function checkClaimSpec(spec: DeepReadonly<T.PersistentVolumeClaimSpec>, path: string, out: FieldError[]): void {
  checkModes(spec.accessModes, `${path}.accessModes`, 'at least 1 access mode is required', out);
  checkLabelSelector(spec.selector, `${path}.selector`, out);
  const size = spec.resources?.requests?.['storage'];
  if (size === undefined) out.push(required(`${path}.resources[storage]`));
  else if (parseQuantity(size).sign() <= 0) out.push(invalid(`${path}.resources[storage]`, size, 'must be greater than zero'));
  checkClassName(spec.storageClassName, `${path}.storageClassName`, out);
  if (spec.volumeMode && !volumeModes.includes(spec.volumeMode)) out.push(notSupported(`${path}.volumeMode`, spec.volumeMode, volumeModes));
  for (const key of ['dataSource', 'dataSourceRef'] as const) {
    const source = spec[key];
    if (!source) continue;
    if (!source.name) out.push(required(`${path}.${key}.name`));
    if (!source.kind) out.push(required(`${path}.${key}.kind`));
    if (!source.apiGroup && source.kind !== 'PersistentVolumeClaim') out.push(invalid(`${path}.${key}`, source.kind, 'must be \'PersistentVolumeClaim\' when referencing the default apiGroup'));
  }
}

export function validateClaim(c: DeepReadonly<T.PersistentVolumeClaim>): FieldError[] {
  const out: FieldError[] = [];
  checkClaimSpec(c.spec, 'spec', out);
  return out;
}

export function validateClaimUpdate(c: DeepReadonly<T.PersistentVolumeClaim>, old: DeepReadonly<T.PersistentVolumeClaim>, subresource: string): FieldError[] {
  if (subresource === 'status') return [];
  const out = validateClaim(c);
  const rest: Record<string, unknown> = { ...c.spec };
  const before: Record<string, unknown> = { ...old.spec };
  // Unbound claims may be bound, bound ones may grow.
  if (!old.spec.volumeName) rest['volumeName'] = before['volumeName'];
  if (old.status?.phase === 'Bound') rest['resources'] = before['resources'];
  rest['volumeAttributesClassName'] = before['volumeAttributesClassName'];
  // A default class may be filled in where none was named.
  if (old.spec.storageClassName === undefined && c.spec.storageClassName !== undefined) rest['storageClassName'] = undefined;
  if (!sameValue(rest, before)) {
    out.push(forbidden('spec', `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${differences(before, rest).join('\n')}\n`));
  }
  const [now, was, has] = [c.spec.resources?.requests?.['storage'], old.spec.resources?.requests?.['storage'], old.status?.capacity?.['storage']];
  if (now !== undefined && was !== undefined && parseQuantity(now).cmp(parseQuantity(was)) < 0 && (has === undefined || parseQuantity(now).cmp(parseQuantity(has)) <= 0)) {
    out.push(forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  }
  return out;
}
