import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { coreV1 } from '../../api/core/v1/package.ts';
import { metaV1 } from '../../api/meta/v1/package.ts';
import { metricsV1beta1 } from '../../api/metrics/v1beta1/package.ts';
import type { ResourceRef } from '../../api/reference.ts';
import { systemClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/ids.ts';
import { silent } from '../../base/log.ts';
import type { Client, ListOptions, ObjectList, WatchEvent, WatchOptions } from '../../client/client.ts';
import type { DeepReadonly, JsonObject } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { decodeProtobufBody } from '../../schema/protobuf.ts';
import { Registry } from '../../schema/registry.ts';
import { parseOptions } from './options.ts';
import { runMetricsServer } from './server.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';
const registry = new Registry([coreV1, metaV1, metricsV1beta1]);
const stop = new AbortController();
let port = 0;

/** A node of two pods; the API server knows them, allows everything to everybody, and nothing changes. */
function fakeClient(kubeletPort: number): Client {
  const meta = (name: string, labels?: object) => ({ name, uid: name, resourceVersion: '1', ...(labels ? { labels } : {}) });
  const node = { metadata: meta('n', { zone: 'a' }), spec: {}, status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } }, conditions: [] } };
  const pods = ['a', 'b'].map((name) => ({ metadata: { ...meta(name, { app: name }), namespace: 'ns' } }));
  const absent = (): Promise<never> => Promise.reject(StatusError.notFound({ group: '', resource: 'configmaps' }, 'x'));
  return {
    list: <T>(ref: ResourceRef<T>, _options?: ListOptions) => Promise.resolve({ items: (ref.resource === 'nodes' ? [node] : pods) as unknown as DeepReadonly<T>[], metadata: { resourceVersion: '1' } } satisfies ObjectList<T>),
    async *watch<T>(_ref: ResourceRef<T>, options: WatchOptions = {}): AsyncGenerator<WatchEvent<T>> {
      await new Promise<void>((resolve) => options.signal?.addEventListener('abort', () => resolve(), { once: true }));
      yield* [];
    },
    create: () => Promise.resolve({ status: { allowed: true } }),
    get: absent, update: absent, patch: absent, delete: absent, deleteCollection: absent, post: absent, raw: absent,
  } as unknown as Client;
}

function kubeletText(now: number): string {
  const line = (name: string, pod: string, value: number): string => `${name}{container="c",namespace="ns",pod="${pod}"} ${value} ${now}\n`;
  const pods = ['a', 'b'].map((pod) => line('container_cpu_usage_seconds_total', pod, now / 4000) + line('container_memory_working_set_bytes', pod, 5 << 20) + `container_start_time_seconds{container="c",namespace="ns",pod="${pod}"} 1\n`);
  return `node_cpu_usage_seconds_total ${now / 2000} ${now}\nnode_memory_working_set_bytes 1073741824 ${now}\n${pods.join('')}`;
}

const ask = (path: string, accept = 'application/json'): Promise<{ status: number; type: string; bytes: Buffer }> =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false, headers: { accept } }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part)).on('end', () => resolve({ status: response.statusCode!, type: response.headers['content-type'] ?? '', bytes: Buffer.concat(parts) }));
    }).on('error', reject).end();
  });
const get = async (path: string): Promise<JsonObject> => JSON.parse((await ask(path)).bytes.toString()) as JsonObject;

let measuring = false;
const kubelet = createServer((_, response) => void response.end(measuring ? kubeletText(systemClock.now()) : ''));
after(() => {
  stop.abort();
  kubelet.close();
  kubelet.closeAllConnections();
});

before(async () => {
  kubelet.listen(0, '127.0.0.1');
  await once(kubelet, 'listening');
  const options = parseOptions(['--deprecated-kubelet-completely-insecure', '--kubelet-use-node-status-port', '--kubelet-preferred-address-types=InternalIP', '--metric-resolution=15s', '--secure-port=0', '--bind-address=127.0.0.1']);
  const surroundings = { clock: systemClock, random: seededRandom(1), log: silent };
  const server = await runMetricsServer(options, { client: fakeClient((kubelet.address() as AddressInfo).port), kubelets: { token: () => undefined }, surroundings, signal: stop.signal });
  port = server.port;
  const failing = await ask('/readyz?verbose');
  assert.match(failing.bytes.toString(), /\[-\]metric-storage-ready failed/);
  measuring = true;
  const deadline = Date.now() + 30_000;
  while ((await ask('/readyz')).status !== 200) {
    assert.ok(Date.now() < deadline, 'it is ready within half a minute');
    await systemClock.sleep(100);
  }
});

test('protobuf and JSON say the same, in both versions, of lists and of single objects', async () => {
  for (const version of ['v1beta1', 'v1']) {
    for (const [path, kind] of [['nodes', 'NodeMetricsList'], ['nodes/n', 'NodeMetrics'], ['pods', 'PodMetricsList'], ['namespaces/ns/pods/a', 'PodMetrics']] as const) {
      const url = `/apis/metrics.k8s.io/${version}/${path}`;
      const binary = await ask(url, `${protobuf},application/json`);
      assert.deepEqual([binary.status, binary.type], [200, protobuf]);
      assert.deepEqual(binary.bytes.subarray(0, 4), Buffer.from('k8s\0'));
      const plain = await get(url);
      assert.equal(plain['apiVersion'], `metrics.k8s.io/${version}`);
      // The message does not hold what its envelope says.
      const bare = (object: JsonObject): JsonObject => {
        const { kind: _, apiVersion: __, items, ...rest } = object;
        return JSON.parse(JSON.stringify(items ? { ...rest, items: (items as JsonObject[]).map(bare) } : rest, (key, value: unknown) => (key === 'creationTimestamp' ? undefined : value))) as JsonObject;
      };
      assert.deepEqual(bare(decodeProtobufBody(registry, `metrics.v1beta1.${kind}`, binary.bytes)), bare(plain));
      assert.ok(binary.bytes.includes(`metrics.k8s.io/${version}`) && binary.bytes.includes(kind));
    }
  }
});

test('selectors by label and field; unknown objects', async () => {
  const names = async (path: string): Promise<unknown> => ((await get(`/apis/metrics.k8s.io/v1beta1/${path}`))['items'] as { metadata: { name: string } }[]).map((i) => i.metadata.name);
  assert.deepEqual(await names('pods'), ['a', 'b']);
  assert.deepEqual(await names('namespaces/ns/pods?labelSelector=app%3Db'), ['b']);
  assert.deepEqual(await names('pods?fieldSelector=metadata.name%3Da'), ['a']);
  assert.deepEqual(await names('nodes?labelSelector=zone%3Db'), []);
  assert.equal((await get('/apis/metrics.k8s.io/v1beta1/namespaces/ns/pods/none'))['message'], 'pods "ns/none" not found');
  assert.equal((await ask('/apis/metrics.k8s.io/v2/nodes')).status, 404);
});

test('discovery prefers v1beta1; a table for who asks; upstream\'s probes and metrics of its own', async () => {
  const found = await get('/apis/metrics.k8s.io');
  assert.deepEqual(found['versions'], ['v1beta1', 'v1'].map((version) => ({ groupVersion: `metrics.k8s.io/${version}`, version })));
  assert.deepEqual(found['preferredVersion'], { groupVersion: 'metrics.k8s.io/v1beta1', version: 'v1beta1' });
  const table = JSON.parse((await ask('/apis/metrics.k8s.io/v1beta1/nodes', 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json')).bytes.toString()) as { kind: string; rows: { cells: string[] }[] };
  assert.deepEqual([table.kind, table.rows[0]!.cells[0], table.rows[0]!.cells[2]], ['Table', 'n', '1Gi']);
  for (const path of ['/livez/metric-collection-timely', '/readyz/metric-storage-ready', '/readyz/metric-informer-sync', '/livez/metadata-informer-sync']) assert.equal((await ask(path)).status, 200, path);
  const text = (await ask('/metrics')).bytes.toString();
  for (const name of ['metrics_server_manager_tick_duration_seconds_count', 'metrics_server_api_metric_freshness_seconds_count', 'metrics_server_kubelet_request_total', 'metrics_server_storage_points']) assert.ok(text.includes(name), name);
});
