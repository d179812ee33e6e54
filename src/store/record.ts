import { crc32 } from 'node:zlib';
import type { Entry, Operation, StoreBatch } from './store.ts';

/**
 * The bytes of the log. A record is length (u32), CRC-32 of the body (u32), body; little endian.
 * Body of a commit:  revision (f64), number of operations (u32), operations.
 * Body of a snapshot's part: number of entries (u32), entries.
 * Operation: 1 put or 2 delete (u8), key, for put: value. Entry: createRevision, modRevision (f64 each), key, value.
 * Key and value: length (u32), bytes; keys are UTF-8.
 */
const frameBytes = 8;

class Writer {
  buffer: Buffer;
  at = 0;

  constructor(capacity: number) {
    this.buffer = Buffer.allocUnsafe(capacity);
  }

  number(n: number): void {
    this.at = this.buffer.writeDoubleLE(n, this.at);
  }

  u32(n: number): void {
    this.at = this.buffer.writeUInt32LE(n, this.at);
  }

  u8(n: number): void {
    this.at = this.buffer.writeUInt8(n, this.at);
  }

  text(text: string): void {
    const length = this.buffer.write(text, this.at + 4);
    this.u32(length);
    this.at += length;
  }

  bytes(bytes: Uint8Array): void {
    this.u32(bytes.byteLength);
    this.buffer.set(bytes, this.at);
    this.at += bytes.byteLength;
  }

  record(body: () => void): void {
    const start = this.at;
    this.at += frameBytes;
    body();
    const length = this.at - start - frameBytes;
    this.buffer.writeUInt32LE(length, start);
    this.buffer.writeUInt32LE(crc32(this.buffer.subarray(start + frameBytes, this.at)), start + 4);
  }

  take(): Buffer {
    return this.buffer.subarray(0, this.at);
  }
}

/** At most three bytes of UTF-8 for each UTF-16 unit. */
function room(entries: readonly { readonly key: string; readonly value: Uint8Array }[]): number {
  let bytes = 0;
  for (const e of entries) bytes += 32 + e.key.length * 3 + e.value.byteLength;
  return bytes;
}

/** Several commits in one buffer, each a record of its own. */
export function encodeCommits(batches: readonly StoreBatch[]): Buffer {
  let capacity = 0;
  for (const batch of batches) capacity += 32 + room(batch.events.map((e) => e.entry));
  const out = new Writer(capacity);
  for (const batch of batches) {
    out.record(() => {
      out.number(batch.revision);
      out.u32(batch.events.length);
      for (const event of batch.events) {
        out.u8(event.type === 'put' ? 1 : 2);
        out.text(event.entry.key);
        if (event.type === 'put') out.bytes(event.entry.value);
      }
    });
  }
  return out.take();
}

export function decodeCommit(body: Buffer): { readonly revision: number; readonly operations: Operation[] } {
  const reader = new Reader(body);
  const revision = reader.number();
  const operations: Operation[] = [];
  for (let n = reader.u32(); n > 0; n--) {
    if (reader.u8() === 1) operations.push({ type: 'put', key: reader.text(), value: reader.bytes() });
    else operations.push({ type: 'delete', key: reader.text() });
  }
  return { revision, operations };
}

export function encodeEntries(entries: readonly Entry[]): Buffer {
  const out = new Writer(64 + room(entries));
  out.record(() => {
    out.u32(entries.length);
    for (const e of entries) {
      out.number(e.createRevision);
      out.number(e.modRevision);
      out.text(e.key);
      out.bytes(e.value);
    }
  });
  return out.take();
}

export function decodeEntries(body: Buffer): Entry[] {
  const reader = new Reader(body);
  const entries: Entry[] = [];
  for (let n = reader.u32(); n > 0; n--) {
    const createRevision = reader.number();
    const modRevision = reader.number();
    entries.push({ createRevision, modRevision, key: reader.text(), value: reader.bytes() });
  }
  return entries;
}

/** A record of free text, for the first lines of files. */
export function encodeHeader(header: object): Buffer {
  const text = JSON.stringify(header);
  const out = new Writer(frameBytes + text.length * 3);
  out.record(() => {
    out.at += out.buffer.write(text, out.at);
  });
  return out.take();
}

/** The bodies of a file's records, up to the first that is cut off or damaged. */
export function* records(file: Buffer): Generator<Buffer, void, void> {
  let at = 0;
  while (at + frameBytes <= file.length) {
    const length = file.readUInt32LE(at);
    const end = at + frameBytes + length;
    // A length of zero is what a hole in the file reads as.
    if (length === 0 || end > file.length) return;
    const body = file.subarray(at + frameBytes, end);
    if (crc32(body) !== file.readUInt32LE(at + 4)) return;
    yield body;
    at = end;
  }
}

class Reader {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  number(): number {
    this.#at += 8;
    return this.#body.readDoubleLE(this.#at - 8);
  }

  u32(): number {
    this.#at += 4;
    return this.#body.readUInt32LE(this.#at - 4);
  }

  u8(): number {
    return this.#body.readUInt8(this.#at++);
  }

  text(): string {
    const length = this.u32();
    this.#at += length;
    return this.#body.toString('utf8', this.#at - length, this.#at);
  }

  /** A copy: the values outlive the file that they were read from. */
  bytes(): Buffer {
    const length = this.u32();
    this.#at += length;
    return Buffer.from(this.#body.subarray(this.#at - length, this.#at));
  }
}
