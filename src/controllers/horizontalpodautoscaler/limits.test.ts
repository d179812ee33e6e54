import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HorizontalPodAutoscalerSpec, HPAScalingRules } from '../../api/autoscaling/v2/index.ts';
import { bounded, History, type Outcome } from './limits.ts';

const start = Date.parse('2025-01-01T12:00:00Z');
const spec = (more: Partial<HorizontalPodAutoscalerSpec> = {}): HorizontalPodAutoscalerSpec => ({ scaleTargetRef: { kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 100, ...more });
const up: HPAScalingRules = { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, { type: 'Percent', value: 100, periodSeconds: 15 }] };
const down: HPAScalingRules = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };

/** Seconds, what the metrics want; gives what is done and why, carrying the size along. */
function play(of: HorizontalPodAutoscalerSpec, initial: number, steps: readonly (readonly [number, number])[]): string[] {
  const history = new History(initial, start);
  let current = initial;
  return steps.map(([seconds, wanted]) => {
    const now = start + seconds * 1000;
    const { replicas, able, limited }: Outcome = bounded(of, history, { current, wanted, now, downscaleStabilizationMs: 300_000 });
    if (replicas !== current) history.rescaled(replicas - current, now, of);
    current = replicas;
    return `${replicas} ${able.reason} ${limited.status} ${limited.reason}`;
  });
}

test('without a behavior it doubles at most, and comes down after five minutes', () => {
  assert.deepEqual(play(spec({ maxReplicas: 20 }), 1, [[15, 50], [30, 50], [45, 50], [60, 50], [75, 2], [300, 2], [361, 2]]), [
    '4 ReadyForNewScale True ScaleUpLimit', '8 ReadyForNewScale True ScaleUpLimit', '16 ReadyForNewScale True ScaleUpLimit', '20 ReadyForNewScale True TooManyReplicas',
    '20 ScaleDownStabilized True TooManyReplicas', '20 ScaleDownStabilized True TooManyReplicas', '2 ReadyForNewScale False DesiredWithinRange',
  ]);
  assert.deepEqual(play(spec({ minReplicas: 3 }), 5, [[301, 1]]), ['3 ReadyForNewScale True TooFewReplicas']);
});

test('policies count what was done within their period', () => {
  const few = spec({ behavior: { scaleUp: { ...up, policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }] }, scaleDown: { ...down, stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 50, periodSeconds: 60 }] } } });
  assert.deepEqual(play(few, 4, [[15, 10], [30, 10], [76, 10], [200, 1], [215, 1], [261, 1]]), [
    '6 ReadyForNewScale True ScaleUpLimit', '6 ReadyForNewScale True ScaleUpLimit', '8 ReadyForNewScale True ScaleUpLimit',
    '4 ReadyForNewScale True ScaleDownLimit', '4 ReadyForNewScale True ScaleDownLimit', '2 ReadyForNewScale True ScaleDownLimit',
  ]);
});

test('the policy that allows more, the one that allows less, or none', () => {
  const with_ = (selectPolicy: string): HorizontalPodAutoscalerSpec => spec({ behavior: { scaleUp: { ...up, selectPolicy }, scaleDown: { ...down, stabilizationWindowSeconds: 0, selectPolicy, policies: [{ type: 'Pods', value: 1, periodSeconds: 15 }, { type: 'Percent', value: 50, periodSeconds: 15 }] } } });
  assert.match(play(with_('Max'), 10, [[15, 90]])[0]!, /^20 .*ScaleUpLimit/);
  assert.match(play(with_('Min'), 10, [[15, 90]])[0]!, /^14 .*ScaleUpLimit/);
  assert.match(play(with_('Disabled'), 10, [[15, 90]])[0]!, /^10 .*ScaleUpLimit/);
  assert.match(play(with_('Max'), 10, [[15, 1]])[0]!, /^5 .*ScaleDownLimit/);
  assert.match(play(with_('Min'), 10, [[15, 1]])[0]!, /^9 .*ScaleDownLimit/);
  assert.match(play(with_('Disabled'), 10, [[15, 1]])[0]!, /^10 .*ScaleDownLimit/);
});

test('windows of stabilisation hold both directions', () => {
  const slow = spec({ behavior: { scaleUp: { ...up, stabilizationWindowSeconds: 60 }, scaleDown: { ...down, stabilizationWindowSeconds: 120 } } });
  assert.deepEqual(play(slow, 4, [[15, 8], [61, 8], [90, 2], [150, 2], [182, 2]]), [
    '4 ScaleUpStabilized False DesiredWithinRange', '8 ReadyForNewScale False DesiredWithinRange', '8 ScaleDownStabilized False DesiredWithinRange',
    '8 ScaleDownStabilized False DesiredWithinRange', '2 ReadyForNewScale False DesiredWithinRange',
  ]);
  assert.match(play(spec({ behavior: { scaleUp: up, scaleDown: down } }), 4, [[15, 1]])[0]!, /^4 ScaleDownStabilized/, 'five minutes where it does not say');
});

test('percentages are reckoned in floating point, as upstream does', () => {
  const of = (value: number): HorizontalPodAutoscalerSpec => spec({ behavior: { scaleUp: { ...up, policies: [{ type: 'Percent', value, periodSeconds: 15 }] }, scaleDown: { ...down, stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value, periodSeconds: 15 }] } } });
  assert.match(play(of(10), 50, [[15, 90]])[0]!, /^56 .*ScaleUpLimit/);
  assert.match(play(spec({ ...of(90), minReplicas: 0 }), 10, [[15, 0]])[0]!, /^0 /);
});

type Policies = readonly [pods: number, podsPeriod: number, percent: number, percentPeriod: number] | undefined;
const none = undefined;

/**
 * What upstream's own tests expect: bounds, size, wish, the size and reason that come of it, policies up and down, and what was done up and
 * down within the last 120 seconds, evenly spread.
 */
const upstream: readonly (readonly [min: number, max: number, current: number, wanted: number, replicas: number, reason: string, up?: Policies, down?: Policies, ups?: readonly number[], downs?: readonly number[]])[] = [
  [3, 8, 5, 7, 7, 'DesiredWithinRange'],
  [2, 8, 3, 1, 2, 'TooFewReplicas'],
  [0, 10, 1, 0, 0, 'DesiredWithinRange'],
  [1, 10, 20, 1000, 10, 'TooManyReplicas'],
  [100, 150, 100, 1000, 150, 'TooManyReplicas'],
  [1, 2000, 3, 1000, 4, 'ScaleUpLimit', [0, 0, 1, 60]],
  [3, 2000, 1000, 3, 980, 'ScaleDownLimit', none, [20, 60, 0, 0]],
  [1, 1000, 10, 50, 20, 'ScaleUpLimit'],
  [1, 1000, 10, 500, 110, 'ScaleUpLimit', [100, 60, 100, 60]],
  [1, 1000, 10, 500, 20, 'ScaleUpLimit', [2, 60, 100, 60]],
  [1, 1000, 10, 50, 50, 'DesiredWithinRange', [100, 60, 0, 0]],
  [1, 1000, 10, 50, 50, 'DesiredWithinRange', [10000, 60, 0, 0]],
  [1, 1000, 10, 50, 40, 'ScaleUpLimit', [30, 60, 0, 0]],
  [1, 1000, 10, 50, 30, 'ScaleUpLimit', [0, 0, 200, 60]],
  [1, 1000, 100, 2, 80, 'ScaleDownLimit', none, [20, 60, 1, 60]],
  [1, 1000, 100, 2, 98, 'ScaleDownLimit', none, [2, 60, 1, 60]],
  [1, 1000, 10, 0, 1, 'TooFewReplicas', none, [100, 60, 0, 0]],
  [1, 1000, 10, 0, 1, 'TooFewReplicas', none, [100, 60, 0, 0]],
  [5, 1000, 10, 2, 5, 'TooFewReplicas', none, [0, 0, 100, 60]],
  [1, 1000, 10, 2, 5, 'ScaleDownLimit', none, [5, 60, 0, 0]],
  [1, 1000, 10, 5, 5, 'DesiredWithinRange', none, [0, 0, 50, 60]],
  [1, 200, 100, 500, 200, 'TooManyReplicas', [300, 60, 0, 0], none, [1, 5, 9]],
  [1, 200, 100, 500, 200, 'TooManyReplicas', [0, 0, 10000, 60], none, [1, 5, 9]],
  [1, 1000, 100, 500, 100, 'ScaleUpLimit', [5, 120, 0, 0], none, [1, 5, 9]],
  [1, 1000, 100, 500, 235, 'ScaleUpLimit', [150, 120, 0, 0], none, [1, 5, 9]],
  [1, 1000, 100, 500, 255, 'ScaleUpLimit', [0, 0, 200, 120], none, [1, 5, 9]],
  [1, 1000, 6, 24, 16, 'ScaleUpLimit', [0, 0, 300, 300], none, [4], [2]],
  [1, 1000, 10, 5, 5, 'DesiredWithinRange', none, none, [], [1, 5, 9]],
  [1, 1000, 100, 0, 1, 'TooFewReplicas', none, [115, 120, 0, 0], [], [1, 5, 9]],
  [5, 1000, 100, 0, 5, 'TooFewReplicas', none, [130, 120, 0, 0], [], [1, 5, 9]],
  [5, 1000, 100, 2, 5, 'TooFewReplicas', none, [0, 0, 100, 120], [], [1, 5, 9]],
  [1, 1000, 100, 2, 100, 'ScaleDownLimit', none, [5, 120, 0, 0], [], [1, 5, 9]],
  [1, 1000, 100, 0, 56, 'ScaleDownLimit', none, [0, 0, 50, 120], [], [2, 4, 6]],
  [1, 1000, 10, 1, 6, 'ScaleDownLimit', none, [0, 0, 50, 180], [2], [4]],
  [1, 1000, 100, 0, 100, 'ScaleDownLimit', none, [0, 0, 10, 120], [], [10, 10, 10]],
  [1, 1000, 10, 5, 5, 'DesiredWithinRange', none, [0, 0, 1000, 120], [], [10, 10, 10]],
  [1, 1000, 100, 200, 200, 'DesiredWithinRange', [1000, 60, 0, 0], none, [8, 12, 9, 11]],
  [1, 1000, 100, 200, 200, 'DesiredWithinRange', [1000, 120, 100, 60], none, [8, 12, 9, 11]],
  [1, 1000, 100, 200, 200, 'DesiredWithinRange', [1000, 30, 100, 60], none, [8, 12, 9, 11]],
  [1, 1000, 100, 5, 5, 'DesiredWithinRange', none, [1000, 60, 0, 0], [], [8, 12, 9, 11]],
  [1, 1000, 100, 5, 5, 'DesiredWithinRange', none, [1000, 120, 100, 60], [], [8, 12, 9, 11]],
  [1, 1000, 100, 5, 5, 'DesiredWithinRange', none, [1000, 30, 100, 60], [], [8, 12, 9, 11]],
];

test('policies, bounds and past changes give what upstream gives', () => {
  const rules = ([pods, podsPeriod, percent, percentPeriod]: NonNullable<Policies>): HPAScalingRules => ({
    stabilizationWindowSeconds: 0, selectPolicy: 'Max',
    policies: [...(pods ? [{ type: 'Pods', value: pods, periodSeconds: podsPeriod }] : []), ...(percent ? [{ type: 'Percent', value: percent, periodSeconds: percentPeriod }] : [])],
  });
  for (const [i, [minReplicas, maxReplicas, current, wanted, replicas, reason, goingUp, goingDown, ups = [], downs = []]] of upstream.entries()) {
    const of = spec({ minReplicas, maxReplicas, behavior: { scaleUp: goingUp ? rules(goingUp) : up, scaleDown: goingDown ? rules(goingDown) : { ...down, stabilizationWindowSeconds: 0 } } });
    const history = new History(current, start);
    const done = [...ups.map((n, at) => [n, at, ups.length] as const), ...downs.map((n, at) => [-n, at, downs.length] as const)];
    for (const [change, at, count] of done) history.rescaled(change, start - Math.trunc(120 - (120 / count) * (at + 0.5)) * 1000, of);
    const outcome = bounded(of, history, { current, wanted, now: start, downscaleStabilizationMs: 0 });
    assert.deepEqual([outcome.replicas, outcome.limited.reason], [replicas, reason], `case ${i}`);
  }
});
