// The data of the core group/v1: persistentvolumes. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { accessModes, claimPhases, modifyStates, reclaimPolicies, resizeStates, volumeModes, volumePhases } from './enums.ts';
import type * as T from './types.ts';

export const AzureFilePersistentVolumeSource: Struct<T.AzureFilePersistentVolumeSource> = {
  fields: {
    secretName: { n: 1, type: 'string', always: true, required: true },
    shareName: { n: 2, type: 'string', always: true, required: true },
    readOnly: { n: 3, type: 'bool' },
    secretNamespace: { n: 4, type: 'string', ptr: true, always: true },
  },
};

export const CSIPersistentVolumeSource: Struct<T.CSIPersistentVolumeSource> = {
  fields: {
    driver: { n: 1, type: 'string', always: true, required: true },
    volumeHandle: { n: 2, type: 'string', always: true, required: true },
    readOnly: { n: 3, type: 'bool' },
    fsType: { n: 4, type: 'string' },
    volumeAttributes: { n: 5, type: 'map:string' },
    controllerPublishSecretRef: { n: 6, type: 'SecretReference', ptr: true },
    nodeStageSecretRef: { n: 7, type: 'SecretReference', ptr: true },
    nodePublishSecretRef: { n: 8, type: 'SecretReference', ptr: true },
    controllerExpandSecretRef: { n: 9, type: 'SecretReference', ptr: true },
    nodeExpandSecretRef: { n: 10, type: 'SecretReference', ptr: true },
  },
};

export const CephFSPersistentVolumeSource: Struct<T.CephFSPersistentVolumeSource> = {
  fields: {
    monitors: { n: 1, type: '[]string', always: true, required: true, listType: 'atomic' },
    path: { n: 2, type: 'string' },
    user: { n: 3, type: 'string' },
    secretFile: { n: 4, type: 'string' },
    secretRef: { n: 5, type: 'SecretReference', ptr: true },
    readOnly: { n: 6, type: 'bool' },
  },
};

export const CinderPersistentVolumeSource: Struct<T.CinderPersistentVolumeSource> = {
  fields: {
    volumeID: { n: 1, type: 'string', always: true, required: true },
    fsType: { n: 2, type: 'string' },
    readOnly: { n: 3, type: 'bool' },
    secretRef: { n: 4, type: 'SecretReference', ptr: true },
  },
};

export const FlexPersistentVolumeSource: Struct<T.FlexPersistentVolumeSource> = {
  fields: {
    driver: { n: 1, type: 'string', always: true, required: true },
    fsType: { n: 2, type: 'string' },
    secretRef: { n: 3, type: 'SecretReference', ptr: true },
    readOnly: { n: 4, type: 'bool' },
    options: { n: 5, type: 'map:string' },
  },
};

export const GlusterfsPersistentVolumeSource: Struct<T.GlusterfsPersistentVolumeSource> = {
  fields: {
    endpoints: { n: 1, type: 'string', always: true, required: true },
    path: { n: 2, type: 'string', always: true, required: true },
    readOnly: { n: 3, type: 'bool' },
    endpointsNamespace: { n: 4, type: 'string', ptr: true },
  },
};

export const ISCSIPersistentVolumeSource: Struct<T.ISCSIPersistentVolumeSource> = {
  fields: {
    targetPortal: { n: 1, type: 'string', always: true, required: true },
    iqn: { n: 2, type: 'string', always: true, required: true },
    lun: { n: 3, type: 'int32', always: true, required: true },
    iscsiInterface: { n: 4, type: 'string', default: 'default', told: true },
    fsType: { n: 5, type: 'string' },
    readOnly: { n: 6, type: 'bool' },
    portals: { n: 7, type: '[]string', listType: 'atomic' },
    chapAuthDiscovery: { n: 8, type: 'bool' },
    chapAuthSession: { n: 11, type: 'bool' },
    secretRef: { n: 10, type: 'SecretReference', ptr: true },
    initiatorName: { n: 12, type: 'string', ptr: true },
  },
};

export const ModifyVolumeStatus: Struct<T.ModifyVolumeStatus> = {
  fields: {
    targetVolumeAttributesClassName: { n: 1, type: 'string' },
    status: { n: 2, type: 'string', enum: modifyStates, always: true, required: true },
  },
};

export const PersistentVolume: Struct<T.PersistentVolume> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'PersistentVolumeSpec' },
    status: { n: 3, type: 'PersistentVolumeStatus' },
  },
};

export const PersistentVolumeClaim: Struct<T.PersistentVolumeClaim> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'PersistentVolumeClaimSpec' },
    status: { n: 3, type: 'PersistentVolumeClaimStatus' },
  },
};

export const PersistentVolumeClaimCondition: Struct<T.PersistentVolumeClaimCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true },
    lastProbeTime: { n: 3, type: 'Time' },
    lastTransitionTime: { n: 4, type: 'Time' },
    reason: { n: 5, type: 'string' },
    message: { n: 6, type: 'string' },
  },
};

export const PersistentVolumeClaimSpec: Struct<T.PersistentVolumeClaimSpec> = {
  fields: {
    accessModes: { n: 1, type: '[]string', enum: accessModes, listType: 'atomic' },
    selector: { n: 4, type: 'meta.v1.LabelSelector', ptr: true },
    resources: { n: 2, type: 'VolumeResourceRequirements' },
    volumeName: { n: 3, type: 'string' },
    storageClassName: { n: 5, type: 'string', ptr: true },
    volumeMode: { n: 6, type: 'string', enum: volumeModes, ptr: true, default: 'Filesystem' },
    dataSource: { n: 7, type: 'TypedLocalObjectReference', ptr: true },
    dataSourceRef: { n: 8, type: 'TypedObjectReference', ptr: true },
    volumeAttributesClassName: { n: 9, type: 'string', ptr: true },
  },
};

export const PersistentVolumeClaimStatus: Struct<T.PersistentVolumeClaimStatus> = {
  fields: {
    phase: { n: 1, type: 'string', enum: claimPhases, default: 'Pending' },
    accessModes: { n: 2, type: '[]string', enum: accessModes, listType: 'atomic' },
    capacity: { n: 3, type: 'map:Quantity' },
    conditions: { n: 4, type: '[]PersistentVolumeClaimCondition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
    allocatedResources: { n: 5, type: 'map:Quantity' },
    allocatedResourceStatuses: { n: 7, type: 'map:string', enum: resizeStates, mapType: 'granular' },
    currentVolumeAttributesClassName: { n: 8, type: 'string', ptr: true },
    modifyVolumeStatus: { n: 9, type: 'ModifyVolumeStatus', ptr: true },
  },
};

export const PersistentVolumeClaimTemplate: Struct<T.PersistentVolumeClaimTemplate> = {
  fields: {
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'PersistentVolumeClaimSpec', always: true, required: true },
  },
};

export const PersistentVolumeClaimVolumeSource: Struct<T.PersistentVolumeClaimVolumeSource> = {
  fields: {
    claimName: { n: 1, type: 'string', always: true, required: true },
    readOnly: { n: 2, type: 'bool' },
  },
};

export const PersistentVolumeSpec: Struct<T.PersistentVolumeSpec> = {
  fields: {
    capacity: { n: 1, type: 'map:Quantity' },
    gcePersistentDisk: { path: [2, 1], type: 'GCEPersistentDiskVolumeSource', ptr: true },
    awsElasticBlockStore: { path: [2, 2], type: 'AWSElasticBlockStoreVolumeSource', ptr: true },
    hostPath: { path: [2, 3], type: 'HostPathVolumeSource', ptr: true },
    glusterfs: { path: [2, 4], type: 'GlusterfsPersistentVolumeSource', ptr: true },
    nfs: { path: [2, 5], type: 'NFSVolumeSource', ptr: true },
    rbd: { path: [2, 6], type: 'RBDPersistentVolumeSource', ptr: true },
    iscsi: { path: [2, 7], type: 'ISCSIPersistentVolumeSource', ptr: true },
    cinder: { path: [2, 8], type: 'CinderPersistentVolumeSource', ptr: true },
    cephfs: { path: [2, 9], type: 'CephFSPersistentVolumeSource', ptr: true },
    fc: { path: [2, 10], type: 'FCVolumeSource', ptr: true },
    flocker: { path: [2, 11], type: 'FlockerVolumeSource', ptr: true },
    flexVolume: { path: [2, 12], type: 'FlexPersistentVolumeSource', ptr: true },
    azureFile: { path: [2, 13], type: 'AzureFilePersistentVolumeSource', ptr: true },
    vsphereVolume: { path: [2, 14], type: 'VsphereVirtualDiskVolumeSource', ptr: true },
    quobyte: { path: [2, 15], type: 'QuobyteVolumeSource', ptr: true },
    azureDisk: { path: [2, 16], type: 'AzureDiskVolumeSource', ptr: true },
    photonPersistentDisk: { path: [2, 17], type: 'PhotonPersistentDiskVolumeSource', ptr: true },
    portworxVolume: { path: [2, 18], type: 'PortworxVolumeSource', ptr: true },
    scaleIO: { path: [2, 19], type: 'ScaleIOPersistentVolumeSource', ptr: true },
    local: { path: [2, 20], type: 'LocalVolumeSource', ptr: true },
    storageos: { path: [2, 21], type: 'StorageOSPersistentVolumeSource', ptr: true },
    csi: { path: [2, 22], type: 'CSIPersistentVolumeSource', ptr: true },
    accessModes: { n: 3, type: '[]string', enum: accessModes, listType: 'atomic' },
    claimRef: { n: 4, type: 'ObjectReference', ptr: true, mapType: 'granular' },
    persistentVolumeReclaimPolicy: { n: 5, type: 'string', enum: reclaimPolicies, default: 'Retain' },
    storageClassName: { n: 6, type: 'string' },
    mountOptions: { n: 7, type: '[]string', listType: 'atomic' },
    volumeMode: { n: 8, type: 'string', enum: volumeModes, ptr: true, default: 'Filesystem' },
    nodeAffinity: { n: 9, type: 'VolumeNodeAffinity', ptr: true },
    volumeAttributesClassName: { n: 10, type: 'string', ptr: true },
  },
};

export const PersistentVolumeStatus: Struct<T.PersistentVolumeStatus> = {
  fields: {
    phase: { n: 1, type: 'string', enum: volumePhases, default: 'Pending' },
    message: { n: 2, type: 'string' },
    reason: { n: 3, type: 'string' },
    lastPhaseTransitionTime: { n: 4, type: 'Time', ptr: true },
  },
};

export const RBDPersistentVolumeSource: Struct<T.RBDPersistentVolumeSource> = {
  fields: {
    monitors: { n: 1, type: '[]string', always: true, required: true, listType: 'atomic' },
    image: { n: 2, type: 'string', always: true, required: true },
    fsType: { n: 3, type: 'string' },
    pool: { n: 4, type: 'string', default: 'rbd', told: true },
    user: { n: 5, type: 'string', default: 'admin', told: true },
    keyring: { n: 6, type: 'string', default: '/etc/ceph/keyring', told: true },
    secretRef: { n: 7, type: 'SecretReference', ptr: true },
    readOnly: { n: 8, type: 'bool' },
  },
};

export const ScaleIOPersistentVolumeSource: Struct<T.ScaleIOPersistentVolumeSource> = {
  fields: {
    gateway: { n: 1, type: 'string', always: true, required: true },
    system: { n: 2, type: 'string', always: true, required: true },
    secretRef: { n: 3, type: 'SecretReference', ptr: true, always: true, required: true },
    sslEnabled: { n: 4, type: 'bool' },
    protectionDomain: { n: 5, type: 'string' },
    storagePool: { n: 6, type: 'string' },
    storageMode: { n: 7, type: 'string', default: 'ThinProvisioned', told: true },
    volumeName: { n: 8, type: 'string' },
    fsType: { n: 9, type: 'string', default: 'xfs', told: true },
    readOnly: { n: 10, type: 'bool' },
  },
};

export const StorageOSPersistentVolumeSource: Struct<T.StorageOSPersistentVolumeSource> = {
  fields: {
    volumeName: { n: 1, type: 'string' },
    volumeNamespace: { n: 2, type: 'string' },
    fsType: { n: 3, type: 'string' },
    readOnly: { n: 4, type: 'bool' },
    secretRef: { n: 5, type: 'ObjectReference', ptr: true },
  },
};
