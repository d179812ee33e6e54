import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packages } from '../../api/catalog.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { Registry } from '../registry.ts';
import { toObjectManagers, toScaleManagers } from './scale.ts';
import type { ManagedFieldsEntry } from './managed.ts';
import { shapeOfStruct } from './shape.ts';
import { checkTyped, MisfitError } from './typed.ts';

const registry = new Registry(packages);

function misfit(type: string, config: JsonObject): string {
  try {
    checkTyped(config, shapeOfStruct(registry.struct(type)));
  } catch (error) {
    assert.ok(error instanceof MisfitError);
    return error.message;
  }
  return '';
}

test('a configuration has the types of its kind, also within what is in one piece', () => {
  const pod = (spec: JsonObject): string => misfit('core.v1.Pod', { spec });
  assert.equal(pod({ containers: [{ name: 'a', image: 'b' }], nodeSelector: { a: 'b' }, tolerations: [{ key: 'x' }] }), '');
  assert.equal(pod({ nodeSelector: { a: 1 } }), '.spec.nodeSelector.a: expected string, got &value.valueUnstructured{Value:1}');
  assert.equal(pod({ tolerations: [{ key: 'a' }, { tolerationSeconds: 'x' }] }), '.spec.tolerations[1].tolerationSeconds: expected numeric (int or float), got string');
  assert.equal(pod({ hostNetwork: { a: [1, null] } }), '.spec.hostNetwork: expected boolean, got &{map[a:[1 <nil>]]}');
  assert.equal(pod({ containers: { name: 'a' } }), '.spec.containers: expected list, got &{map[name:a]}');
  assert.equal(pod({ containers: [{ name: 'a' }, { name: 'a' }] }), '.spec.containers: duplicate entries for key [name="a"]');
  assert.equal(pod({ containers: [{ image: 'has the empty name' }] }), '');
  assert.equal(pod({ containers: [null] }), '.spec.containers: element 0: associative list with keys may not have a null element');
  assert.equal(pod({ hostname: 5, nope: 1 }), 'errors:\n  .spec.hostname: expected string, got &value.valueUnstructured{Value:5}\n  .spec.nope: field not declared in schema');
  assert.equal(misfit('core.v1.ConfigMap', { metadata: { finalizers: ['a', {}] } }), ".metadata.finalizers: element 1: associative list without keys has an element that's a map type");
});

test('the size of an object changes hands between the object and its scale', () => {
  const paths = new Map([['apps/v1', ['f:spec', 'f:replicas']], ['apps/v2', undefined]]);
  const entry = (manager: string, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry => ({ manager, operation: 'Apply', apiVersion: 'apps/v1', time: '2025-01-01T00:00:00Z', fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { 'f:paused': {}, 'f:replicas': {} } }, ...more });
  const object = [entry('one'), entry('other', { fieldsV1: { 'f:spec': { 'f:paused': {} } } }), entry('unseen', { apiVersion: 'apps/v2' }), entry('gone', { apiVersion: 'apps/v9' })];
  const scale = toScaleManagers(object, paths)!;
  assert.deepEqual(scale, [{ ...entry('one'), apiVersion: 'autoscaling/v1', fieldsV1: { 'f:spec': { 'f:replicas': {} } } }]);
  // Nobody has taken it.
  assert.deepEqual(toObjectManagers(object, scale, paths, 'apps/v1')!.map((e) => e.manager), ['one', 'other', 'unseen']);
  const taken = [{ ...scale[0]!, manager: 'scaler', subresource: 'scale' }];
  const after = toObjectManagers(object, taken, paths, 'apps/v1')!;
  assert.deepEqual(after.find((e) => e.manager === 'one')!.fieldsV1, { 'f:spec': { 'f:paused': {} } });
  assert.deepEqual(after.find((e) => e.manager === 'scaler'), { manager: 'scaler', operation: 'Apply', apiVersion: 'apps/v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { 'f:replicas': {} } }, subresource: 'scale' });
});
