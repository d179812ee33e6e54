import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const storageV1: Package = {
  name: 'storage.v1',
  group: 'storage.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.storage.v1',
  proto: 'k8s.io.api.storage.v1',
  types: { ...schema },
  goTypes: {
    '[]v1.VolumeLifecycleMode': 'CSIDriverSpec.volumeLifecycleModes',
    'v1.FSGroupPolicy': 'CSIDriverSpec.fsGroupPolicy',
    'v1.PersistentVolumeReclaimPolicy': 'StorageClass.reclaimPolicy',
    'v1.VolumeBindingMode': 'StorageClass.volumeBindingMode',
  },
  lists: ['CSIDriver', 'CSINode', 'CSIStorageCapacity', 'StorageClass', 'VolumeAttachment', 'VolumeAttributesClass'],
};
