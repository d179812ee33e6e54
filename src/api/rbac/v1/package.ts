import type { Package } from '../../../schema/vocabulary.ts';
import * as schema from './schema.ts';

export const rbacV1: Package = {
  name: 'rbac.v1',
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  openapi: 'io.k8s.api.rbac.v1',
  proto: 'k8s.io.api.rbac.v1',
  types: { ...schema },
  lists: ['ClusterRoleBinding', 'ClusterRole', 'RoleBinding', 'Role'],
};
