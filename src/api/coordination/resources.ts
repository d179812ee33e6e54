// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'coordination.v1', group: 'coordination.k8s.io', version: 'v1',
    resource: 'leases', kind: 'Lease', singular: 'lease', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/leases/', package: 'coordination.v1', kind: 'Lease' },
  },
  {
    package: 'coordination.v1alpha2', group: 'coordination.k8s.io', version: 'v1alpha2',
    resource: 'leasecandidates', kind: 'LeaseCandidate', singular: 'leasecandidate', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    storage: { prefix: '/registry/leasecandidates/', package: 'coordination.v1beta1', kind: 'LeaseCandidate' },
  },
  {
    package: 'coordination.v1beta1', group: 'coordination.k8s.io', version: 'v1beta1',
    resource: 'leasecandidates', kind: 'LeaseCandidate', singular: 'leasecandidate', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    storage: { prefix: '/registry/leasecandidates/', package: 'coordination.v1beta1', kind: 'LeaseCandidate' },
  },
];
