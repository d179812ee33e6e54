import assert from 'node:assert/strict';
import { test } from 'node:test';
import { thaw } from './json.ts';

test('a thawed copy shares nothing with its original, and means the same', () => {
  const original = JSON.parse('{"a":[{"b":null},[1,"x",true]],"__proto__":{"polluted":1},"10":1,"constructor":{}}') as Record<string, unknown>;
  const copy = thaw(original);
  assert.deepEqual(copy, original);
  assert.equal(JSON.stringify(copy), JSON.stringify(original));
  assert.equal((copy as { polluted?: number }).polluted, undefined);
  (copy['a'] as object[])[0] = {};
  assert.notDeepEqual(copy, original);
});
