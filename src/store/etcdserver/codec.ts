/** Messages as tables: an engine that reads and writes protobuf by them. */
import { ProtobufReader, ProtobufWriter, WireType } from '../../wire/protobuf.ts';

/**
 * int: int64 that a number holds. id: all of 64 bits. key: bytes, each of them a character, so that keys are ordered as etcd orders them.
 * A function stands for a message that contains itself.
 */
type Kind = 'int' | 'id' | 'bool' | 'key' | 'bytes' | 'text' | Message<unknown> | (() => Message<unknown>);
export type Field = readonly [number: number, kind: Kind, repeated?: 'many'];

interface Slot {
  readonly number: number;
  readonly name: string;
  readonly kind: Exclude<Kind, Message<unknown> | (() => Message<unknown>)> | undefined;
  readonly nested: () => Message<unknown>;
  readonly many: boolean;
}

/** `T` is only a promise to the type checker. */
export interface Message<T> {
  readonly slots: ReadonlyMap<number, Slot>;
  /** From the last field to the first. */
  readonly backwards: readonly Slot[];
  readonly blank: Readonly<Record<string, unknown>>;
  readonly of?: T;
}

const blanks = { int: 0, id: 0n, bool: false, key: '', text: '' } as const;
const noBytes = Buffer.alloc(0);

export function message<T>(fields: { readonly [K in keyof T]-?: Field }): Message<T> {
  const slots = Object.entries<Field>(fields).map(([name, [number, kind, many]]): Slot => ({
    number, name, many: many !== undefined,
    kind: typeof kind === 'string' ? kind : undefined,
    nested: typeof kind === 'function' ? kind : () => kind as Message<unknown>,
  }));
  const blank: Record<string, unknown> = {};
  for (const { name, kind, many } of slots) blank[name] = many || !kind ? undefined : kind === 'bytes' ? noBytes : blanks[kind];
  return { slots: new Map(slots.map((slot) => [slot.number, slot])), backwards: slots.toSorted((a, b) => b.number - a.number), blank };
}

/** What is absent has protobuf's default; a nested message that is absent is undefined. */
export function decode<T>(type: Message<T>, bytes: Uint8Array): T {
  return read(type as Message<unknown>, new ProtobufReader(bytes)) as T;
}

function read(type: Message<unknown>, reader: ProtobufReader): unknown {
  const out: Record<string, unknown> = { ...type.blank };
  for (const { name, many } of type.backwards) if (many) out[name] = [];
  while (!reader.done) {
    const tag = reader.uint32();
    const slot = type.slots.get(tag >>> 3);
    if (!slot) reader.skip(tag & 7);
    else if (slot.many) readMany(slot, reader, (tag & 7) === WireType.bytes, out[slot.name] as unknown[]);
    else out[slot.name] = readValue(slot, reader);
  }
  return out;
}

/** Numbers may stand together behind one tag. */
function readMany(slot: Slot, reader: ProtobufReader, length: boolean, into: unknown[]): void {
  if (!length || (slot.kind !== 'int' && slot.kind !== 'id')) {
    into.push(readValue(slot, reader));
    return;
  }
  const outer = reader.enter();
  while (!reader.done) into.push(readValue(slot, reader));
  reader.leave(outer);
}

function readValue(slot: Slot, reader: ProtobufReader): unknown {
  switch (slot.kind) {
    case 'int':
      return Number(reader.int64());
    case 'id':
      return BigInt.asIntN(64, BigInt(reader.int64()));
    case 'bool':
      return reader.bool();
    case 'key':
      return reader.bytes().toString('latin1');
    case 'bytes':
      return reader.bytes();
    case 'text':
      return reader.string();
    case undefined: {
      const outer = reader.enter();
      const value = read(slot.nested(), reader);
      reader.leave(outer);
      return value;
    }
  }
}

export function encode<T>(type: Message<T>, value: T): Buffer {
  const writer = new ProtobufWriter(512);
  write(type as Message<unknown>, value as Record<string, unknown>, writer);
  return writer.finish();
}

function write(type: Message<unknown>, value: Record<string, unknown>, writer: ProtobufWriter): void {
  for (const slot of type.backwards) {
    const field = value[slot.name];
    if (field === undefined) continue;
    if (!slot.many) writeValue(slot, field, writer);
    else for (let i = (field as unknown[]).length - 1; i >= 0; i--) writeValue(slot, (field as unknown[])[i], writer, true);
  }
}

function writeValue(slot: Slot, value: unknown, writer: ProtobufWriter, always = false): void {
  switch (slot.kind) {
    case 'int':
    case 'id':
      if (!value && !always) return;
      writer.int64(value as number | bigint);
      return writer.tag(slot.number, WireType.varint);
    case 'bool':
      if (!value && !always) return;
      writer.bool(value as boolean);
      return writer.tag(slot.number, WireType.varint);
    case 'key':
    case 'bytes':
      if ((value as string).length === 0 && !always) return;
      writer.bytes(slot.kind === 'key' ? Buffer.from(value as string, 'latin1') : (value as Buffer));
      return writer.tag(slot.number, WireType.bytes);
    case 'text':
      if (value === '' && !always) return;
      writer.string(value as string);
      return writer.tag(slot.number, WireType.bytes);
    case undefined: {
      const mark = writer.mark;
      write(slot.nested(), value as Record<string, unknown>, writer);
      writer.uint32(writer.mark - mark);
      return writer.tag(slot.number, WireType.bytes);
    }
  }
}
