// Printed by `npm run generate` from the schema beside it. Do not edit.
import type { ResourceRef } from '../../reference.ts';
import type * as T from './types.ts';
export type * from './types.ts';

export const deviceclasses: ResourceRef<T.DeviceClass> = { group: 'resource.k8s.io', version: 'v1beta2', resource: 'deviceclasses', kind: 'DeviceClass', namespaced: false };
export const resourceclaims: ResourceRef<T.ResourceClaim> = { group: 'resource.k8s.io', version: 'v1beta2', resource: 'resourceclaims', kind: 'ResourceClaim', namespaced: true };
export const resourceclaimtemplates: ResourceRef<T.ResourceClaimTemplate> = { group: 'resource.k8s.io', version: 'v1beta2', resource: 'resourceclaimtemplates', kind: 'ResourceClaimTemplate', namespaced: true };
export const resourceslices: ResourceRef<T.ResourceSlice> = { group: 'resource.k8s.io', version: 'v1beta2', resource: 'resourceslices', kind: 'ResourceSlice', namespaced: false };
