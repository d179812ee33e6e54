import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sparkline } from './sparkline.ts';

test('as high as the most of its stretch, from zero to the largest', () => {
  assert.equal(sparkline([0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 5, 6, 8], { from: 0, to: 7, width: 8 }), '▁▂▃▄▅▆▇█');
  assert.equal(sparkline([0, 1, 2, 3], [1, 8, 2, 4], { from: 0, to: 3, width: 2 }), '█▅');
});

test('nothing measured is blank, and never zero', () => {
  assert.equal(sparkline([0, 1, 2, 3, 4, 5, 6, 7], [4, 4, null, null, null, null, 4, 4], { from: 0, to: 8, width: 8 }), '██    ██');
  assert.equal(sparkline([], [], { from: 0, to: 8, width: 4 }), '    ');
  assert.equal(sparkline([1], [0], { from: 0, to: 2, width: 2 }), ' ▁');
});

test('points that are rarer than cells leave no holes', () => {
  assert.equal(sparkline([0, 4, 8], [2, 4, 4], { from: 0, to: 8, width: 8 }), '▅▅▅▅████');
});

test('what lies outside the window does not count', () => {
  assert.equal(sparkline([0, 10, 11], [100, 1, 1], { from: 10, to: 12, width: 2 }), '██');
});
