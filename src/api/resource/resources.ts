// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'resource.v1', group: 'resource.k8s.io', version: 'v1',
    resource: 'deviceclasses', kind: 'DeviceClass', singular: 'deviceclass', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/deviceclasses/', package: 'resource.v1beta2', kind: 'DeviceClass' },
  },
  {
    package: 'resource.v1', group: 'resource.k8s.io', version: 'v1',
    resource: 'resourceclaims', kind: 'ResourceClaim', singular: 'resourceclaim', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'ResourceClaim', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/resourceclaims/', package: 'resource.v1beta2', kind: 'ResourceClaim' },
  },
  {
    package: 'resource.v1', group: 'resource.k8s.io', version: 'v1',
    resource: 'resourceclaimtemplates', kind: 'ResourceClaimTemplate', singular: 'resourceclaimtemplate', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/resourceclaimtemplates/', package: 'resource.v1beta2', kind: 'ResourceClaimTemplate' },
  },
  {
    package: 'resource.v1', group: 'resource.k8s.io', version: 'v1',
    resource: 'resourceslices', kind: 'ResourceSlice', singular: 'resourceslice', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/resourceslices/', package: 'resource.v1beta2', kind: 'ResourceSlice' },
  },
  {
    package: 'resource.v1alpha3', group: 'resource.k8s.io', version: 'v1alpha3',
    resource: 'devicetaintrules', kind: 'DeviceTaintRule', singular: 'devicetaintrule', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    storage: { prefix: '/registry/devicetaintrules/', package: 'resource.v1alpha3', kind: 'DeviceTaintRule' },
  },
  {
    package: 'resource.v1beta1', group: 'resource.k8s.io', version: 'v1beta1',
    resource: 'deviceclasses', kind: 'DeviceClass', singular: 'deviceclass', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    storage: { prefix: '/registry/deviceclasses/', package: 'resource.v1beta2', kind: 'DeviceClass' },
  },
  {
    package: 'resource.v1beta1', group: 'resource.k8s.io', version: 'v1beta1',
    resource: 'resourceclaims', kind: 'ResourceClaim', singular: 'resourceclaim', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    subresources: [
      { name: 'status', kind: 'ResourceClaim', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/resourceclaims/', package: 'resource.v1beta2', kind: 'ResourceClaim' },
  },
  {
    package: 'resource.v1beta1', group: 'resource.k8s.io', version: 'v1beta1',
    resource: 'resourceclaimtemplates', kind: 'ResourceClaimTemplate', singular: 'resourceclaimtemplate', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    storage: { prefix: '/registry/resourceclaimtemplates/', package: 'resource.v1beta2', kind: 'ResourceClaimTemplate' },
  },
  {
    package: 'resource.v1beta1', group: 'resource.k8s.io', version: 'v1beta1',
    resource: 'resourceslices', kind: 'ResourceSlice', singular: 'resourceslice', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    storage: { prefix: '/registry/resourceslices/', package: 'resource.v1beta2', kind: 'ResourceSlice' },
  },
  {
    package: 'resource.v1beta2', group: 'resource.k8s.io', version: 'v1beta2',
    resource: 'deviceclasses', kind: 'DeviceClass', singular: 'deviceclass', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    storage: { prefix: '/registry/deviceclasses/', package: 'resource.v1beta2', kind: 'DeviceClass' },
  },
  {
    package: 'resource.v1beta2', group: 'resource.k8s.io', version: 'v1beta2',
    resource: 'resourceclaims', kind: 'ResourceClaim', singular: 'resourceclaim', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    subresources: [
      { name: 'status', kind: 'ResourceClaim', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/resourceclaims/', package: 'resource.v1beta2', kind: 'ResourceClaim' },
  },
  {
    package: 'resource.v1beta2', group: 'resource.k8s.io', version: 'v1beta2',
    resource: 'resourceclaimtemplates', kind: 'ResourceClaimTemplate', singular: 'resourceclaimtemplate', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    storage: { prefix: '/registry/resourceclaimtemplates/', package: 'resource.v1beta2', kind: 'ResourceClaimTemplate' },
  },
  {
    package: 'resource.v1beta2', group: 'resource.k8s.io', version: 'v1beta2',
    resource: 'resourceslices', kind: 'ResourceSlice', singular: 'resourceslice', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    offByDefault: true,
    storage: { prefix: '/registry/resourceslices/', package: 'resource.v1beta2', kind: 'ResourceSlice' },
  },
];
