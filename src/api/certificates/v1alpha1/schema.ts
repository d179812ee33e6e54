// The data of certificates.k8s.io/v1alpha1. One edits this; `npm run generate` prints types.ts from it.
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

export const PodCertificateRequest: Struct<T.PodCertificateRequest> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'PodCertificateRequestSpec', always: true, required: true },
    status: { n: 3, type: 'PodCertificateRequestStatus' },
  },
};

export const PodCertificateRequestSpec: Struct<T.PodCertificateRequestSpec> = {
  fields: {
    signerName: { n: 1, type: 'string', always: true, required: true },
    podName: { n: 2, type: 'string', always: true, required: true },
    podUID: { n: 3, type: 'string', always: true, required: true },
    serviceAccountName: { n: 4, type: 'string', always: true, required: true },
    serviceAccountUID: { n: 5, type: 'string', always: true, required: true },
    nodeName: { n: 6, type: 'string', always: true, required: true },
    nodeUID: { n: 7, type: 'string', always: true, required: true },
    maxExpirationSeconds: { n: 8, type: 'int32', ptr: true, default: 86400 },
    pkixPublicKey: { n: 9, type: 'bytes', always: true, required: true },
    proofOfPossession: { n: 10, type: 'bytes', always: true, required: true },
  },
};

export const PodCertificateRequestStatus: Struct<T.PodCertificateRequestStatus> = {
  fields: {
    conditions: { n: 1, type: '[]meta.v1.Condition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
    certificateChain: { n: 2, type: 'string' },
    notBefore: { n: 4, type: 'Time', ptr: true },
    beginRefreshAt: { n: 5, type: 'Time', ptr: true },
    notAfter: { n: 6, type: 'Time', ptr: true },
  },
};
