// Printed by `npm run generate` from the schema beside it. Do not edit.
import type { ResourceRef } from '../../reference.ts';
import type * as T from './types.ts';
export type * from './types.ts';

export const storageversionmigrations: ResourceRef<T.StorageVersionMigration> = { group: 'storagemigration.k8s.io', version: 'v1alpha1', resource: 'storageversionmigrations', kind: 'StorageVersionMigration', namespaced: false };
