import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonSchema } from '../../schema/structural/schema.ts';
import { rules } from './rules.ts';
import { validateSchema } from './schemas.ts';

const told = (schema: JsonSchema, hasStatus = false): string[] => validateSchema(schema, 's', hasStatus).map((e) => `${e.field}: ${e.detail}`);
const spec = (inner: JsonSchema): JsonSchema => ({ type: 'object', properties: { spec: inner } });

test('a schema is structural, or it is said where not', () => {
  assert.deepEqual(told({ type: 'object' }), []);
  assert.deepEqual(told({}), ['s.type: Required value: must not be empty at the root']);
  assert.deepEqual(told(spec({ properties: {} })), ['s.properties[spec].type: Required value: must not be empty for specified object fields']);
  assert.deepEqual(told(spec({ type: 'array' })), ['s.properties[spec].items: Required value: must be specified']);
  assert.deepEqual(told({ ...spec({ type: 'object' }), anyOf: [{ properties: { other: { type: 'string' } } }] }), [
    's.anyOf[0].properties[other].type: Forbidden: must be empty to be structural', 's.properties[other]: Required value: because it is defined in s.anyOf[0].properties[other]',
  ]);
  assert.deepEqual(told(spec({ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] })), []);
  assert.deepEqual(told({ type: 'object', properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } }), [
    's.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
  ]);
  assert.deepEqual(told(spec({ type: 'string', pattern: '(' })).map((t) => t.slice(0, 58)), ['s.properties[spec].pattern: Invalid value: "(": must be a ']);
});

test('defaults fit, and keys of lists are there', () => {
  assert.deepEqual(told(spec({ type: 'integer', default: 'x' })), ['s.properties[spec].default: Invalid value: "string":  in body must be of type integer: "string"']);
  assert.deepEqual(told(spec({ type: 'object', default: { a: 1 } })), ['s.properties[spec].default: Invalid value: {"a":1}: must not have unknown fields']);
  const list = { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], items: { type: 'object', properties: { name: { type: 'string' } } } };
  assert.deepEqual(told(spec(list)), ['s.properties[spec].items.properties[name].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property']);
  assert.deepEqual(told(spec({ type: 'array', uniqueItems: true, items: { type: 'string' } })), ['s.properties[spec].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic']);
  assert.match(told({ ...spec({ type: 'object' }), minProperties: 1 }, true)[0]!, /^s: Invalid value: .*only \[Description Type .*\] fields are allowed at the root of the schema if the status subresource is enabled$/);
});

const context = { now: '2020-01-01T00:00:00Z', user: { name: 'a', groups: [] }, dryRun: false, subresource: '' };
const judged = (change: object, name = 'crons.example.com'): string[] => {
  const base = { group: 'example.com', scope: 'Namespaced', names: { plural: 'crons', singular: 'cron', kind: 'Cron', listKind: 'CronList' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }] };
  return rules['CustomResourceDefinition']!.validate!({ metadata: { name }, spec: { ...base, ...change }, status: { storedVersions: ['v1'] } }, context).map((e) => `${e.field}: ${e.detail}`);
};

test('a definition names its kind, its versions and its columns as it should', () => {
  assert.deepEqual(judged({}), []);
  assert.deepEqual(judged({}, 'other.example.com'), ['metadata.name: Invalid value: "other.example.com": must be spec.names.plural+"."+spec.group']);
  assert.deepEqual(judged({ group: 'x.k8s.io' }, 'crons.x.k8s.io'), ['metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111']);
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: {} } } } };
  assert.deepEqual(judged({ versions: [version] }), ['spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields']);
  const plain = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } };
  assert.deepEqual(judged({ versions: [{ ...plain, additionalPrinterColumns: [{ name: 'A', type: 'text', jsonPath: 'spec' }] }] }), [
    'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string', 'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec": must be a simple json path starting with .',
  ]);
  assert.match(judged({ versions: [plain, { ...plain, name: 'v2' }] }).join(), /must have exactly one version marked as storage version/);
  assert.deepEqual(judged({ conversion: { strategy: 'Webhook' } }), ['spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook', 'spec.conversion.conversionReviewVersions: Required value']);
});

test('expressions compile and are not too costly', () => {
  const rule = (text: string, more: JsonSchema = {}, other: object = {}): JsonSchema => spec({ type: 'object', properties: { n: { type: 'integer' }, list: { type: 'array', items: { type: 'string' } } }, ...more, 'x-kubernetes-validations': [{ rule: text, ...other }] });
  const at = 's.properties[spec].x-kubernetes-validations[0]';
  assert.deepEqual(told(rule('self.n > 1')), []);
  assert.match(told(rule('self.m > 1'))[0]!, /\.rule: Invalid value: {"Rule":"self.m \\u003e 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: undefined field 'm'/);
  assert.match(told(rule('self.n'))[0]!, /cel expression must evaluate to a bool$/);
  assert.deepEqual(told(rule(' ')), [`${at}.rule: Required value: rule is not specified`]);
  assert.deepEqual(told(rule('self.n > 1', {}, { fieldPath: '.x' })), [`${at}.fieldPath: Invalid value: ".x": must be a valid path`]);
  assert.match(told(rule('self.list.all(x, self.list.all(y, x == y))')).join(), /\.rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x \(try simplifying the rule/);
  assert.match(told(spec({ type: 'array', items: { type: 'string', maxLength: 5, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] } })).join(), /oldSelf cannot be used on the uncorrelatable portion of the schema within s.properties\[spec\]$/);
});
