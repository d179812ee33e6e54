// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'policy.v1', group: 'policy', version: 'v1',
    resource: 'poddisruptionbudgets', kind: 'PodDisruptionBudget', singular: 'poddisruptionbudget', shortNames: ['pdb'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'PodDisruptionBudget', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/poddisruptionbudgets/', package: 'policy.v1', kind: 'PodDisruptionBudget' },
  },
];
