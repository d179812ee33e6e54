/**
 * The bytes of protobuf. The writer works from the end towards the beginning, so that the length of what is nested is known
 * when its prefix is written and nothing has to be measured first.
 */
export class ProtobufError extends Error {}

export const WireType = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

export class ProtobufWriter {
  #buffer: Buffer;
  #at: number;

  constructor(size = 4096) {
    this.#buffer = Buffer.allocUnsafe(size);
    this.#at = size;
  }

  /** Bytes written until now: the difference of two marks is the length of what was written between them. */
  get mark(): number {
    return this.#buffer.length - this.#at;
  }

  /** The message; its memory is the writer's, which starts a new one if it is used again. */
  finish(): Buffer {
    const out = this.#buffer.subarray(this.#at);
    this.#buffer = this.#buffer.subarray(0, this.#at);
    return out;
  }

  #reserve(length: number): void {
    if (this.#at >= length) return;
    const used = this.#buffer.length - this.#at;
    const size = Math.max(4096, (used + length) * 2);
    const grown = Buffer.allocUnsafe(size);
    this.#buffer.copy(grown, size - used, this.#at);
    this.#buffer = grown;
    this.#at = size - used;
  }

  tag(field: number, wireType: number): void {
    this.uint32(((field << 3) | wireType) >>> 0);
  }

  /** An unsigned number below 2^32. */
  uint32(value: number): void {
    this.#reserve(5);
    if (value < 128) {
      this.#buffer[--this.#at] = value;
      return;
    }
    const length = value < 16384 ? 2 : value < 2097152 ? 3 : value < 268435456 ? 4 : 5;
    let at = (this.#at -= length);
    for (let rest = value; ; rest >>>= 7) {
      if (rest < 128) {
        this.#buffer[at] = rest;
        return;
      }
      this.#buffer[at++] = (rest & 127) | 128;
    }
  }

  /** A signed integer as protobuf's int32 and int64 write it. */
  int64(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value <= 0xffffffff) return this.uint32(value);
    this.#reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    bytes.push(Number(rest));
    this.#at -= bytes.length;
    for (let i = 0; i < bytes.length; i++) this.#buffer[this.#at + i] = bytes[i]!;
  }

  bool(value: boolean): void {
    this.#reserve(1);
    this.#buffer[--this.#at] = value ? 1 : 0;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at -= 8;
    this.#buffer.writeDoubleLE(value, this.#at);
  }

  /** Text with its length before it. */
  string(value: string): void {
    const most = value.length * 3;
    this.#reserve(most + 5);
    if (value.length < 32 && this.#ascii(value)) return;
    const length = Buffer.byteLength(value, 'utf8');
    this.#at -= length;
    this.#buffer.write(value, this.#at, length, 'utf8');
    this.uint32(length);
  }

  #ascii(value: string): boolean {
    const start = this.#at - value.length;
    for (let i = 0; i < value.length; i++) {
      const c = value.charCodeAt(i);
      if (c > 127) return false;
      this.#buffer[start + i] = c;
    }
    this.#at = start;
    this.uint32(value.length);
    return true;
  }

  /** Bytes with their length before them. */
  bytes(value: Uint8Array): void {
    this.raw(value);
    this.uint32(value.length);
  }

  /** Bytes as they are. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#at -= value.length;
    this.#buffer.set(value, this.#at);
  }

  base64(value: string): void {
    const most = Math.ceil((value.length * 3) / 4);
    this.#reserve(most + 5);
    const bytes = Buffer.from(value, 'base64');
    this.bytes(bytes);
  }
}

export class ProtobufReader {
  readonly #buffer: Buffer;
  #at: number;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = 0;
    this.#end = bytes.byteLength;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** Narrows the reader to the message that starts here; give the result to `leave` when it is read. */
  enter(): number {
    const length = this.#length();
    const outer = this.#end;
    this.#end = this.#at + length;
    return outer;
  }

  leave(outer: number): void {
    this.#at = this.#end;
    this.#end = outer;
  }

  /** Below 2^32; higher bits are lost, as they are for int32 and bool. */
  uint32(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) throw new ProtobufError('unexpected EOF');
      const byte = this.#buffer[this.#at++]!;
      if (shift < 32) value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
    throw new ProtobufError('proto: integer overflow');
  }

  int32(): number {
    return this.uint32() | 0;
  }

  bool(): boolean {
    return this.int64() !== 0;
  }

  /** A BigInt only where a number could not hold it. */
  int64(): number | bigint {
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      if (this.#at >= this.#end) throw new ProtobufError('unexpected EOF');
      const byte = this.#buffer[this.#at++]!;
      if (i < 4) low += (byte & 127) * 2 ** (7 * i);
      else high += (byte & 127) * 2 ** (7 * (i - 4));
      if (byte >= 128) continue;
      if (high < 2 ** 25) return low + high * 2 ** 28;
      const value = BigInt.asIntN(64, BigInt(low) + (BigInt(high) << 28n));
      return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
    }
    throw new ProtobufError('proto: integer overflow');
  }

  double(): number {
    if (this.#at + 8 > this.#end) throw new ProtobufError('unexpected EOF');
    this.#at += 8;
    return this.#buffer.readDoubleLE(this.#at - 8);
  }

  string(): string {
    const length = this.#length();
    const start = this.#at;
    this.#at += length;
    if (length < 12) {
      let text = '';
      for (let i = start; i < this.#at; i++) {
        const c = this.#buffer[i]!;
        if (c > 127) return this.#buffer.toString('utf8', start, this.#at);
        text += String.fromCharCode(c);
      }
      return text;
    }
    return this.#buffer.toString('utf8', start, this.#at);
  }

  /** A view of the reader's memory, not a copy. */
  bytes(): Buffer {
    const length = this.#length();
    this.#at += length;
    return this.#buffer.subarray(this.#at - length, this.#at);
  }

  skip(wireType: number): void {
    switch (wireType) {
      case WireType.varint:
        this.int64();
        return;
      case WireType.fixed64:
        this.#advance(8);
        return;
      case WireType.bytes:
        this.#advance(this.#length());
        return;
      case WireType.fixed32:
        this.#advance(4);
        return;
      case WireType.startGroup:
        this.#skipGroup();
        return;
      default:
        throw new ProtobufError(`proto: illegal wireType ${wireType}`);
    }
  }

  #skipGroup(): void {
    for (let depth = 1; depth > 0; ) {
      const wireType = this.uint32() & 7;
      if (wireType === WireType.startGroup) depth++;
      else if (wireType === WireType.endGroup) depth--;
      else this.skip(wireType);
    }
  }

  #length(): number {
    const length = this.uint32();
    if (length > this.#end - this.#at) throw new ProtobufError('unexpected EOF');
    return length;
  }

  #advance(length: number): void {
    if (length > this.#end - this.#at) throw new ProtobufError('unexpected EOF');
    this.#at += length;
  }
}

/** What to do with each field of a message, by its number. */
export type FieldReaders = Readonly<Record<number, (reader: ProtobufReader) => void>>;

/** Reads a small message field by field; those that nobody asks for are passed over. */
export function readFields(bytes: Uint8Array, fields: FieldReaders): void {
  const reader = new ProtobufReader(bytes);
  while (!reader.done) {
    const tag = reader.uint32();
    const field = fields[tag >>> 3];
    if (field) field(reader);
    else reader.skip(tag & 7);
  }
}
