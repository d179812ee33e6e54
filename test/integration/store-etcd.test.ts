/** The etcd engine against real etcd processes: restarts, killed members, TLS. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { etcdStore } from '../../src/store/etcd/etcd.ts';
import { prefixed } from '../../src/store/etcd/prefix.ts';
import { prefixEnd, StoreError, type Store, type StoreBatch } from '../../src/store/store.ts';
import { createAuthority, issue } from '../../src/wire/certificates.ts';
import { eventually, surroundings } from '../apiserver.ts';
import { storeContract } from '../contract/store.ts';
import { skipWithoutEtcd, startEtcd, type EtcdCluster } from '../etcd.ts';

const clusters: EtcdCluster[] = [];

async function cluster(options?: Parameters<typeof startEtcd>[0]): Promise<EtcdCluster> {
  const made = await startEtcd(options);
  clusters.push(made);
  return made;
}

const open = (etcd: EtcdCluster): Promise<Store> => etcdStore({ endpoints: etcd.endpoints, surroundings });
const put = (store: Store, key: string, value: string): Promise<number> => store.commit([{ type: 'put', key, value: Buffer.from(value) }]);

/** Watches, and keeps what it sees as `revision key=value`. */
function record(store: Store, prefix: string, from: number): { readonly seen: string[]; stop(): Promise<void> } {
  const seen: string[] = [];
  const stop = new AbortController();
  const running = (async () => {
    for await (const batch of store.watch({ start: prefix, end: prefixEnd(prefix), after: from, signal: stop.signal })) {
      for (const event of batch.events) seen.push(`${batch.revision} ${event.entry.key}=${Buffer.from(event.entry.value).toString()}`);
    }
  })();
  return {
    seen,
    stop: () => {
      stop.abort();
      return running;
    },
  };
}

/** Writes until it succeeds: a write may be refused while members come and go, and then may still have happened. */
async function insist(store: Store, key: string, value: string): Promise<void> {
  await eventually(() => put(store, key, value).catch((error: unknown) => {
    if (error instanceof StoreError && error.kind === 'unavailable') return undefined;
    throw error;
  }), `a write of ${key}`, 30);
}

describe('etcd engine', { skip: skipWithoutEtcd, concurrency: 1 }, () => {
  after(() => Promise.all(clusters.map((c) => c.stop())));

  storeContract('etcd', async () => open(await cluster()));
  storeContract('etcd below a prefix', async () => prefixed(await open(await cluster()), '', '/elsewhere'));

  test('of several servers one compacts, and all keep what is younger than a step', async () => {
    const etcd = await cluster();
    const stores = await Promise.all([1, 2].map(() => etcdStore({ endpoints: etcd.endpoints, surroundings, compactEveryMs: 300 })));
    const [one] = stores as [Store];
    const first = await put(one, '/c/a', '1');
    await put(one, '/c/a', '2');
    await eventually(() => one.get('/c/a', first).then(() => undefined, (e: unknown) => e instanceof StoreError && e.kind === 'compacted' ? true : undefined), 'compaction', 20);
    const { entry } = await one.get('compact_rev_key');
    assert.match(Buffer.from(entry!.value).toString(), /^[1-9]\d*$/);
    assert.equal(Buffer.from((await one.get('/c/a')).entry!.value).toString(), '2');
    for (const store of stores) await store.close();
  });

  test('a restart of etcd in the middle loses nothing, and watches go on', async () => {
    const etcd = await cluster();
    const store = await open(etcd);
    const first = await put(store, '/r/0', '0');
    const watch = record(store, '/r/', first - 1);
    for (let i = 1; i <= 20; i++) {
      if (i === 10) {
        await etcd.kill(0);
        const restarted = etcd.start(0);
        // A read waits for etcd to come back.
        assert.equal(Buffer.from((await store.get('/r/9')).entry!.value).toString(), '9');
        await restarted;
      }
      await insist(store, `/r/${i}`, String(i));
    }
    await eventually(() => watch.seen.some((line) => line.endsWith('/r/20=20')) || undefined, 'the last event');
    const keys = watch.seen.map((line) => line.split(' ')[1]!);
    assert.deepEqual([...new Set(keys)], Array.from({ length: 21 }, (_, i) => `/r/${i}=${i}`));
    assert.equal(new Set(watch.seen).size, watch.seen.length, 'an event came twice');
    await watch.stop();
    await store.close();
  });

  test('one of three members is killed, and then another one instead', async () => {
    const etcd = await cluster({ members: 3 });
    const store = await open(etcd);
    const watch = record(store, '/m/', await put(store, '/m', ''));
    for (let i = 0; i < 60; i++) {
      if (i === 10) await etcd.kill(0);
      if (i === 30) await etcd.start(0);
      if (i === 31) await etcd.kill(1);
      await insist(store, `/m/${String(i).padStart(2, '0')}`, String(i));
    }
    const { entries } = await store.range({ start: '/m/', end: prefixEnd('/m/') });
    assert.equal(entries.length, 60);
    await eventually(() => watch.seen.some((line) => line.endsWith('/m/59=59')) || undefined, 'the last event');
    assert.deepEqual([...new Set(watch.seen.map((line) => line.split(' ')[1]!.split('=')[0]!))], entries.map((e) => e.key));
    await watch.stop();
    await store.close();
  });

  test('without a majority writes are unavailable', async () => {
    const etcd = await cluster({ members: 2 });
    const store = await open(etcd);
    await put(store, '/q', '1');
    await etcd.kill(1);
    await assert.rejects(put(store, '/q', '2'), (error) => error instanceof StoreError && error.kind === 'unavailable');
    await store.close();
  });

  test('a range larger than a page is read at one revision', async () => {
    const store = await open(await cluster());
    const names = Array.from({ length: 4500 }, (_, i) => `/big/${String(i).padStart(5, '0')}`);
    for (let i = 0; i < names.length; i += 100) await store.commit(names.slice(i, i + 100).map((key) => ({ type: 'put', key, value: Buffer.from('x'), expect: 0 })));
    const all = await store.range({ start: '/big/', end: prefixEnd('/big/') });
    assert.deepEqual([all.entries.map((e) => e.key), all.count], [names, 4500]);
    const some = await store.range({ start: '/big/', end: prefixEnd('/big/'), limit: 2100 });
    assert.deepEqual([some.entries.length, some.count], [2100, 4500]);
    await store.close();
  });

  test('two stores on one etcd see one another; a follower far away from the writes learns of them', async () => {
    const etcd = await cluster();
    const [one, other] = [await open(etcd), await open(etcd)];
    const rev = await put(one, '/both/a', '1');
    const stop = new AbortController();
    const told: StoreBatch[] = [];
    const quiet = (async () => {
      for await (const batch of other.watch({ start: '/nothing/', end: prefixEnd('/nothing/'), after: rev, signal: stop.signal })) told.push(batch);
    })();
    const next = await other.commit([{ type: 'put', key: '/both/a', value: Buffer.from('2'), expect: rev }]);
    await assert.rejects(one.commit([{ type: 'put', key: '/both/a', value: Buffer.from('3'), expect: rev }]), (e) => e instanceof StoreError && e.kind === 'conflict' && e.present?.modRevision === next);
    assert.equal(await one.revision(), next);
    await eventually(() => told.some((batch) => batch.revision >= next) || undefined, 'progress');
    assert.ok(told.every((batch) => batch.events.length === 0));
    stop.abort();
    await quiet;
    assert.ok((await one.size()) > 0);
    await Promise.all([one.close(), other.close()]);
  });

  test('TLS: certificates of both sides are checked', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'k7s-etcd-tls-'));
    const authority = await createAuthority({ commonName: 'etcd-ca' });
    const server = await issue(authority, { commonName: 'etcd', ipAddresses: ['127.0.0.1'], usages: ['server', 'client'] });
    const client = await issue(authority, { commonName: 'kube-apiserver-etcd-client', usages: ['client'] });
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const etcd = await cluster({ tls: { ca: file('ca.crt', authority.certPem), cert: file('server.crt', server.certPem), key: file('server.key', server.keyPem) } });
    const store = await etcdStore({ endpoints: etcd.endpoints, tls: { ca: authority.certPem, cert: client.certPem, key: client.keyPem }, surroundings });
    const rev = await put(store, '/tls', '1');
    assert.equal((await store.get('/tls')).entry?.modRevision, rev);
    await store.close();
    await assert.rejects(etcdStore({ endpoints: etcd.endpoints, tls: { ca: authority.certPem }, surroundings }), (e) => e instanceof StoreError && e.kind === 'unavailable');
    rmSync(folder, { recursive: true, force: true });
  });
});
