import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIndexes, parseIndexes } from './indexes.ts';

test('completion indexes are written as upstream writes them, and read back', () => {
  assert.equal(formatIndexes([]), '');
  assert.equal(formatIndexes([3, 1, 2, 5, 8, 7]), '1-3,5,7,8');
  assert.deepEqual([...parseIndexes('1-3,5,7,8')], [1, 2, 3, 5, 7, 8]);
  assert.deepEqual([...parseIndexes(undefined)], []);
});
