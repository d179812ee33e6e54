/** How single values, and the entries of maps, stand in protobuf messages. */
import { canonicalQuantity } from '../machinery/quantity.ts';
import type { JsonObject, JsonValue } from '../machinery/json.ts';
import { compareBytes, encodeJson, parseJson } from '../machinery/jsontext.ts';
import { formatDuration, formatMicroTime, formatTime, parseDuration, parseTime } from '../machinery/time.ts';
import { ProtobufError, WireType, type ProtobufReader, type ProtobufWriter } from '../wire/protobuf.ts';
import { setMember } from './json.ts';
import type { ScalarName, SpecialName, StructType, Type } from './registry.ts';

export interface ItemCodec {
  readonly wireType: number;
  /** Writes the value without its tag; an absent one as the zero of its type. */
  write(writer: ProtobufWriter, value: JsonValue | undefined): void;
  read(reader: ProtobufReader): JsonValue;
  /** The value of a map entry that has none. */
  absent(): JsonValue;
}

type StructItem = (struct: StructType) => ItemCodec;

export function itemCodec(type: Type, structItem: StructItem): ItemCodec {
  switch (type.kind) {
    case 'struct':
      return structItem(type.struct);
    case 'scalar':
      return scalars[type.name];
    case 'special':
      return type.schema ? schemaOr(type.name, structItem(type.schema)) : specials[type.name as keyof typeof specials];
    case 'list':
      // A list inside a map is a message of its own that holds the list as field 1.
      return wrappedList(itemCodec(type.of, structItem));
    case 'map':
      throw new Error('a map cannot be an item');
  }
}

const scalars: Readonly<Record<ScalarName, ItemCodec>> = {
  string: { wireType: WireType.bytes, write: (writer, value) => writer.string((value as string | null | undefined) ?? ''), read: (reader) => reader.string(), absent: () => '' },
  bool: { wireType: WireType.varint, write: (writer, value) => writer.bool(value === true), read: (reader) => reader.bool(), absent: () => false },
  int32: { wireType: WireType.varint, write: (writer, value) => writer.int64((value as number | null | undefined) ?? 0), read: (reader) => reader.int32(), absent: () => 0 },
  int64: { wireType: WireType.varint, write: (writer, value) => writer.int64((value as number | null | undefined) ?? 0), read: (reader) => reader.int64() as number, absent: () => 0 },
  double: { wireType: WireType.fixed64, write: (writer, value) => writer.double((value as number | null | undefined) ?? 0), read: (reader) => reader.double(), absent: () => 0 },
  bytes: { wireType: WireType.bytes, write: (writer, value) => writer.base64((value as string | null | undefined) ?? ''), read: (reader) => reader.bytes().toString('base64'), absent: () => null },
};

/** A message written by `body`, with its length before it. */
function message(writer: ProtobufWriter, body: () => void): void {
  const start = writer.mark;
  body();
  writer.uint32(writer.mark - start);
}

/** Reads a message field by field; `take` says whether it read the field. */
function fieldsOf(reader: ProtobufReader, take: (n: number, wireType: number) => boolean): void {
  const outer = reader.enter();
  while (!reader.done) {
    const tag = reader.uint32();
    if ((tag & 7) === WireType.endGroup || tag >>> 3 === 0) throw new ProtobufError('proto: illegal tag');
    if (!take(tag >>> 3, tag & 7)) reader.skip(tag & 7);
  }
  reader.leave(outer);
}

/** Two integers, as in a timestamp: seconds 1, nanos 2. */
function instant(format: (seconds: number, nanos: number) => string, nanosOf: (nanos: number) => number): ItemCodec {
  return {
    wireType: WireType.bytes,
    write: (writer, value) => {
      if (typeof value !== 'string') return writer.uint32(0);
      const { seconds, nanos } = parseTime(value);
      message(writer, () => {
        writer.int64(nanosOf(nanos));
        writer.tag(2, WireType.varint);
        writer.int64(seconds);
        writer.tag(1, WireType.varint);
      });
    },
    read: (reader) => {
      let seconds = 0;
      let nanos = 0;
      let empty = true;
      fieldsOf(reader, (n, wireType) => {
        empty = false;
        if (wireType !== WireType.varint) return false;
        if (n === 1) seconds = Number(reader.int64());
        else if (n === 2) nanos = reader.int32();
        else return false;
        return true;
      });
      if (empty) return null;
      if (Math.abs(seconds) > 253402300799 || nanos < 0 || nanos > 999_999_999) throw new ProtobufError('proto: time out of range');
      return format(seconds, nanos);
    },
    absent: () => null,
  };
}

/** JSON bytes as field 1. */
const rawJson: ItemCodec = {
  wireType: WireType.bytes,
  write: (writer, value) => {
    if (value === undefined || value === null) return writer.uint32(0);
    message(writer, () => {
      writer.bytes(encodeJson(value));
      writer.tag(1, WireType.bytes);
    });
  },
  read: (reader) => {
    let value: JsonValue = null;
    fieldsOf(reader, (n, wireType) => {
      if (n !== 1 || wireType !== WireType.bytes) return false;
      const bytes = reader.bytes();
      value = bytes.length ? parseJson(bytes).value : null;
      return true;
    });
    return value;
  },
  absent: () => null,
};

const quantity: ItemCodec = {
  wireType: WireType.bytes,
  write: (writer, value) =>
    message(writer, () => {
      writer.string((value as string | null | undefined) ?? '0');
      writer.tag(1, WireType.bytes);
    }),
  read: (reader) => {
    let text = '0';
    fieldsOf(reader, (n, wireType) => {
      if (n !== 1 || wireType !== WireType.bytes) return false;
      text = reader.string();
      return true;
    });
    return canonicalQuantity(text);
  },
  absent: () => '0',
};

const intOrString: ItemCodec = {
  wireType: WireType.bytes,
  write: (writer, value) =>
    message(writer, () => {
      writer.string(typeof value === 'string' ? value : '');
      writer.tag(3, WireType.bytes);
      writer.int64(typeof value === 'number' ? value : 0);
      writer.tag(2, WireType.varint);
      writer.uint32(typeof value === 'string' ? 1 : 0);
      writer.tag(1, WireType.varint);
    }),
  read: (reader) => {
    let isText = false;
    let number = 0;
    let text = '';
    fieldsOf(reader, (n, wireType) => {
      if (n === 1 && wireType === WireType.varint) isText = reader.bool();
      else if (n === 2 && wireType === WireType.varint) number = reader.int32();
      else if (n === 3 && wireType === WireType.bytes) text = reader.string();
      else return false;
      return true;
    });
    return isText ? text : number;
  },
  absent: () => 0,
};

const duration: ItemCodec = {
  wireType: WireType.bytes,
  write: (writer, value) =>
    message(writer, () => {
      writer.int64(typeof value === 'string' ? parseDuration(value) : 0n);
      writer.tag(1, WireType.varint);
    }),
  read: (reader) => {
    let nanos: number | bigint = 0;
    fieldsOf(reader, (n, wireType) => {
      if (n !== 1 || wireType !== WireType.varint) return false;
      nanos = reader.int64();
      return true;
    });
    return formatDuration(BigInt(nanos));
  },
  absent: () => '0s',
};

const specials: Readonly<Record<Exclude<SpecialName, `JSONSchemaPropsOr${string}`>, ItemCodec>> = {
  Quantity: quantity,
  IntOrString: intOrString,
  Time: instant(formatTime, () => 0),
  MicroTime: instant(formatMicroTime, (nanos) => nanos - (nanos % 1000)),
  Duration: duration,
  RawExtension: rawJson,
  FieldsV1: rawJson,
  JSON: rawJson,
};

/** The unions of JSON schema: the schema or the list, and for booleans the answer. */
function schemaOr(name: SpecialName, schema: ItemCodec): ItemCodec {
  const isBool = name === 'JSONSchemaPropsOrBool';
  const schemaField = isBool ? 2 : 1;
  const items = name === 'JSONSchemaPropsOrArray' ? schema : scalars.string;
  return {
    wireType: WireType.bytes,
    write: (writer, value) =>
      message(writer, () => {
        if (Array.isArray(value)) {
          for (const item of value.toReversed()) {
            items.write(writer, item);
            writer.tag(2, WireType.bytes);
          }
        } else if (typeof value === 'object' && value !== null) {
          schema.write(writer, value);
          writer.tag(schemaField, WireType.bytes);
        }
        if (!isBool) return;
        writer.bool(value === true || (typeof value === 'object' && value !== null));
        writer.tag(1, WireType.varint);
      }),
    read: (reader) => {
      let allows = false;
      let found: JsonValue = null;
      const list: JsonValue[] = [];
      fieldsOf(reader, (n, wireType) => {
        if (isBool && n === 1 && wireType === WireType.varint) allows = reader.bool();
        else if (n === schemaField && wireType === WireType.bytes) found = schema.read(reader);
        else if (!isBool && n === 2 && wireType === WireType.bytes) list.push(items.read(reader));
        else return false;
        return true;
      });
      if (list.length) return list;
      return found ?? (isBool ? allows : null);
    },
    absent: () => (isBool ? false : null),
  };
}

function wrappedList(item: ItemCodec): ItemCodec {
  return {
    wireType: WireType.bytes,
    write: (writer, value) =>
      message(writer, () => {
        for (const element of ((value as JsonValue[] | null | undefined) ?? []).toReversed()) {
          item.write(writer, element);
          writer.tag(1, item.wireType);
        }
      }),
    read: (reader) => {
      const list: JsonValue[] = [];
      fieldsOf(reader, (n, wireType) => {
        if (n !== 1 || wireType !== item.wireType) return false;
        list.push(item.read(reader));
        return true;
      });
      return list.length ? list : null;
    },
    absent: () => null,
  };
}

/** Entries in bytewise order of their keys, last first because the writer works backwards. */
export function writeMap(writer: ProtobufWriter, n: number, item: ItemCodec, map: JsonObject | null | undefined): void {
  if (map === undefined || map === null) return;
  const keys = Object.keys(map);
  if (keys.length > 1) keys.sort(compareBytes);
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i]!;
    const value = map[key];
    const start = writer.mark;
    // Nil bytes have no value field; every other nil is written as an empty value.
    if (value !== null || item !== scalars.bytes) {
      item.write(writer, value);
      writer.tag(2, item.wireType);
    }
    writer.string(key);
    writer.tag(1, WireType.bytes);
    writer.uint32(writer.mark - start);
    writer.tag(n, WireType.bytes);
  }
}

export function readMapEntry(reader: ProtobufReader, wireType: number, item: ItemCodec, before: JsonValue | undefined): JsonValue {
  if (wireType !== WireType.bytes) throw new ProtobufError(`proto: wrong wireType = ${wireType}`);
  let key = '';
  let value: JsonValue | undefined;
  fieldsOf(reader, (n, wire) => {
    if (n === 1 && wire === WireType.bytes) key = reader.string();
    else if (n === 2 && wire === item.wireType) value = item.read(reader);
    else return false;
    return true;
  });
  const map = (before as JsonObject | undefined) ?? {};
  setMember(map, key, value ?? item.absent());
  return map;
}

/** Most senders sort already. */
export function sortedMap(map: JsonObject): JsonObject {
  const keys = Object.keys(map);
  if (keys.every((key, i) => i === 0 || compareBytes(keys[i - 1]!, key) < 0)) return map;
  const out: JsonObject = {};
  for (const key of keys.sort(compareBytes)) setMember(out, key, map[key]!);
  return out;
}
