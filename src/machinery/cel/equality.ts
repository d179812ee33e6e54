import type { CelValue } from './values.ts';
import { CelDuration, CelList, CelMap, CelOpaque, CelOptional, CelTimestamp, CelTypeValue, CelUint } from './values.ts';

type Numeric = bigint | number | CelUint;

export function isNumeric(value: CelValue): value is Numeric {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof CelUint;
}

/** Numbers of all types on one line, that of doubles where one of them is a double; undefined where NaN takes part. */
export function compareNumbers(a: Numeric, b: Numeric): -1 | 0 | 1 | undefined {
  const left = a instanceof CelUint ? a.value : a;
  const right = b instanceof CelUint ? b.value : b;
  if (typeof left === 'number' || typeof right === 'number') return ordered(Number(left), Number(right));
  return ordered(left, right);
}

function ordered<T extends number | bigint>(a: T, b: T): -1 | 0 | 1 | undefined {
  if (a < b) return -1;
  if (a > b) return 1;
  return a === b ? 0 : undefined;
}

export function equal(a: CelValue, b: CelValue): boolean {
  if (isNumeric(a)) return isNumeric(b) && compareNumbers(a, b) === 0;
  if (a === null || typeof a !== 'object') return a === b;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && compareBytes(a, b) === 0;
  if (a instanceof CelDuration) return b instanceof CelDuration && a.nanos === b.nanos;
  if (a instanceof CelTimestamp) return b instanceof CelTimestamp && a.nanos === b.nanos;
  if (a instanceof CelTypeValue) return b instanceof CelTypeValue && a.name === b.name;
  if (a instanceof CelOptional) return b instanceof CelOptional && equalOptionals(a, b);
  if (a instanceof CelList) return b instanceof CelList && equalLists(a, b);
  if (a instanceof CelMap) return b instanceof CelMap && equalMaps(a, b);
  return a instanceof CelOpaque && b instanceof CelOpaque && a.typeName === b.typeName && a.equals(b);
}

function equalOptionals(a: CelOptional, b: CelOptional): boolean {
  if (a.value === undefined || b.value === undefined) return a.value === b.value;
  return equal(a.value, b.value);
}

function equalLists(a: CelList, b: CelList): boolean {
  if (a.length !== b.length) return false;
  if (a.meaning?.type === 'set') return a.values().every((item) => contains(b, item));
  if (a.meaning?.type === 'map') return equalAsMaps(a, b, a.meaning.keys);
  for (let i = 0; i < a.length; i++) if (!equal(a.at(i), b.at(i))) return false;
  return true;
}

/** Lists of type map: the same members under the same keys, whatever their order. */
function equalAsMaps(a: CelList, b: CelList, keys: readonly string[]): boolean {
  const others = new Map(b.values().map((item) => [listMapKey(item, keys), item]));
  return a.values().every((item) => {
    const other = others.get(listMapKey(item, keys));
    return other !== undefined && equal(item, other);
  });
}

/** A text that is the same for two members of a list of type map when their keys are. */
export function listMapKey(item: CelValue, keys: readonly string[]): string {
  if (!(item instanceof CelMap)) return '';
  return JSON.stringify(keys.map((key) => {
    const value = item.get(key);
    return value === undefined ? [] : [typeof value, String(value)];
  }));
}

function equalMaps(a: CelMap, b: CelMap): boolean {
  if (a.size !== b.size || a.type?.name !== b.type?.name) return false;
  for (const [key, value] of a.entries()) {
    const other = b.get(key);
    if (other === undefined || !equal(value, other)) return false;
  }
  return true;
}

export function contains(list: CelList, item: CelValue): boolean {
  for (let i = 0; i < list.length; i++) if (equal(item, list.at(i))) return true;
  return false;
}

function compareBytes(a: Uint8Array, b: Uint8Array): -1 | 0 | 1 {
  return Math.sign(Buffer.compare(a, b)) as -1 | 0 | 1;
}

/** Strings by code point, which UTF-16 does not keep. */
function compareStrings(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  return Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))) as -1 | 0 | 1;
}

/** Undefined where the two have no order; 'nan' where a number is none. */
export function compare(a: CelValue, b: CelValue): -1 | 0 | 1 | 'nan' | undefined {
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b) ?? 'nan';
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return a === b ? 0 : a ? 1 : -1;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  if (a instanceof CelDuration && b instanceof CelDuration) return compareNumbers(a.nanos, b.nanos);
  if (a instanceof CelTimestamp && b instanceof CelTimestamp) return compareNumbers(a.nanos, b.nanos);
  return undefined;
}
