import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../base/manualclock.ts';
import type { Pod } from '../api/core/v1/index.ts';
import { defaultPlugins } from './plugins/index.ts';
import { SchedulingQueue, staleAfterMs } from './queue.ts';

function pod(name: string, spec: object = {}): Pod {
  return { metadata: { name, namespace: 'x', uid: name, resourceVersion: '1', creationTimestamp: '' }, spec: { containers: [], ...spec }, status: {} } as unknown as Pod;
}

const node = { metadata: { name: 'n', uid: 'n', resourceVersion: '1', creationTimestamp: '' }, spec: {}, status: { allocatable: { cpu: '1', pods: '9' } } } as never;

test('the most important first, then who came first', async () => {
  const queue = new SchedulingQueue(new ManualClock(), defaultPlugins);
  queue.set(pod('a'));
  queue.set(pod('b'));
  queue.set(pod('c', { priority: 5 }));
  const order = [];
  for (let i = 0; i < 3; i++) order.push((await queue.take())!.info.pod.metadata.name);
  assert.deepEqual(order, ['c', 'a', 'b']);
  queue.close();
});

test('a refused pod waits for what may help it, and for its back-off', async () => {
  const clock = new ManualClock();
  const queue = new SchedulingQueue(clock, defaultPlugins);
  queue.set(pod('a'));
  queue.reject((await queue.take())!, new Set(['NodeResourcesFit']));
  queue.notify({ kind: 'pod-added', pod: pod('other', { nodeName: 'n' }) });
  assert.equal(queue.sizes.unschedulable, 1, 'more pods do not make room');
  queue.notify({ kind: 'node', node });
  assert.equal(queue.sizes.backoff, 1);
  await clock.advance(1000);
  const again = (await queue.take())!;
  assert.equal(again.attempts, 2);
  queue.notify({ kind: 'pod-removed', pod: pod('other') });
  queue.reject(again, new Set(['NodeResourcesFit']));
  assert.equal(queue.sizes.backoff, 1, 'what happens while it is in hand is not missed');
  await clock.advance(2000);
  queue.reject((await queue.take())!, new Set(['NodeAffinity']));
  await clock.advance(staleAfterMs + 30_000);
  assert.equal(queue.sizes.active, 1, 'nobody waits for ever');
  queue.close();
});

test('gated pods are not tried before the gates are gone', async () => {
  const queue = new SchedulingQueue(new ManualClock(), defaultPlugins);
  queue.set(pod('a', { schedulingGates: [{ name: 'g' }] }));
  queue.notify({ kind: 'node', node });
  assert.deepEqual(queue.sizes, { active: 0, backoff: 0, unschedulable: 0, gated: 1 });
  queue.set(pod('a'));
  assert.equal(queue.sizes.active, 1);
  queue.delete('a');
  assert.equal(queue.sizes.active, 0);
  queue.close();
});
