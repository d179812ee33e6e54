import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from './manualclock.ts';
import { systemClock } from './clock.ts';
import { Wake } from './wake.ts';

test('a notice ends the rest, one given before is kept, and several count once', async () => {
  const wake = new Wake();
  const { signal } = new AbortController();
  const resting = wake.wait(new ManualClock(), 1000, signal);
  wake.notify();
  await resting;
  wake.notify();
  wake.notify();
  await wake.wait(new ManualClock(), 1000, signal);
  await wake.wait(systemClock, 1, signal);
});

test('the signal ends the rest with its reason', async () => {
  const wake = new Wake();
  const controller = new AbortController();
  const resting = wake.wait(new ManualClock(), 1000, controller.signal);
  controller.abort(new Error('over'));
  await assert.rejects(resting, /over/);
  await assert.rejects(wake.wait(new ManualClock(), 1000, controller.signal), /over/);
});
