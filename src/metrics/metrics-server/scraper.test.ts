import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Node } from '../../api/core/v1/types.ts';
import { systemClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/ids.ts';
import { silent } from '../../base/log.ts';
import { Metrics } from '../../base/metrics.ts';
import { parseOptions } from './options.ts';
import { kubeletScraper } from './scraper.ts';

const node = (name: string, address: string, port: number) =>
  ({ metadata: { name }, status: { addresses: [{ type: 'InternalIP', address }], daemonEndpoints: { kubeletEndpoint: { Port: port } }, conditions: [{ type: 'Ready', status: 'True' }] } }) as unknown as Node;

test('a node that is silent, one that talks nonsense and one that refuses do not touch the others', async (t) => {
  const answers: Record<string, (now: number) => string | undefined> = {
    '127.0.0.2': (now) => `node_cpu_usage_seconds_total 1 ${now}\nnode_memory_working_set_bytes 2 ${now}\n`,
    '127.0.0.3': () => undefined,
    '127.0.0.4': () => 'node_cpu_usage_seconds_total many\n',
    '127.0.0.6': (now) => `node_cpu_usage_seconds_total 3 ${now}\nnode_memory_working_set_bytes 4 ${now}\n`,
  };
  const server = createServer((request, response) => {
    const text = answers[request.socket.localAddress!]?.(systemClock.now());
    if (text !== undefined) response.end(text);
  }).listen(0, '0.0.0.0');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const options = parseOptions(['--deprecated-kubelet-completely-insecure', '--kubelet-use-node-status-port', '--kubelet-preferred-address-types=InternalIP', '--metric-resolution=10s', '--kubelet-request-timeout=1s']);
  const metrics = new Metrics();
  const scrape = kubeletScraper(options, { token: () => undefined }, { clock: systemClock, random: seededRandom(1), log: silent }, metrics);
  const nodes = [...Object.keys(answers).map((address) => node(`n${address.at(-1)}`, address, port)), node('n5', '127.0.0.5', 1)];
  const said: [string, number | undefined][] = [];
  await scrape(nodes, (name, reading) => said.push([name, reading.node?.memory]), new AbortController().signal);
  assert.deepEqual(said.sort(), [['n2', 2], ['n6', 4]]);
  assert.match(metrics.expose(), /metrics_server_kubelet_request_total\{success="true"\} 2\n/);
  assert.match(metrics.expose(), /metrics_server_kubelet_request_total\{success="false"\} 3\n/);
});

test('the signal ends a round', async () => {
  const options = parseOptions(['--kubelet-insecure-tls', '--kubelet-preferred-address-types=InternalIP', '--metric-resolution=15s']);
  const scrape = kubeletScraper(options, { token: () => undefined }, { clock: systemClock, random: seededRandom(1), log: silent }, new Metrics());
  const stop = new AbortController();
  const round = scrape(Array.from({ length: 50 }, (_, i) => node(`n${i}`, '127.0.0.9', 1)), () => {}, stop.signal);
  stop.abort();
  await assert.rejects(round);
});
