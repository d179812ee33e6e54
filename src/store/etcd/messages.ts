/**
 * The part of etcd's protocol (etcdserverpb, v3) that the engine speaks: requests to bytes, bytes to answers.
 * Fields are written from the last to the first, as the writer wants it.
 */
import { ProtobufReader, ProtobufWriter, WireType } from '../../wire/protobuf.ts';
import type { Entry, Operation } from '../store.ts';

export interface RangeCall {
  readonly key: string;
  /** Absent: this key alone. */
  readonly end?: string;
  readonly limit?: number;
  readonly revision?: number;
  readonly countOnly?: boolean;
}

export interface RangeAnswer {
  readonly revision: number;
  readonly entries: readonly Entry[];
  readonly more: boolean;
  readonly count: number;
}

export interface TxnAnswer {
  readonly revision: number;
  readonly succeeded: boolean;
  /** One for each read of the branch that was taken. */
  readonly reads: readonly RangeAnswer[];
}

export interface StatusAnswer {
  readonly version: string;
  readonly bytes: number;
}

export interface EtcdEvent {
  readonly type: 'put' | 'delete';
  /** Of a deletion only the key and modRevision. */
  readonly entry: Entry;
  readonly previous: Entry | undefined;
}

export interface WatchAnswer {
  readonly revision: number;
  readonly created: boolean;
  readonly canceled: boolean;
  /** Not 0: what was asked for has been compacted up to here. */
  readonly compactRevision: number;
  readonly reason: string;
  readonly events: readonly EtcdEvent[];
}

function text(writer: ProtobufWriter, field: number, value: string | undefined): void {
  if (value === undefined) return;
  writer.string(value);
  writer.tag(field, WireType.bytes);
}

function number(writer: ProtobufWriter, field: number, value: number | undefined): void {
  if (!value) return;
  writer.int64(value);
  writer.tag(field, WireType.varint);
}

function flag(writer: ProtobufWriter, field: number, value: boolean | undefined): void {
  number(writer, field, value ? 1 : 0);
}

function nested(writer: ProtobufWriter, field: number, write: () => void): void {
  const mark = writer.mark;
  write();
  writer.uint32(writer.mark - mark);
  writer.tag(field, WireType.bytes);
}

function message(write: (writer: ProtobufWriter) => void, size = 256): Buffer {
  const writer = new ProtobufWriter(size);
  write(writer);
  return writer.finish();
}

function writeRange(writer: ProtobufWriter, call: RangeCall): void {
  flag(writer, 9, call.countOnly);
  number(writer, 4, call.revision);
  number(writer, 3, call.limit);
  text(writer, 2, call.end);
  text(writer, 1, call.key);
}

export const encodeRange = (call: RangeCall): Buffer => message((writer) => writeRange(writer, call));

const modRevisionIs = { result: 0, target: 2 };

/** All operations if every expectation holds, else a read of each key that had one. */
export function encodeTxn(operations: readonly Operation[]): Buffer {
  const size = operations.reduce((sum, op) => sum + 256 + (op.type === 'put' ? op.value.byteLength : 0), 256);
  const backwards = operations.toReversed();
  return message((writer) => {
    for (const { key, expect } of backwards) {
      if (expect !== undefined) nested(writer, 3, () => nested(writer, 1, () => writeRange(writer, { key })));
    }
    for (const op of backwards) nested(writer, 2, () => writeOperation(writer, op));
    for (const { key, expect } of backwards) {
      if (expect === undefined) continue;
      nested(writer, 1, () => {
        // A 0 has to be there: its presence chooses what is compared.
        writer.int64(expect);
        writer.tag(6, WireType.varint);
        text(writer, 3, key);
        number(writer, 2, modRevisionIs.target);
        number(writer, 1, modRevisionIs.result);
      });
    }
  }, size);
}

function writeOperation(writer: ProtobufWriter, op: Operation): void {
  if (op.type === 'delete') return nested(writer, 3, () => text(writer, 1, op.key));
  nested(writer, 2, () => {
    writer.bytes(op.value);
    writer.tag(2, WireType.bytes);
    text(writer, 1, op.key);
  });
}

export const encodeCompaction = (revision: number): Buffer => message((writer) => number(writer, 1, revision));

export const encodeStatus = (): Buffer => Buffer.alloc(0);

/** A watch of a range from `from` on, that tells what was there before, and now and then how far it is. */
export function encodeWatch(call: { readonly key: string; readonly end: string; readonly from: number }): Buffer {
  return message((writer) =>
    nested(writer, 1, () => {
      flag(writer, 6, true);
      flag(writer, 4, true);
      number(writer, 3, call.from);
      text(writer, 2, call.end);
      text(writer, 1, call.key);
    }),
  );
}

export const encodeProgressRequest = (): Buffer => message((writer) => nested(writer, 3, () => {}));

/** Calls `take` for each field; it says whether it read it. */
function fields(reader: ProtobufReader, take: (field: number) => boolean): void {
  while (!reader.done) {
    const tag = reader.uint32();
    if (!take(tag >>> 3)) reader.skip(tag & 7);
  }
}

function inside<T>(reader: ProtobufReader, read: (reader: ProtobufReader) => T): T {
  const outer = reader.enter();
  const value = read(reader);
  reader.leave(outer);
  return value;
}

function readHeader(reader: ProtobufReader): number {
  let revision = 0;
  fields(reader, (field) => {
    if (field !== 3) return false;
    revision = Number(reader.int64());
    return true;
  });
  return revision;
}

function readEntry(reader: ProtobufReader): Entry {
  const out = { key: '', value: new Uint8Array() as Uint8Array, createRevision: 0, modRevision: 0 };
  fields(reader, (field) => {
    if (field === 1) out.key = reader.string();
    else if (field === 2) out.createRevision = Number(reader.int64());
    else if (field === 3) out.modRevision = Number(reader.int64());
    // A copy: a value that lives long must not hold the whole answer in memory.
    else if (field === 5) out.value = new Uint8Array(reader.bytes());
    else return false;
    return true;
  });
  return out;
}

function readRange(reader: ProtobufReader): RangeAnswer {
  const entries: Entry[] = [];
  const out = { revision: 0, entries, more: false, count: 0 };
  fields(reader, (field) => {
    if (field === 1) out.revision = inside(reader, readHeader);
    else if (field === 2) entries.push(inside(reader, readEntry));
    else if (field === 3) out.more = reader.bool();
    else if (field === 4) out.count = Number(reader.int64());
    else return false;
    return true;
  });
  return out;
}

export const decodeRange = (bytes: Uint8Array): RangeAnswer => readRange(new ProtobufReader(bytes));

export function decodeTxn(bytes: Uint8Array): TxnAnswer {
  const reads: RangeAnswer[] = [];
  const out = { revision: 0, succeeded: false, reads };
  const reader = new ProtobufReader(bytes);
  fields(reader, (field) => {
    if (field === 1) out.revision = inside(reader, readHeader);
    else if (field === 2) out.succeeded = reader.bool();
    else if (field === 3) {
      inside(reader, () => fields(reader, (kind) => {
        if (kind !== 1) return false;
        reads.push(inside(reader, readRange));
        return true;
      }));
    } else return false;
    return true;
  });
  return out;
}

export function decodeStatus(bytes: Uint8Array): StatusAnswer {
  const out = { version: '', bytes: 0 };
  const reader = new ProtobufReader(bytes);
  fields(reader, (field) => {
    if (field === 2) out.version = reader.string();
    else if (field === 3) out.bytes = Number(reader.int64());
    else return false;
    return true;
  });
  return out;
}

function readEvent(reader: ProtobufReader): EtcdEvent {
  const out: { type: EtcdEvent['type']; entry: Entry | undefined; previous: Entry | undefined } = { type: 'put', entry: undefined, previous: undefined };
  fields(reader, (field) => {
    if (field === 1) out.type = reader.uint32() === 1 ? 'delete' : 'put';
    else if (field === 2) out.entry = inside(reader, readEntry);
    else if (field === 3) out.previous = inside(reader, readEntry);
    else return false;
    return true;
  });
  return { ...out, entry: out.entry! };
}

export function decodeWatch(bytes: Uint8Array): WatchAnswer {
  const events: EtcdEvent[] = [];
  const out = { revision: 0, created: false, canceled: false, compactRevision: 0, reason: '', events };
  const reader = new ProtobufReader(bytes);
  fields(reader, (field) => {
    if (field === 1) out.revision = inside(reader, readHeader);
    else if (field === 3) out.created = reader.bool();
    else if (field === 4) out.canceled = reader.bool();
    else if (field === 5) out.compactRevision = Number(reader.int64());
    else if (field === 6) out.reason = reader.string();
    else if (field === 11) events.push(inside(reader, readEvent));
    else return false;
    return true;
  });
  return out;
}
