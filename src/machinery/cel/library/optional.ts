import type { Overload } from '../functions.ts';
import { define, method } from '../functions.ts';
import type { CelValue } from '../values.ts';
import { CelDuration, CelError, CelList, CelMap, CelOptional, CelTimestamp, CelUint } from '../values.ts';

const none = new CelOptional(undefined);

function isZero(value: CelValue): boolean {
  if (value === null || value === false || value === '' || value === 0 || value === 0n) return true;
  if (value instanceof Uint8Array || value instanceof CelList) return value.length === 0;
  if (value instanceof CelMap) return value.size === 0;
  if (value instanceof CelUint) return value.value === 0n;
  if (value instanceof CelDuration || value instanceof CelTimestamp) return value.nanos === 0n;
  return value instanceof CelOptional && value.value === undefined;
}

function unwrapped(list: CelList): CelValue {
  const out: CelValue[] = [];
  for (const item of list) if (item instanceof CelOptional && item.value !== undefined) out.push(item.value);
  return new CelList(out);
}

export const optionals: readonly Overload[] = [
  define('optional_of', 'optional.of(V) optional<V>', (value: CelValue) => new CelOptional(value)),
  define('optional_ofNonZeroValue', 'optional.ofNonZeroValue(V) optional<V>', (value: CelValue) => (isZero(value) ? none : new CelOptional(value))),
  define('optional_none', 'optional.none() optional<V>', () => none),
  define('optional_unwrap', 'optional.unwrap(list<optional<V>>) list<V>', unwrapped),
  method('optional_unwrapOpt', 'list<optional<V>>.unwrapOpt() list<V>', unwrapped),
  method('optional_value', 'optional<V>.value() V', (optional: CelOptional) => optional.value ?? (optional.value === null ? null : new CelError('optional.none() dereference'))),
  method('optional_hasValue', 'optional<V>.hasValue() bool', (optional: CelOptional) => optional.value !== undefined),
  method('optional_or_optional', 'optional<V>.or(optional<V>) optional<V>', (a: CelOptional, b: CelOptional) => (a.value === undefined ? b : a)),
  method('optional_orValue_value', 'optional<V>.orValue(V) V', (optional: CelOptional, other: CelValue) => (optional.value === undefined ? other : optional.value)),
  method('list_first', 'list<V>.first() optional<V>', (list: CelList) => (list.length === 0 ? none : new CelOptional(list.at(0)))),
  method('list_last', 'list<V>.last() optional<V>', (list: CelList) => (list.length === 0 ? none : new CelOptional(list.at(list.length - 1)))),
];
