// Printed by `npm run generate` from the schema beside it. Do not edit.
import type { ResourceRef } from '../../reference.ts';
import type * as T from './types.ts';
export type * from './types.ts';

export const events: ResourceRef<T.Event> = { group: 'events.k8s.io', version: 'v1', resource: 'events', kind: 'Event', namespaced: true };
