// The data of the core group/v1: volumes. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { diskCachingModes, diskKinds, hostPathTypes, mountPropagations, pullPolicies } from './enums.ts';
import type * as T from './types.ts';

export const AWSElasticBlockStoreVolumeSource: Struct<T.AWSElasticBlockStoreVolumeSource> = {
  fields: {
    volumeID: { n: 1, type: 'string', always: true, required: true },
    fsType: { n: 2, type: 'string' },
    partition: { n: 3, type: 'int32' },
    readOnly: { n: 4, type: 'bool' },
  },
};

export const AttachedVolume: Struct<T.AttachedVolume> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    devicePath: { n: 2, type: 'string', always: true, required: true },
  },
};

export const AzureDiskVolumeSource: Struct<T.AzureDiskVolumeSource> = {
  fields: {
    diskName: { n: 1, type: 'string', always: true, required: true },
    diskURI: { n: 2, type: 'string', always: true, required: true },
    cachingMode: { n: 3, type: 'string', enum: diskCachingModes, ptr: true, default: 'ReadWrite', told: true },
    fsType: { n: 4, type: 'string', ptr: true, default: 'ext4', told: true },
    readOnly: { n: 5, type: 'bool', ptr: true, default: false, told: true },
    kind: { n: 6, type: 'string', enum: diskKinds, ptr: true, default: 'Shared', told: true },
  },
};

export const AzureFileVolumeSource: Struct<T.AzureFileVolumeSource> = {
  fields: {
    secretName: { n: 1, type: 'string', always: true, required: true },
    shareName: { n: 2, type: 'string', always: true, required: true },
    readOnly: { n: 3, type: 'bool' },
  },
};

export const CSIVolumeSource: Struct<T.CSIVolumeSource> = {
  fields: {
    driver: { n: 1, type: 'string', always: true, required: true },
    readOnly: { n: 2, type: 'bool', ptr: true },
    fsType: { n: 3, type: 'string', ptr: true },
    volumeAttributes: { n: 4, type: 'map:string' },
    nodePublishSecretRef: { n: 5, type: 'LocalObjectReference', ptr: true },
  },
};

export const CephFSVolumeSource: Struct<T.CephFSVolumeSource> = {
  fields: {
    monitors: { n: 1, type: '[]string', always: true, required: true, listType: 'atomic' },
    path: { n: 2, type: 'string' },
    user: { n: 3, type: 'string' },
    secretFile: { n: 4, type: 'string' },
    secretRef: { n: 5, type: 'LocalObjectReference', ptr: true },
    readOnly: { n: 6, type: 'bool' },
  },
};

export const CinderVolumeSource: Struct<T.CinderVolumeSource> = {
  fields: {
    volumeID: { n: 1, type: 'string', always: true, required: true },
    fsType: { n: 2, type: 'string' },
    readOnly: { n: 3, type: 'bool' },
    secretRef: { n: 4, type: 'LocalObjectReference', ptr: true },
  },
};

export const ClusterTrustBundleProjection: Struct<T.ClusterTrustBundleProjection> = {
  fields: {
    name: { n: 1, type: 'string', ptr: true },
    signerName: { n: 2, type: 'string', ptr: true },
    labelSelector: { n: 3, type: 'meta.v1.LabelSelector', ptr: true },
    optional: { n: 5, type: 'bool', ptr: true },
    path: { n: 4, type: 'string', always: true, required: true },
  },
};

export const ConfigMapProjection: Struct<T.ConfigMapProjection> = {
  fields: {
    name: { path: [1, 1], type: 'string', told: true },
    items: { n: 2, type: '[]KeyToPath', listType: 'atomic' },
    optional: { n: 4, type: 'bool', ptr: true },
  },
};

export const ConfigMapVolumeSource: Struct<T.ConfigMapVolumeSource> = {
  fields: {
    name: { path: [1, 1], type: 'string', told: true },
    items: { n: 2, type: '[]KeyToPath', listType: 'atomic' },
    defaultMode: { n: 3, type: 'int32', ptr: true, default: 420 },
    optional: { n: 4, type: 'bool', ptr: true },
  },
};

export const DownwardAPIProjection: Struct<T.DownwardAPIProjection> = {
  fields: {
    items: { n: 1, type: '[]DownwardAPIVolumeFile', listType: 'atomic' },
  },
};

export const DownwardAPIVolumeFile: Struct<T.DownwardAPIVolumeFile> = {
  fields: {
    path: { n: 1, type: 'string', always: true, required: true },
    fieldRef: { n: 2, type: 'ObjectFieldSelector', ptr: true },
    resourceFieldRef: { n: 3, type: 'ResourceFieldSelector', ptr: true },
    mode: { n: 4, type: 'int32', ptr: true },
  },
};

export const DownwardAPIVolumeSource: Struct<T.DownwardAPIVolumeSource> = {
  fields: {
    items: { n: 1, type: '[]DownwardAPIVolumeFile', listType: 'atomic' },
    defaultMode: { n: 2, type: 'int32', ptr: true, default: 420 },
  },
};

export const EmptyDirVolumeSource: Struct<T.EmptyDirVolumeSource> = {
  fields: {
    medium: { n: 1, type: 'string' },
    sizeLimit: { n: 2, type: 'Quantity', ptr: true },
  },
};

export const EphemeralVolumeSource: Struct<T.EphemeralVolumeSource> = {
  fields: {
    volumeClaimTemplate: { n: 1, type: 'PersistentVolumeClaimTemplate', ptr: true },
  },
};

export const FCVolumeSource: Struct<T.FCVolumeSource> = {
  fields: {
    targetWWNs: { n: 1, type: '[]string', listType: 'atomic' },
    lun: { n: 2, type: 'int32', ptr: true },
    fsType: { n: 3, type: 'string' },
    readOnly: { n: 4, type: 'bool' },
    wwids: { n: 5, type: '[]string', listType: 'atomic' },
  },
};

export const FlexVolumeSource: Struct<T.FlexVolumeSource> = {
  fields: {
    driver: { n: 1, type: 'string', always: true, required: true },
    fsType: { n: 2, type: 'string' },
    secretRef: { n: 3, type: 'LocalObjectReference', ptr: true },
    readOnly: { n: 4, type: 'bool' },
    options: { n: 5, type: 'map:string' },
  },
};

export const FlockerVolumeSource: Struct<T.FlockerVolumeSource> = {
  fields: {
    datasetName: { n: 1, type: 'string' },
    datasetUUID: { n: 2, type: 'string' },
  },
};

export const GCEPersistentDiskVolumeSource: Struct<T.GCEPersistentDiskVolumeSource> = {
  fields: {
    pdName: { n: 1, type: 'string', always: true, required: true },
    fsType: { n: 2, type: 'string' },
    partition: { n: 3, type: 'int32' },
    readOnly: { n: 4, type: 'bool' },
  },
};

export const GitRepoVolumeSource: Struct<T.GitRepoVolumeSource> = {
  fields: {
    repository: { n: 1, type: 'string', always: true, required: true },
    revision: { n: 2, type: 'string' },
    directory: { n: 3, type: 'string' },
  },
};

export const GlusterfsVolumeSource: Struct<T.GlusterfsVolumeSource> = {
  fields: {
    endpoints: { n: 1, type: 'string', always: true, required: true },
    path: { n: 2, type: 'string', always: true, required: true },
    readOnly: { n: 3, type: 'bool' },
  },
};

export const HostPathVolumeSource: Struct<T.HostPathVolumeSource> = {
  fields: {
    path: { n: 1, type: 'string', always: true, required: true },
    type: { n: 2, type: 'string', enum: hostPathTypes, ptr: true, default: '' },
  },
};

export const ISCSIVolumeSource: Struct<T.ISCSIVolumeSource> = {
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
    secretRef: { n: 10, type: 'LocalObjectReference', ptr: true },
    initiatorName: { n: 12, type: 'string', ptr: true },
  },
};

export const ImageVolumeSource: Struct<T.ImageVolumeSource> = {
  fields: {
    reference: { n: 1, type: 'string' },
    pullPolicy: { n: 2, type: 'string', enum: pullPolicies },
  },
};

export const KeyToPath: Struct<T.KeyToPath> = {
  fields: {
    key: { n: 1, type: 'string', always: true, required: true },
    path: { n: 2, type: 'string', always: true, required: true },
    mode: { n: 3, type: 'int32', ptr: true },
  },
};

export const LocalVolumeSource: Struct<T.LocalVolumeSource> = {
  fields: {
    path: { n: 1, type: 'string', always: true, required: true },
    fsType: { n: 2, type: 'string', ptr: true },
  },
};

export const NFSVolumeSource: Struct<T.NFSVolumeSource> = {
  fields: {
    server: { n: 1, type: 'string', always: true, required: true },
    path: { n: 2, type: 'string', always: true, required: true },
    readOnly: { n: 3, type: 'bool' },
  },
};

export const PhotonPersistentDiskVolumeSource: Struct<T.PhotonPersistentDiskVolumeSource> = {
  fields: {
    pdID: { n: 1, type: 'string', always: true, required: true },
    fsType: { n: 2, type: 'string' },
  },
};

export const PodCertificateProjection: Struct<T.PodCertificateProjection> = {
  fields: {
    signerName: { n: 1, type: 'string', required: true },
    keyType: { n: 2, type: 'string', required: true },
    maxExpirationSeconds: { n: 3, type: 'int32', ptr: true },
    credentialBundlePath: { n: 4, type: 'string' },
    keyPath: { n: 5, type: 'string' },
    certificateChainPath: { n: 6, type: 'string' },
  },
};

export const PortworxVolumeSource: Struct<T.PortworxVolumeSource> = {
  fields: {
    volumeID: { n: 1, type: 'string', always: true, required: true },
    fsType: { n: 2, type: 'string' },
    readOnly: { n: 3, type: 'bool' },
  },
};

export const ProjectedVolumeSource: Struct<T.ProjectedVolumeSource> = {
  fields: {
    sources: { n: 1, type: '[]VolumeProjection', always: true, listType: 'atomic' },
    defaultMode: { n: 2, type: 'int32', ptr: true, default: 420 },
  },
};

export const QuobyteVolumeSource: Struct<T.QuobyteVolumeSource> = {
  fields: {
    registry: { n: 1, type: 'string', always: true, required: true },
    volume: { n: 2, type: 'string', always: true, required: true },
    readOnly: { n: 3, type: 'bool' },
    user: { n: 4, type: 'string' },
    group: { n: 5, type: 'string' },
    tenant: { n: 6, type: 'string' },
  },
};

export const RBDVolumeSource: Struct<T.RBDVolumeSource> = {
  fields: {
    monitors: { n: 1, type: '[]string', always: true, required: true, listType: 'atomic' },
    image: { n: 2, type: 'string', always: true, required: true },
    fsType: { n: 3, type: 'string' },
    pool: { n: 4, type: 'string', default: 'rbd', told: true },
    user: { n: 5, type: 'string', default: 'admin', told: true },
    keyring: { n: 6, type: 'string', default: '/etc/ceph/keyring', told: true },
    secretRef: { n: 7, type: 'LocalObjectReference', ptr: true },
    readOnly: { n: 8, type: 'bool' },
  },
};

export const ScaleIOVolumeSource: Struct<T.ScaleIOVolumeSource> = {
  fields: {
    gateway: { n: 1, type: 'string', always: true, required: true },
    system: { n: 2, type: 'string', always: true, required: true },
    secretRef: { n: 3, type: 'LocalObjectReference', ptr: true, always: true, required: true },
    sslEnabled: { n: 4, type: 'bool' },
    protectionDomain: { n: 5, type: 'string' },
    storagePool: { n: 6, type: 'string' },
    storageMode: { n: 7, type: 'string', default: 'ThinProvisioned', told: true },
    volumeName: { n: 8, type: 'string' },
    fsType: { n: 9, type: 'string', default: 'xfs', told: true },
    readOnly: { n: 10, type: 'bool' },
  },
};

export const SecretProjection: Struct<T.SecretProjection> = {
  fields: {
    name: { path: [1, 1], type: 'string', told: true },
    items: { n: 2, type: '[]KeyToPath', listType: 'atomic' },
    optional: { n: 4, type: 'bool', ptr: true },
  },
};

export const SecretVolumeSource: Struct<T.SecretVolumeSource> = {
  fields: {
    secretName: { n: 1, type: 'string' },
    items: { n: 2, type: '[]KeyToPath', listType: 'atomic' },
    defaultMode: { n: 3, type: 'int32', ptr: true, default: 420 },
    optional: { n: 4, type: 'bool', ptr: true },
  },
};

export const ServiceAccountTokenProjection: Struct<T.ServiceAccountTokenProjection> = {
  fields: {
    audience: { n: 1, type: 'string' },
    expirationSeconds: { n: 2, type: 'int64', ptr: true, default: 3600 },
    path: { n: 3, type: 'string', always: true, required: true },
  },
};

export const StorageOSVolumeSource: Struct<T.StorageOSVolumeSource> = {
  fields: {
    volumeName: { n: 1, type: 'string' },
    volumeNamespace: { n: 2, type: 'string' },
    fsType: { n: 3, type: 'string' },
    readOnly: { n: 4, type: 'bool' },
    secretRef: { n: 5, type: 'LocalObjectReference', ptr: true },
  },
};

export const Volume: Struct<T.Volume> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    hostPath: { path: [2, 1], type: 'HostPathVolumeSource', ptr: true },
    emptyDir: { path: [2, 2], type: 'EmptyDirVolumeSource', ptr: true },
    gcePersistentDisk: { path: [2, 3], type: 'GCEPersistentDiskVolumeSource', ptr: true },
    awsElasticBlockStore: { path: [2, 4], type: 'AWSElasticBlockStoreVolumeSource', ptr: true },
    gitRepo: { path: [2, 5], type: 'GitRepoVolumeSource', ptr: true },
    secret: { path: [2, 6], type: 'SecretVolumeSource', ptr: true },
    nfs: { path: [2, 7], type: 'NFSVolumeSource', ptr: true },
    iscsi: { path: [2, 8], type: 'ISCSIVolumeSource', ptr: true },
    glusterfs: { path: [2, 9], type: 'GlusterfsVolumeSource', ptr: true },
    persistentVolumeClaim: { path: [2, 10], type: 'PersistentVolumeClaimVolumeSource', ptr: true },
    rbd: { path: [2, 11], type: 'RBDVolumeSource', ptr: true },
    flexVolume: { path: [2, 12], type: 'FlexVolumeSource', ptr: true },
    cinder: { path: [2, 13], type: 'CinderVolumeSource', ptr: true },
    cephfs: { path: [2, 14], type: 'CephFSVolumeSource', ptr: true },
    flocker: { path: [2, 15], type: 'FlockerVolumeSource', ptr: true },
    downwardAPI: { path: [2, 16], type: 'DownwardAPIVolumeSource', ptr: true },
    fc: { path: [2, 17], type: 'FCVolumeSource', ptr: true },
    azureFile: { path: [2, 18], type: 'AzureFileVolumeSource', ptr: true },
    configMap: { path: [2, 19], type: 'ConfigMapVolumeSource', ptr: true },
    vsphereVolume: { path: [2, 20], type: 'VsphereVirtualDiskVolumeSource', ptr: true },
    quobyte: { path: [2, 21], type: 'QuobyteVolumeSource', ptr: true },
    azureDisk: { path: [2, 22], type: 'AzureDiskVolumeSource', ptr: true },
    photonPersistentDisk: { path: [2, 23], type: 'PhotonPersistentDiskVolumeSource', ptr: true },
    projected: { path: [2, 26], type: 'ProjectedVolumeSource', ptr: true },
    portworxVolume: { path: [2, 24], type: 'PortworxVolumeSource', ptr: true },
    scaleIO: { path: [2, 25], type: 'ScaleIOVolumeSource', ptr: true },
    storageos: { path: [2, 27], type: 'StorageOSVolumeSource', ptr: true },
    csi: { path: [2, 28], type: 'CSIVolumeSource', ptr: true },
    ephemeral: { path: [2, 29], type: 'EphemeralVolumeSource', ptr: true },
    image: { path: [2, 30], type: 'ImageVolumeSource', ptr: true },
  },
};

export const VolumeDevice: Struct<T.VolumeDevice> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    devicePath: { n: 2, type: 'string', always: true, required: true },
  },
};

export const VolumeMount: Struct<T.VolumeMount> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    readOnly: { n: 2, type: 'bool' },
    recursiveReadOnly: { n: 7, type: 'string', ptr: true },
    mountPath: { n: 3, type: 'string', always: true, required: true },
    subPath: { n: 4, type: 'string' },
    mountPropagation: { n: 5, type: 'string', enum: mountPropagations, ptr: true },
    subPathExpr: { n: 6, type: 'string' },
  },
};

export const VolumeMountStatus: Struct<T.VolumeMountStatus> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    mountPath: { n: 2, type: 'string', always: true, required: true },
    readOnly: { n: 3, type: 'bool' },
    recursiveReadOnly: { n: 4, type: 'string', ptr: true },
  },
};

export const VolumeNodeAffinity: Struct<T.VolumeNodeAffinity> = {
  fields: {
    required: { n: 1, type: 'NodeSelector', ptr: true },
  },
};

export const VolumeProjection: Struct<T.VolumeProjection> = {
  fields: {
    secret: { n: 1, type: 'SecretProjection', ptr: true },
    downwardAPI: { n: 2, type: 'DownwardAPIProjection', ptr: true },
    configMap: { n: 3, type: 'ConfigMapProjection', ptr: true },
    serviceAccountToken: { n: 4, type: 'ServiceAccountTokenProjection', ptr: true },
    clusterTrustBundle: { n: 5, type: 'ClusterTrustBundleProjection', ptr: true },
    podCertificate: { n: 6, type: 'PodCertificateProjection', ptr: true },
  },
};

export const VolumeResourceRequirements: Struct<T.VolumeResourceRequirements> = {
  fields: {
    limits: { n: 1, type: 'map:Quantity' },
    requests: { n: 2, type: 'map:Quantity' },
  },
};

export const VsphereVirtualDiskVolumeSource: Struct<T.VsphereVirtualDiskVolumeSource> = {
  fields: {
    volumePath: { n: 1, type: 'string', always: true, required: true },
    fsType: { n: 2, type: 'string' },
    storagePolicyName: { n: 3, type: 'string' },
    storagePolicyID: { n: 4, type: 'string' },
  },
};
