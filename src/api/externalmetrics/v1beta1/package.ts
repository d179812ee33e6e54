import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const externalmetricsV1beta1: Package = {
  name: 'externalmetrics.v1beta1',
  group: 'external.metrics.k8s.io',
  version: 'v1beta1',
  openapi: 'io.k8s.metrics.pkg.apis.external_metrics.v1beta1',
  proto: 'k8s.io.metrics.pkg.apis.external_metrics.v1beta1',
  types: { ...schema },
  lists: ['ExternalMetricValue'],
};
