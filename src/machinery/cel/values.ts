import type { CelType } from './types.ts';

export const maxInt = (1n << 63n) - 1n;
export const minInt = -(1n << 63n);
export const maxUint = (1n << 64n) - 1n;

/** int is a bigint, double a number, bytes a Uint8Array; the rest has a class of its own. */
export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | CelUint
  | CelDuration
  | CelTimestamp
  | CelList
  | CelMap
  | CelOptional
  | CelTypeValue
  | CelOpaque
  | CelError;

/** Errors are values on their way up: `false && error` is false. */
export class CelError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export class CelUint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

export class CelDuration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class CelTimestamp {
  /** Since the epoch. */
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class CelTypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export class CelOptional {
  readonly value: CelValue | undefined;
  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}

/** Values that a library brings. */
export abstract class CelOpaque {
  abstract readonly typeName: string;
  abstract equals(other: CelOpaque): boolean;
  /** What the cost of a call counts; 1 where it has no size. */
  size(): number {
    return 1;
  }
}

/** How Kubernetes compares and merges a list of an object. */
export interface ListMeaning {
  readonly type: 'set' | 'map';
  readonly keys: readonly string[];
}

/** A list whose members are made when they are asked for. */
export class CelList {
  readonly length: number;
  readonly meaning: ListMeaning | undefined;
  readonly #items: (CelValue | undefined)[];
  readonly #make: ((index: number) => CelValue) | undefined;

  constructor(items: readonly CelValue[] | number, make?: (index: number) => CelValue, meaning?: ListMeaning) {
    this.#items = typeof items === 'number' ? new Array<CelValue | undefined>(items) : (items as CelValue[]);
    this.length = this.#items.length;
    this.#make = make;
    this.meaning = meaning;
  }

  at(index: number): CelValue {
    const item = this.#items[index];
    if (item !== undefined) return item;
    return (this.#items[index] = this.#make!(index));
  }

  *[Symbol.iterator](): Generator<CelValue> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  /** A new list; a fold that collects hands in an array of its own instead. */
  values(): CelValue[] {
    return Array.from({ length: this.length }, (_, i) => this.at(i));
  }
}

export type MapKey = string | boolean | bigint;

/** The key under which equal keys meet: 1, 1u and 1.0 are one key. */
export function mapKey(key: CelValue): MapKey | undefined {
  if (typeof key === 'string' || typeof key === 'boolean' || typeof key === 'bigint') return key;
  if (key instanceof CelUint) return key.value;
  if (typeof key === 'number' && Number.isInteger(key)) return BigInt(key);
  return undefined;
}

/** Maps, and objects, which are maps with declared fields. */
export interface MapSource {
  readonly size: number;
  get(key: MapKey): CelValue | undefined;
  has(key: MapKey): boolean;
  keys(): CelValue[];
}

export class CelMap {
  readonly #source: MapSource;
  /** Set for an object of a declared type. */
  readonly type: (CelType & { kind: 'object' }) | undefined;

  constructor(source: MapSource, type?: CelType & { kind: 'object' }) {
    this.#source = source;
    this.type = type;
  }

  static of(entries: Iterable<readonly [CelValue, CelValue]>): CelMap {
    const map = new Map<MapKey, readonly [CelValue, CelValue]>();
    for (const entry of entries) map.set(mapKey(entry[0])!, entry);
    return new CelMap({
      size: map.size,
      get: (key) => map.get(key)?.[1],
      has: (key) => map.has(key),
      keys: () => Array.from(map.values(), (entry) => entry[0]),
    });
  }

  get size(): number {
    return this.#source.size;
  }
  get(key: CelValue): CelValue | undefined {
    const found = mapKey(key);
    return found === undefined ? undefined : this.#source.get(found);
  }
  has(key: CelValue): boolean {
    const found = mapKey(key);
    return found !== undefined && this.#source.has(found);
  }
  keys(): CelValue[] {
    return this.#source.keys();
  }
  *entries(): Generator<[CelValue, CelValue]> {
    for (const key of this.keys()) yield [key, this.get(key)!];
  }
}

export function typeNameOf(value: CelValue): string {
  if (value === null) return 'null_type';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    default:
      break;
  }
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof CelUint) return 'uint';
  if (value instanceof CelDuration) return 'google.protobuf.Duration';
  if (value instanceof CelTimestamp) return 'google.protobuf.Timestamp';
  if (value instanceof CelList) return 'list';
  if (value instanceof CelMap) return value.type?.name ?? 'map';
  if (value instanceof CelOptional) return 'optional_type';
  if (value instanceof CelTypeValue) return 'type';
  return value instanceof CelOpaque ? value.typeName : 'error';
}

/** Code points, which is what CEL counts in a string. */
export function runeCount(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit <= 0xdbff && i + 1 < text.length && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      count--;
      i++;
    }
  }
  return count;
}

/** The size that costs count. */
export function actualSize(value: CelValue): number {
  if (typeof value === 'string') return runeCount(value);
  if (value instanceof Uint8Array || value instanceof CelList) return value.length;
  if (value instanceof CelMap) return value.size;
  if (value instanceof CelOptional && value.value !== undefined) return actualSize(value.value);
  return value instanceof CelOpaque ? value.size() : 1;
}
