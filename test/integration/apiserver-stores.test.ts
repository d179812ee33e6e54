/** Objects as JSON in etcd, and resources that are kept in an etcd of their own. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { etcdStore } from '../../src/store/etcd/etcd.ts';
import type { Store } from '../../src/store/store.ts';
import { surroundings, testServer, type TestServer } from '../apiserver.ts';
import { skipWithoutEtcd, startEtcd, type EtcdCluster } from '../etcd.ts';
import { call, send, type Answer } from '../http.ts';

describe('where and how objects are kept', { skip: skipWithoutEtcd, concurrency: 1 }, () => {
  const etcds: EtcdCluster[] = [];
  const stores: Store[] = [];
  let server: TestServer;
  let main: Store;
  let other: Store;
  const events = '/api/v1/namespaces/default/events';
  const root = (path: string, method = 'GET', body?: unknown): Promise<Answer> => call(server.api.url, { path, method, token: 'root', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const event = (name: string) => ({ metadata: { name }, involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' }, reason: 'Testing', type: 'Normal' });

  before(async () => {
    etcds.push(await startEtcd(), await startEtcd());
    [main, other] = (await Promise.all(etcds.map((etcd) => etcdStore({ endpoints: etcd.endpoints, surroundings })))) as [Store, Store];
    stores.push(main, other);
    server = await testServer({ tokenFile: 'root,root,root,"system:masters"', store: main, storesJson: true, otherStores: [{ resources: ['/events'], store: other }] });
  });
  after(async () => {
    await server?.stop();
    for (const store of stores) await store.close();
    for (const etcd of etcds) await etcd.stop();
  });

  test('--storage-media-type=application/json: what upstream would write, and read', async () => {
    assert.equal((await root('/api/v1/namespaces/default/configmaps', 'POST', { metadata: { name: 'a' }, data: { x: 'y' } })).status, 201);
    const { entry } = await main.get('/registry/configmaps/default/a');
    const text = Buffer.from(entry!.value).toString();
    assert.ok(text.startsWith('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","namespace":"default","uid":"') && text.endsWith('"data":{"x":"y"}}\n'), text);
    assert.doesNotMatch(text, /resourceVersion/);
    const read = (await root('/api/v1/namespaces/default/configmaps/a')).json() as { metadata: { resourceVersion: string }; data: object };
    assert.deepEqual([read.data, read.metadata.resourceVersion], [{ x: 'y' }, String(entry!.modRevision)]);
  });

  test('--etcd-servers-overrides: such resources have a store and revisions of their own', async () => {
    const watching = send(server.api.url, { path: `${events}?watch=1&timeoutSeconds=1`, token: 'root' });
    const made = await root(events, 'POST', event('one'));
    assert.equal(made.status, 201, made.text);
    const { entry } = await other.get('/registry/events/default/one');
    assert.equal((made.json() as { metadata: { resourceVersion: string } }).metadata.resourceVersion, String(entry!.modRevision));
    assert.equal((await main.get('/registry/events/default/one')).entry, undefined);
    assert.match((await watching.answer).text, /"name":"one"/);
    for (const name of ['two', 'three']) await root(events, 'POST', event(name));
    const page = (await root(`${events}?limit=2`)).json() as { metadata: { continue: string }; items: unknown[] };
    const rest = (await root(`${events}?limit=2&continue=${encodeURIComponent(page.metadata.continue)}`)).json() as { items: unknown[] };
    assert.deepEqual([page.items.length, rest.items.length], [2, 1]);
    // The other group's face of events is the same storage.
    assert.equal(((await root('/apis/events.k8s.io/v1/namespaces/default/events')).json() as { items: unknown[] }).items.length, 3);
    assert.equal((await root(`${events}/one`, 'DELETE')).status, 200);
    assert.equal((await other.get('/registry/events/default/one')).entry, undefined);
  });
});
