import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const storageV1: Package = {
  name: 'storage.v1',
  group: 'storage.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.storage.v1',
  proto: 'k8s.io.api.storage.v1',
  types: { ...schema },
  lists: ['CSIDriver', 'CSINode', 'CSIStorageCapacity', 'StorageClass', 'VolumeAttachment', 'VolumeAttributesClass'],
};
