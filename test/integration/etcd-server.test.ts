/** `k7s etcd`: our own etcd engine's contract, the real etcdctl, kill -9 in the middle of writes, certificates, quota. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { etcdStore } from '../../src/store/etcd/etcd.ts';
import { StoreError } from '../../src/store/store.ts';
import { createAuthority, issue } from '../../src/wire/certificates.ts';
import { eventually, surroundings } from '../apiserver.ts';
import { storeContract } from '../contract/store.ts';
import { restoreEtcd, skipWithoutEtcd } from '../etcd.ts';
import { runProgram } from '../kubectl.ts';
import { etcdctl, etcdctlWatch, skipWithoutEtcdctl, startOwnEtcd, type OwnEtcd } from '../ownetcd.ts';

const main = join(import.meta.dirname, '../../src/cluster/main.ts');
const started: OwnEtcd[] = [];
after(() => Promise.all(started.map((etcd) => etcd.stop())));

async function own(options?: Parameters<typeof startOwnEtcd>[0]): Promise<OwnEtcd> {
  const etcd = await startOwnEtcd(options);
  started.push(etcd);
  return etcd;
}

describe('k7s etcd', { concurrency: 1 }, () => {
  storeContract('k7s etcd', async () => etcdStore({ endpoints: [(await own()).endpoint], surroundings }));

  test('kill -9 in the middle of writes loses nothing acknowledged, and watches go on', async () => {
    const etcd = await own();
    const store = await etcdStore({ endpoints: [etcd.endpoint], surroundings });
    const acknowledged = new Map<string, number>();
    const stop = new AbortController();
    const seen: number[] = [];
    const watching = (async () => {
      for await (const batch of store.watch({ start: '/k/', end: '/k0', after: 1, signal: stop.signal })) for (const event of batch.events) seen.push(event.entry.modRevision);
    })();
    let writing = true;
    const lanes = Promise.all(Array.from({ length: 16 }, async (_, lane) => {
      for (let n = 1; writing; n++) {
        try {
          await store.commit([{ type: 'put', key: `/k/${lane}`, value: Buffer.from(String(n)) }]);
          acknowledged.set(`/k/${lane}`, n);
        } catch (error) {
          assert.ok(error instanceof StoreError && error.kind === 'unavailable', String(error));
        }
      }
    }));
    for (let life = 0; life < 4; life++) {
      const before = [...acknowledged.values()].reduce((sum, n) => sum + n, 0);
      await eventually(() => [...acknowledged.values()].reduce((sum, n) => sum + n, 0) > before + 100 || undefined, 'writes', 30);
      await etcd.kill();
      await etcd.start();
    }
    writing = false;
    await lanes;
    const { entries } = await store.range({ start: '/k/', end: '/k0' });
    assert.equal(entries.length, 16);
    for (const { key, value } of entries) assert.ok(Number(Buffer.from(value).toString()) >= acknowledged.get(key)!, key);
    const last = Math.max(...entries.map((entry) => entry.modRevision));
    await eventually(() => seen.includes(last) || undefined, 'the last event');
    assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
    assert.equal(new Set(seen).size, seen.length);
    stop.abort();
    await watching;
    await store.close();
  });

  test('TLS: who has no certificate of the authority is not served', async () => {
    const [authority, other] = [await createAuthority({ commonName: 'ca' }), await createAuthority({ commonName: 'other' })];
    const serving = await issue(authority, { commonName: 'etcd', ipAddresses: ['127.0.0.1'], usages: ['server'] });
    const folder = (await own()).folder;
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const etcd = await own({ scheme: 'https', flags: [`--cert-file=${file('s.crt', serving.certPem)}`, `--key-file=${file('s.key', serving.keyPem)}`, `--trusted-ca-file=${file('ca.crt', authority.certPem)}`, '--client-cert-auth'] });
    const open = async (from: Awaited<ReturnType<typeof createAuthority>>): Promise<number> => {
      const { certPem, keyPem } = await issue(from, { commonName: 'client', usages: ['client'] });
      const store = await etcdStore({ endpoints: [etcd.endpoint], tls: { ca: authority.certPem, cert: certPem, key: keyPem }, surroundings });
      try {
        return await store.commit([{ type: 'put', key: '/a', value: Buffer.from('1') }]);
      } finally {
        await store.close();
      }
    };
    assert.equal(await open(authority), 2);
    await assert.rejects(open(other), (error) => error instanceof StoreError && error.kind === 'unavailable');
  });

  test('what cannot be is refused in a line', async () => {
    const { folder } = await own();
    const refused = async (...flags: string[]): Promise<string> => {
      const { code, stderr } = await runProgram(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'etcd', ...flags]);
      assert.equal(code, 1);
      return stderr;
    };
    assert.match(await refused(`--data-dir=${join(folder, 'data')}`), /^Error: --data-dir: .* is in use by process \d+/);
    mkdirSync(join(folder, 'theirs/member'), { recursive: true });
    assert.match(await refused(`--data-dir=${join(folder, 'theirs')}`), /^Error: --data-dir: .* holds the data of another etcd/);
    assert.match(await refused('--initial-cluster=a=http://x:1,b=http://y:1'), /one member/);
    assert.match(await refused('--listen-client-urls=https://127.0.0.1:1'), /needs --cert-file and --key-file/);
    assert.equal(await refused('--proxy=on'), 'Error: unknown flag: --proxy\n');
  });

  test('health, version and metrics for monitors, over both versions of HTTP', async () => {
    const { endpoint } = await own();
    const page = async (path: string): Promise<string> => (await fetch(`${endpoint}${path}`)).text();
    assert.deepEqual(JSON.parse(await page('/health')), { health: 'true', reason: '' });
    assert.match(await page('/version'), /"etcdserver":"3\.5\.\d+"/);
    assert.match(await page('/metrics'), /^etcd_server_has_leader 1$/m);
    assert.equal((await fetch(`${endpoint}/v2/keys`)).status, 404);
  });
});

describe('k7s etcd under the real etcdctl', { skip: skipWithoutEtcdctl, concurrency: 1 }, () => {
  let etcd: OwnEtcd;
  const ctl = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await etcdctl(etcd.endpoint, args);
    assert.equal(code, 0, `etcdctl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const refused = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await etcdctl(etcd.endpoint, args);
    assert.notEqual(code, 0);
    return stderr.trim().split('\n').at(-1)!;
  };
  before(async () => (etcd = await own()));

  test('put, get in every way, del', async () => {
    for (const [key, value] of [['a', '3'], ['b', '1'], ['c', '2'], ['\u00fc', 'x']] as const) assert.equal(await ctl('put', key, value), 'OK\n');
    assert.equal(await ctl('get', '--prefix', '', '--print-value-only'), '3\n1\n2\nx\n');
    assert.equal(await ctl('get', 'a', 'c', '--sort-by=VALUE', '--order=ASCEND', '--print-value-only'), '1\n3\n');
    assert.equal(await ctl('get', '--from-key', 'b', '--limit=1', '--keys-only'), 'b\n\n');
    assert.equal(await ctl('get', '--prefix', '', '--order=DESCEND', '--limit=2', '--print-value-only'), 'x\n2\n');
    const { kvs, count } = JSON.parse(await ctl('get', 'a', '-w', 'json')) as { kvs: Record<string, unknown>[]; count: number };
    assert.deepEqual([kvs, count], [[{ key: 'YQ==', create_revision: 2, mod_revision: 2, version: 1, value: 'Mw==' }], 1]);
    await ctl('put', 'a', '4', '--prev-kv');
    assert.equal(await ctl('get', 'a', '--rev=2', '--print-value-only'), '3\n');
    assert.equal(await ctl('put', 'a', '--ignore-value'), 'OK\n');
    assert.match(await ctl('get', 'a', '-w', 'json'), /"version":3/);
    assert.equal(await ctl('del', '--prev-kv', 'a'), '1\na\n4\n');
    assert.equal(await ctl('del', 'a'), '0\n');
    assert.match(await refused('put', 'none', '--ignore-value'), /etcdserver: key not found/);
    assert.match(await refused('get', 'a', '--rev=1000'), /etcdserver: mvcc: required revision is a future revision/);
  });

  test('transactions: both branches, several operations in one revision, what one may not do', async () => {
    const txn = async (text: string): Promise<string> => {
      const { code, stdout, stderr } = await etcdctl(etcd.endpoint, ['txn'], text);
      return code === 0 ? stdout : stderr.trim().split('\n').at(-1)!;
    };
    assert.match(await txn('version("t") = "0"\n\nput t 1\nput u 2\nget t\n\nget t\n\n'), /^SUCCESS\n\nOK\n\nOK\n\nt\n1\n$/);
    const revisions = JSON.parse(await ctl('get', 't', 'v', '-w', 'json')) as { kvs: { mod_revision: number }[] };
    assert.equal(new Set(revisions.kvs.map((kv) => kv.mod_revision)).size, 1);
    assert.match(await txn('value("t") = "2"\n\nput t 3\n\ndel u\nget u\n\n'), /^FAILURE\n\n1\n\n$/);
    assert.match(await txn('\nput t 1\nput t 2\n\n\n'), /etcdserver: duplicate key given in txn request/);
    assert.match(await txn('\nput t 1\ndel s v\n\n\n'), /etcdserver: duplicate key given in txn request/);
    assert.match(await txn(`\n${Array.from({ length: 129 }, (_, i) => `put m${i} x\n`).join('')}\n\n`), /etcdserver: too many operations in txn request/);
  });

  test('leases take their keys with them, when revoked, in time, and over a restart', async () => {
    const grant = async (ttl: number): Promise<string> => /lease (\w+) granted/.exec(await ctl('lease', 'grant', String(ttl)))![1]!;
    const [long, short] = [await grant(600), await grant(2)];
    await ctl('put', 'l/long', '1', `--lease=${long}`);
    await ctl('put', 'l/moved', '1', `--lease=${long}`);
    await ctl('put', 'l/moved', '2');
    await ctl('put', 'l/short', '1', `--lease=${short}`);
    assert.match(await ctl('lease', 'timetolive', long, '--keys'), /granted with TTL\(600s\).*attached keys\(\[l\/long\]\)/);
    assert.match(await ctl('lease', 'keep-alive', long, '--once'), /keepalived with TTL\(600\)/);
    assert.match(await ctl('lease', 'list'), new RegExp(long));
    assert.match(await refused('put', 'l/x', '1', '--lease=1234'), /etcdserver: requested lease not found/);
    await eventually(async () => ((await ctl('get', 'l/short')) === '' ? true : undefined), 'the end of a lease', 20);
    assert.match(await ctl('lease', 'timetolive', short), /already expired/);
    await etcd.kill();
    await etcd.start();
    assert.match(await ctl('lease', 'timetolive', long, '--keys'), /attached keys\(\[l\/long\]\)/);
    await ctl('lease', 'revoke', long);
    assert.equal(await ctl('get', '--prefix', 'l/', '--print-value-only'), '2\n');
  });

  test('watches see the past and the present; what is compacted is said', async () => {
    const from = (JSON.parse(await ctl('put', 'w/a', '1', '-w', 'json')) as { header: { revision: number } }).header.revision;
    await ctl('put', 'w/a', '2');
    await ctl('del', 'w/a');
    const watched = await etcdctlWatch(etcd.endpoint, ['--prev-kv', `--rev=${from}`, '--prefix', 'w/'], /DELETE\n/);
    assert.match(watched, /^PUT\nw\/a\n1\nPUT\nw\/a\n1\nw\/a\n2\nDELETE\nw\/a\n2\n/);
    assert.equal(await ctl('compact', String(from + 2)), `compacted revision ${from + 2}\n`);
    assert.match(await refused('compact', String(from + 2)), /etcdserver: mvcc: required revision has been compacted/);
    assert.match(await refused('get', 'w/a', `--rev=${from}`), /etcdserver: mvcc: required revision has been compacted/);
    assert.match((await etcdctl(etcd.endpoint, ['watch', `--rev=${from}`, 'w/a'])).stderr, /watch was canceled \(etcdserver: mvcc: required revision has been compacted\)/);
  });

  test('status, members, health', async () => {
    const [status] = JSON.parse(await ctl('endpoint', 'status', '-w', 'json')) as { Status: Record<string, unknown> }[];
    assert.ok(Number(status!.Status['dbSize']) > 0);
    assert.equal(status!.Status['leader'], (status!.Status['header'] as Record<string, unknown>)['member_id']);
    assert.match(await ctl('member', 'list'), /^\w+, started, default, .*, http:\/\/127\.0\.0\.1:\d+, false\n$/);
    assert.match((await etcdctl(etcd.endpoint, ['endpoint', 'health'])).stderr, /is healthy/);
    assert.match(await refused('user', 'add', 'x:y'), /Unimplemented|unknown method/);
    assert.match(await ctl('defrag'), /Finished defragmenting/);
  });

  test('a snapshot becomes a real etcd', { skip: skipWithoutEtcd }, async () => {
    for (let i = 0; i < 200; i += 50) {
      const puts = Array.from({ length: 50 }, (_, n) => `put s/${i + n} ${'v'.repeat((i + n) * 40 + 1)}\n`).join('');
      assert.equal((await etcdctl(etcd.endpoint, ['txn'], `\n${puts}\n\n`)).code, 0);
    }
    await ctl('del', 's/0');
    const file = join(etcd.folder, 'snapshot.db');
    await ctl('snapshot', 'save', file);
    assert.ok(statSync(file).size % 512 === 32);
    const expected = await ctl('get', '--prefix', '', '-w', 'json');
    const real = await restoreEtcd(file);
    try {
      const found = (await etcdctl(real.endpoints[0]!, ['get', '--prefix', '', '-w', 'json'])).stdout;
      const content = (text: string): unknown => {
        const { header: { revision }, kvs } = JSON.parse(text) as { header: { revision: number }; kvs: unknown };
        return { revision, kvs };
      };
      assert.deepEqual(content(found), content(expected));
    } finally {
      await real.stop();
      rmSync(file);
    }
  });

  test('a full quota raises an alarm; nothing is lost, and room can be made', async () => {
    const small = await own({ flags: ['--quota-backend-bytes=1000000'] });
    const run = (...args: string[]): ReturnType<typeof etcdctl> => etcdctl(small.endpoint, args);
    const value = 'x'.repeat(60_000);
    let refusal = '';
    for (let i = 0; i < 30 && !refusal; i++) {
      const { code, stderr } = await run('put', 'same', `${i}${value}`);
      if (code !== 0) refusal = stderr;
    }
    assert.match(refusal, /etcdserver: mvcc: database space exceeded/);
    assert.match((await run('alarm', 'list')).stdout, /alarm:NOSPACE/);
    assert.equal((await fetch(`${small.endpoint}/health`)).status, 503);
    const [status] = JSON.parse((await run('endpoint', 'status', '-w', 'json')).stdout) as { Status: { header: { revision: number } } }[];
    assert.equal((await run('compact', String(status!.Status.header.revision))).code, 0);
    assert.equal((await run('defrag')).code, 0);
    assert.match((await run('put', 'same', 'small')).stderr, /space exceeded/);
    assert.match((await run('alarm', 'disarm')).stdout, /alarm:NOSPACE/);
    assert.equal((await run('put', 'other', 'small')).stdout, 'OK\n');
    assert.equal((await run('get', 'same', '--print-value-only')).stdout.length > 60_000, true);
    assert.equal(await small.end(), 0);
  });
});
