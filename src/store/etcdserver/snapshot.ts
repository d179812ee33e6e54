/** What `etcdctl snapshot save` receives: the present keys as a database file of etcd's own, which `snapshot restore` makes a real etcd's folder of. */
import { createHash } from 'node:crypto';
import { boltFile, type BoltItem } from './bolt.ts';
import { encode, message } from './codec.ts';
import type { Member } from './member.ts';
import { keyValue } from './messages.ts';
import { afterAllKeys } from './requests.ts';
import { unpack } from './value.ts';

const chunkBytes = 1 << 20;
const checksumBytes = 32;
const leaseRecord = message<{ readonly id: bigint; readonly ttl: number }>({ id: [1, 'id'], ttl: [2, 'int'] });

/** The state at one revision; what was before it counts as compacted. The last bytes are a checksum of all others. */
export async function* snapshotOf(member: Member, revision: number): AsyncGenerator<{ readonly blob: Buffer; readonly remaining: number }, void, void> {
  const { entries } = member.store.history.range({ start: '', end: afterAllKeys, revision });
  const { bytes, pages } = boltFile({
    alarm: [], auth: [], authRoles: [], authUsers: [], cluster: [], members: [], members_removed: [],
    key: keyItems(entries.toSorted((a, b) => a.modRevision - b.modRevision || (a.key < b.key ? -1 : 1))),
    lease: member.leases.ids().map((id) => item(number64(id), encode(leaseRecord, { id, ttl: member.leases.remaining(id)?.granted ?? 0 }))).sort((a, b) => Buffer.compare(a.key, b.key)),
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

function* numbered(entries: Parameters<typeof keyItems>[0]): Generator<readonly [entry: (typeof entries)[number], sub: number]> {
  let [revision, sub] = [0, 0];
  for (const entry of entries) {
    sub = entry.modRevision === revision ? sub + 1 : 0;
    revision = entry.modRevision;
    yield [entry, sub];
  }
}

/** By revision and the place in it. Values are encoded when they are written, not all at once. */
function keyItems(entries: readonly Parameters<typeof unpack>[0][]): BoltItem[] {
  return Array.from(numbered(entries), ([entry, sub]) => {
    const value = (): Buffer => encode(keyValue, unpack(entry));
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
