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
