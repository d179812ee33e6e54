import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../base/manualclock.ts';
import { afterGrace } from './health.ts';

void test('a check with grace fails when that is over, and not before', async () => {
  const clock = new ManualClock();
  const check = afterGrace({ name: 'slow', check: () => { throw new Error('not yet'); } }, clock, 1000);
  assert.equal(check.name, 'slow');
  assert.doesNotThrow(() => check.check());
  await clock.advance(999);
  assert.doesNotThrow(() => check.check());
  await clock.advance(1);
  assert.throws(() => check.check(), /not yet/);
});
