// The data of external.metrics.k8s.io/v1beta1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const ExternalMetricValue: Struct<T.ExternalMetricValue> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metricName: { n: 1, type: 'string', always: true },
    metricLabels: { n: 2, type: 'map:string', always: true },
    timestamp: { n: 3, type: 'Time', always: true },
    window: { n: 4, type: 'int64', ptr: true },
    value: { n: 5, type: 'Quantity', always: true },
  },
};
