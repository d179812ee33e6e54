import { compare, contains, equal, listMapKey } from '../equality.ts';
import type { Implementation, Overload } from '../functions.ts';
import { define, method, noSuchOverload } from '../functions.ts';
import { atIndex, optionalIndex } from '../select.ts';
import type { CelDuration, CelTimestamp, CelValue } from '../values.ts';
import { CelError, CelList, CelMap, CelUint, maxInt, maxUint, minInt, runeCount } from '../values.ts';
import { compileRegex } from '../regex/regex.ts';
import { durationOf, timestampOf } from './time.ts';

const intOverflow = new CelError('integer overflow');
const uintOverflow = new CelError('unsigned integer overflow');
const divisionByZero = new CelError('division by zero');
const modulusByZero = new CelError('modulus by zero');

function int(value: bigint): CelValue {
  return value > maxInt || value < minInt ? intOverflow : value;
}
function uint(value: bigint): CelValue {
  return value < 0n || value > maxUint ? uintOverflow : new CelUint(value);
}

/** Refused while evaluating by the planner; here only for the checker. */
function special(): CelValue {
  return noSuchOverload;
}

const operators: readonly Overload[] = [
  define('logical_and', '_&&_(bool, bool) bool', special),
  define('logical_or', '_||_(bool, bool) bool', special),
  define('conditional', '_?_:_(bool, T, T) T', special),
  define('not_strictly_false', '@not_strictly_false(bool) bool', special),
  define('logical_not', '!_(bool) bool', (a: boolean) => !a),
  define('equals', '_==_(T, T) bool', (a: CelValue, b: CelValue) => equal(a, b)),
  define('not_equals', '_!=_(T, T) bool', (a: CelValue, b: CelValue) => !equal(a, b)),
  define('negate_int64', '-_(int) int', (a: bigint) => int(-a)),
  define('negate_double', '-_(double) double', (a: number) => -a),
  define('index_list', '_[_](list<A>, int) A', atIndex),
  define('index_map', '_[_](map<K, V>, K) V', atIndex),
  define('optional_list_index_int', '_[_](optional<list<V>>, int) optional<V>', atIndex),
  define('optional_map_index_value', '_[_](optional<map<K, V>>, K) optional<V>', atIndex),
  define('list_optindex_optional_int', '_[?_](list<V>, int) optional<V>', optionalIndex),
  define('optional_list_optindex_optional_int', '_[?_](optional<list<V>>, int) optional<V>', optionalIndex),
  define('map_optindex_optional_value', '_[?_](map<K, V>, K) optional<V>', optionalIndex),
  define('optional_map_optindex_optional_value', '_[?_](optional<map<K, V>>, K) optional<V>', optionalIndex),
  define('select_optional_field', '_?._(dyn, string) optional<V>', special),
  define('in_list', '@in(A, list<A>) bool', (item: CelValue, list: CelList) => contains(list, item)),
  define('in_map', '@in(K, map<K, V>) bool', (key: CelValue, map: CelMap) => map.has(key)),
];

const arithmetic: readonly Overload[] = [
  define('add_int64', '_+_(int, int) int', (a: bigint, b: bigint) => int(a + b)),
  define('add_uint64', '_+_(uint, uint) uint', (a: CelUint, b: CelUint) => uint(a.value + b.value)),
  define('add_double', '_+_(double, double) double', (a: number, b: number) => a + b),
  define('add_string', '_+_(string, string) string', (a: string, b: string) => a + b),
  define('add_bytes', '_+_(bytes, bytes) bytes', (a: Uint8Array, b: Uint8Array) => Uint8Array.from([...a, ...b])),
  define('add_list', '_+_(list<A>, list<A>) list<A>', addLists),
  define('add_duration_duration', '_+_(duration, duration) duration', (a: CelDuration, b: CelDuration) => durationOf(a.nanos + b.nanos)),
  define('add_duration_timestamp', '_+_(duration, timestamp) timestamp', (a: CelDuration, b: CelTimestamp) => timestampOf(a.nanos + b.nanos)),
  define('add_timestamp_duration', '_+_(timestamp, duration) timestamp', (a: CelTimestamp, b: CelDuration) => timestampOf(a.nanos + b.nanos)),
  define('subtract_int64', '_-_(int, int) int', (a: bigint, b: bigint) => int(a - b)),
  define('subtract_uint64', '_-_(uint, uint) uint', (a: CelUint, b: CelUint) => uint(a.value - b.value)),
  define('subtract_double', '_-_(double, double) double', (a: number, b: number) => a - b),
  define('subtract_duration_duration', '_-_(duration, duration) duration', (a: CelDuration, b: CelDuration) => durationOf(a.nanos - b.nanos)),
  define('subtract_timestamp_duration', '_-_(timestamp, duration) timestamp', (a: CelTimestamp, b: CelDuration) => timestampOf(a.nanos - b.nanos)),
  define('subtract_timestamp_timestamp', '_-_(timestamp, timestamp) duration', (a: CelTimestamp, b: CelTimestamp) => durationOf(a.nanos - b.nanos)),
  define('multiply_int64', '_*_(int, int) int', (a: bigint, b: bigint) => int(a * b)),
  define('multiply_uint64', '_*_(uint, uint) uint', (a: CelUint, b: CelUint) => uint(a.value * b.value)),
  define('multiply_double', '_*_(double, double) double', (a: number, b: number) => a * b),
  define('divide_int64', '_/_(int, int) int', (a: bigint, b: bigint) => (b === 0n ? divisionByZero : int(a / b))),
  define('divide_uint64', '_/_(uint, uint) uint', (a: CelUint, b: CelUint) => (b.value === 0n ? divisionByZero : uint(a.value / b.value))),
  define('divide_double', '_/_(double, double) double', (a: number, b: number) => a / b),
  define('modulo_int64', '_%_(int, int) int', (a: bigint, b: bigint) => (b === 0n ? modulusByZero : a === minInt && b === -1n ? intOverflow : a % b)),
  define('modulo_uint64', '_%_(uint, uint) uint', (a: CelUint, b: CelUint) => (b.value === 0n ? modulusByZero : uint(a.value % b.value))),
];

/** Lists of type set and map merge: members of the second take the place of equal ones, the rest is appended. */
function addLists(a: CelList, b: CelList): CelValue {
  const meaning = a.meaning ?? (a.length === 0 ? b.meaning : undefined);
  if (a.meaning?.type === 'set') {
    const out = a.values();
    for (const item of b) if (!contains(a, item)) out.push(item);
    return new CelList(out, undefined, a.meaning);
  }
  if (a.meaning?.type === 'map') {
    const { keys } = a.meaning;
    const out = a.values();
    const places = new Map(out.map((item, i) => [listMapKey(item, keys), i]));
    for (const item of b) {
      const place = places.get(listMapKey(item, keys));
      if (place === undefined) out.push(item);
      else out[place] = item;
    }
    return new CelList(out, undefined, a.meaning);
  }
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return new CelList(a.length + b.length, (i) => (i < a.length ? a.at(i) : b.at(i - a.length)), meaning);
}

const orders: readonly [fn: string, name: string, holds: (order: -1 | 0 | 1) => boolean][] = [
  ['_<_', 'less', (order) => order < 0],
  ['_<=_', 'less_equals', (order) => order <= 0],
  ['_>_', 'greater', (order) => order > 0],
  ['_>=_', 'greater_equals', (order) => order >= 0],
];
const ordered: readonly [string, string, string][] = [
  ['bool', 'bool', 'bool'],
  ['int64', 'int', 'int'],
  ['int64_double', 'int', 'double'],
  ['int64_uint64', 'int', 'uint'],
  ['uint64', 'uint', 'uint'],
  ['uint64_double', 'uint', 'double'],
  ['uint64_int64', 'uint', 'int'],
  ['double', 'double', 'double'],
  ['double_int64', 'double', 'int'],
  ['double_uint64', 'double', 'uint'],
  ['string', 'string', 'string'],
  ['bytes', 'bytes', 'bytes'],
  ['timestamp', 'timestamp', 'timestamp'],
  ['duration', 'duration', 'duration'],
];
const relations: readonly Overload[] = orders.flatMap(([fn, name, holds]) =>
  ordered.map(([suffix, left, right]) =>
    define(`${name}_${suffix}`, `${fn}(${left}, ${right}) bool`, (a: CelValue, b: CelValue) => {
      const order = compare(a, b);
      if (order === 'nan') return false;
      return order === undefined ? noSuchOverload : holds(order);
    }),
  ),
);

function count(value: CelList | CelMap | Uint8Array | string): bigint {
  if (typeof value === 'string') return BigInt(runeCount(value));
  return BigInt(value instanceof CelMap ? value.size : value.length);
}

const sizes: readonly Overload[] = ['string', 'bytes', 'list<A>', 'map<A, B>'].flatMap((type) => {
  const name = type.replace(/<.*/, '');
  return [define(`size_${name}`, `size(${type}) int`, count), method(`${name}_size`, `${type}.size() int`, count)];
});

function matches(text: string, pattern: string, regex = compileRegex(pattern)): CelValue {
  return regex instanceof CelError ? regex : regex.find(text, 0) !== undefined;
}

function prepareMatch(pattern: CelValue): Implementation {
  const regex = compileRegex(pattern as string);
  return (text) => matches(text as string, '', regex);
}

const texts: readonly Overload[] = [
  method('contains_string', 'string.contains(string) bool', (text: string, part: string) => text.includes(part)),
  method('starts_with_string', 'string.startsWith(string) bool', (text: string, part: string) => text.startsWith(part)),
  method('ends_with_string', 'string.endsWith(string) bool', (text: string, part: string) => text.endsWith(part)),
  { ...define('matches', 'matches(string, string) bool', (text: string, pattern: string) => matches(text, pattern)), prepare: prepareMatch },
  { ...method('matches_string', 'string.matches(string) bool', (text: string, pattern: string) => matches(text, pattern)), prepare: prepareMatch },
];

/** The operators and functions that every CEL has, without conversions and times. */
export const standard: readonly Overload[] = [
  ...operators,
  ...arithmetic,
  ...relations,
  ...sizes,
  ...texts,
  define('map_insert', 'cel.@mapInsert(map<K, V>, K, V) map<K, V>', special),
  define('map_insert_map', 'cel.@mapInsert(map<K, V>, map<K, V>) map<K, V>', special),
];
