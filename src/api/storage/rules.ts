/** Rules of the storage kinds. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { forbidden, immutable, invalid, notSupported, required, sameValue } from '../../machinery/fieldpath.ts';
import { qualifiedNameComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import type { AnyKindRules, RuleContext } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import type * as T from './v1/types.ts';

type Class = DeepReadonly<T.StorageClass>;

function checkDriver(name: string | undefined, path: string, out: FieldError[]): void {
  if (!name) out.push(required(path));
  else for (const c of qualifiedNameComplaints(name.toLowerCase())) out.push(invalid(path, name, c));
}

function validateClass(c: Class): FieldError[] {
  const out: FieldError[] = [];
  checkDriver(c.provisioner, 'provisioner', out);
  for (const key of Object.keys(c.parameters ?? {})) if (key === '') out.push(invalid('parameters', key, 'field can not be empty.'));
  if (c.reclaimPolicy && !['Delete', 'Retain'].includes(c.reclaimPolicy)) out.push(notSupported('reclaimPolicy', c.reclaimPolicy, ['Delete', 'Retain']));
  if (c.volumeBindingMode === undefined) out.push(required('volumeBindingMode'));
  else if (!['Immediate', 'WaitForFirstConsumer'].includes(c.volumeBindingMode)) out.push(notSupported('volumeBindingMode', c.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']));
  return out;
}

function validateClassUpdate(c: Class, old: Class): FieldError[] {
  const out: FieldError[] = [];
  if (!sameValue(c.parameters, old.parameters)) out.push(forbidden('parameters', 'updates to parameters are forbidden.'));
  if (c.provisioner !== old.provisioner) out.push(forbidden('provisioner', 'updates to provisioner are forbidden.'));
  if (c.reclaimPolicy !== old.reclaimPolicy) out.push(forbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'));
  return [...out, ...immutable('volumeBindingMode', c.volumeBindingMode, old.volumeBindingMode)];
}

function validateAttachment(a: DeepReadonly<T.VolumeAttachment>): FieldError[] {
  const out: FieldError[] = [];
  checkDriver(a.spec.attacher, 'spec.attacher', out);
  const { inlineVolumeSpec, persistentVolumeName } = a.spec.source;
  if (inlineVolumeSpec === undefined && !persistentVolumeName) out.push(required('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'));
  if (inlineVolumeSpec !== undefined && persistentVolumeName) out.push(forbidden('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'));
  if (!a.spec.nodeName) out.push(required('spec.nodeName'));
  return out;
}

function validateNode(n: DeepReadonly<T.CSINode>): FieldError[] {
  const out: FieldError[] = [];
  const names = new Set<string>();
  for (const [i, d] of (n.spec.drivers ?? []).entries()) {
    checkDriver(d.name, `spec.drivers[${i}].name`, out);
    if (names.has(d.name)) out.push({ type: 'FieldValueDuplicate', field: `spec.drivers[${i}].name`, detail: `Duplicate value: ${JSON.stringify(d.name)}` });
    names.add(d.name);
    if (!d.nodeID) out.push(required(`spec.drivers[${i}].nodeID`));
  }
  return out;
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  StorageClass: { validate: validateClass, validateUpdate: (c: Class, old: Class) => [...validateClass(c), ...validateClassUpdate(c, old)], columns: columns.storageClassColumns },
  VolumeAttributesClass: { columns: columns.volumeAttributesClassColumns },
  VolumeAttachment: {
    ...specAndStatus<T.VolumeAttachment>({ initial: () => ({ attached: false }) }),
    validate: validateAttachment,
    validateUpdate: (a: DeepReadonly<T.VolumeAttachment>, old: DeepReadonly<T.VolumeAttachment>, context: RuleContext) => (context.subresource === 'status' ? [] : immutable('spec', a.spec, old.spec)),
    columns: columns.volumeAttachmentColumns,
  },
  CSINode: { validate: validateNode, columns: columns.csiNodeColumns },
  CSIDriver: { generation: 'spec', columns: columns.csiDriverColumns },
  CSIStorageCapacity: { columns: columns.csiStorageCapacityColumns },
};
