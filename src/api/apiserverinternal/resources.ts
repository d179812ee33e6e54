// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'apiserverinternal.v1alpha1', group: 'internal.apiserver.k8s.io', version: 'v1alpha1',
    resource: 'storageversions', kind: 'StorageVersion', singular: 'storageversion', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    subresources: [
      { name: 'status', kind: 'StorageVersion', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/storageversions/', package: 'apiserverinternal.v1alpha1', kind: 'StorageVersion' },
  },
];
