// The data of certificates.k8s.io/v1beta1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const ClusterTrustBundle: Struct<T.ClusterTrustBundle> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'ClusterTrustBundleSpec', always: true, required: true },
  },
};

export const ClusterTrustBundleSpec: Struct<T.ClusterTrustBundleSpec> = {
  fields: {
    signerName: { n: 1, type: 'string' },
    trustBundle: { n: 2, type: 'string', always: true, required: true },
  },
};
