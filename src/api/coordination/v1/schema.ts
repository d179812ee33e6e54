// The data of coordination.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const Lease: Struct<T.Lease> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'LeaseSpec' },
  },
};

export const LeaseSpec: Struct<T.LeaseSpec> = {
  fields: {
    holderIdentity: { n: 1, type: 'string', ptr: true },
    leaseDurationSeconds: { n: 2, type: 'int32', ptr: true },
    acquireTime: { n: 3, type: 'MicroTime', ptr: true },
    renewTime: { n: 4, type: 'MicroTime', ptr: true },
    leaseTransitions: { n: 5, type: 'int32', ptr: true },
    strategy: { n: 6, type: 'string', ptr: true },
    preferredHolder: { n: 7, type: 'string', ptr: true },
  },
};
