import { maxRequestBytes } from './limits.ts';
import type { CelType, ObjectField } from './types.ts';
import { dyn } from './types.ts';
import type { ListMeaning } from './values.ts';

/** As much of an OpenAPI schema as types are made from. */
export interface SchemaLike {
  readonly type?: string | undefined;
  readonly format?: string | undefined;
  readonly properties?: Readonly<Record<string, SchemaLike>> | undefined;
  readonly additionalProperties?: SchemaLike | boolean | undefined;
  readonly items?: SchemaLike | undefined;
  readonly required?: readonly string[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly default?: unknown;
  readonly maxLength?: number | undefined;
  readonly maxItems?: number | undefined;
  readonly maxProperties?: number | undefined;
  readonly 'x-kubernetes-int-or-string'?: boolean | undefined;
  readonly 'x-kubernetes-embedded-resource'?: boolean | undefined;
  readonly 'x-kubernetes-list-type'?: string | undefined;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[] | undefined;
}

/** A type, and the fewest bytes that a value of it takes in JSON: together with the size of a request it bounds how many there can be. */
interface Sized {
  readonly type: CelType;
  readonly bytes: number;
}

const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);
const escapes: Readonly<Record<string, string>> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' };

/** The name under which an expression finds a property; undefined where it cannot. */
export function escapeName(name: string): string | undefined {
  if (reserved.has(name)) return `__${name}__`;
  if (!/^[a-zA-Z_./-][a-zA-Z0-9_./-]*$/.test(name)) return undefined;
  return name.replace(/__|[-./]/g, (part) => escapes[part]!);
}

/**
 * The type of values that a structural schema describes; undefined where expressions cannot see them. What the schema does not know is not visible,
 * even where it is preserved.
 */
export function celTypeOf(schema: SchemaLike, options: { readonly name?: string; readonly resource?: boolean } = {}): CelType | undefined {
  return sized(schema, options.name ?? 'object', options.resource === true || schema['x-kubernetes-embedded-resource'] === true)?.type;
}

/** The most values that one request can hold of what the schema describes. */
export function mostValues(schema: SchemaLike, options: { readonly resource?: boolean } = {}): number {
  const { bytes } = sized(schema, 'object', options.resource === true || schema['x-kubernetes-embedded-resource'] === true) ?? { bytes: 0 };
  return Math.floor(maxRequestBytes / (bytes + 1));
}

function sized(schema: SchemaLike, name: string, resource: boolean): Sized | undefined {
  if (schema['x-kubernetes-int-or-string']) {
    return { type: { ...dyn, max: schema.maxLength === undefined ? maxRequestBytes - 2 : 4 * Math.max(schema.maxLength, 0) }, bytes: 1 };
  }
  switch (resource ? 'object' : schema.type) {
    case 'array':
      return schema.items && listType(schema, schema.items, name);
    case 'object': {
      const values = schema.additionalProperties;
      return typeof values === 'object' && !resource ? mapType(schema, values, name) : objectType(schema, name, resource);
    }
    case 'string':
      return textType(schema);
    case 'boolean':
      return { type: { kind: 'bool', max: 0 }, bytes: 4 };
    case 'number':
      return { type: { kind: 'double', max: 0 }, bytes: 1 };
    case 'integer':
      return { type: { kind: 'int', max: 0 }, bytes: 1 };
    default:
      return undefined;
  }
}

function listType(schema: SchemaLike, items: SchemaLike, name: string): Sized | undefined {
  const elem = sized(items, `${name}.@idx`, items['x-kubernetes-embedded-resource'] === true);
  if (!elem) return undefined;
  const max = schema.maxItems === undefined ? Math.floor((maxRequestBytes - 2) / (elem.bytes + 1)) : Math.max(schema.maxItems, 0);
  const meaning = listMeaning(schema);
  return { type: { kind: 'list', elem: elem.type, max, ...(meaning && { meaning }) }, bytes: 2 };
}

function listMeaning(schema: SchemaLike): ListMeaning | undefined {
  const type = schema['x-kubernetes-list-type'];
  if (type !== 'set' && type !== 'map') return undefined;
  return { type, keys: (schema['x-kubernetes-list-map-keys'] ?? []).map((key) => escapeName(key) ?? key) };
}

function mapType(schema: SchemaLike, values: SchemaLike, name: string): Sized | undefined {
  const value = sized(values, `${name}.@elem`, values['x-kubernetes-embedded-resource'] === true);
  if (!value) return undefined;
  const max = schema.maxProperties === undefined ? Math.floor((maxRequestBytes - 2) / (value.bytes + 6)) : Math.max(schema.maxProperties, 0);
  return { type: { kind: 'map', key: { kind: 'string', max: 0 }, value: value.type, max }, bytes: 2 };
}

const text: SchemaLike = { type: 'string' };
const metadata: SchemaLike = { type: 'object', properties: { name: text, generateName: text } };

function objectType(schema: SchemaLike, name: string, resource: boolean): Sized {
  const properties = resource ? { ...schema.properties, kind: text, apiVersion: text, metadata: withNames(schema.properties?.['metadata']) } : schema.properties;
  const fields = new Map<string, ObjectField>();
  let bytes = 2;
  for (const [property, described] of Object.entries(properties ?? {})) {
    const field = sized(described, `${name}.${property}`, described['x-kubernetes-embedded-resource'] === true);
    if (!field) continue;
    const escaped = escapeName(property);
    if (escaped !== undefined) fields.set(escaped, { name: property, type: field.type });
    if (schema.required?.includes(property) && described.default === undefined) bytes += property.length + field.bytes + 4;
  }
  return { type: { kind: 'object', name, fields, max: 0 }, bytes };
}

function withNames(described: SchemaLike | undefined): SchemaLike {
  const names = described?.properties;
  return names?.['name']?.type === 'string' && names['generateName']?.type === 'string' ? described! : metadata;
}

const dateTimeBytes = { date: { max: 12, bytes: 12 }, 'date-time': { max: 32, bytes: 21 } } as const;

function textType(schema: SchemaLike): Sized {
  const { maxLength, format } = schema;
  if (format === 'byte') return { type: { kind: 'bytes', max: maxLength === undefined ? maxRequestBytes - 2 : Math.max(maxLength, 0) }, bytes: 2 };
  if (format === 'duration') return { type: { kind: 'duration', max: 32 }, bytes: 3 };
  if (format === 'date' || format === 'date-time') return { type: { kind: 'timestamp', max: dateTimeBytes[format].max }, bytes: dateTimeBytes[format].bytes };
  let max = maxRequestBytes - 2;
  // A character can take four bytes.
  if (maxLength !== undefined) max = 4 * Math.max(maxLength, 0);
  else if (schema.enum?.length) max = Math.max(0, ...schema.enum.map((value) => (typeof value === 'string' ? Buffer.byteLength(value) : 0)));
  return { type: { kind: 'string', max }, bytes: 2 };
}
