import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const apiserverinternalV1alpha1: Package = {
  name: 'apiserverinternal.v1alpha1',
  group: 'internal.apiserver.k8s.io',
  version: 'v1alpha1',
  openapi: 'io.k8s.api.apiserverinternal.v1alpha1',
  proto: 'k8s.io.api.apiserverinternal.v1alpha1',
  types: { ...schema },
  goTypes: {
    'v1alpha1.ConditionStatus': 'StorageVersionCondition.status',
    'v1alpha1.StorageVersionConditionType': 'StorageVersionCondition.type',
  },
  lists: ['StorageVersion'],
};
