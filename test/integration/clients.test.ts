/** Clients that others wrote, and one that speaks nothing but protobuf. */
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { CoreV1Api, KubeConfig, makeInformer, type V1ConfigMap } from '@kubernetes/client-node';
import { WatchFrameReader, decodeProtobufBody, encodeProtobufBody, unwrapUnknown } from '../../src/schema/protobuf.ts';
import { packages } from '../../src/api/catalog.ts';
import { Registry } from '../../src/schema/registry.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { eventually, testServer, type TestServer } from '../apiserver.ts';

const schemas = new Registry(packages);
const store = memoryStore();
let server: TestServer;
before(async () => {
  // Its history begins later than with the first revision: watches from there are told 410.
  for (let n = 0; n < 10; n++) await store.commit([{ type: 'put', key: '/elsewhere/x', value: Buffer.from(String(n)) }]);
  await store.compact(10);
  server = await testServer({ store });
});
after(() => server.stop());

const protobuf = 'application/vnd.kubernetes.protobuf';

test("client-node's informer sees what is added, changed and deleted, and only what its selector takes", async () => {
  const config = new KubeConfig();
  config.loadFromFile(server.kubeconfig('informer', { 'client-certificate-data': Buffer.from(server.admin.certPem).toString('base64'), 'client-key-data': Buffer.from(server.admin.keyPem).toString('base64') }));
  const core = config.makeApiClient(CoreV1Api);
  await core.createNamespace({ body: { metadata: { name: 'informed' } } });
  const make = (name: string, color: string): Promise<V1ConfigMap> => core.createNamespacedConfigMap({ namespace: 'informed', body: { metadata: { name, labels: { color } }, data: { a: '1' } } });
  await make('before', 'red');
  const seen: string[] = [];
  const informer = makeInformer<V1ConfigMap>(config, '/api/v1/namespaces/informed/configmaps', () => core.listNamespacedConfigMap({ namespace: 'informed', labelSelector: 'color=red' }), 'color=red');
  for (const what of ['add', 'update', 'delete'] as const) informer.on(what, (object) => seen.push(`${what} ${object.metadata?.name}`));
  await informer.start();
  try {
    await make('later', 'red');
    await make('other', 'blue');
    await eventually(() => seen.includes('add later'), 'the new object');
    await core.replaceNamespacedConfigMap({ namespace: 'informed', name: 'later', body: { metadata: { name: 'later', labels: { color: 'red' } }, data: { a: '2' } } });
    await eventually(() => seen.includes('update later'), 'the change');
    // What leaves the selection is gone for who selects.
    await core.replaceNamespacedConfigMap({ namespace: 'informed', name: 'later', body: { metadata: { name: 'later', labels: { color: 'blue' } }, data: { a: '2' } } });
    await eventually(() => seen.includes('delete later'), 'the object that no longer fits');
    await core.deleteNamespacedConfigMap({ namespace: 'informed', name: 'before' });
    await eventually(() => seen.includes('delete before'), 'the deletion');
    assert.deepEqual(seen, ['add before', 'add later', 'update later', 'delete later', 'delete before']);
  } finally {
    await informer.stop();
  }
});

/** Passes bytes on to the server, until it is told to cut what goes through it. */
async function cuttable(): Promise<{ readonly port: number; cut(): void; close(): Promise<void> }> {
  const target = new URL(server.api.url);
  const open = new Set<Socket>();
  const relay = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const [a, b] of [[near, far], [far, near]] as const) {
      open.add(a);
      a.on('error', () => b.destroy());
      a.on('close', () => {
        open.delete(a);
        b.destroy();
      });
      a.pipe(b);
    }
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (relay.address() as AddressInfo).port,
    cut,
    close: () => new Promise((resolve) => {
      relay.close(() => resolve());
      cut();
    }),
  };
}

test("client-node's informer misses nothing when its connection is cut or its revision is too old", async () => {
  const relay = await cuttable();
  const config = new KubeConfig();
  config.loadFromFile(server.kubeconfig('cut', { 'client-certificate-data': Buffer.from(server.admin.certPem).toString('base64'), 'client-key-data': Buffer.from(server.admin.keyPem).toString('base64') }));
  const core = config.makeApiClient(CoreV1Api);
  const throughRelay = new KubeConfig();
  throughRelay.loadFromOptions({ ...config, clusters: config.clusters.map((c) => ({ ...c, server: `https://127.0.0.1:${relay.port}` })), users: config.users, contexts: config.contexts, currentContext: config.currentContext });
  const far = throughRelay.makeApiClient(CoreV1Api);
  await core.createNamespace({ body: { metadata: { name: 'cut' } } });
  const make = (name: string): Promise<V1ConfigMap> => core.createNamespacedConfigMap({ namespace: 'cut', body: { metadata: { name } } });
  const remove = (name: string): Promise<unknown> => core.deleteNamespacedConfigMap({ namespace: 'cut', name });
  for (const name of ['stale', 'kept', 'gone']) await make(name);
  const known = new Set<string>();
  const errors: string[] = [];
  let lists = 0;
  const informer = makeInformer<V1ConfigMap>(throughRelay, '/api/v1/namespaces/cut/configmaps', async () => {
    const list = await far.listNamespacedConfigMap({ namespace: 'cut' });
    if (++lists > 1) return list;
    // By the time it watches, what it listed has changed, and the server no longer remembers how.
    await remove('stale');
    await make('fresh');
    return { ...list, metadata: { ...list.metadata, resourceVersion: '1' } };
  });
  informer.on('add', (object) => known.add(object.metadata!.name!));
  informer.on('delete', (object) => known.delete(object.metadata!.name!));
  // Whoever uses it starts it again after an error; it goes on after what it saw last.
  let again = Promise.resolve();
  // Stopping it breaks its connection off, which is an error to it as well.
  let over = false;
  informer.on('error', (error: unknown) => {
    errors.push(String(error));
    if (!over) again = again.then(() => informer.start());
  });
  const holds = (...names: string[]): Promise<unknown> => eventually(() => JSON.stringify([...known].sort()) === JSON.stringify([...names].sort()), `${names} (${[...known]}; ${errors})`);
  try {
    await informer.start();
    await holds('fresh', 'kept', 'gone');
    // Once to begin, once more because its revision was answered with 410.
    assert.deepEqual([lists, errors], [2, []]);
    for (const round of [1, 2]) {
      relay.cut();
      await make(`missed-${round}`);
      if (round === 1) await remove('gone');
      await holds('fresh', 'kept', 'missed-1', ...(round === 2 ? ['missed-2'] : []));
    }
    await make('after');
    await holds('fresh', 'kept', 'missed-1', 'missed-2', 'after');
  } finally {
    over = true;
    await informer.stop();
    await again;
    await relay.close();
  }
});

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly bytes: Buffer;
}

/** `enough` ends a stream. */
function ask(method: string, path: string, options: { body?: Buffer; type?: string; accept?: string; enough?: (bytes: Buffer) => boolean } = {}): Promise<Answer> {
  const { hostname, port } = new URL(server.api.url);
  return new Promise((resolve, reject) => {
    const outgoing = request({
      hostname, port, path, method, ca: server.authority.certPem, cert: server.admin.certPem, key: server.admin.keyPem, agent: false,
      headers: { accept: options.accept ?? protobuf, ...(options.body ? { 'content-type': options.type ?? protobuf, 'content-length': options.body.length } : {}) },
    });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      const parts: Buffer[] = [];
      const done = (): void => resolve({ status: incoming.statusCode ?? 0, type: incoming.headers['content-type'] ?? '', bytes: Buffer.concat(parts) });
      incoming.on('end', done);
      incoming.on('error', reject);
      incoming.on('data', (part: Buffer) => {
        parts.push(part);
        if (!options.enough?.(Buffer.concat(parts))) return;
        done();
        incoming.removeAllListeners('error').on('error', () => {});
        outgoing.destroy();
      });
    });
    outgoing.end(options.body);
  });
}

const read = (type: string, { bytes }: Answer): Record<string, unknown> => decodeProtobufBody(schemas, type, bytes);
const configMap = (name: string): Buffer => encodeProtobufBody(schemas, 'core.v1.ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: '1' } });

test('a client of protobuf creates, reads, lists, patches and deletes', async () => {
  const path = '/api/v1/namespaces/default/configmaps';
  const created = await ask('POST', path, { body: configMap('coded') });
  assert.deepEqual([created.status, created.type], [201, protobuf]);
  assert.deepEqual((read('core.v1.ConfigMap', created) as V1ConfigMap).data, { a: '1' });
  const got = await ask('GET', `${path}/coded`);
  assert.deepEqual(unwrapUnknown(got.bytes).kind, 'ConfigMap');
  const patched = await ask('PATCH', `${path}/coded`, { body: Buffer.from('{"data":{"b":"2"}}'), type: 'application/merge-patch+json' });
  assert.deepEqual((read('core.v1.ConfigMap', patched) as V1ConfigMap).data, { a: '1', b: '2' });
  const list = read('core.v1.ConfigMapList', await ask('GET', path)) as { items: V1ConfigMap[] };
  assert.equal(list.items.some((item) => item.metadata?.name === 'coded'), true);
  const refused = await ask('POST', path, { body: configMap('coded') });
  assert.deepEqual([refused.status, refused.type], [409, protobuf]);
  assert.deepEqual([unwrapUnknown(refused.bytes).kind, read('meta.v1.Status', refused)['message']], ['Status', 'configmaps "coded" already exists']);
  const gone = await ask('DELETE', `${path}/coded`);
  assert.equal(read('meta.v1.Status', gone)['status'], 'Success');
  assert.equal((await ask('GET', `${path}/coded`)).status, 404);
});

test('metadata comes as protobuf, tables do not', async () => {
  const as = (kind: string): string => `${protobuf};as=${kind};v=v1;g=meta.k8s.io`;
  const list = await ask('GET', '/api/v1/namespaces', { accept: as('PartialObjectMetadataList') });
  assert.deepEqual([list.type, unwrapUnknown(list.bytes).kind], [protobuf, 'PartialObjectMetadataList']);
  const { items } = read('meta.v1.PartialObjectMetadataList', list) as { items: { metadata: { name: string } }[] };
  assert.equal(items.some((item) => item.metadata.name === 'kube-system'), true);
  // As client-go asks for it: a table if there is one in JSON.
  const table = await ask('GET', '/api/v1/namespaces', { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' });
  assert.equal((JSON.parse(table.bytes.toString()) as { kind: string }).kind, 'Table');
});

test('a watch in protobuf is a stream of frames with their lengths', async () => {
  const path = '/api/v1/namespaces/default/configmaps';
  await ask('POST', path, { body: configMap('framed') });
  await ask('DELETE', `${path}/framed`);
  const frames = (bytes: Buffer): ReturnType<WatchFrameReader['push']> => new WatchFrameReader().push(bytes);
  const watch = await ask('GET', `${path}?watch=1&resourceVersion=10&fieldSelector=metadata.name%3Dframed`, { accept: `${protobuf};stream=watch`, enough: (bytes) => [...frames(bytes)].length >= 2 });
  assert.equal(watch.type, `${protobuf};stream=watch`);
  assert.deepEqual([...frames(watch.bytes)].map((frame) => [frame.type, unwrapUnknown(frame.body).kind]), [['ADDED', 'ConfigMap'], ['DELETED', 'ConfigMap']]);
});

test('a page that cannot be continued consistently can be continued with what there is now', async () => {
  const maps = '/api/v1/namespaces/paged/configmaps';
  await ask('POST', '/api/v1/namespaces', { body: encodeProtobufBody(schemas, 'core.v1.Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'paged' } }) });
  for (const name of ['a', 'b', 'd']) await ask('POST', maps, { body: configMap(name) });
  const page = async (query: string): Promise<{ code?: number; message?: string; metadata: { continue?: string; resourceVersion?: string }; items: V1ConfigMap[] }> =>
    JSON.parse((await ask('GET', `${maps}?${query}`, { accept: 'application/json' })).bytes.toString()) as never;
  const first = await page('limit=1');
  await ask('POST', maps, { body: configMap('c') });
  await store.compact(await store.revision());
  const late = await page(`limit=1&continue=${first.metadata.continue}`);
  assert.equal(late.code, 410);
  assert.match(late.message!, /^The provided continue parameter is too old to display a consistent list result\. .* or use the continue token in this response to retrieve the remainder/);
  const rest = await page(`limit=2&continue=${late.metadata.continue}`);
  assert.deepEqual(rest.items.map((item) => item.metadata?.name), ['b', 'c']);
  assert.notEqual(rest.metadata.resourceVersion, first.metadata.resourceVersion);
  const last = await page(`limit=2&continue=${rest.metadata.continue}`);
  assert.deepEqual([last.items.map((item) => item.metadata?.name), last.metadata.continue, last.metadata.resourceVersion], [['d'], undefined, rest.metadata.resourceVersion]);
  const exact = await page(`resourceVersion=${first.metadata.resourceVersion}&resourceVersionMatch=Exact`);
  assert.deepEqual([exact.code, exact.message], [410, 'The resourceVersion for the provided list is too old.']);
});

test('of a review there is no table', async () => {
  const body = Buffer.from('{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"nonResourceAttributes":{"path":"/","verb":"get"}}}');
  const review = (accept: string): Promise<Answer> => ask('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { body, type: 'application/json', accept });
  assert.equal((await review('application/json;as=Table;v=v1;g=meta.k8s.io')).status, 406);
  assert.equal((await review('application/json;as=Table;v=v1;g=meta.k8s.io,application/json')).status, 201);
});
