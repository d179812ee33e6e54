import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const batchV1: Package = {
  name: 'batch.v1',
  group: 'batch',
  version: 'v1',
  openapi: 'io.k8s.api.batch.v1',
  proto: 'k8s.io.api.batch.v1',
  types: { ...schema },
  lists: ['CronJob', 'Job'],
};
