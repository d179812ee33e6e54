import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timestamp } from '../../base/clock.ts';
import type { Pod } from '../../api/core/v1/index.ts';
import { replicasForAverage, replicasForShare, replicasForUtilization, replicasForValue, type PodMetrics, type Proposal, type Rules } from './calculate.ts';

const now = Date.parse('2025-01-01T12:00:00Z');
const rules: Rules = { now, tolerance: { up: 0.1, down: 0.1 }, cpuInitializationPeriodMs: 120_000, initialReadinessDelayMs: 10_000 };

interface Shape {
  readonly name?: string;
  readonly request?: string | undefined;
  readonly phase?: string;
  readonly ready?: 'True' | 'False';
  /** Seconds before now. */
  readonly started?: number;
  readonly changed?: number;
  readonly deleted?: boolean;
}

function pod(i: number, { request = '1', phase = 'Running', ready = 'True', started = 3600, changed = 3600, deleted }: Shape): Pod {
  return {
    metadata: { name: `p${i}`, namespace: 'x', ...(deleted ? { deletionTimestamp: timestamp(now) } : {}) },
    spec: { containers: [{ name: 'c', resources: request === '' ? {} : { requests: { cpu: request } } }] },
    status: { phase, startTime: timestamp(now - started * 1000), conditions: [{ type: 'Ready', status: ready, lastTransitionTime: timestamp(now - changed * 1000) }] },
  } as unknown as Pod;
}

function metrics(levels: readonly (number | undefined)[]): PodMetrics {
  return new Map(levels.flatMap((value, i) => (value === undefined ? [] : [[`p${i}`, { value, timestamp: now, windowMs: 60_000 }]])));
}

const like = (n: number, shape: Shape = {}): Shape[] => Array.from({ length: n }, () => shape);
const none = undefined;

/** present replicas, pods, their CPU in thousandths, target in percent, and the size that is asked for */
const utilizations: readonly [string, number, Shape[], (number | undefined)[], number, Partial<Proposal> | RegExp][] = [
  ['scales up', 3, like(3), [300, 500, 700], 30, { replicas: 5, utilization: 50, usage: 500 }],
  ['scales down', 5, like(5), [100, 300, 500, 250, 250], 50, { replicas: 3, utilization: 28, usage: 280 }],
  ['stays within the tolerance', 3, like(3, { request: '0.9' }), [1010, 1030, 1020], 110, { replicas: 3, utilization: 113 }],
  ['counts unready pods as idle going up', 3, [...like(2, { request: '1' }), { ready: 'False', started: 30, changed: 30 }], [500, 700, none], 30, { replicas: 4, utilization: 60 }],
  ['ignores samples of pods that became ready just now', 3, [{}, {}, { started: 30, changed: 10 }], [500, 700, 900], 30, { replicas: 4, utilization: 60 }],
  ['keeps samples of pods that were ready once', 3, [{}, {}, { ready: 'False', started: 3600, changed: 10 }], [400, 500, 700], 30, { replicas: 6, utilization: 53 }],
  ['a pending pod may stop it from going up', 3, [{}, { phase: 'Pending' }, { phase: 'Pending' }], [1000, none, none], 30, { replicas: 3, utilization: 100 }],
  ['does not turn around for unready pods', 3, [{}, { phase: 'Pending' }, { phase: 'Pending' }], [400, none, none], 30, { replicas: 3, utilization: 40 }],
  ['counts missing pods as busy going down', 4, like(4), [100, 100, 100, none], 60, { replicas: 3 }],
  ['of targets over a hundred percent, missing pods count as on target', 4, like(4), [100, 100, 100, none], 200, { replicas: 2 }],
  ['counts missing pods as idle going up', 4, like(4), [900, 900, 900, none], 50, { replicas: 6 }],
  ['does not turn around for missing pods', 2, like(2), [450, none], 50, { replicas: 2 }],
  ['leaves failed and deleted pods out', 4, [{}, {}, { phase: 'Failed' }, { deleted: true }], [500, 700, 900, 900], 30, { replicas: 4, utilization: 60 }],
  ['needs a request', 1, [{ request: '' }], [100], 50, /^missing request for cpu in container c of Pod p0$/],
  ['needs pods', 1, [], [], 50, /^no pods returned by selector while calculating replica count$/],
  ['needs one sample at least', 1, [{ phase: 'Pending' }], [none], 50, /^did not receive metrics for targeted pods \(pods might be unready\)$/],
];

for (const [name, current, shapes, levels, target, expected] of utilizations) {
  test(`percent of requests: ${name}`, () => {
    const propose = (): Proposal => replicasForUtilization(current, target, shapes.map((shape, i) => pod(i, shape)), metrics(levels), 'cpu', '', rules);
    if (expected instanceof RegExp) assert.throws(propose, { message: expected });
    else assert.deepEqual({ ...propose(), ...expected }, propose());
  });
}

const averages: readonly [string, number, Shape[], (number | undefined)[], number, Proposal][] = [
  ['scales up', 3, like(3), [20_000, 10_000, 30_000], 15_000, { replicas: 4, usage: 20_000 }],
  ['scales down', 5, like(5), [12_000, 12_000, 12_000, 12_000, 12_000], 20_000, { replicas: 3, usage: 12_000 }],
  ['readiness is nothing to metrics other than cpu', 3, [{ ready: 'False' }, {}, { ready: 'False' }], [50_000, 15_000, 30_000], 15_000, { replicas: 7, usage: 31_666 }],
  ['pending pods dampen', 3, [{}, {}, { phase: 'Pending' }], [50_000, 15_000, none], 15_000, { replicas: 5, usage: 32_500 }],
  ['missing pods are on target going down', 4, like(4), [5_000, 5_000, none, none], 10_000, { replicas: 3, usage: 5_000 }],
];

for (const [name, current, shapes, levels, target, expected] of averages) {
  test(`amount per pod: ${name}`, () => {
    assert.deepEqual(replicasForAverage(current, target, shapes.map((shape, i) => pod(i, shape)), metrics(levels), '', rules), expected);
  });
}

test('one value of the whole multiplies the ready pods', () => {
  const three = like(3).map((shape, i) => pod(i, shape));
  assert.deepEqual(replicasForValue(3, 20_000, 15_000, three, rules), { replicas: 4, usage: 20_000 });
  assert.deepEqual(replicasForValue(3, 15_500, 15_000, three, rules), { replicas: 3, usage: 15_500 });
  assert.deepEqual(replicasForValue(3, 30_000, 15_000, [...three.slice(0, 2), pod(2, { ready: 'False' })], rules), { replicas: 4, usage: 30_000 });
  assert.deepEqual(replicasForValue(0, 30_000, 15_000, [], rules), { replicas: 2, usage: 30_000 });
});

test('going up and going down may tolerate differently', () => {
  const loose: Rules = { ...rules, tolerance: { up: 0.5, down: 0 } };
  assert.deepEqual(replicasForShare(4, 28_000, 5_000, loose), { replicas: 4, usage: 7_000 });
  assert.deepEqual(replicasForShare(4, 31_000, 5_000, loose), { replicas: 7, usage: 7_750 });
  assert.deepEqual(replicasForShare(4, 14_999, 5_000, loose), { replicas: 3, usage: 3_750 });
});

test('a share for each replica does not ask the pods', () => {
  assert.deepEqual(replicasForShare(4, 40_000, 5_000, rules), { replicas: 8, usage: 10_000 });
  assert.deepEqual(replicasForShare(4, 20_500, 5_000, rules), { replicas: 4, usage: 5_125 });
});

test('a container of each pod, and requests of the pod as a whole', () => {
  const two = (extra: object): Pod => ({ ...pod(0, {}), spec: { containers: [{ name: 'a', resources: { requests: { cpu: '100m' } } }, { name: 'b', resources: { requests: { cpu: '300m' } } }], ...extra } }) as unknown as Pod;
  const used = metrics([150]);
  assert.equal(replicasForUtilization(1, 50, [two({})], used, 'cpu', 'a', rules).utilization, 150);
  assert.equal(replicasForUtilization(1, 50, [two({})], used, 'cpu', '', rules).utilization, 37);
  assert.equal(replicasForUtilization(1, 50, [two({ resources: { requests: { cpu: '1' } } })], used, 'cpu', '', rules).utilization, 15);
  assert.throws(() => replicasForUtilization(1, 50, [two({})], used, 'cpu', 'z', rules), { message: 'container z not found in Pod p0' });
});
