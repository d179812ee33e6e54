// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'events.v1', group: 'events.k8s.io', version: 'v1',
    resource: 'events', kind: 'Event', singular: 'event', shortNames: ['ev'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/events/', package: 'core.v1', kind: 'Event' },
  },
];
