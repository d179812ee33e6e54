import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KindRules, RuleContext } from '../../schema/vocabulary.ts';
import { rules } from './rules.ts';
import type { HorizontalPodAutoscaler } from './v2/types.ts';

const { prepareCreate, prepareUpdate } = rules['HorizontalPodAutoscaler'] as unknown as Required<KindRules<HorizontalPodAutoscaler>>;
const autoscaler = (tolerance?: string): HorizontalPodAutoscaler =>
  ({ metadata: { name: 'x' }, spec: { scaleTargetRef: { kind: 'Deployment', name: 'x' }, maxReplicas: 3, behavior: { scaleUp: { stabilizationWindowSeconds: 1, ...(tolerance ? { tolerance } : {}) } } } }) as HorizontalPodAutoscaler;
const context = (...features: string[]): RuleContext => ({ now: '', user: { name: 'u', groups: [] }, dryRun: false, subresource: '', features: new Set(features) });

test('tolerances of an autoscaler are kept where the gate is on, or where they were before', () => {
  const tolerance = (hpa: HorizontalPodAutoscaler): string | undefined => hpa.spec.behavior?.scaleUp?.tolerance;
  const created = autoscaler('0.5');
  prepareCreate(created, context());
  assert.equal(tolerance(created), undefined);
  const gated = autoscaler('0.5');
  prepareCreate(gated, context('HPAConfigurableTolerance'));
  assert.equal(tolerance(gated), '0.5');
  const [fresh, kept] = [autoscaler('0.6'), autoscaler('0.6')];
  prepareUpdate(fresh, autoscaler(), context());
  prepareUpdate(kept, autoscaler('0.5'), context());
  assert.deepEqual([tolerance(fresh), tolerance(kept)], [undefined, '0.6']);
});
