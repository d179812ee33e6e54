/** What `etcdctl snapshot save` receives: the present keys as a database file of etcd's own, which `snapshot restore` makes a real etcd's folder of. */
import { createHash } from 'node:crypto';
import { boltBucket, boltFile, type BoltItem } from './bolt.ts';
import { decode, encode, message } from './codec.ts';
import { keyValue } from './messages.ts';
import type { Item } from './value.ts';

/** Keys have a character for each byte. */
export interface SnapshotContent {
  readonly revision: number;
  readonly items: readonly Item[];
  readonly leases: readonly { readonly id: bigint; readonly ttl: number }[];
}

const chunkBytes = 1 << 20;
const checksumBytes = 32;
const revisionBytes = 17;
const nothing = Buffer.alloc(0);
const leaseRecord = message<{ readonly id: bigint; readonly ttl: number }>({ id: [1, 'id'], ttl: [2, 'int'] });

/** The state at one revision; what was before it counts as compacted. The last bytes are a checksum of all others. */
export function* writeSnapshot({ revision, items, leases }: SnapshotContent): Generator<{ readonly blob: Buffer; readonly remaining: number }, void, void> {
  const { bytes, pages } = boltFile({
    alarm: [], auth: [], authRoles: [], authUsers: [], cluster: [], members: [], members_removed: [],
    key: keyItems(items.toSorted((a, b) => a.modRevision - b.modRevision || (a.key < b.key ? -1 : 1))),
    lease: leases.map((lease) => item(number64(lease.id), encode(leaseRecord, lease))).sort((a, b) => Buffer.compare(a.key, b.key)),
    meta: [
      item(Buffer.from('consistent_index'), number64(BigInt(revision))),
      item(Buffer.from('finishedCompactRev'), revisionKey(revision, 0)),
      item(Buffer.from('scheduledCompactRev'), revisionKey(revision, 0)),
      item(Buffer.from('term'), number64(2n)),
    ],
  });
  const hash = createHash('sha256');
  let remaining = bytes + checksumBytes;
  let gathered: Buffer[] = [];
  let size = 0;
  for (const page of pages()) {
    gathered.push(page);
    size += page.length;
    if (size < chunkBytes) continue;
    const blob = Buffer.concat(gathered, size);
    hash.update(blob);
    yield { blob, remaining: (remaining -= size) };
    gathered = [];
    size = 0;
  }
  const rest = Buffer.concat(gathered, size);
  hash.update(rest);
  yield { blob: Buffer.concat([rest, hash.digest()]), remaining: 0 };
}

/** The newest state in a database file of etcd, with the checksum behind it or without. Throws where it is none, or damaged. */
export function readSnapshot(file: Buffer): Pick<SnapshotContent, 'revision' | 'items'> {
  const summed = file.length % 512 === checksumBytes;
  const body = summed ? file.subarray(0, -checksumBytes) : file;
  if (summed && !createHash('sha256').update(body).digest().equals(file.subarray(-checksumBytes))) throw new Error('the checksum does not match: the file is damaged');
  const newest = new Map<string, Item>();
  let revision = 0;
  for (const { key, value } of boltBucket(body, 'key')) {
    const { key: name, createRevision = 0, modRevision, version = 0, value: content = nothing, lease = 0n } = decode(keyValue, value);
    revision = Math.max(revision, Number(key.readBigInt64BE(0)));
    // Revisions ascend; one with a mark behind it is a deletion.
    if (key.length > revisionBytes) newest.delete(name);
    else newest.set(name, { key: name, createRevision, modRevision, version, value: content, lease });
  }
  for (const { key, value } of boltBucket(body, 'meta')) {
    if (key.toString() === 'finishedCompactRev') revision = Math.max(revision, Number(value.readBigInt64BE(0)));
  }
  return { revision, items: [...newest.values()] };
}

function* numbered(items: readonly Item[]): Generator<readonly [item: Item, sub: number]> {
  let [revision, sub] = [0, 0];
  for (const entry of items) {
    sub = entry.modRevision === revision ? sub + 1 : 0;
    revision = entry.modRevision;
    yield [entry, sub];
  }
}

/** By revision and the place in it. Values are encoded when they are written, not all at once. */
function keyItems(items: readonly Item[]): BoltItem[] {
  return Array.from(numbered(items), ([entry, sub]) => {
    const value = (): Buffer => encode(keyValue, entry);
    return { key: revisionKey(entry.modRevision, sub), size: value().length, value };
  });
}

function item(key: Buffer, value: Buffer): BoltItem {
  return { key, size: value.length, value: () => value };
}

function number64(value: bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigInt64BE(value);
  return out;
}

function revisionKey(main: number, sub: number): Buffer {
  return Buffer.concat([number64(BigInt(main)), Buffer.from('_'), number64(BigInt(sub))]);
}
