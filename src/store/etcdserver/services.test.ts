import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { silent } from '../../base/log.ts';
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/ids.ts';
import { decode, encode, type Message } from './codec.ts';
import { code, RpcError } from './errors.ts';
import { openMember, type Member } from './member.ts';
import * as m from './messages.ts';
import { services } from './services.ts';
import type { Method } from './grpc.ts';
import { readSnapshot, writeSnapshot } from './snapshot.ts';

const surroundings = { clock: systemClock, random: systemRandom, log: silent };
const bytes = (text: string): Buffer => Buffer.from(text);
const text = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString();

/** A message of which only some fields are given. */
function make<T>(type: Message<T>, given: Partial<T>): T {
  return { ...decode(type, Buffer.alloc(0)), ...given };
}

const put = (key: string, value: string, more: Partial<m.PutRequest> = {}): m.RequestOp => ({ put: make(m.putRequest, { key, value: bytes(value), ...more }) });
const range = (key: string, more: Partial<m.RangeRequest> = {}): m.RequestOp => ({ range: make(m.rangeRequest, { key, ...more }) });
const remove = (key: string, rangeEnd = ''): m.RequestOp => ({ deleteRange: make(m.deleteRequest, { key, rangeEnd }) });
const version = (key: string, n: number, rangeEnd = '', result = 0): m.Compare => make(m.compare, { key, version: n, rangeEnd, result });

describe('the services of k7s etcd', { concurrency: 1 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'k7s-etcdserver-'));
  let member: Member;
  let methods: ReadonlyMap<string, Method>;
  const signal = new AbortController().signal;

  before(async () => {
    member = await openMember({ folder, surroundings, durable: false, quotaBytes: 1e9 });
    methods = services(member, surroundings, { name: 'm', clientUrls: [], peerUrls: [], maxOps: 8, maxRequestBytes: 10_000, progressNotifyMs: 60_000, maxAnswerBytes: 100 });
  });
  after(async () => {
    await member.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function call<Q, A>(name: string, request: Message<Q>, answer: Message<A>, given: Partial<Q>): Promise<A> {
    const method = methods.get(`/etcdserverpb.${name}`);
    assert.ok(method?.kind === 'unary', name);
    return decode(answer, await method.handle(encode(request, make(request, given)), { signal }));
  }
  const txn = (success: m.RequestOp[], compare: m.Compare[] = [], failure: m.RequestOp[] = []): Promise<m.TxnResponse> => call('KV/Txn', m.txnRequest, m.txnResponse, { compare, success, failure });
  const get = (key: string, more: Partial<m.RangeRequest> = {}): Promise<m.RangeResponse> => call('KV/Range', m.rangeRequest, m.rangeResponse, { key, ...more });
  const refusal = (status: number, words: RegExp) => (error: unknown): boolean => error instanceof RpcError && error.code === status && words.test(error.message);

  /** One stream of watches: what is written to it, and what comes. */
  function stream(): { say(request: m.WatchRequest): void; next(): Promise<m.WatchResponse>; end(): Promise<void> } {
    const asked: Buffer[] = [];
    const told: m.WatchResponse[] = [];
    const stop = new AbortController();
    let wake = (): void => {};
    let heard = (): void => {};
    const done = (methods.get('/etcdserverpb.Watch/Watch') as Method & { kind: 'stream' }).handle({
      signal: stop.signal,
      requests: (async function* () {
        while (!stop.signal.aborted) {
          if (asked.length > 0) yield asked.shift()!;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      })(),
      write: async (message) => {
        told.push(decode(m.watchResponse, message));
        heard();
      },
    });
    return {
      say: (request) => {
        asked.push(encode(m.watchRequest, request.create ? { create: { ...blankCreate, ...request.create } } : request));
        wake();
      },
      next: async () => {
        while (told.length === 0) await new Promise<void>((resolve) => (heard = resolve));
        return told.shift()!;
      },
      end: async () => {
        stop.abort();
        wake();
        await done;
      },
    };
  }
  const blankCreate: m.WatchCreate = { key: '', rangeEnd: '', startRevision: 0, progressNotify: false, filters: [], prevKv: false, watchId: 0n, fragment: false };
  const events = ({ events: all = [] }: m.WatchResponse): string[] => all.map(({ type, kv, prevKv }) => `${type === 0 ? 'put' : 'delete'} ${kv.key}=${text(kv.value)}${prevKv ? ` was ${text(prevKv.value)}` : ''}`);

  test('transactions inside transactions take their branch by what was there before, and read what they have written', async () => {
    await txn([put('n/a', '1')]);
    const answer = await txn([
      put('n/b', '2'),
      range('n/', { rangeEnd: 'n0' }),
      { txn: { compare: [version('n/b', 0)], success: [put('n/c', '3'), range('n/c')], failure: [remove('n/a')] } },
    ], [version('n/a', 1)]);
    assert.equal(answer.succeeded, true);
    const [, read, inner] = answer.responses;
    assert.deepEqual(read!.range!.kvs!.map((kv) => kv.key), ['n/a', 'n/b']);
    assert.equal(inner!.txn!.succeeded, true);
    assert.equal(text(inner!.txn!.responses[1]!.range!.kvs![0]!.value), '3');
    const all = await get('n/', { rangeEnd: 'n0' });
    assert.deepEqual(new Set(all.kvs!.slice(1).map((kv) => kv.modRevision)), new Set([answer.header!.revision]));
  });

  test('comparisons of ranges hold for every key; what is not there has version 0 and no value', async () => {
    await txn([put('c/a', '1'), put('c/b', '1')]);
    await txn([put('c/b', '2')]);
    const holds = async (...compare: m.Compare[]): Promise<boolean> => (await txn([], compare)).succeeded;
    assert.equal(await holds(version('c/', 0, 'c0', 1)), true);
    assert.equal(await holds(version('c/', 2, 'c0', 2)), false);
    assert.equal(await holds(version('c/none', 0)), true);
    assert.equal(await holds(make(m.compare, { key: 'c/none', target: 3, value: bytes('') })), false);
    assert.equal(await holds(make(m.compare, { key: 'c/b', target: 3, value: bytes('2') }), make(m.compare, { key: 'c/a', target: 3, result: 2, value: bytes('2') })), true);
    assert.equal(await holds(make(m.compare, { key: 'c/a', target: 4, lease: 0n })), true);
  });

  test('a transaction that cannot be is refused wholly', async () => {
    const { revision } = member.keys;
    const invalid = (words: RegExp): ((error: unknown) => boolean) => refusal(code.invalidArgument, words);
    await assert.rejects(txn([put('', '1')]), invalid(/key is not provided/));
    await assert.rejects(txn([put('x', '1'), { txn: { compare: [], success: [put('x', '2')], failure: [] } }]), invalid(/duplicate key/));
    await assert.rejects(txn([remove('a', 'z'), put('x', '1')]), invalid(/duplicate key/));
    await assert.rejects(txn(Array.from({ length: 9 }, (_, i) => put(`k${i}`, ''))), invalid(/too many operations/));
    await assert.rejects(txn([put('x', 'x'.repeat(20_000))]), invalid(/request is too large/));
    await assert.rejects(txn([put('ok', '1'), put('none', '', { ignoreValue: true })]), invalid(/key not found/));
    await assert.rejects(txn([put('ok', '1'), put('y', '1', { lease: 77n })]), refusal(code.notFound, /requested lease not found/));
    await assert.rejects(get('x', { sortTarget: 9 }), invalid(/invalid sort option/));
    // Both branches may write the same key: one of them happens.
    await txn([{ txn: { compare: [], success: [put('both', '1')], failure: [put('both', '2')] } }]);
    assert.equal(member.keys.revision, revision + 1);
  });

  test('ranges by revision of creation and change, sorted, counted, without values', async () => {
    const first = (await txn([put('r/a', '3')])).header!.revision;
    await txn([put('r/b', '1')]);
    await txn([put('r/c', '2')]);
    await txn([put('r/a', '0')]);
    const all = { rangeEnd: 'r0' };
    const keys = async (more: Partial<m.RangeRequest>): Promise<string> => (await get('r/', { ...all, ...more })).kvs!.map((kv) => kv.key.slice(2)).join('');
    assert.equal(await keys({ minModRevision: first + 2 }), 'ac');
    assert.equal(await keys({ maxCreateRevision: first + 1 }), 'ab');
    assert.equal(await keys({ sortTarget: 3, sortOrder: 2 }), 'acb');
    assert.equal(await keys({ sortTarget: 4 }), 'abc');
    assert.equal(await keys({ sortTarget: 2, sortOrder: 2, limit: 2 }), 'cb');
    const page = await get('r/', { ...all, limit: 2, keysOnly: true });
    assert.deepEqual([page.more, page.count, page.kvs!.map((kv) => text(kv.value))], [true, 3, ['', '']]);
    assert.deepEqual(await get('r/', { ...all, countOnly: true }).then(({ kvs, count }) => [kvs!.length, count]), [0, 3]);
    assert.equal((await get('r/', { ...all, revision: first })).count, 1);
  });

  test('keys and values may be any bytes, in their order', async () => {
    await txn([put('\xff\x00', '1'), put('\xfe\xff', '2'), put('\x00', '3')]);
    assert.deepEqual((await get('\xf0', { rangeEnd: '\0' })).kvs!.map((kv) => kv.key), ['\xfe\xff', '\xff\x00']);
    assert.equal((await get('\0', { rangeEnd: '\0', limit: 1 })).kvs![0]!.key, '\x00');
  });

  test('watches: names, filters, what was before, what is refused, progress of all', async () => {
    const s = stream();
    s.say({ create: { ...blankCreate, key: 'w/', rangeEnd: 'w0', prevKv: true, watchId: 7n } });
    assert.deepEqual(await s.next().then(({ created, watchId }) => [created, watchId]), [true, 7n]);
    s.say({ create: { ...blankCreate, key: 'w/', rangeEnd: 'w0', filters: [0] } });
    assert.equal((await s.next()).watchId, 0n);
    s.say({ create: { ...blankCreate, key: 'w/', watchId: 7n } });
    assert.deepEqual(await s.next().then(({ created, canceled, watchId, cancelReason }) => [created, canceled, watchId, cancelReason]), [true, true, -1n, 'mvcc: duplicate watch ID provided on the WatchStream']);
    s.say({ create: { ...blankCreate, key: 'b', rangeEnd: 'a' } });
    assert.equal((await s.next()).cancelReason, 'mvcc: watcher range is empty');
    await txn([put('w/a', '1')]);
    await txn([put('w/a', '2')]);
    assert.deepEqual(events(await s.next()), ['put w/a=1']);
    assert.deepEqual(events(await s.next()), ['put w/a=2 was 1']);
    await txn([remove('w/a')]);
    const both = [await s.next(), await s.next()].sort((a, b) => Number(a.watchId - b.watchId));
    assert.deepEqual(both.map(events), [['delete w/a='], ['delete w/a= was 2']]);
    const { revision } = (await txn([put('elsewhere', '1')])).header!;
    s.say({ progress: {} });
    const progress = await s.next();
    assert.deepEqual([progress.watchId, progress.header.revision, progress.events], [-1n, revision, []]);
    s.say({ cancel: { watchId: 7n } });
    assert.deepEqual(await s.next().then(({ canceled, watchId }) => [canceled, watchId]), [true, 7n]);
    await s.end();
  });

  test('watches: large answers in parts, and a past that is gone', async () => {
    const { revision } = (await txn([put('f/a', 'x'.repeat(60)), put('f/b', 'x'.repeat(60)), put('f/c', 'x')])).header!;
    const s = stream();
    s.say({ create: { ...blankCreate, key: 'f/', rangeEnd: 'f0', startRevision: revision, fragment: true } });
    await s.next();
    const parts = [await s.next(), await s.next(), await s.next()];
    assert.deepEqual(parts.map(({ fragment, events: all }) => [fragment, all!.map(({ kv }) => kv.key)]), [[true, ['f/a']], [true, ['f/b']], [false, ['f/c']]]);
    await txn([put('f/a', '2')]);
    await s.next();
    await call('KV/Compact', m.compactionRequest, m.headerOnly, { revision: revision + 1 });
    s.say({ create: { ...blankCreate, key: 'f/', rangeEnd: 'f0', startRevision: revision } });
    await s.next();
    const { canceled, compactRevision, cancelReason } = await s.next();
    assert.deepEqual([canceled, compactRevision, cancelReason], [true, revision + 1, 'etcdserver: mvcc: required revision has been compacted']);
    // What the oldest revision has left is still told.
    s.say({ create: { ...blankCreate, key: 'f/', rangeEnd: 'f0', startRevision: revision + 1 } });
    await s.next();
    assert.deepEqual(events(await s.next()), ['put f/a=2']);
    await s.end();
  });

  test('leases: names, terms, and what is said of those that are not', async () => {
    const grant = (ttl: number, id = 0n): Promise<m.LeaseTerm> => call('Lease/LeaseGrant', m.leaseGrantRequest, m.leaseTerm, { ttl, id });
    const { id, ttl } = await grant(100);
    assert.equal(ttl, 100);
    assert.equal((await grant(0, 5n)).ttl, 2);
    await assert.rejects(grant(10, 5n), refusal(code.failedPrecondition, /lease already exists/));
    await assert.rejects(grant(9_000_000_001), refusal(code.outOfRange, /too large lease TTL/));
    await txn([put('l/a', '1', { lease: id })]);
    await txn([put('l/b', '1', { lease: id })]);
    await txn([put('l/b', '2')]);
    const time = (lease: bigint): Promise<m.LeaseTime> => call('Lease/LeaseTimeToLive', m.leaseTimeRequest, m.leaseTime, { id: lease, keys: true });
    assert.deepEqual(await time(id).then(({ granted, keys }) => [granted, keys]), [100, ['l/a']]);
    assert.equal((await time(99n)).ttl, -1);
    await call('Lease/LeaseRevoke', m.leaseName, m.headerOnly, { id });
    assert.deepEqual((await get('l/', { rangeEnd: 'l0' })).kvs!.map((kv) => kv.key), ['l/b']);
    await assert.rejects(call('Lease/LeaseRevoke', m.leaseName, m.headerOnly, { id }), refusal(code.notFound, /requested lease not found/));
    await assert.rejects(call('Auth/Authenticate', m.nothing, m.headerOnly, {}), refusal(code.failedPrecondition, /authentication is not enabled/));
  });

  test('a snapshot is read as it was written, with pages of every kind', () => {
    const items = Array.from({ length: 5000 }, (_, i) => ({ key: `k${i}`, value: Buffer.alloc(i % 7 === 0 ? 9000 : i % 50, i), createRevision: i + 1, modRevision: i + 2, version: 1, lease: BigInt(i % 3) }));
    const file = Buffer.concat([...writeSnapshot({ revision: 9999, items, leases: [] })].map(({ blob }) => blob));
    const read = readSnapshot(file);
    assert.equal(read.revision, 9999);
    assert.deepEqual(read.items, items);
    file[20_000]! ^= 1;
    assert.throws(() => readSnapshot(file), /checksum/);
  });
});
