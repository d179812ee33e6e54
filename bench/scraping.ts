/** A metrics-server in a process of its own, over simulated kubelets; prints what it cost as one line of JSON. Arguments: port nodes rounds resolution. */
import type { Client, ListOptions, ObjectList, WatchEvent, WatchOptions } from '../src/client/client.ts';
import type { ResourceRef } from '../src/api/reference.ts';
import { systemSurroundings } from '../src/base/surroundings.ts';
import { StatusError } from '../src/machinery/status.ts';
import type { DeepReadonly } from '../src/machinery/json.ts';
import { parseOptions } from '../src/metrics/metrics-server/options.ts';
import { runMetricsServer } from '../src/metrics/metrics-server/server.ts';
import { addressOf, podName, podsPerNode } from './kubelets.ts';

const [port = 0, nodeCount = 0, rounds = 0, resolutionSeconds = 15] = process.argv.slice(2).map(Number);
const resolutionMs = resolutionSeconds * 1000;

const meta = (name: string, uid: string) => ({ name, uid, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', labels: { app: name.slice(0, name.lastIndexOf('-')), 'pod-template-hash': '5d9c7b6f4' } });
const node = (i: number) => ({
  metadata: meta(`node-${i}`, `n${i}`), spec: {},
  status: { addresses: [{ type: 'InternalIP', address: addressOf(i) }], daemonEndpoints: { kubeletEndpoint: { Port: port } }, conditions: [{ type: 'Ready', status: 'True' }] },
});
const pod = (i: number) => {
  const name = podName(Math.floor(i / podsPerNode), i % podsPerNode);
  return { metadata: { ...meta(name, `p${i}`), namespace: 'bench', managedFields: [{ manager: 'kubelet', operation: 'Update', fieldsType: 'FieldsV1', fieldsV1: { 'f:status': { 'f:phase': {} } } }] } };
};

/** Lists nodes and pods as an API server would, page by page; nothing ever changes. */
function list<T>(ref: ResourceRef<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
  const [make, total] = ref.resource === 'nodes' ? [node, nodeCount] : [pod, nodeCount * podsPerNode];
  const start = Number(options.continue ?? 0);
  const end = Math.min(total, start + (options.limit ?? total));
  const items = Array.from({ length: end - start }, (_, i) => make(start + i)) as unknown as DeepReadonly<T>[];
  return Promise.resolve({ items, metadata: { resourceVersion: '1', ...(end < total ? { continue: String(end) } : {}) } });
}

async function* watch<T>(_ref: ResourceRef<T>, options: WatchOptions = {}): AsyncGenerator<WatchEvent<T>> {
  await new Promise<void>((resolve) => options.signal?.addEventListener('abort', () => resolve(), { once: true }));
  yield* [];
}

const absent = (): Promise<never> => Promise.reject(StatusError.notFound({ group: '', resource: 'configmaps' }, 'x'));
const client = { list, watch, get: absent, create: absent, update: absent, patch: absent, delete: absent, deleteCollection: absent, post: absent, raw: absent } as Client;
const stop = new AbortController();
let failures = 0;
/** After a collection, where --expose-gc allows one. */
const live = (): number | undefined => {
  if (!globalThis.gc) return undefined;
  globalThis.gc();
  return Math.round(process.memoryUsage().heapUsed / 2 ** 20);
};
const surroundings = systemSurroundings({ component: 'bench', write: (line) => void (failures += line.includes('Failed to scrape node') || line.includes('took too long') ? 1 : 0) });
const options = parseOptions([
  `--metric-resolution=${resolutionSeconds}s`, '--kubelet-insecure-tls', '--kubelet-use-node-status-port', '--kubelet-preferred-address-types=InternalIP', '--secure-port=0', '--bind-address=127.0.0.1',
]);
const server = await runMetricsServer(options, { client, kubelets: { token: () => 'bench' }, surroundings, signal: stop.signal });
// Connections are made and code is compiled in the first rounds.
await surroundings.clock.sleep(3 * resolutionMs);
failures = 0;
const before = process.cpuUsage();
let peak = 0;
for (let second = 0; second < (rounds * resolutionMs) / 1000; second++) {
  await surroundings.clock.sleep(1000);
  peak = Math.max(peak, process.memoryUsage.rss());
}
const used = process.cpuUsage(before);
process.stdout.write(`${JSON.stringify({ coreShare: (used.user + used.system) / 1000 / (rounds * resolutionMs), cpuSecondsPerRound: (used.user + used.system) / 1e6 / rounds, failures, peakMib: Math.round(peak / 2 ** 20), peakOfAllMib: Math.round(process.resourceUsage().maxRSS / 2 ** 10), liveHeapMib: live(), heapMib: Math.round(process.memoryUsage().heapUsed / 2 ** 20) })}\n`);
stop.abort();
await server.stopped;
process.exit(0);
