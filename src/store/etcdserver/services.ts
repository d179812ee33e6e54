/** etcd's gRPC services over one member. */
import { crc32 } from 'node:zlib';
import type { Surroundings } from '../../base/surroundings.ts';
import { decode, encode, type Message } from './codec.ts';
import { code, refusals, RpcError } from './errors.ts';
import type { Method, StreamCall } from './grpc.ts';
import type { Member } from './member.ts';
import * as m from './messages.ts';
import { afterAllKeys, checkDelete, checkPut, checkRange, checkTxn } from './requests.ts';
import { writeSnapshot } from './snapshot.ts';
import { serveWatches, type WatchOptions } from './watch.ts';
import { unpack } from './value.ts';

export interface ServiceOptions extends WatchOptions {
  readonly name: string;
  readonly clientUrls: readonly string[];
  readonly peerUrls: readonly string[];
  readonly maxOps: number;
  readonly maxRequestBytes: number;
}

/** Which etcd's behaviour this is. */
export const etcdVersion = '3.5.21';

function unary<Q, A>(request: Message<Q>, answer: Message<A>, handle: (request: Q, size: number) => A | Promise<A>): Method {
  return {
    kind: 'unary',
    handle: (bytes) => {
      const done = handle(decode(request, bytes), bytes.length);
      return done instanceof Promise ? done.then((value) => encode(answer, value)) : encode(answer, done);
    },
  };
}

export function services(member: Member, surroundings: Surroundings, options: ServiceOptions): ReadonlyMap<string, Method> {
  return new Map(Object.entries({
    ...keyService(member, options), ...leaseService(member), ...maintenance(member), ...cluster(member, options), ...auth(member),
    '/etcdserverpb.Watch/Watch': { kind: 'stream', handle: (call) => serveWatches(call, member, surroundings, options) },
  } satisfies Record<string, Method>));
}

type Methods = Record<string, Method>;

function keyService(member: Member, { maxOps, maxRequestBytes }: ServiceOptions): Methods {
  const { keys } = member;
  const admit = (size: number): void => {
    if (size > maxRequestBytes) throw refusals.tooLarge();
  };
  return {
    '/etcdserverpb.KV/Range': unary(m.rangeRequest, m.rangeResponse, (request) => {
      checkRange(request);
      return { ...keys.range(request), header: member.header() };
    }),
    '/etcdserverpb.KV/Put': unary(m.putRequest, m.putResponse, async (request, size) => {
      checkPut(request);
      admit(size);
      await member.spend(size);
      const { revision, ...answer } = await keys.put(request);
      return { ...answer, header: member.header(revision) };
    }),
    '/etcdserverpb.KV/DeleteRange': unary(m.deleteRequest, m.deleteResponse, async (request, size) => {
      checkDelete(request);
      admit(size);
      const { revision, ...answer } = await keys.deleteRange(request);
      return { ...answer, header: member.header(revision) };
    }),
    '/etcdserverpb.KV/Txn': unary(m.txnRequest, m.txnResponse, async (request, size) => {
      checkTxn(request, maxOps);
      admit(size);
      if (writes(request)) await member.spend(size);
      const { revision, ...answer } = await keys.txn(request);
      return { ...answer, header: member.header(revision) };
    }),
    '/etcdserverpb.KV/Compact': unary(m.compactionRequest, m.headerOnly, async ({ revision }) => {
      await member.compact(revision);
      return { header: member.header() };
    }),
  };
}

function writes(txn: m.TxnRequest): boolean {
  return [...txn.success, ...txn.failure].some((op) => op.put !== undefined || (op.txn !== undefined && writes(op.txn)));
}

function leaseService(member: Member): Methods {
  const { leases } = member;
  const time = ({ id, keys: wanted }: { readonly id: bigint; readonly keys: boolean }): m.LeaseTime => {
    const found = leases.remaining(id);
    if (!found) return { header: member.header(), id, ttl: -1 };
    const held = (key: string): boolean => {
      const entry = member.store.history.current(key);
      return entry !== undefined && unpack(entry).lease === id;
    };
    return { header: member.header(), id, ttl: found.ttl, granted: found.granted, ...(wanted ? { keys: [...found.keys].filter(held).sort() } : {}) };
  };
  const list = unary(m.nothing, m.leaseList, () => ({ header: member.header(), leases: leases.ids().map((id) => ({ id })) }));
  const revoke = unary(m.leaseName, m.headerOnly, async ({ id }) => {
    await member.revoke(id);
    return { header: member.header() };
  });
  return {
    '/etcdserverpb.Lease/LeaseGrant': unary(m.leaseGrantRequest, m.leaseTerm, async ({ id, ttl }, size) => {
      await member.spend(size);
      return { ...(await leases.grant(id, ttl)), header: member.header() };
    }),
    '/etcdserverpb.Lease/LeaseRevoke': revoke,
    '/etcdserverpb.KV/LeaseRevoke': revoke,
    '/etcdserverpb.Lease/LeaseTimeToLive': unary(m.leaseTimeRequest, m.leaseTime, time),
    '/etcdserverpb.Lease/LeaseLeases': list,
    '/etcdserverpb.Lease/LeaseKeepAlive': {
      kind: 'stream',
      handle: async (call) => {
        for await (const bytes of call.requests) {
          const { id } = decode(m.leaseName, bytes);
          await call.write(encode(m.leaseTerm, { header: member.header(), id, ttl: leases.renew(id) }));
        }
      },
    },
  };
}

const alarmGet = 0;
const alarmRaise = 1;
const noSpace = 1;

function maintenance(member: Member): Methods {
  const { store } = member;
  const alarms = (): readonly m.Alarm[] => (member.full ? [{ memberId: member.memberId, alarm: noSpace }] : []);
  const snapshot = async (call: StreamCall): Promise<void> => {
    for await (const request of call.requests) decode(m.nothing, request);
    const { revision } = store.history;
    const items = store.history.range({ start: '', end: afterAllKeys, revision }).entries.map(unpack);
    const leases = member.leases.ids().map((id) => ({ id, ttl: member.leases.remaining(id)?.granted ?? 0 }));
    for (const { blob, remaining } of writeSnapshot({ revision, items, leases })) await call.write(encode(m.snapshotResponse, { header: member.header(revision), remaining, blob, version: etcdVersion }));
  };
  return {
    '/etcdserverpb.Maintenance/Status': unary(m.nothing, m.statusResponse, () => {
      const { revision, liveBytes, logBytes } = store.history;
      return {
        header: member.header(), version: etcdVersion, dbSize: store.bytesOnDisk, dbSizeInUse: Math.min(store.bytesOnDisk, liveBytes + logBytes), leader: member.memberId, raftIndex: revision, raftTerm: 2,
        raftAppliedIndex: revision, errors: member.full ? [`memberID:${BigInt.asUintN(64, member.memberId)} alarm:NOSPACE `] : [], dbSizeQuota: member.quotaBytes,
      };
    }),
    '/etcdserverpb.Maintenance/Alarm': unary(m.alarmRequest, m.alarmResponse, async ({ action, alarm }) => {
      if (action === alarmGet) return { header: member.header(), alarms: alarms() };
      const before = alarms();
      if (alarm === noSpace || (alarm === 0 && action !== alarmRaise)) await member.setFull(action === alarmRaise);
      return { header: member.header(), alarms: action === alarmRaise ? alarms() : before };
    }),
    '/etcdserverpb.Maintenance/Defragment': unary(m.nothing, m.headerOnly, async () => {
      await store.defragment();
      return { header: member.header() };
    }),
    '/etcdserverpb.Maintenance/Hash': unary(m.nothing, m.hashResponse, () => ({ header: member.header(), hash: hashAt(member, store.history.revision) })),
    '/etcdserverpb.Maintenance/HashKV': unary(m.hashKvRequest, m.hashKvResponse, ({ revision: asked }) => {
      const { revision, floor } = store.history;
      if (asked > revision) throw refusals.future();
      if (asked > 0 && asked < floor) throw refusals.compacted();
      const at = asked > 0 ? asked : revision;
      return { header: member.header(), hash: hashAt(member, at), compactRevision: floor, hashRevision: at };
    }),
    '/etcdserverpb.Maintenance/Snapshot': { kind: 'stream', handle: snapshot },
  };
}

/** A figure of our own: two members of k7s etcd with the same keys have the same; it is not the one that etcd computes. */
function hashAt(member: Member, revision: number): number {
  let hash = 0;
  for (const { key, value, createRevision, modRevision } of member.store.history.range({ start: '', end: afterAllKeys, revision }).entries) {
    hash = crc32(value, crc32(`${key}\0${createRevision}\0${modRevision}\0`, hash));
  }
  return hash;
}

function cluster(member: Member, { name, clientUrls, peerUrls }: ServiceOptions): Methods {
  const alone = (): never => {
    throw new RpcError(code.unimplemented, 'etcdserver: k7s etcd has one member');
  };
  const refused = unary(m.nothing, m.headerOnly, alone);
  return {
    '/etcdserverpb.Cluster/MemberList': unary(m.nothing, m.memberList, () => ({ header: member.header(), members: [{ id: member.memberId, name, peerUrls, clientUrls }] })),
    ...Object.fromEntries(['MemberAdd', 'MemberRemove', 'MemberUpdate', 'MemberPromote'].map((call) => [`/etcdserverpb.Cluster/${call}`, refused])),
    '/etcdserverpb.Maintenance/MoveLeader': unary(m.nothing, m.headerOnly, () => {
      throw new RpcError(code.failedPrecondition, 'etcdserver: bad leader transferee');
    }),
  };
}

/** There are no users: those who may connect may do everything. */
function auth(member: Member): Methods {
  return {
    '/etcdserverpb.Auth/AuthStatus': unary(m.nothing, m.authStatus, () => ({ header: member.header(), enabled: false, revision: 1 })),
    '/etcdserverpb.Auth/AuthDisable': unary(m.nothing, m.headerOnly, () => ({ header: member.header() })),
    '/etcdserverpb.Auth/Authenticate': unary(m.nothing, m.headerOnly, () => {
      throw refusals.authNotEnabled();
    }),
  };
}
