import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const policyV1: Package = {
  name: 'policy.v1',
  group: 'policy',
  version: 'v1',
  openapi: 'io.k8s.api.policy.v1',
  proto: 'k8s.io.api.policy.v1',
  types: { ...schema },
  goTypes: {
    'v1.UnhealthyPodEvictionPolicyType': 'PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy',
  },
  lists: ['PodDisruptionBudget'],
};
