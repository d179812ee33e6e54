// The data of admission.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const AdmissionRequest: Struct<T.AdmissionRequest> = {
  fields: {
    uid: { n: 1, type: 'string', always: true },
    kind: { n: 2, type: 'meta.v1.GroupVersionKind', always: true },
    resource: { n: 3, type: 'meta.v1.GroupVersionResource', always: true },
    subResource: { n: 4, type: 'string' },
    requestKind: { n: 13, type: 'meta.v1.GroupVersionKind', ptr: true },
    requestResource: { n: 14, type: 'meta.v1.GroupVersionResource', ptr: true },
    requestSubResource: { n: 15, type: 'string' },
    name: { n: 5, type: 'string' },
    namespace: { n: 6, type: 'string' },
    operation: { n: 7, type: 'string', always: true },
    userInfo: { n: 8, type: 'authentication.v1.UserInfo', always: true },
    object: { n: 9, type: 'RawExtension' },
    oldObject: { n: 10, type: 'RawExtension' },
    dryRun: { n: 11, type: 'bool', ptr: true },
    options: { n: 12, type: 'RawExtension' },
  },
};

export const AdmissionResponse: Struct<T.AdmissionResponse> = {
  fields: {
    uid: { n: 1, type: 'string', always: true },
    allowed: { n: 2, type: 'bool', always: true },
    status: { n: 3, type: 'meta.v1.Status', ptr: true },
    patch: { n: 4, type: 'bytes' },
    patchType: { n: 5, type: 'string', ptr: true },
    auditAnnotations: { n: 6, type: 'map:string' },
    warnings: { n: 7, type: '[]string' },
  },
};

export const AdmissionReview: Struct<T.AdmissionReview> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    request: { n: 1, type: 'AdmissionRequest', ptr: true },
    response: { n: 2, type: 'AdmissionResponse', ptr: true },
  },
};
