// Printed by `npm run generate` from the schema beside it. Do not edit.
import type * as metaV1 from '../../meta/v1/types.ts';

export interface GroupVersionResource {
  group?: string;
  version?: string;
  resource?: string;
}

export interface MigrationCondition {
  type: string;
  status: string;
  lastUpdateTime?: string;
  reason?: string;
  message?: string;
}

export interface StorageVersionMigration {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  spec: StorageVersionMigrationSpec;
  status: StorageVersionMigrationStatus;
}

export interface StorageVersionMigrationSpec {
  resource: GroupVersionResource;
  continueToken?: string;
}

export interface StorageVersionMigrationStatus {
  conditions?: MigrationCondition[];
  resourceVersion?: string;
}

export interface StorageVersionMigrationList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: StorageVersionMigration[];
}
