// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'storage.v1', group: 'storage.k8s.io', version: 'v1',
    resource: 'csidrivers', kind: 'CSIDriver', singular: 'csidriver', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/csidrivers/', package: 'storage.v1', kind: 'CSIDriver' },
  },
  {
    package: 'storage.v1', group: 'storage.k8s.io', version: 'v1',
    resource: 'csinodes', kind: 'CSINode', singular: 'csinode', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/csinodes/', package: 'storage.v1', kind: 'CSINode' },
  },
  {
    package: 'storage.v1', group: 'storage.k8s.io', version: 'v1',
    resource: 'csistoragecapacities', kind: 'CSIStorageCapacity', singular: 'csistoragecapacity', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/csistoragecapacities/', package: 'storage.v1', kind: 'CSIStorageCapacity' },
  },
  {
    package: 'storage.v1', group: 'storage.k8s.io', version: 'v1',
    resource: 'storageclasses', kind: 'StorageClass', singular: 'storageclass', shortNames: ['sc'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/storageclasses/', package: 'storage.v1', kind: 'StorageClass' },
  },
  {
    package: 'storage.v1', group: 'storage.k8s.io', version: 'v1',
    resource: 'volumeattachments', kind: 'VolumeAttachment', singular: 'volumeattachment', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'VolumeAttachment', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/volumeattachments/', package: 'storage.v1', kind: 'VolumeAttachment' },
  },
  {
    package: 'storage.v1', group: 'storage.k8s.io', version: 'v1',
    resource: 'volumeattributesclasses', kind: 'VolumeAttributesClass', singular: 'volumeattributesclass', shortNames: ['vac'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/volumeattributesclasses/', package: 'storage.v1beta1', kind: 'VolumeAttributesClass' },
  },
  {
    package: 'storage.v1alpha1', group: 'storage.k8s.io', version: 'v1alpha1',
    resource: 'volumeattributesclasses', kind: 'VolumeAttributesClass', singular: 'volumeattributesclass', shortNames: ['vac'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    storage: { prefix: '/registry/volumeattributesclasses/', package: 'storage.v1beta1', kind: 'VolumeAttributesClass' },
  },
  {
    package: 'storage.v1beta1', group: 'storage.k8s.io', version: 'v1beta1',
    resource: 'volumeattributesclasses', kind: 'VolumeAttributesClass', singular: 'volumeattributesclass', shortNames: ['vac'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    deprecation: 'storage.k8s.io/v1beta1 VolumeAttributesClass is deprecated in v1.34+, unavailable in v1.37+; use storage.k8s.io/v1 VolumeAttributesClass',
    offByDefault: true,
    storage: { prefix: '/registry/volumeattributesclasses/', package: 'storage.v1beta1', kind: 'VolumeAttributesClass' },
  },
];
