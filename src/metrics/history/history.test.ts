import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cpuOf, memoryOf, mergeCells, packCell } from './cell.ts';
import { History, type Usages } from './history.ts';

const s = 1000;
const hour = 3600 * s;
const start = 1_800_000_000_000;
const mi = 2 ** 20;

const round = (figures: Readonly<Record<string, readonly [number, number]>>): Usages => (to) => {
  for (const [key, [cpu, memory]] of Object.entries(figures)) {
    const [pod, container] = key.split('#') as [string, string?];
    if (container) to.container(pod, container, cpu, memory);
    else to.node(pod, cpu, memory);
  }
};

test('a cell keeps CPU and memory within 0.025 %, small ones exactly', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 200_000 }), fc.integer({ min: 0, max: 2 ** 41 }), (millicores, kibibytes) => {
    const cell = packCell(millicores * 1e6, kibibytes * 1024);
    const close = (a: number, b: number): boolean => Math.abs(a - b) <= b / 4000 + 1;
    assert.ok(cell > 0 && cell < 2 ** 32);
    assert.ok(close(cpuOf(cell), millicores * 1e6) && close(memoryOf(cell), kibibytes * 1024), `${millicores} ${kibibytes}`);
    assert.equal(packCell(cpuOf(cell), memoryOf(cell)), cell);
    if (millicores <= 4) assert.equal(cpuOf(cell), millicores * 1e6);
    if (kibibytes < 4096) assert.equal(memoryOf(cell), kibibytes * 1024);
  }));
});

test('what was recorded is read back, with its times; gaps are no zeros', () => {
  const history = new History({ spanMs: hour, stepMs: 15 * s, maxBytes: 2 ** 20 });
  history.record(start, round({ n: [1e9, 100 * mi], 'a/p#x': [5e6, 3 * mi] }));
  history.record(start + 15 * s, round({ n: [2e9, 200 * mi] }));
  history.record(start + 30 * s, round({ n: [3e9, 300 * mi], 'a/p#x': [7e6, 4 * mi], 'a/p#y': [0, 0] }));
  const view = history.window(start + 30 * s, undefined, undefined);
  assert.deepEqual(view.times, [start, start + 15 * s, start + 30 * s]);
  const [x, y] = history.podSlots('a/p');
  assert.deepEqual([x?.name, y?.name], ['x', 'y']);
  const near = (a: readonly (number | undefined)[], b: readonly (number | undefined)[]): void => a.forEach((v, i) => assert.ok(v === b[i] || Math.abs(v! - b[i]!) < b[i]! / 4000, `${v} ${b[i]}`));
  near(view.track(x!.slot).cpu, [5e6, undefined, 7e6]);
  assert.deepEqual(view.track(x!.slot).memory, [3 * mi, undefined, 4 * mi]);
  assert.deepEqual(view.track(y!.slot), { cpu: [undefined, undefined, 0], memory: [undefined, undefined, 0] });
  near(view.track(history.nodeSlot('n')!).cpu, [1e9, 2e9, 3e9]);
  assert.deepEqual(history.window(start + 30 * s, 20 * s, undefined).times, [start + 15 * s, start + 30 * s]);
  assert.deepEqual([history.nodeSlot('m'), history.podSlots('a/q')], [undefined, []]);
});

test('a longer step: the mean of CPU and the most of memory', () => {
  const history = new History({ spanMs: hour, stepMs: 15 * s, maxBytes: 2 ** 20 });
  for (let i = 0; i < 8; i++) history.record(start + i * 15 * s, round({ n: [i * 1e6, (8 - i) * mi] }));
  const view = history.window(start + 105 * s, undefined, 60 * s);
  assert.deepEqual([view.stepMs, view.times.length], [60 * s, 2]);
  const { cpu, memory } = view.track(history.nodeSlot('n')!);
  assert.deepEqual(cpu, [1.5e6, 5500 * 1000].map((v) => cpuOf(packCell(v, 0))));
  assert.deepEqual(memory, [8 * mi, 4 * mi]);
  assert.equal(mergeCells(0, 1, 7, 1), 7);
});

test('several rounds in one step are one point', () => {
  const history = new History({ spanMs: hour, stepMs: 15 * s, maxBytes: 2 ** 20 });
  for (let i = 0; i < 7; i++) history.record(start + i * 2 * s, round({ n: [i * 1e6, mi] }));
  const view = history.window(start + 12 * s, undefined, undefined);
  assert.deepEqual(view.times, [start + 12 * s]);
  assert.ok(Math.abs(view.track(history.nodeSlot('n')!).cpu[0]! - 3e6) < 5000);
});

test('what is older than the span goes, and pods that vanished with it; their cells start empty for the next', () => {
  const history = new History({ spanMs: hour, stepMs: 15 * s, maxBytes: 2 ** 20 });
  history.record(start, round({ 'a/gone#c': [1e6, mi], n: [1, 1] }));
  for (let t = 15 * s; t <= 1.2 * hour; t += 15 * s) history.record(start + t, round({ n: [1, 1] }));
  assert.equal(history.points, 240);
  assert.deepEqual([history.podSlots('a/gone'), history.series], [[], 1]);
  const now = start + 1.2 * hour + 15 * s;
  history.record(now, round({ n: [1, 1], 'b/new#c': [2e6, 2 * mi] }));
  const [slot] = history.podSlots('b/new');
  assert.deepEqual(history.window(now, undefined, undefined).track(slot!.slot).memory.filter((v) => v !== undefined), [2 * mi]);
});

test('a container that ends goes alone, in the middle of its pod', () => {
  const history = new History({ spanMs: hour, stepMs: 60 * s, maxBytes: 2 ** 20 });
  history.record(start, round({ 'a/p#x': [1, 1], 'a/p#y': [1, 1], 'a/p#z': [1, 1] }));
  for (let t = 60 * s; t <= 1.2 * hour; t += 60 * s) history.record(start + t, round({ 'a/p#x': [1, 1], 'a/p#z': [1, 1] }));
  assert.deepEqual(history.podSlots('a/p').map((c) => c.name), ['x', 'z']);
});

test('many series keep the hour in fewer points, within the budget, and go back when they are gone', () => {
  const maxBytes = 2 ** 20;
  const history = new History({ spanMs: hour, stepMs: 15 * s, maxBytes });
  const many = round(Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`ns/pod-${i}#main`, [i * 1000, i * 1024] as const])));
  let now = start;
  for (; now < start + 1.5 * hour; now += 15 * s) {
    history.record(now, many);
    assert.ok(history.bytes <= maxBytes * 1.05, `${history.bytes}`);
  }
  assert.equal(history.stepMs, 120 * s);
  const view = history.window(now, undefined, undefined);
  assert.ok(view.times.length >= 29 && view.times.length <= 31, `${view.times.length}`);
  assert.ok(view.track(history.podSlots('ns/pod-1234')[0]!.slot).memory.every((v) => v === 1234 * 1024));
  for (const end = now + 2 * hour; now < end; now += 15 * s) history.record(now, round({ 'ns/pod-7#main': [1000, 1024] }));
  assert.deepEqual([history.stepMs, history.series], [15 * s, 1]);
  assert.equal(history.refused, 0);
});

test('more series than the budget has room for are refused and counted', () => {
  const history = new History({ spanMs: hour, stepMs: 15 * s, maxBytes: 19_200 });
  history.record(start, round(Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`ns/pod-${i}#main`, [1, 1] as const]))));
  assert.deepEqual([history.series, history.refused], [100, 50]);
});

test('a span of zero keeps nothing; a clock set back goes on in the open step', () => {
  const none = new History({ spanMs: 0, stepMs: 15 * s, maxBytes: 2 ** 20 });
  none.record(start, round({ n: [1, 1] }));
  assert.deepEqual([none.points, none.series], [0, 0]);
  const history = new History({ spanMs: hour, stepMs: 15 * s, maxBytes: 2 ** 20 });
  history.record(start, round({ n: [1e6, mi] }));
  history.record(start - 60 * s, round({ n: [1e6, mi] }));
  assert.deepEqual(history.window(start, undefined, undefined).times, [start]);
});
