import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLabelSelector } from '../../machinery/selectors.ts';
import { StatusError } from '../../machinery/status.ts';
import { requestInfo } from '../../serving/requestinfo.ts';
import { parseOptions } from '../metrics-server/options.ts';
import { historyTable, readHistory, type HistoryApi } from './api.ts';
import { History } from './history.ts';

const start = 1_800_000_000_000;
const minute = 60_000;
const mi = 2 ** 20;
const object = (name: string, namespace?: string) => ({ metadata: { name, labels: { app: name }, ...(namespace ? { namespace } : {}) } }) as never;

function api(enabled = true): HistoryApi {
  const history = new History({ spanMs: 60 * minute, stepMs: minute, maxBytes: 2 ** 20 });
  for (let i = 0; i < 5; i++) {
    history.record(start + i * minute, (to) => {
      to.node('n', 1e6, 10 * mi);
      if (i > 0) to.container('a/one', 'c', i * 1e6, i * mi);
      if (i > 2) to.container('a/one', 'side', 1e6, mi);
      to.container('b/two', 'c', 1e6, mi);
    });
  }
  const pods = [object('one', 'a'), object('two', 'b'), object('young', 'a')];
  return {
    history, enabled, nodeSelector: parseLabelSelector(''), now: () => start + 4 * minute,
    cluster: {
      nodes: () => [object('n'), object('silent')], node: (name) => (name === 'n' || name === 'silent' ? object(name) : undefined),
      pods: (namespace) => pods.filter((p: { metadata: { namespace: string } }) => namespace === '' || p.metadata.namespace === namespace),
      pod: (namespace, name) => pods.find((p: { metadata: { namespace: string; name: string } }) => p.metadata.namespace === namespace && p.metadata.name === name),
    },
  };
}

const base = '/apis/history.metrics.k7s.io/v1alpha1';
const get = (path: string, d = api()): never => {
  const url = new URL(`http://x${base}${path}`);
  return readHistory(d, requestInfo('GET', url.pathname), url.searchParams) as never;
};
const fails = (path: string, code: number, message: RegExp, d = api()): void => {
  assert.throws(() => get(path, d), (error: unknown) => error instanceof StatusError && error.code === code && message.test(error.message));
};

test('a pod: times of its own, a track for each container, null where it had none', () => {
  const { metadata, times, step, containers, ...rest } = get('/namespaces/a/pods/one') as { metadata: { labels: object }; times: number[]; step: string; containers: object[] };
  assert.deepEqual(rest, { kind: 'PodHistory', apiVersion: 'history.metrics.k7s.io/v1alpha1' });
  assert.deepEqual([times, step], [[1, 2, 3, 4].map((i) => (start + i * minute) / 1000), '1m0s']);
  assert.deepEqual(containers, [{ name: 'c', cpu: [1e6, 2e6, 3e6, 4e6], memory: [1, 2, 3, 4].map((i) => i * mi) }, { name: 'side', cpu: [null, null, 1e6, 1e6], memory: [null, null, mi, mi] }]);
  assert.deepEqual(metadata.labels, { app: 'one' });
});

test('since and step; lists by namespace and selector; nodes', () => {
  assert.equal((get('/namespaces/a/pods/one?since=90s') as { times: number[] }).times.length, 2);
  assert.deepEqual((get('/nodes/n?step=5m') as { memory: number[]; step: string }).step, '5m0s');
  const names = (path: string): string[] => (get(path) as { items: { metadata: { name: string } }[] }).items.map((i) => i.metadata.name);
  assert.deepEqual([names('/pods'), names('/namespaces/b/pods'), names('/pods?labelSelector=app%3Done'), names('/pods?fieldSelector=metadata.name%3Dtwo'), names('/nodes')], [['one', 'two'], ['two'], ['one'], ['two'], ['n']]);
});

test('errors say what is not there, and a history that is off says so', () => {
  fails('/namespaces/a/pods/nope', 404, /pods "a\/nope" not found/);
  fails('/namespaces/a/pods/young', 404, /pods.history.metrics.k7s.io "young" not found/);
  fails('/nodes/silent', 404, /nodes.history.metrics.k7s.io "silent" not found/);
  fails('/nodes?since=ten', 400, /since should be a positive duration such as 10m, but value "ten" provided/);
  fails('/nodes?step=-1m', 400, /step should be/);
  fails('/services', 404, /could not find the requested resource/);
  fails('/nodes', 501, /--history=0/, api(false));
});

test('an answer that would be too large is refused', () => {
  const d = api();
  const pods = Array.from({ length: 300_000 }, () => object('one', 'a'));
  fails('/pods', 400, /too much for one answer/, { ...d, cluster: { ...d.cluster, pods: () => pods } });
});

test('a table for kubectl get', () => {
  const table = historyTable(get('/pods'), 'None') as unknown as { columnDefinitions: { name: string }[]; rows: { cells: unknown[] }[] };
  assert.deepEqual(table.columnDefinitions.map((c) => c.name), ['Name', 'Since', 'Points', 'Step', 'CPU(min)', 'CPU(avg)', 'CPU(max)', 'Memory(min)', 'Memory(avg)', 'Memory(max)']);
  assert.deepEqual(table.rows[0]!.cells, ['one', '2027-01-15T08:01:00Z', 4, '1m0s', '1m', '3m', '5m', '1Mi', '3Mi', '5Mi']);
});

test('flags', () => {
  assert.deepEqual(parseOptions([]).history, { spanMs: 60 * minute, stepMs: 15_000, maxBytes: 48 * mi });
  assert.deepEqual(parseOptions(['--history=0', '--history-resolution=1m', '--history-memory=8Mi']).history, { spanMs: 0, stepMs: minute, maxBytes: 8 * mi });
  assert.throws(() => parseOptions(['--history-resolution=10ms']), /history-resolution should be at least 1s/);
});
