/**
 * JSON values to canonical objects: unknown fields dropped, zero values written or left out as the schema says, keys in the
 * schema's order, texts of quantities and times in their one form. Compiled once for each type.
 */
import { StatusError } from '../machinery/status.ts';
import type { JsonObject, JsonValue } from '../machinery/json.ts';
import { compareBytes } from '../machinery/jsontext.ts';
import { treeOf, type JsonNode } from '../machinery/jsontree.ts';
import { canonicalQuantity } from '../machinery/quantity.ts';
import { canonicalMicroTime, canonicalTime, formatDuration, parseDuration } from '../machinery/time.ts';
import { explain } from './problems.ts';
import type { Registry, ResolvedField, ScalarName, SpecialName, StructType, Type } from './registry.ts';

export { parseJson, encodeJson, type ParsedJson } from '../machinery/jsontext.ts';

export interface Decoded {
  object: JsonObject;
  /** `unknown field "spec.foo"`, `duplicate field "data.a"`, in the order of the text. */
  strict: string[];
}

/** The text that a value was read from. */
export interface Source {
  /** The text says more than the value: it has to be looked at again even when the value is fine. */
  readonly odd: boolean;
  tree(): JsonNode;
}

/** What a decoder found on its way. It runs without paths: if anything is wrong, `explain` walks again and says where. */
interface Findings {
  unknown: boolean;
}

/** Thrown by decoders; `explain` finds the words. */
export class Mismatch extends Error {}

export interface JsonCodec {
  decode(value: unknown, findings: Findings): JsonValue;
  /** The value of an absent field that is no pointer. */
  zero(): JsonValue;
  /** Left out by omitempty. */
  isEmpty(value: JsonValue): boolean;
}

/**
 * Brings a JSON value into canonical form. Throws StatusError 400 where its types are wrong; what upstream's decoder says of that is the error's cause.
 */
export function decode(registry: Registry, type: string, value: unknown, source?: Source): Decoded {
  const struct = registry.struct(type);
  const findings: Findings = { unknown: false };
  let object: JsonObject | undefined;
  let failure: Error | undefined;
  try {
    object = struct.memo(structCodec).decode(value, findings) as JsonObject;
    if (!findings.unknown && source?.odd !== true) return { object, strict: [] };
  } catch (error) {
    if (error instanceof StatusError || error instanceof TypeError || error instanceof ReferenceError) throw error;
    failure = error as Error;
  }
  const { strict, mismatch = failure?.message } = explain(struct, source ? source.tree() : treeOf(value));
  if (object && mismatch === undefined) return { object, strict };
  throw undecodable(struct, value, mismatch ?? 'unreadable');
}

function undecodable(struct: StructType, value: unknown, problem: string): StatusError {
  const { kind, apiVersion } = (value ?? {}) as { kind?: unknown; apiVersion?: unknown };
  const said = typeof kind === 'string' && kind !== '' ? kind : struct.local;
  const version = typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion.slice(apiVersion.indexOf('/') + 1) : struct.package.version;
  const error = StatusError.badRequest(`${said} in version ${JSON.stringify(version)} cannot be handled as a ${struct.local}: ${problem}`);
  error.cause = problem;
  return error;
}

/** The same for objects that code built: what goes over the loopback looks as if it had gone over JSON. */
export function normalise(registry: Registry, type: string, object: unknown): JsonObject {
  return decode(registry, type, object).object;
}

export function codecOf(type: Type): JsonCodec {
  switch (type.kind) {
    case 'scalar':
      return scalars[type.name];
    case 'special':
      return type.schema ? schemaOr(type.name, type.schema) : specials[type.name as PlainSpecial];
    case 'struct': {
      // Late, because types may contain themselves.
      const { struct } = type;
      let made: JsonCodec | undefined;
      const codec = (): JsonCodec => (made ??= struct.memo(structCodec));
      return { decode: (value, findings) => codec().decode(value, findings), zero: () => codec().zero(), isEmpty: never };
    }
    case 'list':
      return listCodec(codecOf(type.of));
    case 'map':
      return mapCodec(codecOf(type.of));
  }
}

function never(): boolean {
  return false;
}

function isLength0(value: JsonValue): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

const text: JsonCodec = {
  decode: (value) => {
    if (typeof value === 'string') return value;
    if (value === null) return '';
    throw new Mismatch();
  },
  zero: () => '',
  isEmpty: (value) => value === '',
};

function integer(min: number, max: number, big: (value: bigint) => boolean): JsonCodec {
  return {
    decode: (value) => {
      if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value === 0 ? 0 : value;
      if (value === null) return 0;
      if (typeof value === 'bigint' && big(value)) return value as unknown as JsonValue;
      throw new Mismatch();
    },
    zero: () => 0,
    isEmpty: (value) => value === 0,
  };
}

/** Standard base64, padded; line breaks are ignored. */
export function canonicalBase64(value: string): string | undefined {
  const canonical = Buffer.from(value, 'base64').toString('base64');
  if (canonical === value) return value;
  const compact = value.replace(/[\r\n]/g, '');
  return compact.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(compact) ? canonical : undefined;
}

const scalars: Readonly<Record<ScalarName, JsonCodec>> = {
  string: text,
  bool: {
    decode: (value) => {
      if (typeof value === 'boolean') return value;
      if (value === null) return false;
      throw new Mismatch();
    },
    zero: () => false,
    isEmpty: (value) => value === false,
  },
  int32: integer(-(2 ** 31), 2 ** 31 - 1, () => false),
  int64: integer(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, (value) => BigInt.asIntN(64, value) === value),
  double: {
    decode: (value) => {
      // JavaScript writes no sign before a zero.
      if (typeof value === 'number') return value === 0 ? 0 : value;
      if (typeof value === 'bigint') return Number(value);
      if (value === null) return 0;
      throw new Mismatch();
    },
    zero: () => 0,
    isEmpty: (value) => value === 0,
  },
  bytes: {
    decode: (value) => {
      if (value === null) return null;
      const canonical = typeof value === 'string' ? canonicalBase64(value) : undefined;
      if (canonical === undefined) throw new Mismatch();
      return canonical;
    },
    zero: () => null,
    isEmpty: isLength0,
  },
};

/** The first instant of year 1 is upstream's zero time, which is written as null. */
function zeroTime(canonical: string): string | null {
  return /^0001-01-01T00:00:00(\.0+)?Z$/.test(canonical) ? null : canonical;
}

function special(decodeText: (value: string) => string | null, zero: string | null): JsonCodec {
  return {
    decode: (value) => {
      if (typeof value === 'string') return decodeText(value);
      if (value === null) return zero;
      throw new Mismatch();
    },
    zero: () => zero,
    isEmpty: never,
  };
}

/** Free JSON is kept as it came. */
const free: JsonCodec = {
  decode: (value) => {
    if (value === undefined) throw new Mismatch();
    return value as JsonValue;
  },
  zero: () => null,
  isEmpty: never,
};

type PlainSpecial = Exclude<SpecialName, `JSONSchemaPropsOr${string}`>;
const specials: Readonly<Record<PlainSpecial, JsonCodec>> = {
  Quantity: {
    decode: (value) => {
      if (typeof value === 'string') return canonicalQuantity(value.trim());
      if (typeof value === 'number' || typeof value === 'bigint') return canonicalQuantity(String(value));
      if (value === null) return '0';
      throw new Mismatch();
    },
    zero: () => '0',
    isEmpty: never,
  },
  IntOrString: {
    decode: (value) => {
      if (typeof value === 'string') return value;
      return scalars.int32.decode(value, { unknown: false });
    },
    zero: () => 0,
    isEmpty: never,
  },
  Time: special((value) => zeroTime(canonicalTime(value)), null),
  MicroTime: special((value) => zeroTime(canonicalMicroTime(value)), null),
  Duration: special((value) => formatDuration(parseDuration(value)), '0s'),
  RawExtension: free,
  FieldsV1: free,
  JSON: free,
};

/** The unions of JSON schema: a schema, or a list, a boolean, a list of texts. */
function schemaOr(name: SpecialName, schema: StructType): JsonCodec {
  const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
  const other = (value: unknown, findings: Findings): JsonValue => {
    if (name === 'JSONSchemaPropsOrBool' && typeof value === 'boolean') return value;
    if (name === 'JSONSchemaPropsOrArray' && Array.isArray(value)) return value.length ? value.map((item) => schema.memo(structCodec).decode(item, findings)) : null;
    if (name === 'JSONSchemaPropsOrStringArray' && Array.isArray(value)) return value.length ? value.map((item) => text.decode(item, findings)) : null;
    throw new Mismatch();
  };
  return {
    decode: (value, findings) => (isObject(value) ? schema.memo(structCodec).decode(value, findings) : value === null ? null : other(value, findings)),
    zero: () => (name === 'JSONSchemaPropsOrBool' ? false : null),
    isEmpty: never,
  };
}

function listCodec(item: JsonCodec): JsonCodec {
  return {
    decode: (value, findings) => {
      if (value === null) return null;
      if (!Array.isArray(value)) throw new Mismatch();
      const out = new Array<JsonValue>(value.length);
      for (let i = 0; i < value.length; i++) out[i] = item.decode(value[i] ?? null, findings);
      return out;
    },
    zero: () => null,
    isEmpty: isLength0,
  };
}

/** Maps come out with their keys in bytewise order. */
function mapCodec(item: JsonCodec): JsonCodec {
  return {
    decode: (value, findings) => {
      if (value === null) return null;
      if (typeof value !== 'object' || Array.isArray(value)) throw new Mismatch();
      const source = value as Record<string, unknown>;
      const keys: string[] = [];
      let inOrder = true;
      for (const key in source) {
        if (source[key] === undefined) continue;
        if (keys.length > 0 && compareBytes(keys.at(-1)!, key) > 0) inOrder = false;
        keys.push(key);
      }
      if (!inOrder) keys.sort(compareBytes);
      const out: JsonObject = {};
      for (const key of keys) setMember(out, key, item.decode(source[key], findings));
      return out;
    },
    zero: () => null,
    isEmpty: (value) => {
      for (const _ in value as object) return false;
      return true;
    },
  };
}

/** Assigns without ever meaning the prototype. */
export function setMember(object: JsonObject, key: string, value: JsonValue): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

/** A type whose zero value Go's omitempty does not leave out. */
export function isStructLike(type: Type): boolean {
  return type.kind === 'struct' || (type.kind === 'special' && type.name !== 'FieldsV1');
}

/** How one field is written. */
export interface FieldPlan {
  readonly key: string;
  readonly codec: JsonCodec;
  /** What an absent field is written as; undefined: not at all. */
  readonly absent: (() => JsonValue) | undefined;
  omits(value: JsonValue): boolean;
}

export function planField(field: ResolvedField): FieldPlan {
  const { key, ptr, always, omitzero } = field;
  const codec = codecOf(field.resolved);
  const writesAbsent = omitzero !== true && (always === true || (ptr !== true && isStructLike(field.resolved)));
  return {
    key,
    codec,
    absent: writesAbsent ? (ptr === true ? () => null : codec.zero) : undefined,
    omits: ptr === true || always === true ? never : omitzero === true ? (value) => value === null : codec.isEmpty,
  };
}

interface PlacedPlan extends FieldPlan {
  /** Its place among the fields of its struct. */
  readonly place: number;
}

export function structCodec(type: StructType): JsonCodec {
  const plans = type.fields.map((field, place): PlacedPlan => ({ ...planField(field), place }));
  const byKey = new Map(plans.map((plan) => [plan.key, plan]));
  const always = plans.filter((plan) => plan.absent);
  const zero = (): JsonObject => {
    const out: JsonObject = {};
    for (const { key, absent } of always) out[key] = absent!();
    return out;
  };
  return {
    zero,
    isEmpty: never,
    decode: (value, findings) => {
      if (value === null) return zero();
      if (typeof value !== 'object' || Array.isArray(value)) throw new Mismatch();
      const source = value as Record<string, unknown>;
      // Only what is there is looked at: most types have many more fields than an object of theirs.
      const present: PlacedPlan[] = [];
      let missing = always.length;
      let last = -1;
      let inOrder = true;
      for (const key in source) {
        if (source[key] === undefined) continue;
        const plan = byKey.get(key);
        if (!plan) {
          findings.unknown = true;
          continue;
        }
        if (plan.place < last) inOrder = false;
        last = plan.place;
        if (plan.absent) missing--;
        present.push(plan);
      }
      if (missing > 0) {
        inOrder = false;
        for (const plan of always) if (source[plan.key] === undefined) present.push(plan);
      }
      if (!inOrder) sortByPlace(present);
      const out: JsonObject = {};
      for (let i = 0; i < present.length; i++) {
        const plan = present[i]!;
        const item = source[plan.key];
        if (item === undefined || item === null) {
          if (plan.absent) out[plan.key] = plan.absent();
          continue;
        }
        const decoded = plan.codec.decode(item, findings);
        if (!plan.omits(decoded)) out[plan.key] = decoded;
      }
      return out;
    },
  };
}

/** For few that are nearly in order. */
function sortByPlace(plans: PlacedPlan[]): void {
  for (let i = 1; i < plans.length; i++) {
    const plan = plans[i]!;
    let at = i;
    for (; at > 0 && plans[at - 1]!.place > plan.place; at--) plans[at] = plans[at - 1]!;
    plans[at] = plan;
  }
}
