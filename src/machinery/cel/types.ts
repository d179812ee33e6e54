import type { CelValue, ListMeaning } from './values.ts';
import { CelDuration, CelError, CelList, CelMap, CelOpaque, CelOptional, CelTimestamp, CelTypeValue, CelUint } from './values.ts';

export type SimpleKind = 'dyn' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'null' | 'duration' | 'timestamp';

export interface ObjectField {
  /** The name in JSON; the field's own name is escaped. */
  readonly name: string;
  readonly type: CelType;
}

/** `max` is the greatest size that a value can have; cost estimates use it. */
export type CelType =
  | { readonly kind: SimpleKind; readonly max?: number }
  | { readonly kind: 'list'; readonly elem: CelType; readonly max?: number; readonly meaning?: ListMeaning }
  | { readonly kind: 'map'; readonly key: CelType; readonly value: CelType; readonly max?: number }
  | { readonly kind: 'object'; readonly name: string; readonly fields: ReadonlyMap<string, ObjectField>; readonly max?: number; /** Any other field may be there too. */ readonly open?: true }
  | { readonly kind: 'opaque'; readonly name: string; readonly params: readonly CelType[]; readonly max?: number }
  | { readonly kind: 'type'; readonly of: CelType | undefined; readonly max?: number }
  | { readonly kind: 'param'; readonly name: string; readonly max?: number };

export type ObjectType = CelType & { readonly kind: 'object' };

/** The object type that an expression names where it makes one: `Name{field: value}`. */
export type TypeByName = (name: string) => ObjectType | undefined;

function simple(kind: SimpleKind): CelType {
  return { kind };
}
export const dyn = simple('dyn');
export const bool = simple('bool');
export const int = simple('int');
export const uint = simple('uint');
export const double = simple('double');
export const string = simple('string');
export const bytes = simple('bytes');
export const nullType = simple('null');
export const duration = simple('duration');
export const timestamp = simple('timestamp');

export function listOf(elem: CelType): CelType {
  return { kind: 'list', elem };
}
export function mapOf(key: CelType, value: CelType): CelType {
  return { kind: 'map', key, value };
}
export function optionalOf(type: CelType): CelType {
  return { kind: 'opaque', name: 'optional_type', params: [type] };
}
export function opaque(name: string): CelType {
  return { kind: 'opaque', name, params: [] };
}
export function isOptional(type: CelType): type is CelType & { kind: 'opaque' } {
  return type.kind === 'opaque' && type.name === 'optional_type';
}

/** The names under which types are values: `type(1) == int`. */
export const typeNames: Readonly<Record<string, CelType>> = {
  bool,
  int,
  uint,
  double,
  string,
  bytes,
  null_type: nullType,
  list: listOf(dyn),
  map: mapOf(dyn, dyn),
  type: { kind: 'type', of: undefined },
  optional_type: optionalOf(dyn),
  'net.IP': opaque('net.IP'),
  'net.CIDR': opaque('net.CIDR'),
  'google.protobuf.Duration': duration,
  'google.protobuf.Timestamp': timestamp,
};

/** As messages show it. */
export function typeText(type: CelType): string {
  switch (type.kind) {
    case 'null':
      return 'null';
    case 'list':
      return `list(${typeText(type.elem)})`;
    case 'map':
      return `map(${typeText(type.key)}, ${typeText(type.value)})`;
    case 'type':
      return type.of ? `type(${typeText(type.of)})` : 'type';
    case 'object':
    case 'param':
      return type.name;
    case 'opaque':
      return type.params.length > 0 ? `${type.name}(${type.params.map(typeText).join(', ')})` : type.name;
    default:
      return type.kind;
  }
}

/** Reads `list<A>`, `map<K, V>`, `optional<T>`, `type<T>`, a simple kind, a one-letter parameter, or a library's own type. */
export function parseType(text: string): CelType {
  const trimmed = text.trim();
  const open = trimmed.indexOf('<');
  if (open < 0) {
    if (/^[A-Z]$/.test(trimmed)) return { kind: 'param', name: trimmed };
    if (trimmed === 'dyn') return dyn;
    if (trimmed === 'null') return nullType;
    if (trimmed === 'timestamp') return timestamp;
    if (trimmed === 'duration') return duration;
    return typeNames[trimmed] ?? opaque(trimmed);
  }
  const name = trimmed.slice(0, open);
  const params = splitTypes(trimmed.slice(open + 1, -1)).map(parseType);
  if (name === 'list') return listOf(params[0]!);
  if (name === 'map') return mapOf(params[0]!, params[1]!);
  if (name === 'type') return { kind: 'type', of: params[0] };
  return optionalOf(params[0]!);
}

export function splitTypes(text: string): string[] {
  const out: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    const c = text[i];
    if (c === '<') depth++;
    else if (c === '>') depth--;
    else if ((c === ',' && depth === 0) || c === undefined) {
      if (text.slice(start, i).trim() !== '') out.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return out;
}

/** Whether a value may be handed to a parameter of this type; members of lists and maps are not looked at. */
export function accepts(type: CelType, value: CelValue): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'param':
      return !(value instanceof CelError);
    case 'bool':
      return typeof value === 'boolean';
    case 'int':
      return typeof value === 'bigint';
    case 'uint':
      return value instanceof CelUint;
    case 'double':
      return typeof value === 'number';
    case 'string':
      return typeof value === 'string';
    case 'bytes':
      return value instanceof Uint8Array;
    case 'null':
      return value === null;
    case 'duration':
      return value instanceof CelDuration;
    case 'timestamp':
      return value instanceof CelTimestamp;
    case 'list':
      return value instanceof CelList;
    case 'map':
      return value instanceof CelMap;
    case 'object':
      return value instanceof CelMap;
    case 'type':
      return value instanceof CelTypeValue;
    case 'opaque':
      return type.name === 'optional_type' ? value instanceof CelOptional : value instanceof CelOpaque && value.typeName === type.name;
  }
}
