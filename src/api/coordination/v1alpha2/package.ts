import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const coordinationV1alpha2: Package = {
  name: 'coordination.v1alpha2',
  group: 'coordination.k8s.io',
  version: 'v1alpha2',
  openapi: 'io.k8s.api.coordination.v1alpha2',
  proto: 'k8s.io.api.coordination.v1alpha2',
  types: { ...schema },
  goTypes: {
    'v1.CoordinatedLeaseStrategy': 'LeaseCandidateSpec.strategy',
  },
  lists: ['LeaseCandidate'],
};
