// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'apiextensions.v1', group: 'apiextensions.k8s.io', version: 'v1',
    resource: 'customresourcedefinitions', kind: 'CustomResourceDefinition', singular: 'customresourcedefinition', shortNames: ['crd', 'crds'], categories: ['api-extensions'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'CustomResourceDefinition', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/apiextensions.k8s.io/customresourcedefinitions/', package: 'apiextensions.v1', kind: 'CustomResourceDefinition' },
  },
];
