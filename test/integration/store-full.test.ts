/** No more room: writers are told so, nothing that was acknowledged is lost, and it goes on when there is room again. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { embeddedStore } from '../../src/store/embedded.ts';
import { etcdStore } from '../../src/store/etcd/etcd.ts';
import type { Store } from '../../src/store/store.ts';
import { surroundings, testServer, type TestServer } from '../apiserver.ts';
import { skipWithoutEtcd, startEtcd } from '../etcd.ts';
import { runProgram } from '../kubectl.ts';
import { etcdctl, skipWithoutEtcdctl } from '../ownetcd.ts';

const configMap = (name: string): string => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { large: 'x'.repeat(600_000) } });

async function names(server: TestServer): Promise<string[]> {
  const { stdout } = await server.kubectl('-n default get configmaps -o name');
  return stdout.trim().split('\n').filter((name) => name.includes('large')).sort();
}

/** Creates until it is refused; gives what was acknowledged. */
async function fill(server: TestServer): Promise<string[]> {
  const created: string[] = [];
  for (let i = 0; i < 60; i++) {
    const { code, stderr } = await server.kubectl('create -f -', configMap(`large-${String(i).padStart(2, '0')}`));
    if (code !== 0) {
      assert.match(stderr, /^Error from server \(InternalError\): .*database space exceeded/m);
      return created;
    }
    created.push(`configmap/large-${String(i).padStart(2, '0')}`);
  }
  throw new Error('it never became full');
}

test('a full disk under the embedded store', { skip: process.getuid?.() !== 0 && 'a file system can be mounted by root only' }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'k7s-full-'));
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  assert.equal((await runProgram('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'k7s-full', disk])).code, 0);
  let store: Store | undefined;
  try {
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(2 << 20));
    store = await embeddedStore({ folder: join(disk, 'store'), surroundings });
    const server = await testServer({ store });
    const created = await fill(server);
    assert.ok(created.length > 3);
    assert.match((await server.kubectl('-n default delete configmap large-00')).stderr, /InternalError/);
    assert.deepEqual(await names(server), created);
    rmSync(join(disk, 'ballast'));
    assert.equal((await server.kubectl('-n default label configmap large-00 later=yes')).code, 0);
    assert.equal((await server.kubectl('create -f -', configMap('large-99'))).code, 0);
    await server.stop();
    await store.close();
    store = await embeddedStore({ folder: join(disk, 'store'), surroundings });
    const again = await testServer({ store });
    assert.deepEqual(await names(again), [...created, 'configmap/large-99']);
    await again.stop();
  } finally {
    await store?.close();
    await runProgram('umount', [disk]);
    rmSync(folder, { recursive: true, force: true });
  }
});

test('an etcd whose quota is used up', { skip: skipWithoutEtcd || skipWithoutEtcdctl }, async () => {
  const etcd = await startEtcd({ flags: ['--quota-backend-bytes', '6000000'] });
  const [endpoint] = etcd.endpoints as [string];
  const store = await etcdStore({ endpoints: etcd.endpoints, surroundings });
  const server = await testServer({ store });
  try {
    const created = await fill(server);
    assert.ok(created.length > 3);
    assert.deepEqual(await names(server), created);
    // What takes no room goes on.
    assert.equal((await server.kubectl('-n default delete configmap large-00 large-01 large-02')).code, 0);
    for (const args of [['compact', String(await store.revision())], ['defrag'], ['alarm', 'disarm']]) assert.equal((await etcdctl(endpoint, args)).code, 0);
    assert.equal((await server.kubectl('create -f -', configMap('large-99'))).code, 0);
    assert.deepEqual(await names(server), [...created.slice(3), 'configmap/large-99']);
  } finally {
    await server.stop();
    await store.close();
    await etcd.stop();
  }
});
