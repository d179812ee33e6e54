// The data of node.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const Overhead: Struct<T.Overhead> = {
  fields: {
    podFixed: { n: 1, type: 'map:Quantity' },
  },
};

export const RuntimeClass: Struct<T.RuntimeClass> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    handler: { n: 2, type: 'string', always: true, required: true },
    overhead: { n: 3, type: 'Overhead', ptr: true },
    scheduling: { n: 4, type: 'Scheduling', ptr: true },
  },
};

export const Scheduling: Struct<T.Scheduling> = {
  fields: {
    nodeSelector: { n: 1, type: 'map:string', mapType: 'atomic' },
    tolerations: { n: 2, type: '[]core.v1.Toleration', listType: 'atomic' },
  },
};
