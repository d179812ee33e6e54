// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'bindings', kind: 'Binding', singular: 'binding', namespaced: true,
    verbs: ['create'],
  },
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'componentstatuses', kind: 'ComponentStatus', singular: 'componentstatus', shortNames: ['cs'], namespaced: false,
    deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
    verbs: ['get', 'list'],
  },
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'configmaps', kind: 'ConfigMap', singular: 'configmap', shortNames: ['cm'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/configmaps/', package: 'core.v1', kind: 'ConfigMap' },
  },
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'endpoints', kind: 'Endpoints', singular: 'endpoints', shortNames: ['ep'], namespaced: true,
    deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/services/endpoints/', package: 'core.v1', kind: 'Endpoints' },
  },
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'events', kind: 'Event', singular: 'event', shortNames: ['ev'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/events/', package: 'core.v1', kind: 'Event' },
  },
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'limitranges', kind: 'LimitRange', singular: 'limitrange', shortNames: ['limits'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/limitranges/', package: 'core.v1', kind: 'LimitRange' },
  },
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'namespaces', kind: 'Namespace', singular: 'namespace', shortNames: ['ns'], namespaced: false,
    verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'finalize', kind: 'Namespace', group: '', version: 'v1', verbs: ['update'] },
      { name: 'status', kind: 'Namespace', group: '', version: 'v1', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/namespaces/', package: 'core.v1', kind: 'Namespace' },
  },
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'nodes', kind: 'Node', singular: 'node', shortNames: ['no'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'proxy', kind: 'NodeProxyOptions', group: '', version: 'v1', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
      { name: 'status', kind: 'Node', group: '', version: 'v1', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/minions/', package: 'core.v1', kind: 'Node' },
  },
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'persistentvolumeclaims', kind: 'PersistentVolumeClaim', singular: 'persistentvolumeclaim', shortNames: ['pvc'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'PersistentVolumeClaim', group: '', version: 'v1', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/persistentvolumeclaims/', package: 'core.v1', kind: 'PersistentVolumeClaim' },
  },
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'persistentvolumes', kind: 'PersistentVolume', singular: 'persistentvolume', shortNames: ['pv'], namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'PersistentVolume', group: '', version: 'v1', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/persistentvolumes/', package: 'core.v1', kind: 'PersistentVolume' },
  },
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'pods', kind: 'Pod', singular: 'pod', shortNames: ['po'], categories: ['all'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'attach', kind: 'PodAttachOptions', group: '', version: 'v1', verbs: ['create', 'get'] },
      { name: 'binding', kind: 'Binding', group: '', version: 'v1', verbs: ['create'] },
      { name: 'ephemeralcontainers', kind: 'Pod', group: '', version: 'v1', verbs: ['get', 'patch', 'update'] },
      { name: 'eviction', kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'], accepts: ['policy/v1beta1'] },
      { name: 'exec', kind: 'PodExecOptions', group: '', version: 'v1', verbs: ['create', 'get'] },
      { name: 'log', kind: 'Pod', group: '', version: 'v1', verbs: ['get'] },
      { name: 'portforward', kind: 'PodPortForwardOptions', group: '', version: 'v1', verbs: ['create', 'get'] },
      { name: 'proxy', kind: 'PodProxyOptions', group: '', version: 'v1', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
      { name: 'resize', kind: 'Pod', group: '', version: 'v1', verbs: ['get', 'patch', 'update'] },
      { name: 'status', kind: 'Pod', group: '', version: 'v1', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/pods/', package: 'core.v1', kind: 'Pod' },
  },
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'podtemplates', kind: 'PodTemplate', singular: 'podtemplate', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/podtemplates/', package: 'core.v1', kind: 'PodTemplate' },
  },
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'replicationcontrollers', kind: 'ReplicationController', singular: 'replicationcontroller', shortNames: ['rc'], categories: ['all'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: ['get', 'patch', 'update'] },
      { name: 'status', kind: 'ReplicationController', group: '', version: 'v1', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/controllers/', package: 'core.v1', kind: 'ReplicationController' },
  },
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'resourcequotas', kind: 'ResourceQuota', singular: 'resourcequota', shortNames: ['quota'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'ResourceQuota', group: '', version: 'v1', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/resourcequotas/', package: 'core.v1', kind: 'ResourceQuota' },
  },
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'secrets', kind: 'Secret', singular: 'secret', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/secrets/', package: 'core.v1', kind: 'Secret' },
  },
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'serviceaccounts', kind: 'ServiceAccount', singular: 'serviceaccount', shortNames: ['sa'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'token', kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1', verbs: ['create'] },
    ],
    storage: { prefix: '/registry/serviceaccounts/', package: 'core.v1', kind: 'ServiceAccount' },
  },
  {
    package: 'core.v1', group: '', version: 'v1',
    resource: 'services', kind: 'Service', singular: 'service', shortNames: ['svc'], categories: ['all'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'proxy', kind: 'ServiceProxyOptions', group: '', version: 'v1', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
      { name: 'status', kind: 'Service', group: '', version: 'v1', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/services/specs/', package: 'core.v1', kind: 'Service' },
  },
];
