import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { JsonObject } from '../machinery/json.ts';
import { normalise } from '../schema/json.ts';
import { Registry } from '../schema/registry.ts';
import { toScale, type Scalable } from './autoscaling/scale.ts';
import { packages, resources } from './catalog.ts';
import { conversionOf } from './conversions.ts';

const registry = new Registry(packages);

test('every kind that is served by default can be stored', () => {
  for (const r of resources) {
    if (!r.storage || r.offByDefault) continue;
    assert.notEqual(conversionOf(r.package, r.kind, r.storage.package), undefined, `${r.package}.${r.kind}`);
  }
});

test('an autoscaler of v2 survives the trip through v1', () => {
  const stored = normalise(registry, 'autoscaling.v2.HorizontalPodAutoscaler', {
    kind: 'HorizontalPodAutoscaler', apiVersion: 'autoscaling/v2', metadata: { name: 'a', annotations: { mine: 'x' } },
    spec: {
      scaleTargetRef: { kind: 'Deployment', name: 'd' }, minReplicas: 2, maxReplicas: 5,
      metrics: [
        { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
        { type: 'Pods', pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '10' } } },
        { type: 'External', external: { metric: { name: 'q', selector: { matchLabels: { a: 'b' } } }, target: { type: 'Value', value: '3' } } },
        // What v1 has a field for comes back last.
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
      ],
      behavior: { scaleDown: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] } },
    },
    status: { currentReplicas: 2, desiredReplicas: 3, currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '4m' } } }], conditions: [{ type: 'AbleToScale', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'r', message: 'm' }] },
  });
  const c = conversionOf('autoscaling.v1', 'HorizontalPodAutoscaler', 'autoscaling.v2')!;
  const v1 = normalise(registry, 'autoscaling.v1.HorizontalPodAutoscaler', c.fromStored(stored));
  const spec = v1['spec'] as JsonObject;
  assert.equal(spec['targetCPUUtilizationPercentage'], 50);
  assert.equal((v1['status'] as JsonObject)['currentCPUUtilizationPercentage'], 40);
  assert.match(((v1['metadata'] as JsonObject)['annotations'] as JsonObject)['autoscaling.alpha.kubernetes.io/behavior'] as string, /^\{"ScaleUp":null,"ScaleDown":\{"StabilizationWindowSeconds":null,"SelectPolicy":"Max",.*,"Tolerance":null\}\}$/);
  assert.deepEqual(normalise(registry, 'autoscaling.v2.HorizontalPodAutoscaler', c.toStored(v1)), stored);
});

test('an event is the same by both names', () => {
  const stored = normalise(registry, 'core.v1.Event', {
    kind: 'Event', apiVersion: 'v1', metadata: { name: 'e' }, involvedObject: { kind: 'Pod', name: 'p' }, reason: 'Started', message: 'it did', source: { component: 'kubelet' },
    firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:00Z', count: 2, type: 'Normal', reportingComponent: 'kubelet', reportingInstance: 'n1',
  });
  const c = conversionOf('events.v1', 'Event', 'core.v1')!;
  const v1 = normalise(registry, 'events.v1.Event', c.fromStored(stored));
  assert.equal(v1['note'], 'it did');
  assert.equal((v1['regarding'] as JsonObject)['name'], 'p');
  assert.deepEqual(normalise(registry, 'core.v1.Event', c.toStored(v1)), stored);
});

test('scale of things with either sort of selector', () => {
  const object = (selector: unknown): Scalable => ({ metadata: { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z' }, spec: { replicas: 3, selector }, status: { replicas: 2 } });
  assert.deepEqual(toScale(object({ matchLabels: { app: 'x' } })).status, { replicas: 2, selector: 'app=x' });
  assert.deepEqual(toScale(object({ app: 'x', tier: 'y' })).status, { replicas: 2, selector: 'app=x,tier=y' });
  assert.deepEqual(toScale(object(undefined)).spec, { replicas: 3 });
});
