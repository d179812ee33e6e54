// The data of metrics.k8s.io/v1beta1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const ContainerMetrics: Struct<T.ContainerMetrics> = {
  fields: {
    name: { n: 1, type: 'string', always: true },
    usage: { n: 2, type: 'map:Quantity', always: true },
  },
};

export const NodeMetrics: Struct<T.NodeMetrics> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    timestamp: { n: 2, type: 'Time', always: true },
    window: { n: 3, type: 'Duration', always: true },
    usage: { n: 4, type: 'map:Quantity', always: true },
  },
};

export const PodMetrics: Struct<T.PodMetrics> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    timestamp: { n: 2, type: 'Time', always: true },
    window: { n: 3, type: 'Duration', always: true },
    containers: { n: 4, type: '[]ContainerMetrics', always: true },
  },
};
