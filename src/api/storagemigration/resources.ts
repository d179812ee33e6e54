// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'storagemigration.v1alpha1', group: 'storagemigration.k8s.io', version: 'v1alpha1',
    resource: 'storageversionmigrations', kind: 'StorageVersionMigration', singular: 'storageversionmigration', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true, gate: 'StorageVersionMigrator',
    subresources: [
      { name: 'status', kind: 'StorageVersionMigration', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/storageversionmigrations/', package: 'storagemigration.v1alpha1', kind: 'StorageVersionMigration' },
  },
];
