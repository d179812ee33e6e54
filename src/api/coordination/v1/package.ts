import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const coordinationV1: Package = {
  name: 'coordination.v1',
  group: 'coordination.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.coordination.v1',
  proto: 'k8s.io.api.coordination.v1',
  types: { ...schema },
  goTypes: {
    'v1.CoordinatedLeaseStrategy': 'LeaseSpec.strategy',
  },
  lists: ['Lease'],
};
