import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packages } from '../api/catalog.ts';
import type { JsonObject } from '../machinery/json.ts';
import { emptiesOf } from './empties.ts';
import { internalForm } from './internalform.ts';
import { Registry } from './registry.ts';

const registry = new Registry(packages);
const coreV1 = registry.packageOf('', 'v1')!;

test('a value as upstream prints its internal types', () => {
  assert.deepEqual(internalForm({ key: 'a', effect: 'NoSchedule' }, coreV1, 'Taint'), { Key: 'a', Value: '', Effect: 'NoSchedule', TimeAdded: null });
  assert.deepEqual(internalForm({ apiVersion: 'v1', uid: 'u' }, coreV1, 'ObjectReference'), { Kind: '', Namespace: '', Name: '', UID: 'u', APIVersion: 'v1', ResourceVersion: '', FieldPath: '' });
  const template = internalForm({ metadata: { labels: { a: 'b' } }, spec: { containers: [] } }, coreV1, 'PodTemplateSpec') as Record<string, Record<string, unknown>>;
  assert.deepEqual(template['labels'], { a: 'b' });
  assert.deepEqual(template['Spec']!['Containers'], []);
  assert.equal(internalForm(undefined, coreV1, 'Taint'), null);
});

test('lists without items that are always written come back as null', () => {
  const role: JsonObject = { rules: [] };
  emptiesOf(registry.struct('rbac.v1.Role'))!(role);
  assert.deepEqual(role, { rules: null });
  const pod: JsonObject = { spec: { containers: [{ name: 'c' }], volumes: [{ name: 'v', projected: { sources: [] } }] } };
  emptiesOf(registry.struct('core.v1.Pod'))!(pod);
  assert.deepEqual(pod, { spec: { containers: [{ name: 'c' }], volumes: [{ name: 'v', projected: { sources: null } }] } });
  assert.equal(emptiesOf(registry.struct('core.v1.ConfigMap')), undefined);
});
