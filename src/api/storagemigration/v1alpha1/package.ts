import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const storagemigrationV1alpha1: Package = {
  name: 'storagemigration.v1alpha1',
  group: 'storagemigration.k8s.io',
  version: 'v1alpha1',
  openapi: 'io.k8s.api.storagemigration.v1alpha1',
  proto: 'k8s.io.api.storagemigration.v1alpha1',
  types: { ...schema },
  goTypes: {
    'v1.ConditionStatus': 'MigrationCondition.status',
    'v1alpha1.MigrationConditionType': 'MigrationCondition.type',
  },
  lists: ['StorageVersionMigration'],
};
