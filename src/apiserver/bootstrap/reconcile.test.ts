import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reconciled } from './reconcile.ts';

const autoupdate = (value: string) => ({ annotations: { 'rbac.authorization.kubernetes.io/autoupdate': value } });
const pods = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] };

test('missing rules are added, those of others stay, and what is complete is left alone', () => {
  const expected = { metadata: { name: 'r', ...autoupdate('true') }, rules: [pods] };
  const present = { metadata: { name: 'r', ...autoupdate('true'), resourceVersion: '5' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }, { verbs: ['get'], apiGroups: [''], resources: ['secrets'] }] };
  assert.deepEqual((reconciled(present, expected) as { rules?: unknown }).rules, [...present.rules, { verbs: ['list'], apiGroups: [''], resources: ['pods'] }]);
  const complete = { ...present, rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] };
  assert.equal(reconciled(complete, expected), complete);
});

test('who has said so keeps his own', () => {
  const present = { metadata: { name: 'r', ...autoupdate('false') }, rules: [] };
  assert.equal(reconciled(present, { metadata: { name: 'r', ...autoupdate('true') }, rules: [pods] }), present);
});

test('subjects are added; a binding to another role is made anew; labels and selectors come back', () => {
  const group = (name: string) => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' };
  const expected = { metadata: { name: 'b', labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } }, roleRef, subjects: [group('a'), group('b')] };
  const next = reconciled({ metadata: { name: 'b', labels: { own: 'x' } }, roleRef, subjects: [group('b'), group('c')] }, expected) as { subjects?: unknown; metadata: { labels?: unknown } };
  assert.deepEqual(next.subjects, [group('b'), group('c'), group('a')]);
  assert.deepEqual(next.metadata.labels, { 'kubernetes.io/bootstrapping': 'rbac-defaults', own: 'x' });
  assert.equal(reconciled({ metadata: { name: 'b' }, roleRef: { ...roleRef, name: 'other' } }, expected), 'replace');
  const gathers = (...labels: string[]) => ({ clusterRoleSelectors: labels.map((label) => ({ matchLabels: { [label]: 'true' } })) });
  const aggregated = reconciled({ metadata: { name: 'edit' }, rules: [pods], aggregationRule: gathers('own') }, { metadata: { name: 'edit' }, rules: [], aggregationRule: gathers('ours') });
  assert.deepEqual(aggregated, { metadata: { name: 'edit' }, rules: [pods], aggregationRule: gathers('own', 'ours') });
});
