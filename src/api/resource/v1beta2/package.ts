import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const resourceV1beta2: Package = {
  name: 'resource.v1beta2',
  group: 'resource.k8s.io',
  version: 'v1beta2',
  openapi: 'io.k8s.api.resource.v1beta2',
  proto: 'k8s.io.api.resource.v1beta2',
  types: { ...schema },
  lists: ['DeviceClass', 'ResourceClaim', 'ResourceClaimTemplate', 'ResourceSlice'],
};
