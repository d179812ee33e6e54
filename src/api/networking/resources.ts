// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'networking.v1', group: 'networking.k8s.io', version: 'v1',
    resource: 'ingressclasses', kind: 'IngressClass', singular: 'ingressclass', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/ingressclasses/', package: 'networking.v1', kind: 'IngressClass' },
  },
  {
    package: 'networking.v1', group: 'networking.k8s.io', version: 'v1',
    resource: 'ingresses', kind: 'Ingress', singular: 'ingress', shortNames: ['ing'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'Ingress', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/ingress/', package: 'networking.v1', kind: 'Ingress' },
  },
  {
    package: 'networking.v1', group: 'networking.k8s.io', version: 'v1',
    resource: 'ipaddresses', kind: 'IPAddress', singular: 'ipaddress', shortNames: ['ip'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/ipaddresses/', package: 'networking.v1', kind: 'IPAddress' },
  },
  {
    package: 'networking.v1', group: 'networking.k8s.io', version: 'v1',
    resource: 'networkpolicies', kind: 'NetworkPolicy', singular: 'networkpolicy', shortNames: ['netpol'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/networkpolicies/', package: 'networking.v1', kind: 'NetworkPolicy' },
  },
  {
    package: 'networking.v1', group: 'networking.k8s.io', version: 'v1',
    resource: 'servicecidrs', kind: 'ServiceCIDR', singular: 'servicecidr', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'ServiceCIDR', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/servicecidrs/', package: 'networking.v1', kind: 'ServiceCIDR' },
  },
  {
    package: 'networking.v1beta1', group: 'networking.k8s.io', version: 'v1beta1',
    resource: 'ipaddresses', kind: 'IPAddress', singular: 'ipaddress', shortNames: ['ip'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    storage: { prefix: '/registry/ipaddresses/', package: 'networking.v1', kind: 'IPAddress' },
  },
  {
    package: 'networking.v1beta1', group: 'networking.k8s.io', version: 'v1beta1',
    resource: 'servicecidrs', kind: 'ServiceCIDR', singular: 'servicecidr', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    subresources: [
      { name: 'status', kind: 'ServiceCIDR', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/servicecidrs/', package: 'networking.v1', kind: 'ServiceCIDR' },
  },
];
