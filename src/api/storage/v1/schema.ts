// The data of storage.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { reclaimPolicies } from '../../core/v1/enums.ts';
import { volumeBindingModes } from './enums.ts';
import type * as T from './types.ts';

export const CSIDriver: Struct<T.CSIDriver> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'CSIDriverSpec', always: true, required: true },
  },
};

export const CSIDriverSpec: Struct<T.CSIDriverSpec> = {
  fields: {
    attachRequired: { n: 1, type: 'bool', ptr: true, default: true },
    podInfoOnMount: { n: 2, type: 'bool', ptr: true, default: false },
    volumeLifecycleModes: { n: 3, type: '[]string', listType: 'set' },
    storageCapacity: { n: 4, type: 'bool', ptr: true, default: false },
    fsGroupPolicy: { n: 5, type: 'string', ptr: true, default: 'ReadWriteOnceWithFSType' },
    tokenRequests: { n: 6, type: '[]TokenRequest', listType: 'atomic' },
    requiresRepublish: { n: 7, type: 'bool', ptr: true, default: false },
    seLinuxMount: { n: 8, type: 'bool', ptr: true, default: false },
    nodeAllocatableUpdatePeriodSeconds: { n: 9, type: 'int64', ptr: true },
  },
};

export const CSINode: Struct<T.CSINode> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'CSINodeSpec', always: true, required: true },
  },
};

export const CSINodeDriver: Struct<T.CSINodeDriver> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    nodeID: { n: 2, type: 'string', always: true, required: true },
    topologyKeys: { n: 3, type: '[]string', always: true, listType: 'atomic' },
    allocatable: { n: 4, type: 'VolumeNodeResources', ptr: true },
  },
};

export const CSINodeSpec: Struct<T.CSINodeSpec> = {
  fields: {
    drivers: { n: 1, type: '[]CSINodeDriver', always: true, required: true, listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
  },
};

export const CSIStorageCapacity: Struct<T.CSIStorageCapacity> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    nodeTopology: { n: 2, type: 'meta.v1.LabelSelector', ptr: true },
    storageClassName: { n: 3, type: 'string', always: true, required: true },
    capacity: { n: 4, type: 'Quantity', ptr: true },
    maximumVolumeSize: { n: 5, type: 'Quantity', ptr: true },
  },
};

export const StorageClass: Struct<T.StorageClass> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    provisioner: { n: 2, type: 'string', always: true, required: true },
    parameters: { n: 3, type: 'map:string' },
    reclaimPolicy: { n: 4, type: 'string', enum: reclaimPolicies, ptr: true, default: 'Delete' },
    mountOptions: { n: 5, type: '[]string', listType: 'atomic' },
    allowVolumeExpansion: { n: 6, type: 'bool', ptr: true },
    volumeBindingMode: { n: 7, type: 'string', enum: volumeBindingModes, ptr: true, default: 'Immediate' },
    allowedTopologies: { n: 8, type: '[]core.v1.TopologySelectorTerm', listType: 'atomic' },
  },
};

export const TokenRequest: Struct<T.TokenRequest> = {
  fields: {
    audience: { n: 1, type: 'string', always: true, required: true },
    expirationSeconds: { n: 2, type: 'int64', ptr: true },
  },
};

export const VolumeAttachment: Struct<T.VolumeAttachment> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'VolumeAttachmentSpec', always: true, required: true },
    status: { n: 3, type: 'VolumeAttachmentStatus' },
  },
};

export const VolumeAttachmentSource: Struct<T.VolumeAttachmentSource> = {
  fields: {
    persistentVolumeName: { n: 1, type: 'string', ptr: true },
    inlineVolumeSpec: { n: 2, type: 'core.v1.PersistentVolumeSpec', ptr: true },
  },
};

export const VolumeAttachmentSpec: Struct<T.VolumeAttachmentSpec> = {
  fields: {
    attacher: { n: 1, type: 'string', always: true, required: true },
    source: { n: 2, type: 'VolumeAttachmentSource', always: true, required: true },
    nodeName: { n: 3, type: 'string', always: true, required: true },
  },
};

export const VolumeAttachmentStatus: Struct<T.VolumeAttachmentStatus> = {
  fields: {
    attached: { n: 1, type: 'bool', always: true, required: true },
    attachmentMetadata: { n: 2, type: 'map:string' },
    attachError: { n: 3, type: 'VolumeError', ptr: true },
    detachError: { n: 4, type: 'VolumeError', ptr: true },
  },
};

export const VolumeAttributesClass: Struct<T.VolumeAttributesClass> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    driverName: { n: 2, type: 'string', always: true, required: true },
    parameters: { n: 3, type: 'map:string' },
  },
};

export const VolumeError: Struct<T.VolumeError> = {
  fields: {
    time: { n: 1, type: 'Time' },
    message: { n: 2, type: 'string' },
    errorCode: { n: 3, type: 'int32', ptr: true },
  },
};

export const VolumeNodeResources: Struct<T.VolumeNodeResources> = {
  fields: {
    count: { n: 1, type: 'int32', ptr: true },
  },
};
