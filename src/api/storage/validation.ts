/** Validation of the storage kinds. */
import { forbidden, goForm, immutable, invalid, nonNegative, notSupported, required, sameValue, tooLong, duplicate } from '../../machinery/fieldpath.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { inclusiveRange, qualifiedNameComplaints, subdomainComplaints } from '../../machinery/names.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabelName, checkLabelSelector } from '../../schema/metadata.ts';
import { checkDriverName } from '../core/validation/sources.ts';
import { validateVolume } from '../core/validation/storage.ts';
import type { PersistentVolume, PersistentVolumeSpec } from '../core/v1/types.ts';
import { volumeBindingModes } from './v1/enums.ts';
import { internalForm } from '../../schema/internalform.ts';
import { coreV1 } from '../core/v1/package.ts';
import { storageV1 } from './v1/package.ts';
import type * as T from './v1/types.ts';

const parameterBytes = 256 * 1024;

function checkProvisioner(name: string | undefined, path: string, out: FieldError[]): void {
  if (!name) out.push(required(path));
  else for (const c of qualifiedNameComplaints(name.toLowerCase())) out.push(invalid(path, name.toLowerCase(), c));
}

function checkParameters(parameters: Readonly<Record<string, string>> | undefined, out: FieldError[]): void {
  const entries = Object.entries(parameters ?? {});
  if (entries.length > 512) return void out.push(tooLong('parameters', 512));
  for (const [key] of entries) if (key === '') out.push(invalid('parameters', key, 'field can not be empty.'));
  if (entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0) > parameterBytes) out.push(tooLong('parameters', parameterBytes));
}

type Class = DeepReadonly<T.StorageClass>;

/** Two terms may not ask for the same. */
function checkTopologies(terms: Class['allowedTopologies'], out: FieldError[]): void {
  const seen: string[] = [];
  for (const [i, term] of (terms ?? []).entries()) {
    const path = `allowedTopologies[${i}].matchLabelExpressions`;
    const asked = new Map<string, readonly string[]>();
    for (const [j, e] of (term.matchLabelExpressions ?? []).entries()) {
      const at = `${path}[${j}]`;
      const values = new Set<string>();
      if (!e.values?.length) out.push(required(`${at}.values`));
      for (const [k, v] of (e.values ?? []).entries()) {
        if (values.has(v)) out.push(duplicate(`${at}.values[${k}]`, v));
        values.add(v);
      }
      checkLabelName(e.key, `${at}.key`, out);
      if (asked.has(e.key)) out.push(duplicate(`${at}.key`, e.key));
      else asked.set(e.key, [...values].sort());
    }
    // Upstream compares with as many terms without anything as there are terms.
    const text = JSON.stringify([...asked].sort());
    const same = seen.filter((s) => s === text).length + (asked.size === 0 ? (terms ?? []).length : 0);
    for (let n = 0; n < same; n++) out.push(duplicate(path, ''));
    seen.push(text);
  }
}

export function validateClass(c: Class): FieldError[] {
  const out: FieldError[] = [];
  checkProvisioner(c.provisioner, 'provisioner', out);
  checkParameters(c.parameters, out);
  if (c.reclaimPolicy && !['Delete', 'Retain'].includes(c.reclaimPolicy)) out.push(notSupported('reclaimPolicy', c.reclaimPolicy, ['Delete', 'Retain']));
  if (c.volumeBindingMode === undefined) out.push(required('volumeBindingMode'));
  else if (!volumeBindingModes.includes(c.volumeBindingMode)) out.push(notSupported('volumeBindingMode', c.volumeBindingMode, volumeBindingModes));
  checkTopologies(c.allowedTopologies, out);
  return out;
}

export function validateClassUpdate(c: Class, old: Class): FieldError[] {
  const out = validateClass(c);
  if (!sameValue(c.parameters, old.parameters)) out.push(forbidden('parameters', 'updates to parameters are forbidden.'));
  if (c.provisioner !== old.provisioner) out.push(forbidden('provisioner', 'updates to provisioner are forbidden.'));
  if (c.reclaimPolicy !== old.reclaimPolicy) out.push(forbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'));
  return [...out, ...immutable('volumeBindingMode', c.volumeBindingMode, old.volumeBindingMode)];
}

type Attributes = DeepReadonly<T.VolumeAttributesClass>;

export function validateAttributes(c: Attributes): FieldError[] {
  const out: FieldError[] = [];
  checkProvisioner(c.driverName, 'driverName', out);
  checkParameters(c.parameters, out);
  if (Object.keys(c.parameters ?? {}).length === 0) out.push(required('parameters', 'must contain at least one key/value pair'));
  return out;
}

export function validateAttributesUpdate(c: Attributes, old: Attributes): FieldError[] {
  const judged = validateAttributes(c);
  const out = [...judged];
  if (c.driverName !== old.driverName) out.push(forbidden('driverName', 'updates to driverName are forbidden.'));
  if (!sameValue(c.parameters, old.parameters)) out.push(forbidden('parameters', 'updates to parameters are forbidden.'));
  return [...out, ...judged];
}

type Attachment = DeepReadonly<T.VolumeAttachment>;

function checkVolumeError(e: DeepReadonly<T.VolumeError> | undefined, path: string, out: FieldError[]): void {
  if (!e) return;
  // The limit is 1024; the message names another one.
  if (Buffer.byteLength(e.message ?? '') > 1024) out.push(tooLong(`${path}.message`, 256 * 1024));
  if (e.errorCode !== undefined && e.errorCode < 0) out.push(invalid(`${path}.errorCode`, e.errorCode, inclusiveRange(0, 2 ** 31 - 1)));
}

/** A volume that no PersistentVolume stands for: some of its settings make no sense, the rest is judged as theirs. */
function checkInline(spec: DeepReadonly<PersistentVolumeSpec>, path: string, out: FieldError[]): void {
  const words = 'may not be specified in the context of inline volumes';
  const { claimRef, capacity, nodeAffinity, persistentVolumeReclaimPolicy: policy, storageClassName, volumeMode, ...rest } = spec;
  if (claimRef) out.push(forbidden(`${path}.claimRef`, words));
  if (Object.keys(capacity ?? {}).length > 0) out.push(forbidden(`${path}.capacity`, words));
  if (!rest.csi) out.push(required(`${path}.csi`, 'has to be specified in the context of inline volumes'));
  if (policy && policy !== 'Retain') out.push(forbidden(`${path}.persistentVolumeReclaimPolicy`, 'may only be Retain in the context of inline volumes'));
  if (nodeAffinity) out.push(forbidden(`${path}.nodeAffinity`, words));
  const judged = validateVolume({ spec: { ...rest, capacity: { storage: '1' } }, metadata: {} } as unknown as DeepReadonly<PersistentVolume>);
  out.push(...judged.map((e) => ({ ...e, field: path + e.field.slice('spec'.length) })));
  if (storageClassName) out.push(forbidden(`${path}.storageClassName`, words));
  if (volumeMode !== undefined && volumeMode !== 'Filesystem') out.push(forbidden(`${path}.volumeMode`, 'may not specify volumeMode other than Filesystem in the context of inline volumes'));
}

function checkAttachment({ spec, status }: Attachment, out: FieldError[]): void {
  if (!spec.attacher) out.push(required('spec.attacher'));
  const { inlineVolumeSpec, persistentVolumeName } = spec.source;
  const words = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (!inlineVolumeSpec && persistentVolumeName === undefined) out.push(required('spec.source', words));
  else if (inlineVolumeSpec && persistentVolumeName !== undefined) out.push(forbidden('spec.source', words));
  else if (inlineVolumeSpec) checkInline(inlineVolumeSpec, 'spec.source.inlineVolumeSpec', out);
  else if (persistentVolumeName === '') out.push(required('spec.source.persistentVolumeName', 'must specify non empty persistentVolumeName'));
  for (const c of subdomainComplaints(spec.nodeName)) out.push(invalid('spec.nodeName', spec.nodeName, c));
  const size = Object.entries(status?.attachmentMetadata ?? {}).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (size > parameterBytes) out.push(tooLong('status.attachmentMetadata', parameterBytes));
  checkVolumeError(status?.attachError, 'status.attachError', out);
  checkVolumeError(status?.detachError, 'status.detachError', out);
}

export function validateAttachment(a: Attachment): FieldError[] {
  const out: FieldError[] = [];
  checkAttachment(a, out);
  checkDriverName(a.spec.attacher, 'spec.attacher', out);
  const name = a.spec.source.persistentVolumeName;
  if (name !== undefined) for (const c of subdomainComplaints(name)) out.push(invalid('spec.source.persistentVolumeName', name, c));
  return out;
}

/** Upstream judges it twice: alone, and beside what was there. */
export function validateAttachmentUpdate(a: Attachment, old: Attachment): FieldError[] {
  const out: FieldError[] = [];
  checkAttachment(a, out);
  checkAttachment(a, out);
  return [...out, ...(sameValue(a.spec, old.spec) ? [] : [invalid('spec', internalForm(a.spec, storageV1, 'VolumeAttachmentSpec', coreV1), 'field is immutable')])];
}

type Node = DeepReadonly<T.CSINode>;

export function validateNode(n: Node): FieldError[] {
  const out: FieldError[] = [];
  const names = new Set<string>();
  for (const [i, d] of (n.spec.drivers ?? []).entries()) {
    const path = `spec.drivers[${i}]`;
    checkDriverName(d.name, `${path}.name`, out);
    if (!d.nodeID) out.push(required(`${path}.nodeID`));
    if (Buffer.byteLength(d.nodeID) > 256) out.push(invalid(`${path}.nodeID`, d.nodeID, 'must be 256 characters or less'));
    out.push(...nonNegative(`${path}.allocatable.count`, d.allocatable?.count));
    if (names.has(d.name)) out.push(duplicate(`${path}.name`, d.name));
    names.add(d.name);
    const keys = new Set<string>();
    for (const key of d.topologyKeys ?? []) {
      if (key === '') out.push(required(path));
      if (keys.has(key)) out.push(duplicate(path, key));
      keys.add(key);
      for (const c of qualifiedNameComplaints(key)) out.push(invalid(path, key, c));
    }
  }
  return out;
}

function shownDriver(d: NonNullable<Node['spec']['drivers']>[number]): object {
  return goForm({ ...d, allocatable: d.allocatable && goForm(d.allocatable, { count: null }) }, { name: '', nodeID: '', topologyKeys: null, allocatable: null });
}

export function validateNodeUpdate(n: Node, old: Node): FieldError[] {
  const out = [...validateNode(n), ...validateNode(n)];
  for (const before of old.spec.drivers ?? []) {
    for (const now of n.spec.drivers ?? []) {
      if (now.name === before.name) out.push(...immutable('spec.drivers', shownDriver(now), shownDriver(before)));
    }
  }
  return out;
}

type Driver = DeepReadonly<T.CSIDriver>;

export function validateDriver({ spec }: Driver): FieldError[] {
  const out: FieldError[] = [];
  if (spec.attachRequired === undefined) out.push(required('spec.attachedRequired'));
  if (spec.podInfoOnMount === undefined) out.push(required('spec.podInfoOnMount'));
  if (spec.storageCapacity === undefined) out.push(required('spec.storageCapacity'));
  const policies = ['File', 'None', 'ReadWriteOnceWithFSType'];
  if (spec.fsGroupPolicy !== undefined && !policies.includes(spec.fsGroupPolicy)) out.push(notSupported('spec.fsGroupPolicy', spec.fsGroupPolicy, policies));
  const audiences = new Set<string>();
  for (const [i, t] of (spec.tokenRequests ?? []).entries()) {
    const path = `spec.tokenRequests[${i}]`;
    if (audiences.has(t.audience)) {
      out.push(duplicate(`${path}.audience`, t.audience));
      continue;
    }
    audiences.add(t.audience);
    const seconds = t.expirationSeconds;
    if (seconds === undefined) continue;
    if (seconds < 600) out.push(invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
    if (seconds > 2 ** 32) out.push(invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'));
  }
  for (const mode of spec.volumeLifecycleModes ?? []) {
    if (mode !== 'Persistent' && mode !== 'Ephemeral') out.push(notSupported('spec.volumeLifecycleModes', mode, ['Persistent', 'Ephemeral']));
  }
  const period = spec.nodeAllocatableUpdatePeriodSeconds;
  if (period !== undefined && period < 10) out.push(invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, 'must be greater than or equal to 10 seconds'));
  return out;
}

export function validateDriverUpdate(d: Driver, old: Driver): FieldError[] {
  return [
    ...validateDriver(d), ...immutable('spec.attachedRequired', d.spec.attachRequired ?? null, old.spec.attachRequired),
    ...immutable('spec.volumeLifecycleModes', d.spec.volumeLifecycleModes ?? null, old.spec.volumeLifecycleModes),
  ];
}

type Capacity = DeepReadonly<T.CSIStorageCapacity>;

export function validateCapacity(c: Capacity): FieldError[] {
  const out: FieldError[] = [];
  checkLabelSelector(c.nodeTopology, 'nodeTopology', out);
  for (const complaint of subdomainComplaints(c.storageClassName)) out.push(invalid('storageClassName', c.storageClassName, complaint));
  if (c.capacity !== undefined && parseQuantity(c.capacity).sign() < 0) out.push(invalid('capacity', c.capacity, 'must be greater than or equal to 0'));
  return out;
}

export function validateCapacityUpdate(c: Capacity, old: Capacity): FieldError[] {
  return [...validateCapacity(c), ...immutable('nodeTopology', c.nodeTopology ?? null, old.nodeTopology), ...immutable('storageClassName', c.storageClassName, old.storageClassName)];
}
