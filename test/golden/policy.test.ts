/** The roles and bindings that upstream's 1.34 starts with, as one of its servers listed them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ClusterRole, ClusterRoleBinding } from '../../src/api/rbac/v1/types.ts';
import { clusterRoleBindings, clusterRoles, namespaceRoleBindings, namespaceRoles } from '../../src/apiserver/bootstrap/policy.ts';

const recorded = readFileSync(join(import.meta.dirname, 'policy.txt'), 'utf8').trim().split('\n');

const list = (values: readonly string[] | null | undefined): string => (values ?? []).map((v) => v || '""').join(',');

/** One line for each rule, subject and property, so that a difference can be read. */
function lines(kind: string, object: Pick<ClusterRole, 'metadata'> & Partial<Omit<ClusterRole & ClusterRoleBinding, 'metadata'>>): string[] {
  const { metadata, rules, aggregationRule, roleRef, subjects } = object;
  const name = `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`;
  const pairs = (of: Readonly<Record<string, string>> | undefined): string => Object.entries(of ?? {}).map(([k, v]) => `${k}=${v}`).sort().join(',');
  return [
    `${name}: labels ${pairs(metadata.labels)} annotations ${pairs(metadata.annotations)}`,
    ...(roleRef ? [`${name}: to ${roleRef.kind} ${roleRef.name}`] : []),
    ...(aggregationRule?.clusterRoleSelectors ?? []).map((s) => `${name}: gathers ${pairs(s.matchLabels)}`),
    ...(subjects ?? []).map((s) => `${name}: ${s.kind} ${s.namespace ? `${s.namespace}/` : ''}${s.name} ${s.apiGroup ?? ''}`.trimEnd()),
    ...(rules ?? []).map((r) => `${name}: ${list(r.verbs)} ${r.nonResourceURLs ? `urls ${list(r.nonResourceURLs)}` : `[${list(r.apiGroups)}] ${list(r.resources)}`}${r.resourceNames ? ` named ${list(r.resourceNames)}` : ''}`),
  ];
}

test('roles and bindings of the start are upstream\'s, rule by rule and in order', () => {
  const ours = [
    ...clusterRoles().map((o) => lines('ClusterRole', o as ClusterRole)), ...clusterRoleBindings().map((o) => lines('ClusterRoleBinding', o as ClusterRoleBinding)),
    ...namespaceRoles().map((o) => lines('Role', o as ClusterRole)), ...namespaceRoleBindings().map((o) => lines('RoleBinding', o as ClusterRoleBinding)),
  ].map((object) => object.join('\n')).sort().join('\n').split('\n');
  assert.deepEqual(ours, recorded);
});
