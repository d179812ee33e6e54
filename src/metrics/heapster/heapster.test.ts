import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node, Pod } from '../../api/core/v1/index.ts';
import type { NodeMetrics, PodMetrics } from '../../api/metrics/v1beta1/types.ts';
import { answerOf, ApiError, type Sources } from './api.ts';
import { collect, type Inputs } from './collect.ts';
import { keys, Model } from './model.ts';
import type { Summary } from './summary.ts';

const start = Date.parse('2026-01-01T00:00:00Z');
const node = { metadata: { name: 'n1' }, spec: {}, status: { capacity: { cpu: '4', memory: '8Gi' }, allocatable: { cpu: '2', memory: '4Gi' } } } as unknown as Node;
const pod = {
  metadata: { name: 'web', namespace: 'default' },
  spec: { nodeName: 'n1', containers: [{ name: 'a', resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '500m' } } }, { name: 'b' }] },
} as unknown as Pod;
const usage = (cpu: string, memory: string) => ({ cpu, memory });
const nodeMetrics = { metadata: { name: 'n1', creationTimestamp: 'c', labels: { a: 'b' } }, timestamp: 't', window: '15s', usage: usage('1000000001n', '1024Mi') } as unknown as NodeMetrics;
const podMetrics = {
  kind: 'PodMetrics', metadata: { name: 'web', namespace: 'default', creationTimestamp: 'c' }, timestamp: 't', window: '15s', containers: [{ name: 'a', usage: usage('12345678n', '10Mi') }, { name: 'b', usage: usage('0', '5Mi') }],
} as unknown as PodMetrics;
const summary = (rx: number): Summary => ({
  node: { nodeName: 'n1', startTime: '2025-12-31T23:59:00Z', memory: { usageBytes: 4096 }, fs: { usedBytes: 7, capacityBytes: 10 }, systemContainers: [{ name: 'runtime', cpu: { usageNanoCores: 1_500_001 }, memory: { workingSetBytes: 9 } }] },
  pods: [
    { podRef: { namespace: 'default', name: 'web' }, network: { rxBytes: rx }, volume: [{ name: 'v', usedBytes: 3 }], containers: [{ name: 'a', memory: { usageBytes: 20, pageFaults: 5 }, logs: { usedBytes: 2 } }, { name: 'b', memory: { usageBytes: 30 } }] },
    { podRef: { namespace: 'default', name: 'gone' }, containers: [{ name: 'x', memory: { usageBytes: 1 } }] },
  ],
});
const inputs = (rx: number, more: Partial<Inputs> = {}): Inputs => ({ nodes: [node], pods: [pod], nodeMetrics: [nodeMetrics], podMetrics: [podMetrics], summaries: [summary(rx)], ...more });

function filled(): Model {
  const model = new Model();
  model.add(collect(inputs(1000), start, undefined));
  model.add(collect(inputs(1150), start + 60_000, model.latest));
  return model;
}

const sources = (model: Model): Sources => ({
  model, now: () => start + 60_000,
  metrics: async <T>(path: string, selector: string) => {
    if (path.endsWith('/none')) throw new ApiError(404, 'not found');
    assert.ok(selector === '' || selector === 'a=b');
    return (path === '/nodes/n1' ? nodeMetrics : path === '/nodes' ? { items: [nodeMetrics] } : path.endsWith('/web') ? podMetrics : { items: [podMetrics] }) as T;
  },
});

test('lists, names and series of the model', async () => {
  const model = filled();
  const get = (path: string): Promise<unknown> => {
    const { pathname, searchParams } = new URL(`http://x/api/v1/model/${path}`);
    return answerOf(pathname, searchParams, sources(model));
  };
  assert.deepEqual(await get('nodes/'), ['n1']);
  assert.deepEqual(await get('namespaces'), ['default']);
  assert.deepEqual(await get('namespaces/default/pods/'), ['web']);
  assert.deepEqual(await get('namespaces/default/pods/web/containers'), ['a', 'b']);
  assert.deepEqual(await get('nodes/n1/freecontainers/'), ['docker-daemon']);
  assert.deepEqual(await get('debug/allkeys'), ['cluster', 'namespace:default', 'namespace:default/pod:web', 'namespace:default/pod:web/container:a', 'namespace:default/pod:web/container:b', 'node:n1', 'node:n1/container:docker-daemon']);
  assert.deepEqual(await get('metrics/'), ['cpu/limit', 'cpu/request', 'cpu/usage_rate', 'memory/limit', 'memory/request', 'memory/usage', 'memory/working_set']);
  const [first, second] = ['2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z'];
  const series = (...values: number[]) => ({ metrics: values.map((value, i) => ({ timestamp: [first, second][i], value })), latestTimestamp: second });
  assert.deepEqual(await get('namespaces/default/pods/web/containers/a/metrics/cpu/usage_rate'), series(13, 13), 'thousandths rounded up, as kubectl top prints them');
  assert.deepEqual(await get('namespaces/default/pods/web/metrics/memory/usage'), series(50, 50));
  assert.deepEqual(await get('namespaces/default/metrics/memory-working'), series(15 * 2 ** 20, 15 * 2 ** 20), 'an old name');
  assert.deepEqual(await get('nodes/n1/metrics/cpu/request'), series(100, 100));
  assert.deepEqual(await get('nodes/n1/metrics/cpu/node_capacity'), series(4000, 4000));
  assert.deepEqual(await get(`nodes/n1/metrics/cpu/node_utilization?start=${second}`), { metrics: [{ timestamp: second, value: 0, floatValue: 0.5005 }], latestTimestamp: second });
  assert.deepEqual(await get(`nodes/n1/metrics/uptime?end=${first}`), { metrics: [{ timestamp: first, value: 60_000 }], latestTimestamp: first });
  assert.deepEqual(await get('namespaces/default/pods/web/metrics/network/rx_rate'), { metrics: [{ timestamp: second, value: 2, floatValue: 2.5 }], latestTimestamp: second });
  assert.deepEqual(await get('nodes/n1/freecontainers/docker-daemon/metrics/cpu/usage_rate'), series(2, 2));
  assert.deepEqual(await get('nodes/n1/metrics/filesystem/usage?labels=resource_id:/'), series(7, 7));
  assert.deepEqual(await get('namespaces/default/pods/web/metrics/filesystem/usage?labels=resource_id:Volume:v'), series(3, 3));
  assert.deepEqual(await get('namespaces/default/pod-list/web,none/metrics/cpu/usage_rate'), { items: [series(13, 13), { metrics: [], latestTimestamp: '0001-01-01T00:00:00Z' }] });
  assert.equal(await get('namespaces/default/services'), undefined);
  await assert.rejects(get('metrics/cpu/usage_rate?start=yesterday'), { code: 400, message: /^timestamp argument cannot be parsed: / });
  await assert.rejects(get('metrics/filesystem/usage?labels=x'), { code: 400, message: 'invalid label pair "x"' });
});

test('the metrics API of old kubectl, under both of its paths', async () => {
  const get = (path: string): Promise<unknown> => {
    const { pathname, searchParams } = new URL(`http://x${path}`);
    return answerOf(pathname, searchParams, sources(new Model()));
  };
  const n1 = { metadata: { name: 'n1', creationTimestamp: 'c' }, timestamp: 't', window: '15s', usage: { cpu: '1001m', memory: '1024Mi' } };
  const web = { metadata: { name: 'web', namespace: 'default', creationTimestamp: 'c' }, timestamp: 't', window: '15s', containers: [{ name: 'a', usage: { cpu: '13m', memory: '10Mi' } }, { name: 'b', usage: { cpu: '0', memory: '5Mi' } }] };
  for (const root of ['/apis/metrics/v1alpha1', '/apis/metrics.k8s.io/v1alpha1']) {
    assert.deepEqual(await get(`${root}/nodes?labelSelector=a%3Db`), { metadata: {}, items: [n1] });
    assert.deepEqual(await get(`${root}/nodes/n1`), n1);
    assert.deepEqual(await get(`${root}/pods?labelSelector=`), { metadata: {}, items: [web] });
    assert.deepEqual(await get(`${root}/namespaces/default/pods/`), { metadata: {}, items: [web] });
    assert.deepEqual(await get(`${root}/namespaces/default/pods/web`), web);
  }
  await assert.rejects(get('/apis/metrics/v1alpha1/nodes/none'), { code: 404, message: 'No metrics for node none' });
  assert.equal(await get('/apis/metrics/v1alpha1/services'), undefined);
});

test('history is bounded: everything for 140 s, two figures for a quarter of an hour, and not more than the limit', () => {
  const model = new Model(25);
  for (let i = 0; i < 20; i++) model.add(collect(inputs(i), start + i * 60_000, model.latest));
  const all = (metric: string): number => model.points(keys.cluster, metric, 0, Number.MAX_SAFE_INTEGER).length;
  assert.deepEqual([all('cpu/request'), all('cpu/usage_rate')], [3, 3], '7 keys a batch, 25 in all');
  const long = new Model();
  for (let i = 0; i < 20; i++) long.add(collect(inputs(i), start + i * 60_000, long.latest));
  assert.equal(long.points(keys.cluster, 'cpu/usage_rate', 0, Number.MAX_SAFE_INTEGER).length, 15);
});

test('a kubelet that does not answer, metrics that are away, a counter that goes back', () => {
  const without = collect(inputs(0, { summaries: [] }), start, undefined);
  assert.equal(without.sets.get(keys.node('n1'))?.values.get('cpu/usage_rate'), 1001);
  assert.equal(without.sets.get(keys.node('n1'))?.values.has('memory/usage'), false);
  const away = collect(inputs(10, { nodeMetrics: [], podMetrics: [] }), start, undefined);
  assert.equal(away.sets.get(keys.container('default', 'web', 'a'))?.values.get('memory/usage'), 20);
  const back = collect(inputs(5), start + 60_000, away);
  assert.equal(back.sets.get(keys.pod('default', 'web'))?.values.has('network/rx_rate'), false);
});
