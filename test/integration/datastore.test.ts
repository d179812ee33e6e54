/** `k7s datastore`: a cluster's data to a snapshot file and a real etcd, and back; every object stays what it was. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { embeddedStore } from '../../src/store/embedded.ts';
import { etcdStore } from '../../src/store/etcd/etcd.ts';
import type { Store } from '../../src/store/store.ts';
import { eventually, surroundings, testServer, type TestServer } from '../apiserver.ts';
import { restoreEtcd, skipWithoutEtcd, startEtcd, type EtcdCluster } from '../etcd.ts';
import { runProgram, type Outcome } from '../kubectl.ts';
import { etcdctl, skipWithoutEtcdctl } from '../ownetcd.ts';

const folder = mkdtempSync(join(tmpdir(), 'k7s-datastore-'));
const path = (name: string): string => join(folder, name);
const main = join(import.meta.dirname, '../../src/cluster/main.ts');
const datastore = (...args: string[]): Promise<Outcome> => runProgram(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'datastore', ...args], { env: { K7S_HOME: path('home') } });

async function succeeds(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await datastore(...args);
  assert.deepEqual([code, stdout], [0, ''], stderr);
  return stderr;
}

async function refused(...args: string[]): Promise<string> {
  const { code, stderr } = await datastore(...args);
  assert.equal(code, 1);
  return stderr.trim().split('\n').at(-1)!;
}

const lists = [
  '/api/v1/namespaces', '/api/v1/configmaps', '/api/v1/secrets', '/api/v1/services', '/api/v1/serviceaccounts', '/apis/apps/v1/deployments', '/apis/autoscaling/v1/horizontalpodautoscalers',
  '/apis/rbac.authorization.k8s.io/v1/clusterroles', '/apis/coordination.k8s.io/v1/leases', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', '/apis/example.com/v1/boats', '/apis/scheduling.k8s.io/v1/priorityclasses',
];

type Objects = Record<string, { metadata: { resourceVersion?: string; name: string; namespace?: string } }>;

async function dump(server: TestServer): Promise<Objects> {
  const out: Objects = {};
  for (const list of lists) {
    const { stdout } = await eventually(async () => {
      const result = await server.kubectl(`get --raw ${list}`);
      return result.code === 0 ? result : undefined;
    }, list);
    for (const item of (JSON.parse(stdout) as { items: Objects[string][] }).items) out[`${list} ${item.metadata.namespace ?? ''}/${item.metadata.name}`] = item;
  }
  return out;
}

/** What a server finds in a store. */
async function contentOf(store: Store): Promise<Objects> {
  const server = await testServer({ store });
  try {
    return await dump(server);
  } finally {
    await server.stop();
    await store.close();
  }
}

const embedded = (name: string): Promise<Store> => embeddedStore({ folder: path(name), surroundings });

/** Object by object, so that a difference can be read. Protobuf does not tell an empty list from none. */
function same(found: Objects, expected: Objects): void {
  assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort());
  for (const [key, object] of Object.entries(expected)) assert.deepEqual(plain(found[key]), plain(object), key);
}

function plain(object: unknown): unknown {
  return JSON.parse(JSON.stringify(object).replaceAll(':[]', ':null'));
}

function withoutVersions(objects: Objects): Objects {
  return Object.fromEntries(Object.entries(objects).map(([key, object]) => {
    const metadata = { ...object.metadata };
    delete metadata.resourceVersion;
    return [key, { ...object, metadata }];
  }));
}

/** Our servers write this anew at each start. */
function stable(objects: Objects): Objects {
  return Object.fromEntries(Object.entries(objects).filter(([key]) => !/kubernetes$|extension-apiserver-authentication/.test(key)));
}

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'boats.example.com' },
  spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'boats', kind: 'Boat' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }] },
};
const objects = {
  apiVersion: 'v1', kind: 'List', items: [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'sea', labels: { ü: undefined, a: 'b' } }, data: { colour: 'blue', '10': 'x', '9': 'ü' } },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { k: 'v' } },
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { ports: [{ port: 80 }], selector: { app: 'web' } } },
    { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'h' }, spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 3 } },
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' }, spec: { holderIdentity: 'me', renewTime: '2026-01-01T00:00:00.123456Z' } },
  ],
};

describe('k7s datastore', { skip: skipWithoutEtcd || skipWithoutEtcdctl, concurrency: 1 }, () => {
  const etcds: EtcdCluster[] = [];
  let original: Objects;

  before(async () => {
    const store = await embedded('one');
    const server = await testServer({ store });
    const kubectl = async (args: string, input?: string): Promise<void> => {
      const { code, stderr } = await server.kubectl(args, input);
      assert.equal(code, 0, `${args}: ${stderr}`);
    };
    await kubectl('-n default create -f -', JSON.stringify(objects));
    await kubectl('-n default create deployment web --image=nginx');
    await kubectl('create -f -', JSON.stringify(definition));
    await kubectl('wait --for=condition=Established crd/boats.example.com --timeout=20s');
    await kubectl('-n default create -f -', JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Boat', metadata: { name: 'tug' }, spec: { sails: 2, big: 12345678901234567890n.toString(), float: 1.5 } }));
    for (let i = 0; i < 5; i++) await kubectl(`-n default annotate configmap sea n=${i} --overwrite`);
    assert.match(await refused('export', path('x.db'), `--data-dir=${path('one')}`), /is in use by process \d+/);
    original = stable(await dump(server));
    await server.stop();
    await store.close();
  });
  after(async () => {
    await Promise.all(etcds.map((etcd) => etcd.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  test('to a file, and into another folder: objects and their resource versions are the same', async () => {
    assert.match(await succeeds('export', path('cluster.db'), `--data-dir=${path('one')}`), /\* \d+ objects, revision \d+\n$/);
    assert.match(await refused('export', path('cluster.db'), `--data-dir=${path('one')}`), /exists already. Give --overwrite/);
    await succeeds('import', path('cluster.db'), `--data-dir=${path('two')}`);
    same(stable(await contentOf(await embedded('two'))), original);
  });

  test('the file is a snapshot of etcd: restored by etcdctl it serves the same', async () => {
    const etcd = await restoreEtcd(path('cluster.db'));
    etcds.push(etcd);
    same(stable(await contentOf(await etcdStore({ endpoints: etcd.endpoints, surroundings }))), original);
  });

  test('into a running etcd: what clients have seen before is gone, not wrong', async () => {
    const etcd = await startEtcd();
    etcds.push(etcd);
    const [endpoint] = etcd.endpoints as [string];
    const before = Math.max(...Object.values(original).map((o) => Number(o.metadata.resourceVersion)));
    await succeeds('export', endpoint, `--data-dir=${path('one')}`);
    assert.match(await refused('export', endpoint, `--data-dir=${path('one')}`), /has \d+ objects already. Give --overwrite/);
    await succeeds('export', endpoint, `--data-dir=${path('one')}`, '--overwrite');
    const store = await etcdStore({ endpoints: etcd.endpoints, surroundings });
    const server = await testServer({ store });
    const there = stable(await dump(server));
    same(withoutVersions(there), withoutVersions(original));
    for (const object of Object.values(there)) assert.ok(Number(object.metadata.resourceVersion) > before);
    assert.match((await server.kubectl(`get --raw /api/v1/configmaps?watch=1&resourceVersion=${before}&timeoutSeconds=3`)).stdout, /"code":410/);
    await server.stop();
    await store.close();
    const saved = await etcdctl(endpoint, ['snapshot', 'save', path('real.db')]);
    assert.equal(saved.code, 0, saved.stderr);
    await succeeds('import', endpoint, `--data-dir=${path('three')}`);
    same(stable(await contentOf(await embedded('three'))), there);
    assert.match(await refused('import', endpoint, `--data-dir=${path('three')}`), /has \d+ objects already/);
    await succeeds('import', path('real.db'), `--data-dir=${path('three')}`, '--overwrite');
    const again = await embedded('three');
    assert.ok(Number(await again.revision()) > Math.max(...Object.values(there).map((o) => Number(o.metadata.resourceVersion))));
    same(stable(await contentOf(again)), there);
  });

  test('what is no data is refused', async () => {
    writeFileSync(path('nonsense'), 'x'.repeat(100_000));
    assert.match(await refused('import', path('nonsense'), `--data-dir=${path('four')}`), /no database file/);
    assert.match(await refused('export', path('y.db'), `--data-dir=${path('nothing')}`), /there is no data in/);
    assert.match(await refused('import', 'http://127.0.0.1:1', `--data-dir=${path('four')}`), /no etcd member answers/);
  });
});
