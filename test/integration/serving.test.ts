/** How a server begins and ends, and what it does by itself: readiness, watches at the end, events that grow old, what it allows. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Watches } from '../../src/apiserver/watchdrain.ts';
import type { ApiServerConfig } from '../../src/apiserver/config.ts';
import { ManualClock } from '../../src/base/manualclock.ts';
import { memoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { eventually, testServer, type TestServer } from '../apiserver.ts';
import { call, send, type Answer } from '../http.ts';

const running: TestServer[] = [];
after(async () => {
  for (const server of running) await server.stop();
});
async function start(config: Partial<ApiServerConfig>): Promise<TestServer> {
  const server = await testServer({ tokenFile: 'root,root,root,"system:masters"', disabledAdmission: ['ServiceAccount'], ...config });
  running.push(server);
  return server;
}
const root = (server: TestServer, path: string, method = 'GET', body?: unknown): Promise<Answer> => call(server.api.url, { path, method, token: 'root', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });

void test('watches are ended at a bounded rate, and then no new ones begin', async () => {
  const clock = new ManualClock();
  const watches = new Watches(clock);
  const ended: number[] = [];
  for (let i = 0; i < 1000; i++) {
    const leave = watches.enter(() => {
      ended.push(clock.monotonic());
      leave();
    });
  }
  const began = clock.monotonic();
  let over = false;
  const drained = watches.drain(2000).then(() => (over = true));
  assert.throws(() => watches.enter(() => {}), { message: 'apiserver is shutting down' });
  while (!over) await clock.advance(20);
  await drained;
  assert.equal(ended.length, 1000);
  const within = (ms: number): number => ended.filter((at) => at - began <= ms).length;
  // 500 a second: as many as end in the time that there is.
  assert.ok(within(1000) >= 490 && within(1000) <= 511, String(within(1000)));
});

void test('a watch ends well when the server does, requests do not', async () => {
  const server = await testServer({ tokenFile: 'root,root,root,"system:masters"', limits: { watchGraceMs: 5000, drainMs: 1000 } });
  const { request, answer } = send(server.api.url, { path: '/api/v1/namespaces?watch=1', token: 'root' });
  await new Promise((resolve) => request.once('response', resolve));
  await server.stop();
  const { status, text } = await answer;
  assert.equal(status, 200);
  assert.ok(text.endsWith('}\n') || text === '', 'whole events, and an end that is one');
});

void test('until it is ready for the first time a server may send clients away', async () => {
  let open = (): void => {};
  const store = held(memoryStore(), new Promise<void>((resolve) => (open = resolve)));
  const port = 20_000 + (process.pid % 20_000);
  const starting = start({ store, port, limits: { notReadyOnce: true } });
  const url = `https://127.0.0.1:${port}`;
  const early = await eventually(() => call(url, { path: '/version', token: 'root' }).catch(() => undefined), 'the port');
  assert.deepEqual([early.status, early.headers['retry-after'], early.text], [503, '5', "The apiserver hasn't been fully initialized yet, please try again later.\n"]);
  const probe = await call(url, { path: '/livez/ping', token: 'root' });
  assert.deepEqual([probe.status, probe.headers.warning], [200, '299 - "The apiserver was still initializing, while this request was being served"']);
  open();
  const server = await starting;
  assert.equal((await root(server, '/version')).status, 200);
});

/** A store whose first write waits. */
function held(store: Store, gate: Promise<void>): Store {
  return {
    shared: store.shared, revision: () => store.revision(), get: (key, revision) => store.get(key, revision), range: (request) => store.range(request), watch: (request) => store.watch(request),
    commit: async (operations) => {
      await gate;
      return store.commit(operations);
    },
    compact: (revision) => store.compact(revision), size: () => store.size(), close: () => store.close(),
  };
}

void test('events go when they have not been written for their time; those that are written again stay', async () => {
  const server = await start({ eventTtlMs: 2500 });
  const events = '/api/v1/namespaces/default/events';
  const make = (name: string) => root(server, events, 'POST', { metadata: { name }, involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' }, reason: 'Testing', type: 'Normal' });
  assert.equal((await make('old')).status, 201);
  const watch = send(server.api.url, { path: `${events}?watch=1&fieldSelector=metadata.name=old&timeoutSeconds=20`, token: 'root' });
  await eventually(async () => ((await root(server, `${events}/old`)).status === 404 ? true : undefined), 'the event to go', 20);
  assert.equal((await make('old')).status, 201, 'its name is free again');
  watch.request.destroy();
});

void test('without --allow-privileged pods and what makes them are refused', async () => {
  const server = await start({ allowPrivileged: false });
  const spec = { containers: [{ name: 'a', image: 'i' }, { name: 'b', image: 'i', securityContext: { privileged: true } }] };
  const pod = await root(server, '/api/v1/namespaces/default/pods', 'POST', { metadata: { name: 'p' }, spec });
  assert.deepEqual([pod.status, (pod.json() as { message: string }).message], [422, 'Pod "p" is invalid: spec.containers[1].securityContext.privileged: Forbidden: disallowed by cluster policy']);
  const deployment = await root(server, '/apis/apps/v1/namespaces/default/deployments', 'POST', { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec } } });
  assert.equal((deployment.json() as { message: string }).message, 'Deployment.apps "d" is invalid: spec.template.spec.containers[1].securityContext.privileged: Forbidden: disallowed by cluster policy');
});
