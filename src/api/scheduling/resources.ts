// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'scheduling.v1', group: 'scheduling.k8s.io', version: 'v1',
    resource: 'priorityclasses', kind: 'PriorityClass', singular: 'priorityclass', shortNames: ['pc'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/priorityclasses/', package: 'scheduling.v1', kind: 'PriorityClass' },
  },
];
