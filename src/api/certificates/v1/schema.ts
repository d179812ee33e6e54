// The data of certificates.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { keyUsages } from './enums.ts';
import type * as T from './types.ts';

export const CertificateSigningRequest: Struct<T.CertificateSigningRequest> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'CertificateSigningRequestSpec', always: true, required: true },
    status: { n: 3, type: 'CertificateSigningRequestStatus' },
  },
};

export const CertificateSigningRequestCondition: Struct<T.CertificateSigningRequestCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 6, type: 'string', always: true, required: true },
    reason: { n: 2, type: 'string' },
    message: { n: 3, type: 'string' },
    lastUpdateTime: { n: 4, type: 'Time' },
    lastTransitionTime: { n: 5, type: 'Time' },
  },
};

export const CertificateSigningRequestSpec: Struct<T.CertificateSigningRequestSpec> = {
  fields: {
    request: { n: 1, type: 'bytes', always: true, required: true, listType: 'atomic' },
    signerName: { n: 7, type: 'string', always: true, required: true },
    expirationSeconds: { n: 8, type: 'int32', ptr: true },
    usages: { n: 5, type: '[]string', enum: keyUsages, listType: 'atomic' },
    username: { n: 2, type: 'string' },
    uid: { n: 3, type: 'string' },
    groups: { n: 4, type: '[]string', listType: 'atomic' },
    extra: { n: 6, type: 'map:[]string' },
  },
};

export const CertificateSigningRequestStatus: Struct<T.CertificateSigningRequestStatus> = {
  fields: {
    conditions: { n: 1, type: '[]CertificateSigningRequestCondition', listType: 'map', listMapKeys: ['type'] },
    certificate: { n: 2, type: 'bytes', listType: 'atomic' },
  },
};
