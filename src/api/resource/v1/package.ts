import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const resourceV1: Package = {
  name: 'resource.v1',
  group: 'resource.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.resource.v1',
  proto: 'k8s.io.api.resource.v1',
  types: { ...schema },
  lists: ['DeviceClass', 'ResourceClaim', 'ResourceClaimTemplate', 'ResourceSlice'],
};
