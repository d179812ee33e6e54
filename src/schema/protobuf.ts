/** Canonical objects to protobuf and back, directly by the schema; each type's codec is compiled on first use. */
import { StatusError } from '../machinery/status.ts';
import type { JsonObject, JsonValue } from '../machinery/json.ts';
import { JsonSyntaxError } from '../machinery/jsontext.ts';
import { ProtobufError, ProtobufReader, ProtobufWriter, WireType } from '../wire/protobuf.ts';
import { codecOf, planField } from './json.ts';
import { itemCodec, readMapEntry, sortedMap, writeMap, type ItemCodec } from './protobuf-items.ts';
import type { Registry, ResolvedField, StructType } from './registry.ts';

/** The message of an object, without an envelope. */
export function encodeProtobuf(registry: Registry, type: string, object: unknown): Buffer {
  const writer = new ProtobufWriter();
  registry.struct(type).memo(messageCodec).write(writer, object as JsonObject);
  return writer.finish();
}

/** The canonical object of a message. Kind and version are not in it; they stand in the envelope. Throws StatusError 400. */
export function decodeProtobuf(registry: Registry, type: string, bytes: Uint8Array): JsonObject {
  try {
    return registry.struct(type).memo(messageCodec).read(new ProtobufReader(bytes), undefined);
  } catch (error) {
    if (error instanceof ProtobufError || error instanceof JsonSyntaxError || error instanceof RangeError || isValueError(error)) throw StatusError.badRequest((error as Error).message);
    throw error;
  }
}

function isValueError(error: unknown): boolean {
  return error instanceof Error && !(error instanceof TypeError || error instanceof ReferenceError || error instanceof StatusError);
}

export interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

export interface Unknown extends TypeMeta {
  readonly raw: Uint8Array;
  readonly contentEncoding: string;
  readonly contentType: string;
}

/** `k8s` and a zero byte stand before every protobuf body. */
export const protobufMagic: readonly number[] = [0x6b, 0x38, 0x73, 0x00];

export function isProtobuf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && protobufMagic.every((byte, i) => bytes[i] === byte);
}

const magic = Buffer.from(protobufMagic);

function writeUnknown(writer: ProtobufWriter, meta: TypeMeta, writeRaw: () => void): void {
  writer.string('');
  writer.tag(4, WireType.bytes);
  writer.string('');
  writer.tag(3, WireType.bytes);
  const raw = writer.mark;
  writeRaw();
  writer.uint32(writer.mark - raw);
  writer.tag(2, WireType.bytes);
  const typeMeta = writer.mark;
  writer.string(meta.kind);
  writer.tag(2, WireType.bytes);
  writer.string(meta.apiVersion);
  writer.tag(1, WireType.bytes);
  writer.uint32(writer.mark - typeMeta);
  writer.tag(1, WireType.bytes);
  writer.raw(magic);
}

/** What stands before and after a message of this length in a whole body. */
export function unknownAround(meta: TypeMeta, length: number): { readonly head: Buffer; readonly tail: Buffer } {
  const whole = wrapUnknown(meta, Buffer.alloc(0));
  const tail = whole.subarray(whole.length - 4);
  const writer = new ProtobufWriter(16);
  writer.uint32(length);
  // Without the length of nothing, which is one byte.
  writer.raw(whole.subarray(0, whole.length - 5));
  return { head: writer.finish(), tail };
}

/** A whole body from a message that is already encoded. */
export function wrapUnknown(meta: TypeMeta, message: Uint8Array): Buffer {
  const writer = new ProtobufWriter(message.length + 256);
  writeUnknown(writer, meta, () => writer.raw(message));
  return writer.finish();
}

/** A whole body: magic, envelope, message. Kind and version are the object's own. */
export function encodeProtobufBody(registry: Registry, type: string, object: unknown): Buffer {
  const writer = new ProtobufWriter();
  const { apiVersion = '', kind = '' } = object as Partial<TypeMeta>;
  writeUnknown(writer, { apiVersion, kind }, () => registry.struct(type).memo(messageCodec).write(writer, object as JsonObject));
  return writer.finish();
}

/** Opens the envelope of a body. Throws StatusError 400. */
export function unwrapUnknown(bytes: Uint8Array): Unknown {
  if (!isProtobuf(bytes)) throw StatusError.badRequest('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  const out = { apiVersion: '', kind: '', raw: new Uint8Array() as Uint8Array, contentEncoding: '', contentType: '' };
  const reader = new ProtobufReader(bytes.subarray(4));
  try {
    readMessage(reader, (field) => {
      if (field === 1) {
        const outer = reader.enter();
        readMessage(reader, (inner) => {
          if (inner === 1) out.apiVersion = reader.string();
          else if (inner === 2) out.kind = reader.string();
          else return false;
          return true;
        });
        reader.leave(outer);
      } else if (field === 2) out.raw = reader.bytes();
      else if (field === 3) out.contentEncoding = reader.string();
      else if (field === 4) out.contentType = reader.string();
      else return false;
      return true;
    });
  } catch (error) {
    if (error instanceof ProtobufError) throw StatusError.badRequest(error.message);
    throw error;
  }
  return out;
}

/** Reads the fields of a message in which everything known is length-delimited; `take` says whether it read the field. */
function readMessage(reader: ProtobufReader, take: (field: number) => boolean): void {
  while (!reader.done) {
    const tag = reader.uint32();
    if ((tag & 7) !== WireType.bytes || !take(tag >>> 3)) reader.skip(tag & 7);
  }
}

/** A whole body to its object, with kind and version. */
export function decodeProtobufBody(registry: Registry, type: string, bytes: Uint8Array): JsonObject {
  const unknown = unwrapUnknown(bytes);
  try {
    return registry.struct(type).memo(messageCodec).read(new ProtobufReader(unknown.raw), unknown);
  } catch (error) {
    if (isValueError(error)) throw StatusError.badRequest((error as Error).message);
    throw error;
  }
}

/** One frame of a protobuf watch: big-endian length, then meta.v1.WatchEvent around a whole body. */
export function encodeWatchFrame(type: string, body: Uint8Array): Buffer {
  const writer = new ProtobufWriter(body.length + 64);
  const raw = writer.mark;
  writer.bytes(body);
  writer.tag(1, WireType.bytes);
  writer.uint32(writer.mark - raw);
  writer.tag(2, WireType.bytes);
  writer.string(type);
  writer.tag(1, WireType.bytes);
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(writer.mark);
  writer.raw(length);
  return writer.finish();
}

export interface WatchFrame {
  readonly type: string;
  /** A whole body, to be opened with decodeProtobufBody. */
  readonly body: Uint8Array;
}

/** Cuts the bytes of a protobuf watch into frames, however they arrive. */
export class WatchFrameReader {
  #pending: Buffer = Buffer.alloc(0);
  readonly #limit: number;

  constructor(limit = 64 * 1024 * 1024) {
    this.#limit = limit;
  }

  push(chunk: Uint8Array): WatchFrame[] {
    const data = this.#pending.length ? Buffer.concat([this.#pending, chunk]) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const frames: WatchFrame[] = [];
    let at = 0;
    while (data.length - at >= 4) {
      const length = data.readUInt32BE(at);
      if (length > this.#limit) throw StatusError.badRequest('object to decode was too large');
      if (data.length - at - 4 < length) break;
      frames.push(readFrame(data.subarray(at + 4, at + 4 + length)));
      at += 4 + length;
    }
    this.#pending = data.subarray(at);
    return frames;
  }
}

function readFrame(bytes: Uint8Array): WatchFrame {
  const reader = new ProtobufReader(bytes);
  let type = '';
  let body: Uint8Array = new Uint8Array();
  try {
    readMessage(reader, (field) => {
      if (field === 1) type = reader.string();
      else if (field === 2) {
        const outer = reader.enter();
        readMessage(reader, (inner) => {
          if (inner !== 1) return false;
          body = reader.bytes();
          return true;
        });
        reader.leave(outer);
      } else return false;
      return true;
    });
  } catch (error) {
    if (error instanceof ProtobufError) throw StatusError.badRequest(error.message);
    throw error;
  }
  return { type, body };
}

interface MessageCodec {
  write(writer: ProtobufWriter, object: JsonObject): void;
  read(reader: ProtobufReader, meta: TypeMeta | undefined): JsonObject;
}

/** One number of a message: a field, or an embedded message whose fields stand in the same JSON object. */
type Part =
  | { readonly n: number; readonly slot: number; readonly write: (writer: ProtobufWriter, object: JsonObject) => void; readonly read: FieldReader }
  | { readonly n: number; readonly parts: readonly Part[]; readonly table: readonly (Part | undefined)[] };
type FieldReader = (reader: ProtobufReader, wireType: number, before: JsonValue | undefined) => JsonValue;

function messageCodec(type: StructType): MessageCodec {
  const { fields } = type;
  const parts = arrange(fields.flatMap((field, slot) => (field.n === undefined && field.path === undefined ? [] : [{ field, slot, path: field.path ?? [field.n!] }])));
  const table = index(parts);
  const plans = fields.map((field) => ({ ...planField(field), isMap: field.resolved.kind === 'map' }));
  return {
    write: (writer, object) => writeParts(writer, parts, object),
    read: (reader, meta) => {
      const slots = new Array<JsonValue | undefined>(plans.length);
      readParts(reader, table, slots);
      const out: JsonObject = {};
      for (let i = 0; i < plans.length; i++) {
        const plan = plans[i]!;
        const value = slots[i];
        if (value !== undefined) {
          if (!plan.omits(value)) out[plan.key] = plan.isMap ? sortedMap(value as JsonObject) : value;
        } else if (plan.absent) out[plan.key] = plan.absent();
        else if (meta !== undefined && (plan.key === 'kind' || plan.key === 'apiVersion') && meta[plan.key]) out[plan.key] = meta[plan.key];
      }
      return out;
    },
  };
}

/** Groups fields by number, embedded messages within; highest number first, because the writer works backwards. */
function arrange(fields: readonly { field: ResolvedField; slot: number; path: readonly number[] }[]): readonly Part[] {
  const groups = Map.groupBy(fields, (f) => f.path[0]!);
  return [...groups]
    .sort(([a], [b]) => b - a)
    .map(([n, group]): Part => {
      const [first] = group;
      if (first!.path.length === 1) return { n, slot: first!.slot, ...fieldCodec(first!.field, n) };
      const parts = arrange(group.map((f) => ({ ...f, path: f.path.slice(1) })));
      return { n, parts, table: index(parts) };
    });
}

function index(parts: readonly Part[]): readonly (Part | undefined)[] {
  const table: (Part | undefined)[] = [];
  for (const part of parts) table[part.n] = part;
  // Holes would make the array slow.
  return Array.from(table, (part) => part);
}

function writeParts(writer: ProtobufWriter, parts: readonly Part[], object: JsonObject): void {
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if ('write' in part) part.write(writer, object);
    else {
      const start = writer.mark;
      writeParts(writer, part.parts, object);
      writer.uint32(writer.mark - start);
      writer.tag(part.n, WireType.bytes);
    }
  }
}

function readParts(reader: ProtobufReader, table: readonly (Part | undefined)[], slots: (JsonValue | undefined)[]): void {
  while (!reader.done) {
    const tag = reader.uint32();
    const n = tag >>> 3;
    const wireType = tag & 7;
    if (n === 0) throw new ProtobufError('proto: illegal tag 0');
    if (wireType === WireType.endGroup) throw new ProtobufError('proto: wiretype end group for non-group');
    const part = n < table.length ? table[n] : undefined;
    if (part === undefined) reader.skip(wireType);
    else if ('write' in part) slots[part.slot] = part.read(reader, wireType, slots[part.slot]);
    else {
      if (wireType !== WireType.bytes) throw wrongWireType(wireType);
      const outer = reader.enter();
      readParts(reader, part.table, slots);
      reader.leave(outer);
    }
  }
}

function wrongWireType(wireType: number): ProtobufError {
  return new ProtobufError(`proto: wrong wireType = ${wireType}`);
}

function fieldCodec(field: ResolvedField, n: number): { write: (writer: ProtobufWriter, object: JsonObject) => void; read: FieldReader } {
  const { key, resolved } = field;
  if (resolved.kind === 'list') return listField(key, n, itemCodec(resolved.of, structItem));
  if (resolved.kind === 'map') return mapField(key, n, itemCodec(resolved.of, structItem));
  const item = itemCodec(resolved, structItem);
  const nilable = field.ptr === true || (resolved.kind === 'scalar' && resolved.name === 'bytes');
  return {
    write: (writer, object) => {
      const value = object[key];
      if (nilable && (value === undefined || value === null)) return;
      item.write(writer, value);
      writer.tag(n, item.wireType);
    },
    read: (reader, wireType) => {
      if (wireType !== item.wireType) throw wrongWireType(wireType);
      return item.read(reader);
    },
  };
}

function structItem(struct: StructType): ItemCodec {
  const empty: JsonObject = {};
  return {
    wireType: WireType.bytes,
    write: (writer, value) => {
      const start = writer.mark;
      struct.memo(messageCodec).write(writer, (value as JsonObject | null | undefined) ?? empty);
      writer.uint32(writer.mark - start);
    },
    read: (reader) => {
      const outer = reader.enter();
      const value = struct.memo(messageCodec).read(reader, undefined);
      reader.leave(outer);
      return value;
    },
    absent: () => codecOf({ kind: 'struct', struct }).zero(),
  };
}

function listField(key: string, n: number, item: ItemCodec): { write: (writer: ProtobufWriter, object: JsonObject) => void; read: FieldReader } {
  return {
    write: (writer, object) => {
      const list = object[key] as JsonValue[] | null | undefined;
      if (list === undefined || list === null) return;
      for (let i = list.length - 1; i >= 0; i--) {
        item.write(writer, list[i]);
        writer.tag(n, item.wireType);
      }
    },
    read: (reader, wireType, before) => {
      const list = (before as JsonValue[] | undefined) ?? [];
      if (wireType === item.wireType) list.push(item.read(reader));
      else if (wireType === WireType.bytes) {
        // Packed scalars.
        const outer = reader.enter();
        while (!reader.done) list.push(item.read(reader));
        reader.leave(outer);
      } else throw wrongWireType(wireType);
      return list;
    },
  };
}

function mapField(key: string, n: number, item: ItemCodec): { write: (writer: ProtobufWriter, object: JsonObject) => void; read: FieldReader } {
  return { write: (writer, object) => writeMap(writer, n, item, object[key] as JsonObject | null | undefined), read: (reader, wireType, before) => readMapEntry(reader, wireType, item, before) };
}
