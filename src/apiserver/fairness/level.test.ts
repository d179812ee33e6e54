import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../base/manualclock.ts';
import { Metrics } from '../../base/metrics.ts';
import { requestInfo } from '../../serving/requestinfo.ts';
import { allocate } from './allocation.ts';
import type { LevelSpec } from './bootstrap.ts';
import { AllCounts } from './counts.ts';
import { Level } from './level.ts';
import { FairnessMetrics } from './metrics.ts';
import { deal } from './shuffle.ts';
import { Turn, type Flow } from './turn.ts';
import { Watches } from './watches.ts';
import { oneSeat, type Work } from './work.ts';

const info = requestInfo('GET', '/api/v1/namespaces/a/pods/b');
const user = { name: 'u', groups: [] };

function level(limit: number, queuing?: { queues: number; handSize: number; queueLengthLimit: number }): { level: Level; clock: ManualClock; flow: (who: string) => Flow } {
  const clock = new ManualClock();
  const spec: LevelSpec = { type: 'Limited', limited: { nominalConcurrencyShares: 1, limitResponse: queuing ? { type: 'Queue', queuing } : { type: 'Reject' } } };
  const made = new Level('test', spec, clock);
  made.nominal = limit;
  made.setLimit(limit);
  const counts = new AllCounts(new FairnessMetrics(new Metrics(), clock)).of('test', 'schema');
  return { level: made, clock, flow: (who) => ({ schema: 'schema', level: made, distinguisher: who, counts }) };
}

function begin(l: Level, flow: Flow, work: Work = oneSeat): Turn {
  const turn = l.begin(flow, work, user, info);
  assert.ok(turn instanceof Turn, String(turn));
  return turn;
}

void test('a seat that is free is had at once; who comes too late waits, and is let in by whoever leaves', () => {
  const { level: l, flow } = level(2, { queues: 4, handSize: 2, queueLengthLimit: 10 });
  const [first, second, third] = [begin(l, flow('a')), begin(l, flow('a')), begin(l, flow('a'))];
  let admitted = false;
  third.decide = (yes) => (admitted = yes);
  assert.deepEqual([l.executing, l.waiting, l.seatsInUse], [2, 1, 2]);
  first.leave();
  first.leave();
  assert.deepEqual([admitted, l.executing, l.waiting], [true, 2, 0]);
  second.leave();
  third.leave();
  assert.ok(l.idle);
  assert.equal(l.seatsInUse, 0);
});

void test('a level without queues turns away, one with full queues too', () => {
  const plain = level(1);
  begin(plain.level, plain.flow('a'));
  assert.equal(plain.level.begin(plain.flow('a'), oneSeat, user, info), 'concurrency-limit');
  const queued = level(1, { queues: 1, handSize: 1, queueLengthLimit: 1 });
  begin(queued.level, queued.flow('a'));
  const waiting = begin(queued.level, queued.flow('a'));
  assert.equal(queued.level.begin(queued.flow('a'), oneSeat, user, info), 'queue-full');
  assert.ok(queued.level.giveUp(waiting, 'time-out'));
  assert.equal(queued.level.giveUp(waiting, 'time-out'), false);
  assert.deepEqual(queued.level.tally, { dispatched: 1, rejected: 2, timedOut: 1, cancelled: 0 });
});

void test('a flow that floods does not keep another from its share', async () => {
  const { level: l, clock, flow } = level(1, { queues: 64, handSize: 1, queueLengthLimit: 100 });
  const running = [begin(l, flow('flood'))];
  const order: string[] = [];
  const add = (who: string): void => {
    const turn = begin(l, flow(who));
    turn.decide = () => {
      order.push(who);
      running.push(turn);
    };
  };
  for (let i = 0; i < 20; i++) add('flood');
  for (let i = 0; i < 5; i++) add('calm');
  for (let served = 0; served < 26; served++) {
    await clock.advance(10);
    running.shift()?.leave();
  }
  const calm = order.flatMap((who, at) => (who === 'calm' ? [at] : []));
  assert.equal(order.length, 25);
  assert.ok(calm[4]! <= 10, order.join(' '));
});

void test('wide requests take their seats together, and writes hold some for a while after they are done', async () => {
  const { level: l, clock, flow } = level(4, { queues: 2, handSize: 1, queueLengthLimit: 10 });
  const wide = begin(l, flow('a'), { seats: 1, finalSeats: 3, finalMs: 5 });
  const narrow = begin(l, flow('a'));
  const blocked = begin(l, flow('a'), { seats: 2, finalSeats: 0, finalMs: 0 });
  let admitted = false;
  blocked.decide = (yes) => (admitted = yes);
  wide.leave();
  assert.deepEqual([admitted, l.seatsInUse, l.executing], [false, 4, 1]);
  await clock.advance(6);
  assert.deepEqual([admitted, l.seatsInUse], [true, 3]);
  narrow.leave();
  blocked.leave();
  assert.equal(l.seatsInUse, 0);
  const tooWide = begin(l, flow('a'), { seats: 100, finalSeats: 0, finalMs: 0 });
  assert.equal(tooWide.startedAt, clock.monotonic(), 'wider than the level: it has it for itself');
});

void test('seats are divided in proportion to demand, within bounds, and none is lost', () => {
  const { seats, fairFraction } = allocate(100, [{ target: 10, lower: 5, upper: 200 }, { target: 30, lower: 30, upper: 40 }, { target: 0, lower: 0, upper: 200 }])!;
  assert.ok(Math.abs(seats.reduce((a, b) => a + b) - 100) < 1e-6, String(seats));
  assert.equal(seats[1], 40);
  assert.ok(Math.abs(seats[0]! - fairFraction * 10) < 1e-6);
  assert.equal(allocate(10, [{ target: 1, lower: 0, upper: 5 }]), undefined);
  assert.deepEqual(allocate(7, [{ target: 3, lower: 3, upper: 9 }, { target: 4, lower: 4, upper: 9 }])!.seats, [3, 4]);
});

void test('a hand has different queues, the same for the same flow', () => {
  const hands = Array.from({ length: 200 }, (_, i) => deal(`flow ${i}`, 16, 4));
  for (const hand of hands) assert.deepEqual([new Set(hand).size, hand.every((card) => card >= 0 && card < 16)], [4, true]);
  assert.deepEqual(deal('x', 128, 6), deal('x', 128, 6));
  assert.equal(new Set(hands.flat()).size, 16, 'every queue is dealt to somebody');
});

void test('watches that a write may wake', () => {
  const watches = new Watches();
  const path = (text: string): ReturnType<typeof requestInfo> => requestInfo('GET', text, true);
  const ends = ['/api/v1/pods', '/api/v1/namespaces/a/pods', '/api/v1/namespaces/b/pods'].map((text) => watches.add(path(text)));
  ends.push(watches.add(requestInfo('GET', '/api/v1/namespaces/a/pods', true, 'x')));
  assert.equal(watches.interested(requestInfo('PUT', '/api/v1/namespaces/a/pods/x')), 3);
  assert.equal(watches.interested(requestInfo('PUT', '/api/v1/namespaces/a/pods/y')), 2);
  for (const end of ends) end();
  assert.equal(watches.interested(requestInfo('PUT', '/api/v1/namespaces/a/pods/x')), 0);
});

void test('how full a level is, over time', async () => {
  const clock = new ManualClock();
  const metrics = new Metrics();
  const fairness = new FairnessMetrics(metrics, clock);
  const spec: LevelSpec = { type: 'Limited', limited: { nominalConcurrencyShares: 1, limitResponse: { type: 'Queue', queuing: { queues: 2, handSize: 1, queueLengthLimit: 5 } } } };
  const made = new Level('test', spec, clock, fairness.timings('test'));
  made.nominal = 2;
  made.setLimit(2);
  fairness.limits([made]);
  fairness.levels(() => [made], () => 1);
  const counts = new AllCounts(fairness).of('test', 'schema');
  const flow: Flow = { schema: 'schema', level: made, distinguisher: 'a', counts };
  const turns = [begin(made, flow), begin(made, flow), begin(made, flow)];
  turns[2]!.decide = () => {};
  await clock.advance(1000);
  turns[0]!.leave();
  await clock.advance(1000);
  turns[1]!.leave();
  turns[2]!.leave();
  const shown = metrics.expose();
  const name = 'apiserver_flowcontrol_';
  for (const line of [
    // Both seats for two seconds; three wanted for one of them; one of ten places in the queues was taken for one.
    'priority_level_seat_utilization_sum{phase="executing",priority_level="test"} 2000000000', 'priority_level_seat_utilization_count{phase="executing",priority_level="test"} 2000000000',
    'demand_seats_sum{priority_level="test"} 2500000000', 'priority_level_request_utilization_sum{phase="waiting",priority_level="test"} 100000000',
    'read_vs_write_current_requests_sum{phase="executing",request_kind="readOnly"} 2000000000', 'read_vs_write_current_requests_sum{phase="executing",request_kind="mutating"} 0',
  ]) assert.ok(shown.includes(`${name}${line}\n`), `${line} in\n${shown}`);
  assert.match(shown, /^apiserver_flowcontrol_dispatch_r\{priority_level="test"\} [\d.]+$/m);
  assert.match(shown, /^apiserver_flowcontrol_next_s_bounds\{priority_level="test",bound="min"\} [\d.]+$/m);
});
