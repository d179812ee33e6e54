// The data of coordination.k8s.io/v1beta1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const LeaseCandidate: Struct<T.LeaseCandidate> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'LeaseCandidateSpec' },
  },
};

export const LeaseCandidateSpec: Struct<T.LeaseCandidateSpec> = {
  fields: {
    leaseName: { n: 1, type: 'string', always: true, required: true },
    pingTime: { n: 2, type: 'MicroTime', ptr: true },
    renewTime: { n: 3, type: 'MicroTime', ptr: true },
    binaryVersion: { n: 4, type: 'string', always: true, required: true },
    emulationVersion: { n: 5, type: 'string' },
    strategy: { n: 6, type: 'string', required: true },
  },
};
