import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const coordinationV1beta1: Package = {
  name: 'coordination.v1beta1',
  group: 'coordination.k8s.io',
  version: 'v1beta1',
  openapi: 'io.k8s.api.coordination.v1beta1',
  proto: 'k8s.io.api.coordination.v1beta1',
  types: { ...schema },
  goTypes: {
    'v1.CoordinatedLeaseStrategy': 'LeaseCandidateSpec.strategy',
  },
  lists: ['LeaseCandidate'],
};
