import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { configmaps, pods, serviceaccounts } from '../../api/core/v1/index.ts';
import { silent } from '../../base/log.ts';
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/ids.ts';
import type { Client } from '../../client/client.ts';
import { StatusError } from '../../machinery/status.ts';
import { memoryStore } from '../../store/memory.ts';
import { createAuthority, issue } from '../../wire/certificates.ts';
import { startApiServer, type ApiServer } from '../server.ts';

let api: ApiServer;
let client: Client;
before(async () => {
  const authority = await createAuthority({ commonName: 'ca' });
  const { certPem: cert, keyPem: key } = await issue(authority, { commonName: 'server', ipAddresses: ['127.0.0.1'], usages: ['server'] });
  api = await startApiServer({ store: memoryStore(), tls: { cert, key } }, { clock: systemClock, random: systemRandom, log: silent });
  client = api.client({ name: 'tester', groups: ['system:masters'] });
});
after(() => api.close());

const namespace = 'default';

test('objects go in as drafts, come out complete, shared and by reference', async () => {
  const made = await client.create(configmaps, { metadata: { name: 'a' }, data: { k: 'v' } }, { namespace });
  assert.ok(made.metadata.uid);
  const got = await client.get(configmaps, 'a', { namespace });
  assert.equal(got, made);
  const updated = await client.update(configmaps, { ...got, data: { k: 'w' } });
  assert.equal(updated.data?.['k'], 'w');
  assert.equal(got.data?.['k'], 'v');
  await assert.rejects(client.update(configmaps, { ...got, data: {} }), (e: unknown) => e instanceof StatusError && e.reason === 'Conflict');
  await assert.rejects(client.get(configmaps, 'b', { namespace }), (e: unknown) => e instanceof StatusError && e.reason === 'NotFound');
});

test('a watch goes on from a list and ends with its signal', async () => {
  const { metadata } = await client.list(configmaps, { namespace });
  const stop = new AbortController();
  const seen: string[] = [];
  const watching = (async () => {
    for await (const event of client.watch(configmaps, { namespace, resourceVersion: metadata.resourceVersion, signal: stop.signal })) {
      seen.push(`${event.type} ${'name' in event.object.metadata ? event.object.metadata.name : ''}`);
      if (event.type === 'DELETED') stop.abort();
    }
  })();
  await client.create(configmaps, { metadata: { name: 'w' } }, { namespace });
  await client.delete(configmaps, 'w', { namespace });
  await watching.catch(() => {});
  assert.deepEqual(seen, ['ADDED w', 'DELETED w']);
});

test('raw requests by path need no network', async () => {
  const answer = await client.raw({ method: 'GET', path: '/api/v1/namespaces/default/configmaps/a' });
  assert.equal(answer.status, 200);
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  assert.equal(JSON.parse(Buffer.concat(chunks).toString()).metadata.name, 'a');
});

test('a field selector on the node finds its pods', async () => {
  const spec = (nodeName: string) => ({ nodeName, containers: [{ name: 'c', image: 'i' }] });
  await client.create(serviceaccounts, { metadata: { name: 'default' } }, { namespace });
  await client.create(pods, { metadata: { name: 'p1' }, spec: spec('n1') }, { namespace });
  await client.create(pods, { metadata: { name: 'p2' }, spec: spec('n2') }, { namespace });
  const { items } = await client.list(pods, { fieldSelector: 'spec.nodeName=n1' });
  assert.deepEqual(items.map((p) => p.metadata.name), ['p1']);
});

test('others get their turn while a long list is decoded', async () => {
  for (let i = 0; i < 300; i++) await client.create(configmaps, { metadata: { name: `many-${i}`, labels: { many: 'x' } } }, { namespace });
  let turns = 0;
  let over = false;
  const count = (): void => {
    turns++;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  const { items } = await client.list(configmaps, { namespace });
  over = true;
  assert.ok(items.length >= 300);
  assert.ok(turns >= 4, `${turns} turns`);
});
