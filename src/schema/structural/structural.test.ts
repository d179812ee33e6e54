import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyStructuralDefaults, dropForeignNulls } from './defaults.ts';
import { compilePattern } from './pattern.ts';
import { pruneResource } from './prune.ts';
import { hasFormat } from './formats.ts';
import type { JsonSchema } from './schema.ts';
import { validateStructural } from './validate.ts';

const schema: JsonSchema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer', default: 3 }, none: { type: 'string', nullable: true, default: 'x' }, labels: { type: 'object', additionalProperties: { type: 'string', default: 'd' } },
        list: { type: 'array', items: { type: 'object', properties: { a: { type: 'string', default: 'A' } } } },
        template: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object' } } },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { known: { type: 'object', properties: { a: { type: 'string' } } } } },
      },
    },
  },
};

test('pruning keeps what is declared, what is preserved, and what resources have', () => {
  const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'a' }, extra: 1, spec: { other: 1, list: [{ a: 'b', c: 1 }], template: { apiVersion: 'v1', kind: 'P', x: 1, spec: {} }, free: { any: { deep: 1 }, known: { a: 'a', b: 1 } } } };
  assert.deepEqual(pruneResource(object, schema), ['extra', 'spec.free.known.b', 'spec.list[0].c', 'spec.other', 'spec.template.x']);
  assert.deepEqual(object, { apiVersion: 'v1', kind: 'X', metadata: { name: 'a' }, spec: { list: [{ a: 'b' }], template: { apiVersion: 'v1', kind: 'P', spec: {} }, free: { any: { deep: 1 }, known: { a: 'a' } } } } as unknown);
});

test('defaults fill in, at any depth, and replace nulls that may not be', () => {
  const object = { spec: { size: null, none: null, labels: { a: null }, list: [{}, { a: null }] } };
  applyStructuralDefaults(object, schema);
  assert.deepEqual(object, { spec: { size: 3, none: null, labels: { a: 'd' }, list: [{ a: 'A' }, { a: 'A' }] } } as unknown);
  const nulls = { spec: { template: null, none: null, size: null } };
  dropForeignNulls(nulls, schema);
  assert.deepEqual(nulls, { spec: { none: null, size: null } } as unknown);
});

const told = (value: unknown, s: JsonSchema, old?: unknown): string[] => validateStructural(value, s, { old }).map((e) => `${e.field}: ${e.detail}`);

test('alternatives are judged as a whole', () => {
  const one: JsonSchema = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } }, oneOf: [{ required: ['a'] }, { required: ['b'] }] };
  const root: JsonSchema = { type: 'object', properties: { spec: one } };
  assert.deepEqual(told({ spec: { a: 'x' } }, root), []);
  assert.deepEqual(told({ spec: { a: 'x', b: 'y' } }, root), ['<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives']);
  assert.deepEqual(told({ spec: {} }, root), ['<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid', 'spec.a: Required value']);
  assert.deepEqual(told({ spec: { a: 'x' } }, { type: 'object', properties: { spec: { type: 'object', not: { required: ['a'] } } } }), ['<nil>: Invalid value: "": "spec" must not validate the schema (not)']);
});

test('what was wrong before and has not changed is left in peace', () => {
  const s: JsonSchema = { type: 'object', properties: { a: { type: 'integer', maximum: 1 }, b: { type: 'integer', maximum: 1 } } };
  assert.deepEqual(told({ a: 5, b: 0 }, s, { a: 5, b: 1 }), []);
  assert.deepEqual(told({ a: 6, b: 0 }, s, { a: 5, b: 1 }), ['a: Invalid value: 6: a in body should be less than or equal to 1']);
});

test('patterns and formats', () => {
  assert.ok(compilePattern('^(?i)ab[[:digit:]]+$').test('AB12'));
  assert.ok(compilePattern('\\Ax\\-y\\z').test('x-y'));
  assert.ok(!compilePattern('^(a+)+$').test(`${'a'.repeat(2000)}b`));
  for (const [format, good, bad] of [
    ['date-time', '2020-01-02T03:04:05.5Z', '2020-13-02T03:04:05Z'], ['date', '2020-02-29', '2021-02-29'], ['ipv4', '1.2.3.4', '1.2.3.256'], ['ipv6', 'fd00::1', '1.2.3.4'], ['cidr', '10.0.0.0/8', '10.0.0.0/33'],
    ['uuid', '123e4567-e89b-12d3-a456-426614174000', 'x'], ['byte', 'YWI=', 'a'], ['duration', '5m', 'x'], ['email', 'a@b.c', 'a'], ['k8s-short-name', 'a-b', 'A'], ['mac', '00:11:22:33:44:55', '00'], ['hostname', 'a.bc', 'a.b'],
  ] as const) {
    assert.equal(hasFormat(format, good), true, format);
    assert.equal(hasFormat(format, bad), false, format);
  }
  assert.equal(hasFormat('int32', 'x'), undefined);
});
