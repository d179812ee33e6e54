// Printed by `npm run generate` from the schema beside it. Do not edit.
import type { ResourceRef } from '../../reference.ts';
import type * as T from './types.ts';
export type * from './types.ts';

export const cronjobs: ResourceRef<T.CronJob> = { group: 'batch', version: 'v1', resource: 'cronjobs', kind: 'CronJob', namespaced: true };
export const jobs: ResourceRef<T.Job> = { group: 'batch', version: 'v1', resource: 'jobs', kind: 'Job', namespaced: true };
