/** Table columns of the RBAC kinds. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { columnList } from '../../schema/table.ts';
import type * as T from './v1/types.ts';

interface Binding {
  readonly roleRef: DeepReadonly<T.RoleRef>;
  readonly subjects?: DeepReadonly<T.Subject[]>;
}

function role(b: Binding): string {
  return `${b.roleRef.kind}/${b.roleRef.name}`;
}

function subjects(b: Binding, kind: string): string {
  return (b.subjects ?? []).filter((s) => s.kind === kind).map((s) => (kind === 'ServiceAccount' && s.namespace ? `${s.namespace}/${s.name}` : s.name)).join(', ');
}

export const roleBindingColumns = columnList<T.RoleBinding>(({ column, wide, nameColumn, ageColumn }) => [
  nameColumn,
  column('Role', 'The role that is granted.', role),
  ageColumn,
  wide('Users', 'Users that have it.', (b) => subjects(b, 'User')),
  wide('Groups', 'Groups that have it.', (b) => subjects(b, 'Group')),
  wide('ServiceAccounts', 'Service accounts that have it.', (b) => subjects(b, 'ServiceAccount')),
]);

export const clusterRoleBindingColumns = columnList<T.ClusterRoleBinding>(({ column, wide, nameColumn, ageColumn }) => [
  nameColumn,
  column('Role', 'The role that is granted.', role),
  ageColumn,
  wide('Users', 'Users that have it.', (b) => subjects(b, 'User')),
  wide('Groups', 'Groups that have it.', (b) => subjects(b, 'Group')),
  wide('ServiceAccounts', 'Service accounts that have it.', (b) => subjects(b, 'ServiceAccount')),
]);
