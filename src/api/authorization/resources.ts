// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'authorization.v1', group: 'authorization.k8s.io', version: 'v1',
    resource: 'localsubjectaccessreviews', kind: 'LocalSubjectAccessReview', singular: 'localsubjectaccessreview', namespaced: true,
    verbs: ['create'],
  },
  {
    package: 'authorization.v1', group: 'authorization.k8s.io', version: 'v1',
    resource: 'selfsubjectaccessreviews', kind: 'SelfSubjectAccessReview', singular: 'selfsubjectaccessreview', namespaced: false,
    verbs: ['create'],
  },
  {
    package: 'authorization.v1', group: 'authorization.k8s.io', version: 'v1',
    resource: 'selfsubjectrulesreviews', kind: 'SelfSubjectRulesReview', singular: 'selfsubjectrulesreview', namespaced: false,
    verbs: ['create'],
  },
  {
    package: 'authorization.v1', group: 'authorization.k8s.io', version: 'v1',
    resource: 'subjectaccessreviews', kind: 'SubjectAccessReview', singular: 'subjectaccessreview', namespaced: false,
    verbs: ['create'],
  },
];
