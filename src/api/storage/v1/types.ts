// Printed by `npm run generate` from the schema beside it. Do not edit.
import type * as coreV1 from '../../core/v1/types.ts';
import type * as metaV1 from '../../meta/v1/types.ts';

export interface CSIDriver {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  spec: CSIDriverSpec;
}

export interface CSIDriverSpec {
  attachRequired?: boolean;
  podInfoOnMount?: boolean;
  volumeLifecycleModes?: string[];
  storageCapacity?: boolean;
  fsGroupPolicy?: string;
  tokenRequests?: TokenRequest[];
  requiresRepublish?: boolean;
  seLinuxMount?: boolean;
  nodeAllocatableUpdatePeriodSeconds?: number;
}

export interface CSINode {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  spec: CSINodeSpec;
}

export interface CSINodeDriver {
  name: string;
  nodeID: string;
  topologyKeys: string[];
  allocatable?: VolumeNodeResources;
}

export interface CSINodeSpec {
  drivers: CSINodeDriver[];
}

export interface CSIStorageCapacity {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  nodeTopology?: metaV1.LabelSelector;
  storageClassName: string;
  capacity?: string;
  maximumVolumeSize?: string;
}

export interface StorageClass {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  provisioner: string;
  parameters?: Record<string, string>;
  reclaimPolicy?: string;
  mountOptions?: string[];
  allowVolumeExpansion?: boolean;
  volumeBindingMode?: string;
  allowedTopologies?: coreV1.TopologySelectorTerm[];
}

export interface TokenRequest {
  audience: string;
  expirationSeconds?: number;
}

export interface VolumeAttachment {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  spec: VolumeAttachmentSpec;
  status: VolumeAttachmentStatus;
}

export interface VolumeAttachmentSource {
  persistentVolumeName?: string;
  inlineVolumeSpec?: coreV1.PersistentVolumeSpec;
}

export interface VolumeAttachmentSpec {
  attacher: string;
  source: VolumeAttachmentSource;
  nodeName: string;
}

export interface VolumeAttachmentStatus {
  attached: boolean;
  attachmentMetadata?: Record<string, string>;
  attachError?: VolumeError;
  detachError?: VolumeError;
}

export interface VolumeAttributesClass {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  driverName: string;
  parameters?: Record<string, string>;
}

export interface VolumeError {
  time?: string;
  message?: string;
  errorCode?: number;
}

export interface VolumeNodeResources {
  count?: number;
}

export interface CSIDriverList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: CSIDriver[];
}

export interface CSINodeList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: CSINode[];
}

export interface CSIStorageCapacityList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: CSIStorageCapacity[];
}

export interface StorageClassList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: StorageClass[];
}

export interface VolumeAttachmentList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: VolumeAttachment[];
}

export interface VolumeAttributesClassList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: VolumeAttributesClass[];
}
