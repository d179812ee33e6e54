/** The one member: its folder, its keys and leases, its identity, its alarm. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Surroundings } from '../../base/surroundings.ts';
import { openEmbedded, embeddedStore, type EmbeddedStore } from '../embedded.ts';
import { folderFiles } from '../files.ts';
import { lockFolder } from '../lock.ts';
import { usualLimits } from '../log.ts';
import { StoreError, type Store } from '../store.ts';
import { refusals } from './errors.ts';
import { Keyspace } from './keyspace.ts';
import { Leases } from './leases.ts';
import type { Header } from './messages.ts';
import { afterAllKeys } from './requests.ts';
import { unpack } from './value.ts';

export interface MemberOptions {
  readonly folder: string;
  readonly surroundings: Surroundings;
  /** False: writes are acknowledged before the disk has them. */
  readonly durable: boolean;
  /** Bytes that the data may have on disk before nothing more is written. */
  readonly quotaBytes: number;
}

const identityKey = 'identity';
const compactedKey = 'compacted';
const alarmKey = 'alarm/nospace';
/** The first commit of a new folder: etcd's first revision is 1, and nothing is at it. */
const firstKey = `${afterAllKeys}k7s-etcd`;

interface Identity {
  readonly cluster: string;
  readonly member: string;
}

export async function openMember(options: MemberOptions): Promise<Member> {
  if (existsSync(join(options.folder, 'member'))) {
    throw new StoreError('unavailable', `${options.folder} holds the data of another etcd; choose another folder, and copy the keys with both of them running`);
  }
  const folder = join(options.folder, 'k7s');
  const release = await lockFolder(folder);
  const state = await embeddedStore({ folder: join(folder, 'state'), surroundings: options.surroundings, durable: options.durable }).catch(async (error: unknown) => {
    await release();
    throw error;
  });
  try {
    // A small quota needs small segments: only whole ones can be given back.
    const limits = { segmentBytes: Math.min(usualLimits.segmentBytes, Math.ceil(options.quotaBytes / 16)), garbageBytes: Math.min(usualLimits.garbageBytes, Math.ceil(options.quotaBytes / 8)) };
    const store = await openEmbedded(await folderFiles(join(folder, 'keys'), options.durable), limits);
    store.keep(() => state.close());
    store.keep(release);
    return await Member.open(store, state, options);
  } catch (error) {
    await state.close();
    await release();
    throw error;
  }
}

export class Member {
  readonly store: EmbeddedStore;
  readonly keys: Keyspace;
  readonly leases: Leases;
  readonly quotaBytes: number;
  readonly memberId: bigint;
  readonly clusterId: bigint;
  readonly #state: Store;
  #full: boolean;

  private constructor(store: EmbeddedStore, state: Store, leases: Leases, quotaBytes: number, identity: Identity, full: boolean) {
    this.store = store;
    this.#state = state;
    this.leases = leases;
    this.quotaBytes = quotaBytes;
    this.memberId = BigInt(identity.member);
    this.clusterId = BigInt(identity.cluster);
    this.#full = full;
    this.keys = new Keyspace(store, leases);
  }

  static async open(store: EmbeddedStore, state: Store, { surroundings, quotaBytes }: MemberOptions): Promise<Member> {
    const get = async (key: string): Promise<string | undefined> => {
      const { entry } = await state.get(key);
      return entry && Buffer.from(entry.value).toString();
    };
    if (store.history.revision === 0) await store.commit([{ type: 'put', key: firstKey, value: Buffer.alloc(0) }]);
    const compacted = Number((await get(compactedKey)) ?? 0);
    if (compacted > store.history.floor) await store.compact(Math.min(compacted, store.history.revision));
    let known = await get(identityKey);
    if (known === undefined) {
      const id = (): string => String(Buffer.from(surroundings.random.bytes(8)).readBigInt64BE(0) | 1n);
      known = JSON.stringify({ cluster: id(), member: id() } satisfies Identity);
      await state.commit([{ type: 'put', key: identityKey, value: Buffer.from(known) }]);
    }
    const leases = await Leases.open(state, surroundings);
    for (const entry of store.history.range({ start: '', end: afterAllKeys }).entries) {
      const { lease, key } = unpack(entry);
      if (lease !== 0n) leases.attach(lease, key);
    }
    const member = new Member(store, state, leases, quotaBytes, JSON.parse(known) as Identity, (await get(alarmKey)) !== undefined);
    leases.start((lease) => member.revoke(lease));
    return member;
  }

  header(revision = this.store.history.revision): Header {
    return { clusterId: this.clusterId, memberId: this.memberId, revision, term: 2 };
  }

  /** NOSPACE: nothing is written until somebody has made room and disarmed it. */
  get full(): boolean {
    return this.#full;
  }

  async setFull(full: boolean): Promise<void> {
    if (full === this.#full) return;
    this.#full = full;
    await this.#state.commit([full ? { type: 'put', key: alarmKey, value: Buffer.alloc(0) } : { type: 'delete', key: alarmKey }]);
  }

  /** Before anything is added. */
  async spend(bytes: number): Promise<void> {
    if (!this.#full && this.store.bytesOnDisk + bytes <= this.quotaBytes) return;
    // An alarm that cannot be written is still one.
    await this.setFull(true).catch(() => {});
    throw refusals.noSpace();
  }

  revoke(id: bigint): Promise<void> {
    return this.leases.end(id, (keys) => this.keys.deleteKeys(keys, id));
  }

  async compact(revision: number): Promise<void> {
    const { history } = this.store;
    if (revision > history.revision) throw refusals.future();
    if (revision <= history.floor) throw refusals.compacted();
    await this.store.compact(revision);
    await this.#state.commit([{ type: 'put', key: compactedKey, value: Buffer.from(String(revision)) }]);
  }

  async close(): Promise<void> {
    this.leases.close();
    await this.store.close();
  }
}
