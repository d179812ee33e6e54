// Printed by `npm run generate` from the schema beside it. Do not edit.
import type { ResourceRef } from '../../reference.ts';
import type * as T from './types.ts';
export type * from './types.ts';

export const leasecandidates: ResourceRef<T.LeaseCandidate> = { group: 'coordination.k8s.io', version: 'v1beta1', resource: 'leasecandidates', kind: 'LeaseCandidate', namespaced: true };
