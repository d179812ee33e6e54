import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../base/manualclock.ts';
import { Metrics } from '../base/metrics.ts';
import { queueMetrics } from './queuemetrics.ts';
import { defaultRetry, WorkQueue } from './workqueue.ts';

test('a key waits once and is never in two hands', async () => {
  const queue = new WorkQueue(new ManualClock());
  queue.add('a');
  queue.add('a');
  queue.add('b');
  assert.equal(queue.size, 2);
  assert.equal(await queue.take(), 'a');
  queue.add('a');
  assert.equal(await queue.take(), 'b');
  assert.equal(queue.size, 0, 'a comes back only after done');
  const next = queue.take();
  queue.done('a');
  assert.equal(await next, 'a');
  queue.done('a');
  queue.done('b');
  assert.ok(queue.idle);
});

test('delays: the earliest counts, retries double and are forgotten', async () => {
  const clock = new ManualClock();
  const queue = new WorkQueue(clock, { initialMs: 10, maxMs: 25, factor: 2 });
  queue.addAfter('a', 100);
  queue.addAfter('a', 50);
  queue.addAfter('a', 80);
  await clock.advance(49);
  assert.equal(queue.size, 0);
  await clock.advance(1);
  assert.equal(await queue.take(), 'a');
  queue.done('a');
  for (const delay of [10, 20, 25, 25]) {
    queue.addRateLimited('a');
    await clock.advance(delay - 1);
    assert.equal(queue.size, 0);
    await clock.advance(1);
    assert.equal(await queue.take(), 'a');
    queue.done('a');
  }
  queue.forget('a');
  assert.equal(queue.failures('a'), 0);
});

test('closing wakes the takers and drops what is delayed', async () => {
  const clock = new ManualClock();
  const queue = new WorkQueue(clock);
  const taken = queue.take();
  queue.addAfter('a', 10);
  queue.close();
  assert.equal(await taken, undefined);
  assert.equal(clock.pending, 0);
  assert.equal(await queue.take(), undefined);
});

void test('what is told of a queue: depth, adds, retries, how long keys wait and are worked on', async () => {
  const clock = new ManualClock();
  const metrics = new Metrics();
  const queue = new WorkQueue(clock, defaultRetry, queueMetrics(metrics, clock)('q'));
  queue.add('a');
  queue.add('b');
  await clock.advance(20);
  await queue.take();
  queue.add('a');
  await clock.advance(500);
  queue.addRateLimited('c');
  const shown = metrics.expose();
  for (const line of ['depth{name="q"} 1', 'adds_total{name="q"} 3', 'retries_total{name="q"} 1', 'unfinished_work_seconds{name="q"} 0.5', 'longest_running_processor_seconds{name="q"} 0.5', 'queue_duration_seconds_sum{name="q"} 0.02', 'work_duration_seconds_count{name="q"} 0', 'queue_duration_seconds_bucket{name="q",le="9.999999999999999e-06"} 0']) {
    assert.ok(shown.includes(`workqueue_${line}\n`), `${line} in\n${shown}`);
  }
  queue.done('a');
  assert.match(metrics.expose(), /workqueue_work_duration_seconds_sum\{name="q"\} 0\.5\n/);
  assert.match(metrics.expose(), /workqueue_depth\{name="q"\} 2\n/);
});
