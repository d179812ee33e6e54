import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../base/manualclock.ts';
import { ZoneLimits } from './zones.ts';

function node(name: string, ready: boolean): never {
  return { metadata: { name, labels: {} }, status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] } } as never;
}

test('nodes are emptied one by one, and not at all when everything seems down', async () => {
  const clock = new ManualClock();
  const zones = new ZoneLimits(clock);
  for (let i = 0; i < 5; i++) zones.see(node(`n${i}`, i > 1));
  assert.ok(zones.takeTurn('n0'));
  assert.ok(!zones.takeTurn('n1'), 'ten seconds between two nodes');
  assert.ok(zones.waits('n1'));
  await clock.advance(10_000);
  assert.ok(zones.takeTurn('n1'));
  for (let i = 0; i < 5; i++) zones.see(node(`n${i}`, false));
  assert.ok(!zones.mayEvict('n0'));
  await clock.advance(60_000);
  assert.ok(!zones.takeTurn('n2'));
});

test('a small zone of which most is down stops', () => {
  const zones = new ZoneLimits(new ManualClock());
  for (let i = 0; i < 5; i++) zones.see(node(`n${i}`, i > 3));
  assert.ok(zones.mayEvict('n0'));
  assert.ok(!zones.takeTurn('n0'));
});
