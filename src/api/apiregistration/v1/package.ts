import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const apiregistrationV1: Package = {
  name: 'apiregistration.v1',
  group: 'apiregistration.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1',
  proto: 'k8s.io.kube_aggregator.pkg.apis.apiregistration.v1',
  types: { ...schema },
  goTypes: {
    'v1.APIServiceConditionType': 'APIServiceCondition.type',
    'v1.ConditionStatus': 'APIServiceCondition.status',
  },
  lists: ['APIService'],
};
