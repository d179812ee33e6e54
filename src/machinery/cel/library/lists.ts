import { compare, contains, equal } from '../equality.ts';
import type { Implementation, Overload } from '../functions.ts';
import { define, method, noSuchOverload } from '../functions.ts';
import { compileRegex } from '../regex/regex.ts';
import type { CelValue } from '../values.ts';
import { CelDuration, CelError, CelList, CelUint, maxInt, maxUint, minInt } from '../values.ts';
import { durationOf } from './time.ts';

const comparable = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'];
const summable = ['int', 'uint', 'double', 'duration'];

function isSorted(list: CelList): CelValue {
  for (let i = 1; i < list.length; i++) {
    const order = compare(list.at(i - 1), list.at(i));
    if (order === undefined) return noSuchOverload;
    if (order === 1) return false;
  }
  return true;
}

function extreme(name: string, wanted: 1 | -1): (list: CelList) => CelValue {
  return (list) => {
    if (list.length === 0) return new CelError(`${name} called on empty list`);
    let best = list.at(0);
    for (let i = 1; i < list.length; i++) {
      const order = compare(list.at(i), best);
      if (order === undefined) return noSuchOverload;
      if (order === wanted) best = list.at(i);
    }
    return best;
  };
}

function sum(zero: CelValue): (list: CelList) => CelValue {
  return (list) => {
    let total = zero;
    for (const item of list) {
      const next = added(total, item);
      if (next instanceof CelError) return next;
      total = next;
    }
    return total;
  };
}

function added(a: CelValue, b: CelValue): CelValue {
  if (typeof a === 'bigint' && typeof b === 'bigint') return a + b > maxInt || a + b < minInt ? new CelError('integer overflow') : a + b;
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a instanceof CelUint && b instanceof CelUint) {
    const total = a.value + b.value;
    return total > maxUint ? new CelError('unsigned integer overflow') : new CelUint(total);
  }
  if (a instanceof CelDuration && b instanceof CelDuration) return durationOf(a.nanos + b.nanos);
  return noSuchOverload;
}

const zeros: Readonly<Record<string, CelValue>> = { int: 0n, uint: new CelUint(0n), double: 0, duration: new CelDuration(0n) };

function indexOf(list: CelList, item: CelValue): CelValue {
  for (let i = 0; i < list.length; i++) if (equal(list.at(i), item)) return BigInt(i);
  return -1n;
}
function lastIndexOf(list: CelList, item: CelValue): CelValue {
  for (let i = list.length - 1; i >= 0; i--) if (equal(list.at(i), item)) return BigInt(i);
  return -1n;
}

export const lists: readonly Overload[] = [
  ...comparable.flatMap((type) => [
    method(`list_${type}_is_sorted_bool`, `list<${type}>.isSorted() bool`, isSorted),
    method(`list_${type}_min_${type}`, `list<${type}>.min() ${type}`, extreme('min', -1)),
    method(`list_${type}_max_${type}`, `list<${type}>.max() ${type}`, extreme('max', 1)),
  ]),
  ...summable.map((type) => method(`list_${type}_sum_${type}`, `list<${type}>.sum() ${type}`, sum(zeros[type]!))),
  method('list_a_index_of_int', 'list<A>.indexOf(A) int', indexOf),
  method('list_a_last_index_of_int', 'list<A>.lastIndexOf(A) int', lastIndexOf),
];

function allIn(list: CelList, part: CelList): boolean {
  return part.values().every((item) => contains(list, item));
}

export const sets: readonly Overload[] = [
  define('list_sets_contains', 'sets.contains(list<A>, list<A>) bool', allIn),
  define('list_sets_intersects', 'sets.intersects(list<A>, list<A>) bool', (a: CelList, b: CelList) => a.values().some((item) => contains(b, item))),
  define('list_sets_equivalent', 'sets.equivalent(list<A>, list<A>) bool', (a: CelList, b: CelList) => allIn(a, b) && allIn(b, a)),
];

function find(text: string, pattern: string, regex = compileRegex(pattern)): CelValue {
  if (regex instanceof CelError) return new CelError(`Illegal regex: ${regex.message}`);
  const match = regex.find(text, 0);
  return match ? text.slice(match.start, match.end) : '';
}

function findAll(text: string, pattern: string, limit = -1n, regex = compileRegex(pattern)): CelValue {
  if (regex instanceof CelError) return new CelError(`Illegal regex: ${regex.message}`);
  const out: CelValue[] = [];
  let previousEnd = -1;
  for (let from = 0; from <= text.length && (limit < 0n || BigInt(out.length) < limit); ) {
    const match = regex.find(text, from);
    if (!match) break;
    // An empty match right after another one does not count.
    if (match.end > match.start || match.start !== previousEnd) out.push(text.slice(match.start, match.end));
    previousEnd = match.end;
    from = match.end > match.start ? match.end : match.end + ((text.codePointAt(match.end) ?? 0) > 0xffff ? 2 : 1);
  }
  return new CelList(out);
}

function prepareFind(pattern: CelValue): Implementation {
  const regex = compileRegex(pattern as string);
  return (text) => find(text as string, '', regex);
}

function prepareFindAll(pattern: CelValue): Implementation {
  const regex = compileRegex(pattern as string);
  return (text, _, limit) => findAll(text as string, '', limit as bigint | undefined, regex);
}

export const regexes: readonly Overload[] = [
  { ...method('string_find_string', 'string.find(string) string', (text: string, pattern: string) => find(text, pattern)), prepare: prepareFind },
  { ...method('string_find_all_string', 'string.findAll(string) list<string>', (text: string, pattern: string) => findAll(text, pattern)), prepare: prepareFindAll },
  {
    ...method('string_find_all_string_int', 'string.findAll(string, int) list<string>', (text: string, pattern: string, limit: bigint) => findAll(text, pattern, limit)),
    prepare: prepareFindAll,
  },
];
