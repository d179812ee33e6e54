/** Rules of the RBAC kinds. Whether somebody may grant what they do is the server's to check. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { invalid, notSupported, required, sameValue } from '../../machinery/fieldpath.ts';
import { nameIsPathSegment, nameIsSubdomain } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabelSelector } from '../../schema/metadata.ts';
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import * as columns from './columns.ts';
import type * as T from './v1/types.ts';

const group = 'rbac.authorization.k8s.io';

function checkRules(rules: DeepReadonly<T.PolicyRule[]> | undefined, namespaced: boolean, out: FieldError[]): void {
  for (const [i, r] of (rules ?? []).entries()) {
    const path = `rules[${i}]`;
    if (!r.verbs?.length) out.push(required(`${path}.verbs`, 'verbs must contain at least one value'));
    if (r.nonResourceURLs?.length) {
      if (namespaced) out.push(invalid(`${path}.nonResourceURLs`, r.nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
      if (r.apiGroups?.length || r.resources?.length || r.resourceNames?.length) out.push(invalid(`${path}.nonResourceURLs`, r.nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'));
      continue;
    }
    if (!r.apiGroups?.length) out.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
    if (!r.resources?.length) out.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
  }
}

function validateRole(r: DeepReadonly<T.Role>): FieldError[] {
  const out: FieldError[] = [];
  checkRules(r.rules, true, out);
  return out;
}

function validateClusterRole(r: DeepReadonly<T.ClusterRole>): FieldError[] {
  const out: FieldError[] = [];
  checkRules(r.rules, false, out);
  if (!r.aggregationRule) return out;
  const selectors = r.aggregationRule.clusterRoleSelectors ?? [];
  if (selectors.length === 0) out.push(required('aggregationRule.clusterRoleSelectors', 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
  for (const [i, s] of selectors.entries()) {
    const path = `aggregationRule.clusterRoleSelectors[${i}]`;
    const before = out.length;
    checkLabelSelector(s, path, out);
    if (out.length > before) out.push(invalid(path, undefined, 'invalid label selector.'));
  }
  return out;
}

type Binding = DeepReadonly<T.RoleBinding | T.ClusterRoleBinding>;

function checkSubject(s: DeepReadonly<T.Subject>, needsNamespace: boolean, path: string, out: FieldError[]): void {
  if (!s.name) out.push(required(`${path}.name`));
  switch (s.kind) {
    case 'ServiceAccount':
      if (s.name) for (const c of nameIsSubdomain(s.name, false)) out.push(invalid(`${path}.name`, s.name, c));
      if (s.apiGroup) out.push(notSupported(`${path}.apiGroup`, s.apiGroup, ['']));
      if (needsNamespace && !s.namespace) out.push(required(`${path}.namespace`));
      break;
    case 'User':
    case 'Group':
      if (s.apiGroup !== group) out.push(notSupported(`${path}.apiGroup`, s.apiGroup ?? '', [group]));
      break;
    default:
      out.push(notSupported(`${path}.kind`, s.kind, ['ServiceAccount', 'User', 'Group']));
  }
}

function validateBinding(b: Binding, kinds: readonly string[]): FieldError[] {
  // Within a namespace it is left open which one's account is meant.
  const namespaced = kinds.includes('Role');
  const out: FieldError[] = [];
  const { roleRef } = b;
  if (roleRef.apiGroup !== group) out.push(notSupported('roleRef.apiGroup', roleRef.apiGroup ?? '', [group]));
  if (!kinds.includes(roleRef.kind)) out.push(notSupported('roleRef.kind', roleRef.kind, kinds));
  if (!roleRef.name) out.push(required('roleRef.name'));
  else for (const c of nameIsPathSegment(roleRef.name, false)) out.push(invalid('roleRef.name', roleRef.name, c));
  for (const [i, s] of (b.subjects ?? []).entries()) checkSubject(s, !namespaced, `subjects[${i}]`, out);
  return out;
}

function bindingRules(kinds: readonly string[]): AnyKindRules {
  const validate = (b: Binding): FieldError[] => validateBinding(b, kinds);
  return {
    nameRule: nameIsPathSegment,
    metadataChecks: [5, 3],
    validate,
    validateUpdate: (b: Binding, old: Binding) => [...validate(b), ...validate(b), ...(sameValue(b.roleRef, old.roleRef) ? [] : [invalid('roleRef', { APIGroup: b.roleRef.apiGroup, Kind: b.roleRef.kind, Name: b.roleRef.name }, 'cannot change roleRef')])],
  };
}

/** An update is judged twice upstream. */
function roleRules<R>(validate: (role: R) => FieldError[]): AnyKindRules {
  return { nameRule: nameIsPathSegment, metadataChecks: [5, 3], validate, validateUpdate: (role: R) => [...validate(role), ...validate(role)] };
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  Role: roleRules(validateRole),
  ClusterRole: roleRules(validateClusterRole),
  RoleBinding: { ...bindingRules(['Role', 'ClusterRole']), columns: columns.roleBindingColumns },
  ClusterRoleBinding: { ...bindingRules(['ClusterRole']), columns: columns.clusterRoleBindingColumns },
};
