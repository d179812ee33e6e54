/**
 * Protobuf bytes of the runtime's messages, driven by messages.ts. Decoding fills every scalar, list and map, so that a
 * reader never meets a missing zero; absent messages stay absent. 64-bit numbers become doubles: times in nanoseconds
 * lose their last digits, which nobody here reads.
 */
import { enums, messages } from './messages.ts';

type Kind = 'string' | 'bytes' | 'bool' | 'number' | 'enum' | 'message' | 'map';

interface Slot {
  readonly key: string;
  readonly number: number;
  readonly kind: Kind;
  readonly list: boolean;
  /** Of an enum or a message. */
  readonly type: string;
}

export type Message = Record<string, unknown>;

const utf8 = new TextEncoder();
const text = new TextDecoder();
const enumNames: Readonly<Record<string, readonly string[]>> = enums;
const messageFields: Readonly<Record<string, Readonly<Record<string, string>>>> = messages;

function kindOf(type: string): Kind {
  if (type.startsWith('map:')) return 'map';
  if (type === 'string' || type === 'bytes' || type === 'bool') return type;
  if (type in enumNames) return 'enum';
  return type in messageFields ? 'message' : 'number';
}

/** Compiled once by whoever owns a connection. */
export class CriCodec {
  readonly #slots = new Map<string, readonly Slot[]>();

  encode(type: string, message: Message): Uint8Array {
    const out: Uint8Array[] = [];
    this.#write(type, message, out);
    return Buffer.concat(out);
  }

  decode(type: string, bytes: Uint8Array): Message {
    return this.#read(type, new Reader(bytes), bytes.length);
  }

  #of(type: string): readonly Slot[] {
    let slots = this.#slots.get(type);
    if (slots) return slots;
    const fields = messageFields[type];
    if (!fields) throw new Error(`no such message: ${type}`);
    slots = Object.entries(fields).map(([key, spec]) => {
      const [number, full] = spec.split(' ') as [string, string];
      const list = full.startsWith('[]');
      const inner = list ? full.slice(2) : full;
      return { key, number: Number(number), kind: kindOf(inner), list, type: inner };
    });
    this.#slots.set(type, slots);
    return slots;
  }

  #write(type: string, message: Message, out: Uint8Array[]): void {
    for (const slot of this.#of(type)) {
      const value = message[slot.key];
      if (value === undefined || value === null) continue;
      if (slot.kind === 'map') {
        for (const [k, v] of Object.entries(value as Record<string, string>)) {
          const entry = [...delimited(1, utf8.encode(k)), ...delimited(2, utf8.encode(v))];
          out.push(...delimited(slot.number, Buffer.concat(entry)));
        }
      } else if (slot.list) for (const item of value as unknown[]) this.#writeOne(slot, item, out, true);
      else this.#writeOne(slot, value, out, false);
    }
  }

  #writeOne(slot: Slot, value: unknown, out: Uint8Array[], zeroToo: boolean): void {
    switch (slot.kind) {
      case 'message': {
        out.push(...delimited(slot.number, this.encode(slot.type, value as Message)));
        return;
      }
      case 'string':
        if (value !== '' || zeroToo) out.push(...delimited(slot.number, utf8.encode(value as string)));
        return;
      case 'bytes':
        if ((value as Uint8Array).length > 0 || zeroToo) out.push(...delimited(slot.number, value as Uint8Array));
        return;
      default: {
        const n = slot.kind === 'enum' ? enumNames[slot.type]!.indexOf(value as string) : Number(value);
        if (slot.kind === 'enum' && n < 0) throw new Error(`${slot.type} has no value ${String(value)}`);
        if (n !== 0 || zeroToo) out.push(varint(slot.number << 3), varint(n));
      }
    }
  }

  #read(type: string, reader: Reader, end: number): Message {
    const slots = this.#of(type);
    const message: Message = {};
    for (const slot of slots) if (slot.list || slot.kind !== 'message') message[slot.key] = zeroOf(slot);
    while (reader.at < end) {
      const tag = reader.varint();
      const slot = slots.find((s) => s.number === tag >>> 3);
      if (!slot) reader.skip(tag & 7);
      else this.#readField(slot, tag & 7, reader, message);
    }
    return message;
  }

  #readField(slot: Slot, wire: number, reader: Reader, message: Message): void {
    if (slot.kind === 'map') {
      const [k, v] = reader.entry();
      (message[slot.key] as Record<string, string>)[k] = v;
    } else if (!slot.list) message[slot.key] = this.#readOne(slot, reader);
    else if (wire === 2 && (slot.kind === 'number' || slot.kind === 'bool' || slot.kind === 'enum')) {
      const end = reader.varint() + reader.at;
      while (reader.at < end) (message[slot.key] as unknown[]).push(this.#readOne(slot, reader));
    } else (message[slot.key] as unknown[]).push(this.#readOne(slot, reader));
  }

  #readOne(slot: Slot, reader: Reader): unknown {
    switch (slot.kind) {
      case 'message': {
        const length = reader.varint();
        return this.#read(slot.type, reader, reader.at + length);
      }
      case 'string':
        return text.decode(reader.bytes());
      case 'bytes':
        return reader.bytes();
      case 'bool':
        return reader.varint() !== 0;
      case 'enum': {
        const n = reader.varint();
        return enumNames[slot.type]![n] ?? String(n);
      }
      default:
        return reader.varint();
    }
  }
}

function zeroOf(slot: Slot): unknown {
  if (slot.list) return [];
  if (slot.kind === 'map') return {};
  if (slot.kind === 'string') return '';
  if (slot.kind === 'bool') return false;
  if (slot.kind === 'bytes') return new Uint8Array();
  return slot.kind === 'enum' ? enumNames[slot.type]![0] : 0;
}

function varint(value: number): Uint8Array {
  if (value >= 0 && value < 128) return Uint8Array.of(value);
  const out: number[] = [];
  // A negative number is written as its 64-bit two's complement, ten bytes.
  let n = BigInt.asUintN(64, BigInt(Math.trunc(value)));
  while (n > 127n) {
    out.push(Number(n & 127n) | 128);
    n >>= 7n;
  }
  out.push(Number(n));
  return Uint8Array.from(out);
}

function delimited(number: number, bytes: Uint8Array): [Uint8Array, Uint8Array, Uint8Array] {
  return [varint((number << 3) | 2), varint(bytes.length), bytes];
}

class Reader {
  at = 0;
  readonly #data: Uint8Array;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  varint(): number {
    let result = 0;
    let scale = 1;
    const start = this.at;
    for (let i = 0; i < 7; i++) {
      const byte = this.#next();
      result += (byte & 127) * scale;
      if (byte < 128) return result;
      scale *= 128;
    }
    // Long ones are times in nanoseconds and negative numbers.
    this.at = start;
    let long = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#next();
      long |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(BigInt.asIntN(64, long));
    }
  }

  bytes(): Uint8Array {
    const length = this.varint();
    if (this.at + length > this.#data.length) throw new Error('truncated message');
    const slice = this.#data.subarray(this.at, this.at + length);
    this.at += length;
    return slice;
  }

  entry(): [string, string] {
    const end = this.varint() + this.at;
    let key = '';
    let value = '';
    while (this.at < end) {
      const tag = this.varint();
      if (tag >>> 3 === 1) key = text.decode(this.bytes());
      else if (tag >>> 3 === 2) value = text.decode(this.bytes());
      else this.skip(tag & 7);
    }
    return [key, value];
  }

  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 2) this.bytes();
    else this.at += wire === 1 ? 8 : 4;
  }

  #next(): number {
    const byte = this.#data[this.at++];
    if (byte === undefined) throw new Error('truncated message');
    return byte;
  }
}
