// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'discovery.v1', group: 'discovery.k8s.io', version: 'v1',
    resource: 'endpointslices', kind: 'EndpointSlice', singular: 'endpointslice', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/endpointslices/', package: 'discovery.v1', kind: 'EndpointSlice' },
  },
];
