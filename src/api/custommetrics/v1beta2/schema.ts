// The data of custom.metrics.k8s.io/v1beta2. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const MetricIdentifier: Struct<T.MetricIdentifier> = {
  fields: {
    name: { n: 1, type: 'string', always: true },
    selector: { n: 2, type: 'meta.v1.LabelSelector', ptr: true, always: true },
  },
};

export const MetricListOptions: Struct<T.MetricListOptions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    labelSelector: { n: 1, type: 'string' },
    metricLabelSelector: { n: 2, type: 'string' },
  },
};

export const MetricValue: Struct<T.MetricValue> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    describedObject: { n: 1, type: 'core.v1.ObjectReference', always: true },
    metric: { n: 2, type: 'MetricIdentifier', always: true },
    timestamp: { n: 3, type: 'Time', always: true },
    windowSeconds: { n: 4, type: 'int64', ptr: true },
    value: { n: 5, type: 'Quantity', always: true },
  },
};
