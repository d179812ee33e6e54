import { test } from 'node:test';
import assert from 'node:assert/strict';
import { age, humanDuration } from './duration.ts';
import { duplicate, forbidden, immutable, invalid, notSupported, quoted, required, sameValue, tooLong, tooMany } from './fieldpath.ts';
import { configKeyComplaints, labelComplaints, labelValueComplaints, nameIsSubdomain, portNameComplaints, qualifiedNameComplaints, subdomainComplaints } from './names.ts';

test('names complain in upstream\'s words', () => {
  assert.deepEqual(subdomainComplaints('Bad_Name'), [
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ]);
  assert.deepEqual(labelComplaints('a.b'), ['must not contain dots']);
  assert.deepEqual(labelComplaints('a'.repeat(64)), ['must be no more than 63 characters']);
  assert.deepEqual(qualifiedNameComplaints('/x'), ['prefix part must be non-empty']);
  assert.equal(qualifiedNameComplaints('').length, 2);
  assert.deepEqual(labelValueComplaints(''), []);
  assert.deepEqual(nameIsSubdomain('web-', true), []);
  assert.equal(nameIsSubdomain('web-', false).length, 1);
  assert.deepEqual(portNameComplaints('http'), []);
  assert.deepEqual(portNameComplaints('-8080'), ['must contain at least one letter (a-z)', 'must not begin or end with a hyphen']);
  assert.deepEqual(configKeyComplaints('..x'), ["must not start with '..'"]);
});

test('field errors are worded as upstream words them', () => {
  assert.deepEqual(required('spec.containers'), { type: 'FieldValueRequired', field: 'spec.containers', detail: 'Required value' });
  assert.equal(invalid('a', -1, 'too small').detail, 'Invalid value: -1: too small');
  assert.equal(invalid('a', { matchLabels: { a: '<b>' } }).detail, 'Invalid value: {"matchLabels":{"a":"\\u003cb\\u003e"}}');
  assert.equal(notSupported('a', 'x', ['A', 'B']).detail, 'Unsupported value: "x": supported values: "A", "B"');
  assert.equal(duplicate('a', 'x').detail, 'Duplicate value: "x"');
  assert.equal(forbidden('a', 'no').detail, 'Forbidden: no');
  assert.equal(tooLong('a', 63).detail, 'Too long: may not be more than 63 bytes');
  assert.equal(tooMany('a', 3, 1).detail, 'Too many: 3: must have at most 1 item');
  assert.equal(quoted('a"b\n\x01é'), '"a\\"b\\n\\x01é"');
  assert.equal(immutable('a', undefined, []).length, 0);
  assert.equal(immutable('a', 1, 2)[0]?.detail, 'Invalid value: 1: field is immutable');
  assert.equal(sameValue({ a: [] }, {}), true);
});

test('ages', () => {
  const s = 1000, m = 60 * s, h = 60 * m, d = 24 * h;
  const cases: readonly [number, string][] = [
    [-5 * s, '<invalid>'], [-1 * s, '0s'], [0, '0s'], [119 * s, '119s'], [2 * m, '2m'], [2 * m + 5 * s, '2m5s'], [10 * m + 5 * s, '10m'], [179 * m, '179m'], [3 * h, '3h'], [3 * h + 5 * m, '3h5m'],
    [8 * h + 5 * m, '8h'], [47 * h, '47h'], [2 * d, '2d'], [2 * d + 3 * h, '2d3h'], [8 * d, '8d'], [729 * d, '729d'], [730 * d, '2y'], [740 * d, '2y10d'], [8 * 365 * d + d, '8y'],
  ];
  for (const [ms, expected] of cases) assert.equal(humanDuration(ms), expected);
  assert.equal(age(undefined, 0), '<unknown>');
  assert.equal(age('1970-01-01T00:00:00Z', 90_000), '90s');
});
