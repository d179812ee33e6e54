/** The slow second look at a value that did not decode cleanly: finds every unknown field, and words the first wrong type. */
import { canonicalQuantity } from '../machinery/quantity.ts';
import { canonicalMicroTime, canonicalTime, parseDuration } from '../machinery/time.ts';
import type { StructType, Type } from './registry.ts';

export interface Problems {
  /** Paths with list indices, in the order of the text. */
  unknown: string[];
  /** In the words of upstream's decoder, without the envelope. */
  mismatch: string | undefined;
}

interface Place {
  /** With indices, for unknown fields. */
  readonly path: string;
  /** Without, for wrong types: `spec.containers.image`. */
  readonly fieldPath: string;
  /** The struct that holds the field. */
  readonly holder: string;
}

/** Upstream stops counting here. */
const maxUnknown = 100;

export function explain(struct: StructType, value: unknown): Problems {
  const problems: Problems = { unknown: [], mismatch: undefined };
  walkStruct(struct, value, { path: '', fieldPath: '', holder: '' }, problems);
  return problems;
}

function walkStruct(struct: StructType, value: unknown, place: Place, problems: Problems): void {
  if (value === null || value === undefined) return;
  if (typeof value !== 'object' || Array.isArray(value)) return wrong(value, { kind: 'struct', struct }, place, problems);
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const path = place.path ? `${place.path}.${key}` : key;
    const field = struct.field(key);
    if (field === undefined) {
      if (problems.unknown.length < maxUnknown) problems.unknown.push(path);
      continue;
    }
    walk(field.resolved, item, { path, fieldPath: place.fieldPath ? `${place.fieldPath}.${key}` : key, holder: struct.local }, problems);
  }
}

function walk(type: Type, value: unknown, place: Place, problems: Problems): void {
  if (value === null || value === undefined) return;
  switch (type.kind) {
    case 'struct':
      return walkStruct(type.struct, value, place, problems);
    case 'list':
      if (!Array.isArray(value)) return wrong(value, type, place, problems);
      value.forEach((item, i) => walk(type.of, item, { ...place, path: `${place.path}[${i}]` }, problems));
      return;
    case 'map':
      if (typeof value !== 'object' || Array.isArray(value)) return wrong(value, type, place, problems);
      for (const [key, item] of Object.entries(value)) walk(type.of, item, { ...place, path: `${place.path}.${key}` }, problems);
      return;
    case 'special':
      return walkSpecial(type, value, place, problems);
    case 'scalar':
      if (!fits(type.name, value)) {
        if (type.name === 'bytes' && typeof value === 'string') problems.mismatch ??= `illegal base64 data at input byte ${badBase64(value)}`;
        else wrong(value, type, place, problems);
      }
  }
}

function walkSpecial(type: Type & { kind: 'special' }, value: unknown, place: Place, problems: Problems): void {
  const inner = type.schema;
  if (inner) {
    if (typeof value === 'object' && !Array.isArray(value)) return walkStruct(inner, value, place, problems);
    const schemas = type.name === 'JSONSchemaPropsOrArray';
    if (Array.isArray(value) && type.name !== 'JSONSchemaPropsOrBool') {
      value.forEach((item, i) => walk(schemas ? { kind: 'struct', struct: inner } : { kind: 'scalar', name: 'string' }, item, { ...place, path: `${place.path}[${i}]` }, problems));
    } else if (!(typeof value === 'boolean' && type.name === 'JSONSchemaPropsOrBool')) {
      problems.mismatch ??= type.name === 'JSONSchemaPropsOrBool' ? 'boolean or JSON schema expected' : wording(value, inner.local);
    }
    return;
  }
  try {
    checkText(type.name, value);
  } catch (error) {
    problems.mismatch ??= (error as Error).message;
  }
}

function checkText(name: string, value: unknown): void {
  const needText = (): string => {
    if (typeof value !== 'string') throw new Error(wording(value, 'string'));
    return value;
  };
  if (name === 'Quantity') canonicalQuantity(typeof value === 'number' || typeof value === 'bigint' ? String(value) : typeof value === 'string' ? value.trim() : JSON.stringify(value));
  else if (name === 'Time') canonicalTime(needText());
  else if (name === 'MicroTime') canonicalMicroTime(needText());
  else if (name === 'Duration') parseDuration(needText());
  else if (name === 'IntOrString' && typeof value !== 'string' && !fits('int32', value)) throw new Error(wording(value, 'int32'));
}

function wording(value: unknown, goType: string): string {
  return `json: cannot unmarshal ${jsonKind(value)} into Go value of type ${goType}`;
}

function wrong(value: unknown, type: Type, place: Place, problems: Problems): void {
  const number = type.kind === 'scalar' && /^int/.test(type.name) && (typeof value === 'number' || typeof value === 'bigint') ? ` ${value}` : '';
  const where = place.fieldPath ? `Go struct field ${place.holder}.${place.fieldPath}` : 'Go value';
  problems.mismatch ??= `json: cannot unmarshal ${jsonKind(value)}${number} into ${where} of type ${goName(type)}`;
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'bigint' ? 'number' : typeof value;
}

function goName(type: Type): string {
  switch (type.kind) {
    case 'list':
      return `[]${goName(type.of)}`;
    case 'map':
      return `map[string]${goName(type.of)}`;
    case 'struct':
      return `${type.struct.package.version}.${type.struct.local}`;
    case 'special':
      return type.name === 'Quantity' ? 'resource.Quantity' : type.name === 'IntOrString' ? 'intstr.IntOrString' : `v1.${type.name}`;
    case 'scalar':
      return type.name === 'double' ? 'float64' : type.name === 'bytes' ? '[]uint8' : type.name;
  }
}

function fits(name: string, value: unknown): boolean {
  switch (name) {
    case 'string':
      return typeof value === 'string';
    case 'bool':
      return typeof value === 'boolean';
    case 'int32':
      return typeof value === 'number' && Number.isInteger(value) && Math.abs(value + 0.5) < 2 ** 31;
    case 'int64':
      return (typeof value === 'number' && Number.isSafeInteger(value)) || (typeof value === 'bigint' && BigInt.asIntN(64, value) === value);
    case 'double':
      return typeof value === 'number' || typeof value === 'bigint';
    default:
      return typeof value === 'string' && badBase64(value) < 0;
  }
}

/** Index of the first byte that is not base64, or -1. */
function badBase64(value: string): number {
  const stray = value.search(/[^A-Za-z0-9+/=\r\n]/);
  if (stray >= 0) return stray;
  const compact = value.replace(/[\r\n]/g, '');
  const padding = compact.indexOf('=');
  if (padding >= 0 && !/^={1,2}$/.test(compact.slice(padding))) return padding;
  return compact.length % 4 === 0 ? -1 : compact.length - (compact.length % 4);
}
