// The data of storagemigration.k8s.io/v1alpha1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const GroupVersionResource: Struct<T.GroupVersionResource> = {
  fields: {
    group: { n: 1, type: 'string' },
    version: { n: 2, type: 'string' },
    resource: { n: 3, type: 'string' },
  },
};

export const MigrationCondition: Struct<T.MigrationCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true },
    lastUpdateTime: { n: 3, type: 'Time' },
    reason: { n: 4, type: 'string' },
    message: { n: 5, type: 'string' },
  },
};

export const StorageVersionMigration: Struct<T.StorageVersionMigration> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'StorageVersionMigrationSpec' },
    status: { n: 3, type: 'StorageVersionMigrationStatus' },
  },
};

export const StorageVersionMigrationSpec: Struct<T.StorageVersionMigrationSpec> = {
  fields: {
    resource: { n: 1, type: 'GroupVersionResource', always: true, required: true },
    continueToken: { n: 2, type: 'string' },
  },
};

export const StorageVersionMigrationStatus: Struct<T.StorageVersionMigrationStatus> = {
  fields: {
    conditions: { n: 1, type: '[]MigrationCondition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
    resourceVersion: { n: 2, type: 'string' },
  },
};
