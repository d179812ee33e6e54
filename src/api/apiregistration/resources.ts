// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'apiregistration.v1', group: 'apiregistration.k8s.io', version: 'v1',
    resource: 'apiservices', kind: 'APIService', singular: 'apiservice', categories: ['api-extensions'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'APIService', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/apiregistration.k8s.io/apiservices/', package: 'apiregistration.v1', kind: 'APIService' },
  },
];
