import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricSpec } from '../../api/autoscaling/v2/index.ts';
import type { Pod } from '../../api/core/v1/index.ts';
import type { Client, RawRequest } from '../../client/client.ts';
import { parseLabelSelector } from '../../machinery/selectors.ts';
import { evaluate, type Evaluated, type Target } from './evaluate.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const pods = ['p0', 'p1'].map((name) => ({
  metadata: { name, namespace: 'x' }, spec: { containers: ['a', 'b'].map((c) => ({ name: c, resources: { requests: { cpu: '100m', memory: '100Mi' } } })) },
  status: { phase: 'Running', startTime: '2026-01-01T10:00:00Z', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T10:00:00Z' }] },
})) as unknown as Pod[];
const usage = (name: string, ...containers: readonly (readonly [string, string, string])[]) => ({ metadata: { name, namespace: 'x' }, timestamp: '2026-01-01T11:59:50Z', window: '15s', containers: containers.map(([c, cpu, memory]) => ({ name: c, usage: { cpu, memory } })) });

/** Answers of the metrics APIs by path, with the status where it is not 200. */
function target(answers: Readonly<Record<string, object | readonly [number, object | string]>>): Target {
  const raw = async ({ path }: RawRequest) => {
    const answer = answers[path.split('?')[0]!] ?? [404, 'not found'];
    const [status, body] = Array.isArray(answer) ? (answer as [number, object | string]) : [200, answer];
    return { status, headers: {}, body: (async function* () { yield Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)); })() };
  };
  return {
    client: { raw } as unknown as Client, namespace: 'x', selector: parseLabelSelector('app=x'), pods, specReplicas: 2, statusReplicas: 2, resourceOf: async () => 'services',
    rules: { now, tolerance: { up: 0.1, down: 0.1 }, cpuInitializationPeriodMs: 300_000, initialReadinessDelayMs: 30_000 },
  };
}

const resources = '/apis/metrics.k8s.io/v1beta1/namespaces/x/pods';
const done = async (metric: object, of: Target): Promise<Evaluated> => {
  const result = await evaluate(metric as MetricSpec, of);
  assert.ok('status' in result, JSON.stringify(result));
  return result;
};

test('memory is shown in binary units, CPU in decimal ones', async () => {
  const of = target({ [resources]: { items: [usage('p0', ['a', '50m', '64Mi'], ['b', '50m', '64Mi']), usage('p1', ['a', '50m', '64Mi'], ['b', '50m', '64Mi'])] } });
  const memory = await done({ type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 64 } } }, of);
  assert.deepEqual(memory.status.resource?.current, { averageValue: '128Mi', averageUtilization: 64 });
  const average = await done({ type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '64Mi' } } }, of);
  assert.deepEqual([average.replicas, average.name, average.status.resource?.current], [4, 'memory resource', { averageValue: '128Mi' }]);
  const cpu = await done({ type: 'Resource', resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: '100m' } } }, of);
  assert.deepEqual(cpu.status.resource?.current, { averageValue: '100m' });
});

test('a pod that does not report the container counts as one without figures', async () => {
  const of = target({ [resources]: { items: [usage('p0', ['a', '300m', '1Mi']), usage('p1', ['b', '10m', '1Mi'])] } });
  const result = await done({ type: 'ContainerResource', containerResource: { name: 'cpu', container: 'a', target: { type: 'Utilization', averageUtilization: 100 } } }, of);
  assert.deepEqual([result.replicas, result.name], [3, 'cpu container resource utilization (percentage of request)'], 'going up the missing one is idle: 300 % of one, 150 % of two');
  assert.deepEqual(result.status.containerResource?.current, { averageValue: '300m', averageUtilization: 300 });
});

test('an adapter that cannot reach its source is quoted', async () => {
  const of = target({
    '/apis/custom.metrics.k8s.io': { versions: [{ version: 'v1beta2' }] },
    '/apis/custom.metrics.k8s.io/v1beta2/namespaces/x/pods/*/rate': [500, { kind: 'Status', message: 'Internal error occurred: unable to fetch metrics: Prometheus at http://p: connect ECONNREFUSED', code: 500 }],
  });
  assert.deepEqual(await evaluate({ type: 'Pods', pods: { metric: { name: 'rate' }, target: { type: 'AverageValue', averageValue: '1' } } } as MetricSpec, of), {
    reason: 'FailedGetPodsMetric', message: 'unable to get metric rate: unable to fetch metrics from custom metrics API: Internal error occurred: unable to fetch metrics: Prometheus at http://p: connect ECONNREFUSED',
    summary: 'failed to get pods metric value: unable to get metric rate: unable to fetch metrics from custom metrics API: Internal error occurred: unable to fetch metrics: Prometheus at http://p: connect ECONNREFUSED',
  });
});
