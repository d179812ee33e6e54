// The data of apiregistration.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const APIService: Struct<T.APIService> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'APIServiceSpec' },
    status: { n: 3, type: 'APIServiceStatus' },
  },
};

export const APIServiceCondition: Struct<T.APIServiceCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true },
    lastTransitionTime: { n: 3, type: 'Time' },
    reason: { n: 4, type: 'string' },
    message: { n: 5, type: 'string' },
  },
};

export const APIServiceSpec: Struct<T.APIServiceSpec> = {
  fields: {
    service: { n: 1, type: 'ServiceReference', ptr: true },
    group: { n: 2, type: 'string' },
    version: { n: 3, type: 'string' },
    insecureSkipTLSVerify: { n: 4, type: 'bool' },
    caBundle: { n: 5, type: 'bytes', listType: 'atomic' },
    groupPriorityMinimum: { n: 7, type: 'int32', always: true, required: true },
    versionPriority: { n: 8, type: 'int32', always: true, required: true },
  },
};

export const APIServiceStatus: Struct<T.APIServiceStatus> = {
  fields: {
    conditions: { n: 1, type: '[]APIServiceCondition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
  },
};

export const ServiceReference: Struct<T.ServiceReference> = {
  fields: {
    namespace: { n: 1, type: 'string' },
    name: { n: 2, type: 'string' },
    port: { n: 3, type: 'int32', ptr: true, default: 443 },
  },
};
