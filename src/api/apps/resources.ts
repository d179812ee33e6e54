// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'apps.v1', group: 'apps', version: 'v1',
    resource: 'controllerrevisions', kind: 'ControllerRevision', singular: 'controllerrevision', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/controllerrevisions/', package: 'apps.v1', kind: 'ControllerRevision' },
  },
  {
    package: 'apps.v1', group: 'apps', version: 'v1',
    resource: 'daemonsets', kind: 'DaemonSet', singular: 'daemonset', shortNames: ['ds'], categories: ['all'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'status', kind: 'DaemonSet', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/daemonsets/', package: 'apps.v1', kind: 'DaemonSet' },
  },
  {
    package: 'apps.v1', group: 'apps', version: 'v1',
    resource: 'deployments', kind: 'Deployment', singular: 'deployment', shortNames: ['deploy'], categories: ['all'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: ['get', 'patch', 'update'] },
      { name: 'status', kind: 'Deployment', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/deployments/', package: 'apps.v1', kind: 'Deployment' },
  },
  {
    package: 'apps.v1', group: 'apps', version: 'v1',
    resource: 'replicasets', kind: 'ReplicaSet', singular: 'replicaset', shortNames: ['rs'], categories: ['all'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: ['get', 'patch', 'update'] },
      { name: 'status', kind: 'ReplicaSet', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/replicasets/', package: 'apps.v1', kind: 'ReplicaSet' },
  },
  {
    package: 'apps.v1', group: 'apps', version: 'v1',
    resource: 'statefulsets', kind: 'StatefulSet', singular: 'statefulset', shortNames: ['sts'], categories: ['all'], namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: ['get', 'patch', 'update'] },
      { name: 'status', kind: 'StatefulSet', verbs: ['get', 'patch', 'update'] },
    ],
    storage: { prefix: '/registry/statefulsets/', package: 'apps.v1', kind: 'StatefulSet' },
  },
];
