// The data of internal.apiserver.k8s.io/v1alpha1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const ServerStorageVersion: Struct<T.ServerStorageVersion> = {
  fields: {
    apiServerID: { n: 1, type: 'string' },
    encodingVersion: { n: 2, type: 'string' },
    decodableVersions: { n: 3, type: '[]string', listType: 'set' },
    servedVersions: { n: 4, type: '[]string', listType: 'set' },
  },
};

export const StorageVersion: Struct<T.StorageVersion> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'StorageVersionSpec', always: true, required: true },
    status: { n: 3, type: 'StorageVersionStatus', always: true, required: true },
  },
};

export const StorageVersionCondition: Struct<T.StorageVersionCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true },
    observedGeneration: { n: 3, type: 'int64' },
    lastTransitionTime: { n: 4, type: 'Time' },
    reason: { n: 5, type: 'string', always: true, required: true },
    message: { n: 6, type: 'string', required: true },
  },
};

export const StorageVersionSpec: Struct<T.StorageVersionSpec> = {
  fields: {},
};

export const StorageVersionStatus: Struct<T.StorageVersionStatus> = {
  fields: {
    storageVersions: { n: 1, type: '[]ServerStorageVersion', listType: 'map', listMapKeys: ['apiServerID'] },
    commonEncodingVersion: { n: 2, type: 'string', ptr: true },
    conditions: { n: 3, type: '[]StorageVersionCondition', listType: 'map', listMapKeys: ['type'] },
  },
};
