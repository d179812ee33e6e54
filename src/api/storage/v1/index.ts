// Printed by `npm run generate` from the schema beside it. Do not edit.
import type { ResourceRef } from '../../reference.ts';
import type * as T from './types.ts';
export type * from './types.ts';

export const csidrivers: ResourceRef<T.CSIDriver> = { group: 'storage.k8s.io', version: 'v1', resource: 'csidrivers', kind: 'CSIDriver', namespaced: false };
export const csinodes: ResourceRef<T.CSINode> = { group: 'storage.k8s.io', version: 'v1', resource: 'csinodes', kind: 'CSINode', namespaced: false };
export const csistoragecapacities: ResourceRef<T.CSIStorageCapacity> = { group: 'storage.k8s.io', version: 'v1', resource: 'csistoragecapacities', kind: 'CSIStorageCapacity', namespaced: true };
export const storageclasses: ResourceRef<T.StorageClass> = { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses', kind: 'StorageClass', namespaced: false };
export const volumeattachments: ResourceRef<T.VolumeAttachment> = { group: 'storage.k8s.io', version: 'v1', resource: 'volumeattachments', kind: 'VolumeAttachment', namespaced: false };
export const volumeattributesclasses: ResourceRef<T.VolumeAttributesClass> = { group: 'storage.k8s.io', version: 'v1', resource: 'volumeattributesclasses', kind: 'VolumeAttributesClass', namespaced: false };
