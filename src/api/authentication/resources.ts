// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'authentication.v1', group: 'authentication.k8s.io', version: 'v1',
    resource: 'selfsubjectreviews', kind: 'SelfSubjectReview', singular: 'selfsubjectreview', namespaced: false,
    verbs: ['create'],
  },
  {
    package: 'authentication.v1', group: 'authentication.k8s.io', version: 'v1',
    resource: 'tokenreviews', kind: 'TokenReview', singular: 'tokenreview', namespaced: false,
    verbs: ['create'],
  },
];
