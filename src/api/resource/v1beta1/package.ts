import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const resourceV1beta1: Package = {
  name: 'resource.v1beta1',
  group: 'resource.k8s.io',
  version: 'v1beta1',
  openapi: 'io.k8s.api.resource.v1beta1',
  proto: 'k8s.io.api.resource.v1beta1',
  types: { ...schema },
  lists: ['DeviceClass', 'ResourceClaim', 'ResourceClaimTemplate', 'ResourceSlice'],
};
