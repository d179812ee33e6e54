import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const custommetricsV1beta2: Package = {
  name: 'custommetrics.v1beta2',
  group: 'custom.metrics.k8s.io',
  version: 'v1beta2',
  openapi: 'io.k8s.metrics.pkg.apis.custom_metrics.v1beta2',
  proto: 'k8s.io.metrics.pkg.apis.custom_metrics.v1beta2',
  types: { ...schema },
  lists: ['MetricValue'],
};
