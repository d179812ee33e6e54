// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'node.v1', group: 'node.k8s.io', version: 'v1',
    resource: 'runtimeclasses', kind: 'RuntimeClass', singular: 'runtimeclass', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/runtimeclasses/', package: 'node.v1', kind: 'RuntimeClass' },
  },
];
