import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const metricsV1beta1: Package = {
  name: 'metrics.v1beta1',
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  openapi: 'io.k8s.metrics.pkg.apis.metrics.v1beta1',
  proto: 'k8s.io.metrics.pkg.apis.metrics.v1beta1',
  types: { ...schema },
  lists: ['NodeMetrics', 'PodMetrics'],
};
