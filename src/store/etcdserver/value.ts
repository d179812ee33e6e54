/** What stands at a key in the engine: how often it has been written, its lease, then the value. */
import type { Entry } from '../store.ts';

export interface Item {
  readonly key: string;
  readonly value: Uint8Array;
  readonly lease: bigint;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
}

const headBytes = 7;
const leaseBytes = 8;

/** Version (six bytes), 1 if there is a lease, the lease (eight bytes), the value. */
export function packValue({ version, lease, value }: Pick<Item, 'version' | 'lease' | 'value'>): Buffer {
  const head = headBytes + (lease === 0n ? 0 : leaseBytes);
  const out = Buffer.allocUnsafeSlow(head + value.byteLength);
  out.writeUIntLE(version, 0, 6);
  out[6] = lease === 0n ? 0 : 1;
  if (lease !== 0n) out.writeBigInt64LE(lease, headBytes);
  out.set(value, head);
  return out;
}

export function unpack({ key, value, createRevision, modRevision }: Entry): Item {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const leased = bytes[6] === 1;
  return {
    key, createRevision, modRevision,
    version: bytes.readUIntLE(0, 6),
    lease: leased ? bytes.readBigInt64LE(headBytes) : 0n,
    value: bytes.subarray(leased ? headBytes + leaseBytes : headBytes),
  };
}
