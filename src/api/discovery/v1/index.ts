// Printed by `npm run generate` from the schema beside it. Do not edit.
import type { ResourceRef } from '../../reference.ts';
import type * as T from './types.ts';
export type * from './types.ts';

export const endpointslices: ResourceRef<T.EndpointSlice> = { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices', kind: 'EndpointSlice', namespaced: true };
