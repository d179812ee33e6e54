import type { CelType } from './types.ts';
import { dyn } from './types.ts';
import type { CelValue, MapSource } from './values.ts';
import { CelDuration, CelError, CelList, CelMap, CelTimestamp, CelUint, maxInt, minInt } from './values.ts';
import { durationText, readDuration, readTimestamp, timestampText } from './library/time.ts';

type JsonMap = Readonly<Record<string, unknown>>;

/** JSON seen through a type; members are made when they are asked for. A value that is not of its type keeps what it is. */
export function fromJson(json: unknown, type: CelType = dyn): CelValue {
  if (json === null || json === undefined) return null;
  switch (typeof json) {
    case 'string':
      return fromText(json, type);
    case 'number':
      return type.kind !== 'double' && Number.isInteger(json) && Math.abs(json) < 2 ** 63 ? BigInt(json) : json;
    case 'bigint':
      return type.kind === 'double' ? Number(json) : json > maxInt || json < minInt ? new CelError('integer overflow') : json;
    case 'boolean':
      return json;
    default:
      break;
  }
  if (Array.isArray(json)) {
    const list: readonly unknown[] = json;
    const elem = type.kind === 'list' ? type.elem : dyn;
    return new CelList(list.length, (i) => fromJson(list[i], elem), type.kind === 'list' ? type.meaning : undefined);
  }
  return type.kind === 'object' ? new CelMap(objectSource(json as JsonMap, type), type) : new CelMap(mapSource(json as JsonMap, type.kind === 'map' ? type.value : dyn));
}

function fromText(text: string, type: CelType): CelValue {
  switch (type.kind) {
    case 'bytes':
      return new Uint8Array(Buffer.from(text, 'base64'));
    case 'duration':
      return readDuration(text) ?? new CelError(`Invalid duration ${text}, caused by a bad format`);
    case 'timestamp':
      return readTimestamp(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text) ?? new CelError(`Invalid date-time ${text}`);
    default:
      return text;
  }
}

function mapSource(json: JsonMap, type: CelType): MapSource {
  const made = new Map<string, CelValue>();
  let keys: string[] | undefined;
  return {
    get size() {
      return (keys ??= Object.keys(json)).length;
    },
    has: (key) => typeof key === 'string' && Object.hasOwn(json, key),
    keys: () => [...(keys ??= Object.keys(json))],
    get: (key) => (typeof key === 'string' && Object.hasOwn(json, key) ? memoized(made, key, json[key], type) : undefined),
  };
}

/** Fields that are not declared are not there. */
function objectSource(json: JsonMap, type: CelType & { kind: 'object' }): MapSource {
  const made = new Map<string, CelValue>();
  let keys: string[] | undefined;
  const isThere = (key: string): boolean => {
    const field = type.fields.get(key);
    return field !== undefined && Object.hasOwn(json, field.name) && json[field.name] !== undefined;
  };
  const present = (): string[] => (keys ??= [...type.fields.keys()].filter(isThere));
  return {
    get size() {
      return present().length;
    },
    has: (key) => typeof key === 'string' && isThere(key),
    keys: () => [...present()],
    get: (key) => {
      const field = typeof key === 'string' && isThere(key) ? type.fields.get(key) : undefined;
      return field && memoized(made, key as string, json[field.name], field.type);
    },
  };
}

function memoized(made: Map<string, CelValue>, key: string, json: unknown, type: CelType): CelValue {
  let value = made.get(key);
  if (value === undefined) made.set(key, (value = fromJson(json, type)));
  return value;
}

/** The JSON form of a value, or undefined where it has none: types, errors, what a library brings. */
export function toJson(value: CelValue): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return plainNumber(value);
  if (value instanceof CelUint) return plainNumber(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof CelDuration) return durationText(value);
  if (value instanceof CelTimestamp) return timestampText(value);
  if (value instanceof CelList) return value.values().map((item) => toJson(item));
  if (!(value instanceof CelMap)) return undefined;
  return Object.fromEntries(Array.from(value.entries(), ([key, member]) => [value.type?.fields.get(String(key))?.name ?? String(key), toJson(member)]));
}

function plainNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
