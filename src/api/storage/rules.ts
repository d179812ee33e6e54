/** Rules of the storage kinds. */
import { sameValue } from '../../machinery/fieldpath.ts';
import type { AnyKindRules, KindRules } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import * as check from './validation.ts';
import type * as T from './v1/types.ts';

const attachmentRules: KindRules<T.VolumeAttachment> = {
  ...specAndStatus<T.VolumeAttachment>({ initial: () => ({ attached: false }), keepMetadata: true }),
  validate: check.validateAttachment,
  validateUpdate: (a, old) => check.validateAttachmentUpdate(a, old),
  metadataChecks: [4, 3],
  columns: columns.volumeAttachmentColumns,
};

/** Limits of nodes that change are off in this version. */
function dropPeriod(d: T.CSIDriver): void {
  delete d.spec.nodeAllocatableUpdatePeriodSeconds;
}

const driverRules: KindRules<T.CSIDriver> = {
  // A new one has no generation; what changes has.
  prepareCreate: (d) => dropPeriod(d),
  prepareUpdate(d, old) {
    if (old.spec.nodeAllocatableUpdatePeriodSeconds === undefined) dropPeriod(d);
    const grown = (old.metadata.generation ?? 0) + (sameValue(d.spec, old.spec) ? 0 : 1);
    if (grown > 0) d.metadata.generation = grown;
  },
  validate: check.validateDriver,
  validateUpdate: check.validateDriverUpdate,
  columns: columns.csiDriverColumns,
};

export const rules: Readonly<Record<string, AnyKindRules>> = {
  StorageClass: { validate: check.validateClass, validateUpdate: check.validateClassUpdate, metadataChecks: [4, 3], columns: columns.storageClassColumns },
  VolumeAttributesClass: { validate: check.validateAttributes, validateUpdate: check.validateAttributesUpdate, metadataChecks: [5, 3], columns: columns.volumeAttributesClassColumns },
  VolumeAttachment: attachmentRules,
  CSINode: { validate: check.validateNode, validateUpdate: check.validateNodeUpdate, metadataChecks: [4, 3], columns: columns.csiNodeColumns },
  CSIDriver: driverRules,
  CSIStorageCapacity: { validate: check.validateCapacity, validateUpdate: check.validateCapacityUpdate, metadataChecks: [4, 3] },
};
