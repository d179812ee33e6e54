import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedQueue } from '../base/queue.ts';
import { silent } from '../base/log.ts';
import { ManualClock } from '../base/manualclock.ts';
import { seededRandom } from '../base/ids.ts';
import { StatusError } from '../machinery/status.ts';
import { configmaps, type ConfigMap } from '../api/core/v1/index.ts';
import type { Client, ListOptions, WatchEvent, WatchOptions } from './client.ts';
import { byNamespace, Informer } from './informer.ts';

function configMap(name: string, resourceVersion: string, more: { uid?: string; data?: Record<string, string>; namespace?: string } = {}): ConfigMap {
  const { uid = `uid-${name}`, namespace = 'x', data } = more;
  return { metadata: { name, namespace, uid, resourceVersion, creationTimestamp: '' }, ...(data ? { data } : {}) };
}

/** A server of one collection that the test plays by hand. */
function scripted(): { client: Client; state: { items: ConfigMap[]; version: string }; lists: ListOptions[]; watches: { options: WatchOptions; queue: BoundedQueue<WatchEvent<ConfigMap>> }[] } {
  const state = { items: [] as ConfigMap[], version: '1' };
  const lists: ListOptions[] = [];
  const watches: { options: WatchOptions; queue: BoundedQueue<WatchEvent<ConfigMap>> }[] = [];
  const client = {
    list: async (_ref: unknown, options: ListOptions) => {
      lists.push(options);
      return { items: state.items, metadata: { resourceVersion: state.version } };
    },
    watch: (_ref: unknown, options: WatchOptions) => {
      const queue = new BoundedQueue<WatchEvent<ConfigMap>>(100);
      options.signal?.addEventListener('abort', () => queue.end(options.signal!.reason));
      watches.push({ options, queue });
      return queue;
    },
  } as unknown as Client;
  return { client, state, lists, watches };
}

function start(client: Client): { informer: Informer<ConfigMap>; clock: ManualClock; log: string[]; stop: () => Promise<void> } {
  const clock = new ManualClock();
  const informer = new Informer(client, configmaps, { clock, random: seededRandom(1), log: silent });
  informer.addIndex('data', (c) => Object.keys(c.data ?? {}));
  const log: string[] = [];
  informer.on({
    added: (o, initial) => log.push(`+${o.metadata.name}@${o.metadata.resourceVersion}${initial ? ' initial' : ''}`),
    updated: (o, old) => log.push(`~${o.metadata.name} ${old.metadata.resourceVersion}->${o.metadata.resourceVersion}`),
    deleted: (o) => log.push(`-${o.metadata.name}@${o.metadata.resourceVersion}`),
  });
  const controller = new AbortController();
  const done = informer.run(controller.signal);
  return { informer, clock, log, stop: async () => (controller.abort(), done) };
}

test('lists, then follows; handlers and indexes see each change once', async () => {
  const server = scripted();
  server.state.items = [configMap('a', '1', { data: { k: 'v' } })];
  const { informer, clock, log, stop } = start(server.client);
  await informer.synced();
  await clock.advance(0);
  const { queue, options } = server.watches[0]!;
  assert.equal(options.resourceVersion, '1');
  assert.deepEqual(informer.by('data', 'k').map((c) => c.metadata.name), ['a']);
  queue.push({ type: 'ADDED', object: configMap('b', '2', { namespace: 'y' }) });
  queue.push({ type: 'MODIFIED', object: configMap('a', '3') });
  queue.push({ type: 'DELETED', object: configMap('b', '4', { namespace: 'y' }) });
  queue.push({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } });
  await clock.advance(0);
  assert.deepEqual(log, ['+a@1 initial', '+b@2', '~a 1->3', '-b@4']);
  assert.deepEqual(informer.by('data', 'k'), []);
  assert.deepEqual(informer.by(byNamespace, 'y'), []);
  assert.equal(informer.resourceVersion, '9');
  const late: string[] = [];
  informer.on({ added: (o, initial) => late.push(`${o.metadata.name} ${initial}`) });
  assert.deepEqual(late, ['a true']);
  await stop();
});

test('a watch that ends is resumed where it was; one that expired is listed anew', async () => {
  const server = scripted();
  server.state.items = [configMap('a', '1'), configMap('b', '1'), configMap('c', '1')];
  const { informer, clock, log, stop } = start(server.client);
  await informer.synced();
  await clock.advance(0);
  server.watches[0]!.queue.push({ type: 'MODIFIED', object: configMap('a', '5') });
  server.watches[0]!.queue.end();
  await clock.advance(1000);
  assert.equal(server.watches[1]!.options.resourceVersion, '5');
  assert.equal(server.lists.length, 1);

  server.state.items = [configMap('a', '5'), configMap('b', '7', { uid: 'another' })];
  server.state.version = '8';
  log.length = 0;
  server.watches[1]!.queue.end(StatusError.expired('too old resource version: 5 (7)'));
  await clock.advance(60_000);
  assert.equal(server.lists.length, 2);
  assert.notEqual(server.lists[1]!.resourceVersion, '0', 'after an expiry the newest state is asked for');
  assert.deepEqual(log, ['-b@1', '+b@7', '-c@1']);
  assert.equal(server.watches[2]!.options.resourceVersion, '8');
  await stop();
});

test('a server that is away is asked with growing delays, and a handler that throws stops nobody', async () => {
  const server = scripted();
  server.state.items = [configMap('a', '1')];
  let away = true;
  let asked = 0;
  const list = server.client.list;
  const client = { ...server.client, list: ((...args: Parameters<Client['list']>) => (asked++, away ? Promise.reject(new Error('refused')) : list(...args))) } as Client;
  const { informer, clock, log, stop } = start(client);
  informer.on({ added: () => assert.fail('a broken handler') });
  await clock.advance(30_000);
  assert.ok(asked > 3 && asked < 15, `asked ${asked} times`);
  away = false;
  await clock.advance(60_000);
  assert.ok(informer.hasSynced);
  assert.deepEqual(log, ['+a@1 initial']);
  await stop();
});

test('metadata only: names, labels and versions are kept, and asked for page by page', async () => {
  const server = scripted();
  server.state.items = [{ ...configMap('a', '7', { data: { k: 'v' } }), metadata: { ...configMap('a', '7').metadata, labels: { app: 'x' }, annotations: { long: 'text' } } }];
  const [stop, clock] = [new AbortController(), new ManualClock()];
  const informer = new Informer(server.client, configmaps, { clock, random: seededRandom(1), log: silent }, { metadataOnly: true });
  const done = informer.run(stop.signal);
  await informer.synced();
  assert.deepEqual(informer.get('a', 'x'), { metadata: { name: 'a', namespace: 'x', uid: 'uid-a', resourceVersion: '7', labels: { app: 'x' } } });
  assert.deepEqual([server.lists[0]!.metadataOnly, server.lists[0]!.limit, server.lists[0]!.resourceVersion], [true, 5000, undefined]);
  await clock.advance(0);
  stop.abort();
  await done;
});
