import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ruleTree, validateRules } from './rules.ts';
import type { JsonSchema } from './schema.ts';

const schema: JsonSchema = {
  type: 'object',
  'x-kubernetes-validations': [{ rule: 'self.metadata.name.startsWith("a")' }],
  properties: {
    spec: {
      type: 'object',
      'x-kubernetes-validations': [
        { rule: 'self.min <= self.max', message: 'min is above max', fieldPath: '.min', reason: 'FieldValueForbidden' },
        { rule: '!has(self.list) || self.list.size() < self.max', messageExpression: '"at most " + string(self.max)' },
      ],
      properties: {
        min: { type: 'integer' }, max: { type: 'integer' }, list: { type: 'array', maxItems: 5, items: { type: 'string', maxLength: 9, 'x-kubernetes-validations': [{ rule: 'self != "no"' }] } },
        fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'immutable' }] },
        grows: { type: 'integer', 'x-kubernetes-validations': [{ rule: '!oldSelf.hasValue() || self > oldSelf.value()', optionalOldSelf: true, message: 'must grow' }] },
      },
    },
  },
};
const tree = ruleTree(schema, true)!;
const told = (spec: object, old?: object, name = 'a'): string[] => {
  const object = (s: object): object => ({ apiVersion: 'x/v1', kind: 'X', metadata: { name }, spec: s });
  return validateRules(tree, object(spec), old && object(old)).errors.map((e) => `${e.field}: ${e.detail}`);
};

test('rules hold, or say what does not, and where', () => {
  assert.deepEqual(told({ min: 1, max: 2 }), []);
  assert.deepEqual(told({ min: 1, max: 2 }, undefined, 'b'), ['<nil>: Invalid value: "object": failed rule: self.metadata.name.startsWith("a")']);
  assert.deepEqual(told({ min: 3, max: 2 }), ['spec.min: Forbidden: min is above max']);
  assert.deepEqual(told({ min: 0, max: 2, list: ['a', 'no'] }), ['spec: Invalid value: "object": at most 2', 'spec.list[1]: Invalid value: "string": failed rule: self != "no"']);
  assert.deepEqual(told({ max: 2 }), ['spec: Invalid value: "object": no such key: min evaluating rule: min is above max']);
});

test('what changes is compared with what was, and what does not change is only warned of', () => {
  assert.deepEqual(told({ min: 1, max: 2, fixed: 'a' }, { min: 1, max: 2 }), []);
  assert.deepEqual(told({ min: 1, max: 2, fixed: 'b' }, { min: 1, max: 2, fixed: 'a' }), ['spec.fixed: Invalid value: "string": immutable']);
  assert.deepEqual(told({ min: 1, max: 2, grows: 1 }), []);
  assert.deepEqual(told({ min: 1, max: 2, grows: 1 }, { min: 1, max: 2, grows: 2 }), ['spec.grows: Invalid value: "integer": must grow']);
  const bad = { metadata: { name: 'a' }, spec: { min: 3, max: 2 } };
  const { errors, warnings } = validateRules(tree, { ...bad, other: 1 }, bad);
  assert.deepEqual([errors, warnings], [[], ['spec.min: Forbidden: min is above max']]);
});
