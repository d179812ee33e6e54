import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SortedMap } from './sorted.ts';

test('agrees with a sorted array under any mix of writes', () => {
  const key = fc.nat(2000).map((n) => `k${n}`);
  const step = fc.oneof({ weight: 3, arbitrary: fc.record({ set: key }) }, fc.record({ delete: key }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 3000, size: 'max' }), key, key, (steps, a, b) => {
      const map = new SortedMap<number>();
      const model = new Map<string, number>();
      steps.forEach((s, i) => {
        if ('set' in s) {
          map.set(s.set, i);
          model.set(s.set, i);
        } else {
          assert.equal(map.delete(s.delete), model.delete(s.delete));
        }
      });
      const sorted = [...model].sort(([x], [y]) => (x < y ? -1 : 1));
      assert.equal(map.size, model.size);
      assert.deepEqual([...map.range()], sorted);
      const [start, end] = a < b ? [a, b] : [b, a];
      const within = sorted.filter(([k]) => k >= start && k < end);
      assert.deepEqual([...map.range(start, end)], within);
      assert.deepEqual(map.values(start, end), within.map(([, value]) => value));
      assert.deepEqual(map.values(start, undefined, 5), sorted.filter(([k]) => k >= start).map(([, value]) => value).slice(0, 5));
      assert.equal(map.countRange(start, end), within.length);
      assert.equal(map.get(a), model.get(a));
    }),
    { numRuns: 30 },
  );
});

test('holds many keys that come in order', () => {
  const map = new SortedMap<number>();
  for (let i = 0; i < 5000; i++) map.set(String(i).padStart(5, '0'), i);
  assert.deepEqual([...map.range('02499', '02502')], [['02499', 2499], ['02500', 2500], ['02501', 2501]]);
  assert.equal(map.countRange('00010', '04010'), 4000);
});
