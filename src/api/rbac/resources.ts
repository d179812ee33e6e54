// What discovery says of this group's resources, and where they are stored.
import type { ResourceDefinition } from '../../schema/vocabulary.ts';

export const resources: readonly ResourceDefinition[] = [
  {
    package: 'rbac.v1', group: 'rbac.authorization.k8s.io', version: 'v1',
    resource: 'clusterrolebindings', kind: 'ClusterRoleBinding', singular: 'clusterrolebinding', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/clusterrolebindings/', package: 'rbac.v1', kind: 'ClusterRoleBinding' },
  },
  {
    package: 'rbac.v1', group: 'rbac.authorization.k8s.io', version: 'v1',
    resource: 'clusterroles', kind: 'ClusterRole', singular: 'clusterrole', namespaced: false,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/clusterroles/', package: 'rbac.v1', kind: 'ClusterRole' },
  },
  {
    package: 'rbac.v1', group: 'rbac.authorization.k8s.io', version: 'v1',
    resource: 'rolebindings', kind: 'RoleBinding', singular: 'rolebinding', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/rolebindings/', package: 'rbac.v1', kind: 'RoleBinding' },
  },
  {
    package: 'rbac.v1', group: 'rbac.authorization.k8s.io', version: 'v1',
    resource: 'roles', kind: 'Role', singular: 'role', namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    storage: { prefix: '/registry/roles/', package: 'rbac.v1', kind: 'Role' },
  },
];
