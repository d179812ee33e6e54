import { noSuchOverload } from './functions.ts';
import type { CelValue } from './values.ts';
import { CelError, CelList, CelMap, CelOptional, CelUint, mapKey } from './values.ts';

export function noSuchKey(key: CelValue): CelError {
  return new CelError(`no such key: ${keyText(key)}`);
}

function found(value: CelValue | undefined, key: CelValue): CelValue {
  return value === undefined ? noSuchKey(key) : value;
}

export function keyText(key: CelValue): string {
  return key instanceof CelUint ? String(key.value) : String(key);
}

export function selectField(value: CelValue, field: string): CelValue {
  if (value instanceof CelError) return value;
  if (value instanceof CelMap) return found(value.get(field), field);
  if (value instanceof CelOptional) return value.value === undefined ? value : optionalField(value.value, field);
  return noSuchOverload;
}

/** `value.?field`, and every field after it. */
export function optionalField(value: CelValue, field: string): CelValue {
  if (value instanceof CelError) return value;
  if (value instanceof CelOptional) return value.value === undefined ? value : optionalField(value.value, field);
  if (value instanceof CelMap) return present(value.get(field));
  return noSuchOverload;
}

export function hasField(value: CelValue, field: string): CelValue {
  if (value instanceof CelError) return value;
  if (value instanceof CelMap) return value.has(field);
  if (value instanceof CelOptional) return value.value === undefined ? false : hasField(value.value, field);
  return noSuchOverload;
}

function present(value: CelValue | undefined): CelValue {
  if (value instanceof CelOptional || value instanceof CelError) return value;
  return new CelOptional(value);
}

/** The place in a list that a number means; undefined where it is no whole number. */
function position(index: CelValue): number | undefined {
  if (typeof index === 'bigint') return Number(index);
  if (index instanceof CelUint) return Number(index.value);
  return typeof index === 'number' && Number.isInteger(index) ? index : undefined;
}

export function atIndex(value: CelValue, index: CelValue): CelValue {
  if (value instanceof CelError) return value;
  if (index instanceof CelError) return index;
  if (value instanceof CelList) {
    const at = position(index);
    if (at === undefined) return typeof index === 'number' ? new CelError(`unsupported index value: ${index}`) : noSuchOverload;
    return at < 0 || at >= value.length ? new CelError(`index out of bounds: ${keyText(index)}`) : value.at(at);
  }
  if (value instanceof CelMap) {
    if (mapKey(index) === undefined && typeof index !== 'number') return noSuchOverload;
    return found(value.get(index), index);
  }
  if (value instanceof CelOptional) return value.value === undefined ? value : optionalIndex(value.value, index);
  return noSuchOverload;
}

/** `value[?index]` */
export function optionalIndex(value: CelValue, index: CelValue): CelValue {
  if (value instanceof CelError) return value;
  if (index instanceof CelError) return index;
  if (value instanceof CelOptional) return value.value === undefined ? value : optionalIndex(value.value, index);
  if (value instanceof CelMap) return present(value.get(index));
  if (value instanceof CelList) {
    const at = position(index);
    if (at === undefined) return noSuchOverload;
    return present(at < 0 || at >= value.length ? undefined : value.at(at));
  }
  return noSuchOverload;
}
