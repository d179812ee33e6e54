/**
 * Brings the roles and bindings of the start up to date: what is missing of them is added, what somebody else has added stays, and one
 * whose annotation says so is left alone. A binding to another role is made anew, because a roleRef never changes.
 */
import type { ClusterRole, ClusterRoleBinding } from '../../api/rbac/v1/types.ts';
import { clusterrolebindings, clusterroles, rolebindings, roles } from '../../api/rbac/v1/index.ts';
import { isDeepStrictEqual } from 'node:util';
import type { ResourceRef } from '../../api/reference.ts';
import type { Client } from '../../client/client.ts';
import { thaw, type DeepReadonly, type Draft } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { uncovered } from '../authz/rules.ts';
import { clusterRoleBindings, clusterRoles, namespaceRoleBindings, namespaceRoles } from './policy.ts';

const autoupdate = 'rbac.authorization.kubernetes.io/autoupdate';

/** The parts that the four kinds have between them. */
type Policy = { metadata: Partial<ClusterRole['metadata']> } & Partial<Pick<ClusterRole, 'rules' | 'aggregationRule'>> & Partial<Pick<ClusterRoleBinding, 'roleRef' | 'subjects'>>;

export async function reconcilePolicy(client: Client): Promise<void> {
  // Roles first: a binding to a role that is not there yet would be reported by whoever looks at that moment.
  await Promise.all([
    ...clusterRoles().map((role) => reconcile(client, clusterroles, role)),
    ...namespaceRoles().map((role) => reconcile(client, roles, role)),
  ]);
  await Promise.all([
    ...clusterRoleBindings().map((binding) => reconcile(client, clusterrolebindings, binding)),
    ...namespaceRoleBindings().map((binding) => reconcile(client, rolebindings, binding)),
  ]);
}

async function reconcile<T>(client: Client, ref: ResourceRef<T>, expected: Draft<T>): Promise<void> {
  const { name = '', namespace } = (expected as { metadata: { name?: string; namespace?: string } }).metadata;
  const place = namespace ? { namespace } : {};
  for (;;) {
    try {
      const present = (await client.get(ref, name, place)) as unknown as DeepReadonly<Policy>;
      const next = reconciled(present, expected as unknown as Policy);
      if (next === present) return;
      if (next === 'replace') await client.delete(ref, name, place);
      else await client.update(ref, next as unknown as T, place);
      if (next !== 'replace') return;
    } catch (error) {
      // Another server of the cluster may be doing the same.
      if (hasReason(error, 'Conflict')) continue;
      if (!hasReason(error, 'NotFound')) throw error;
    }
    try {
      await client.create(ref, expected, place);
      return;
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
    }
  }
}

/** The object as it should be; itself when nothing is missing. */
export function reconciled(present: DeepReadonly<Policy>, expected: Policy): DeepReadonly<Policy> | 'replace' {
  if (present.metadata.annotations?.[autoupdate] === 'false') return present;
  if (expected.roleRef && !isDeepStrictEqual({ ...present.roleRef }, { ...expected.roleRef })) return 'replace';
  const next = thaw<Policy>(present);
  if (expected.metadata.labels) next.metadata.labels = { ...expected.metadata.labels, ...next.metadata.labels };
  if (expected.metadata.annotations) next.metadata.annotations = { ...expected.metadata.annotations, ...next.metadata.annotations };
  if (expected.subjects) {
    const missing = expected.subjects.filter((wanted) => !present.subjects?.some((s) => s.kind === wanted.kind && s.name === wanted.name && s.namespace === wanted.namespace));
    if (missing.length > 0) next.subjects = [...(next.subjects ?? []), ...missing];
  }
  if (expected.aggregationRule) {
    const selectors = next.aggregationRule?.clusterRoleSelectors ?? [];
    const missing = (expected.aggregationRule.clusterRoleSelectors ?? []).filter((wanted) => !selectors.some((s) => isDeepStrictEqual(s, wanted)));
    if (missing.length > 0) next.aggregationRule = { clusterRoleSelectors: [...selectors, ...missing] };
  } else if (expected.rules && !present.aggregationRule) {
    const missing = uncovered(present.rules ?? [], expected.rules);
    if (missing.length > 0) next.rules = [...(next.rules ?? []), ...thaw<NonNullable<Policy['rules']>>(missing)];
  }
  return isDeepStrictEqual(next, thaw<Policy>(present)) ? present : next;
}
