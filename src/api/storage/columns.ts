/** Table columns of the storage kinds. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { columnList } from '../../schema/table.ts';
import { none, unset } from '../columns.ts';
import type { VolumeAttributesClass } from './v1/types.ts';
import type * as T from './v1/types.ts';

const defaultMarks = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

function markedName({ metadata: { name, annotations } }: DeepReadonly<T.StorageClass>): string {
  return defaultMarks.some((mark) => annotations?.[mark] === 'true') ? `${name} (default)` : name;
}

export const storageClassColumns = columnList<T.StorageClass>(({ column, ageColumn }) => [
  column('Name', 'Name of the object.', markedName, { format: 'name' }),
  column('Provisioner', 'Who makes its volumes.', (c) => c.provisioner),
  column('ReclaimPolicy', 'What becomes of released volumes.', (c) => c.reclaimPolicy ?? 'Delete'),
  column('VolumeBindingMode', 'When volumes are made.', (c) => c.volumeBindingMode ?? 'Immediate'),
  column('AllowVolumeExpansion', 'Whether volumes may grow.', (c) => c.allowVolumeExpansion ?? false),
  ageColumn,
]);

export const volumeAttributesClassColumns = columnList<VolumeAttributesClass>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('DriverName', 'Driver that knows the attributes.', (c) => c.driverName),
  ageColumn,
]);

export const volumeAttachmentColumns = columnList<T.VolumeAttachment>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('Attacher', 'Driver that attaches.', (a) => a.spec.attacher, { format: 'name' }),
  column('PV', 'The volume.', (a) => a.spec.source.persistentVolumeName ?? ''),
  column('Node', 'The node.', (a) => a.spec.nodeName),
  column('Attached', 'Whether it is attached.', (a) => a.status?.attached ?? false, { type: 'boolean' }),
  ageColumn,
]);

export const csiNodeColumns = columnList<T.CSINode>(({ integer, nameColumn, ageColumn }) => [nameColumn, integer('Drivers', 'Drivers on the node.', (n) => (n.spec.drivers ?? []).length), ageColumn]);

function audiences(d: DeepReadonly<T.CSIDriver>): string {
  return d.spec.tokenRequests ? d.spec.tokenRequests.map((t) => t.audience).join(',') : unset;
}

export const csiDriverColumns = columnList<T.CSIDriver>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('AttachRequired', 'Whether volumes must be attached before mounting.', (d) => d.spec.attachRequired ?? true, { type: 'boolean' }),
  column('PodInfoOnMount', 'Whether the driver is told about the pod.', (d) => d.spec.podInfoOnMount ?? false, { type: 'boolean' }),
  column('StorageCapacity', 'Whether the driver reports capacity.', (d) => d.spec.storageCapacity ?? false, { type: 'boolean' }),
  column('TokenRequests', 'Audiences of the tokens that it needs.', audiences),
  column('RequiresRepublish', 'Whether volumes are published again and again.', (d) => d.spec.requiresRepublish ?? false, { type: 'boolean' }),
  column('Modes', 'Persistent, Ephemeral.', (d) => (d.spec.volumeLifecycleModes ?? []).join(',') || none),
  ageColumn,
]);
