// The data of storage.k8s.io/v1alpha1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const VolumeAttributesClass: Struct<T.VolumeAttributesClass> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    driverName: { n: 2, type: 'string', always: true, required: true },
    parameters: { n: 3, type: 'map:string' },
  },
};
