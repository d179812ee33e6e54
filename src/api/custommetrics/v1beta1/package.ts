import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const custommetricsV1beta1: Package = {
  name: 'custommetrics.v1beta1',
  group: 'custom.metrics.k8s.io',
  version: 'v1beta1',
  openapi: 'io.k8s.metrics.pkg.apis.custom_metrics.v1beta1',
  proto: 'k8s.io.metrics.pkg.apis.custom_metrics.v1beta1',
  types: { ...schema },
  lists: ['MetricValue'],
};
