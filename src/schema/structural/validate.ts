/** Whether a custom resource fits its schema, in upstream's words. */
import { isDeepStrictEqual } from 'node:util';
import { invalid, notSupported, required, tooLong, tooMany } from '../../machinery/fieldpath.ts';
import type { FieldError } from '../../machinery/status.ts';
import { hasFormat } from './formats.ts';
import { Patterns } from './pattern.ts';
import { additionalOf, isMembers, itemsOf, propertyOf, type JsonSchema, type Members } from './schema.ts';

interface Result {
  readonly errors: FieldError[];
}

export interface ValidationOptions {
  /** Where the value stands, for the field of an error; messages name the place below it. */
  readonly root?: string;
  /** What was there before: parts that have not changed are not judged again. */
  readonly old?: unknown;
  readonly patterns?: Patterns;
}

export function validateStructural(value: unknown, schema: JsonSchema | undefined, options: ValidationOptions = {}): FieldError[] {
  if (schema === undefined) return [];
  const out: Result = { errors: [] };
  new Validation(options.root ?? '', options.patterns ?? new Patterns()).check(value, schema, '', options.old, out);
  return out.errors;
}

class Validation {
  readonly #root: string;
  readonly #patterns: Patterns;

  constructor(root: string, patterns: Patterns) {
    this.#root = root;
    this.#patterns = patterns;
  }

  check(value: unknown, schema: JsonSchema, path: string, old: unknown, out: Result): void {
    if (old !== undefined && isDeepStrictEqual(value, old)) return;
    if (!this.#type(value, schema, path, out)) {
      // What has the wrong type is not looked into, but the closed set of values is still told.
      this.#enum(value, schema, path, out);
      return;
    }
    if (value === null) {
      this.#enum(value, schema, path, out);
      return;
    }
    this.#junctors(value, schema, path, old, out);
    if (typeof value === 'string') this.#text(value, schema, path, out);
    else if (typeof value === 'number' || typeof value === 'bigint') this.#number(value, schema, path, out);
    else if (Array.isArray(value)) this.#list(value, schema, path, old, out);
    this.#enum(value, schema, path, out);
    if (isMembers(value)) this.#object(value, schema, path, old, out);
  }

  #field(path: string): string {
    if (path === '') return this.#root === '' ? '<nil>' : this.#root;
    return this.#root === '' ? path : `${this.#root}.${path}`;
  }

  #add(out: Result, path: string, value: unknown, words: string): void {
    out.errors.push(invalid(this.#field(path), value, `${path} in body ${words}`));
  }

  #type(value: unknown, schema: JsonSchema, path: string, out: Result): boolean {
    const types = schema['x-kubernetes-int-or-string'] ? ['integer', 'string'] : schema.type ? [schema.type] : [];
    if (types.length === 0) return true;
    const found = typeName(value);
    if (value === null ? schema.nullable === true : types.includes(found) || (found === 'integer' && types.includes('number'))) return true;
    const error = invalid(this.#field(path), found, `${path} in body must be of type ${types.join(',')}: ${JSON.stringify(found)}`);
    out.errors.push({ ...error, type: 'FieldValueTypeInvalid' });
    return false;
  }

  #enum(value: unknown, schema: JsonSchema, path: string, out: Result): void {
    const allowed = schema.enum;
    if (!allowed || allowed.length === 0 || allowed.some((a) => isDeepStrictEqual(a, value))) return;
    out.errors.push(notSupported(this.#field(path), value ?? '', allowed.map((a) => (typeof a === 'string' ? a : JSON.stringify(a)))));
  }

  #text(value: string, schema: JsonSchema, path: string, out: Result): void {
    const length = schema.maxLength !== undefined || schema.minLength !== undefined ? [...value].length : 0;
    if (schema.maxLength !== undefined && length > schema.maxLength) out.errors.push(tooLong(this.#field(path), schema.maxLength));
    else if (schema.minLength !== undefined && length < schema.minLength) this.#add(out, path, value, `should be at least ${schema.minLength} chars long`);
    else if (schema.pattern && !this.#patterns.test(schema.pattern, value)) this.#add(out, path, value, `should match '${schema.pattern}'`);
    if (schema.format && hasFormat(schema.format, value) === false) {
      const error = invalid(this.#field(path), value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`);
      out.errors.push({ ...error, type: 'FieldValueTypeInvalid' });
    }
  }

  #number(value: number | bigint, schema: JsonSchema, path: string, out: Result): void {
    const { multipleOf, maximum, minimum } = schema;
    if (multipleOf !== undefined && !Number.isInteger(Number((Number(value) / multipleOf).toPrecision(15)))) this.#add(out, path, value, `should be a multiple of ${multipleOf}`);
    if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum)) this.#add(out, path, value, `should be less than ${schema.exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
    if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum)) this.#add(out, path, value, `should be greater than ${schema.exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  }

  #list(value: readonly unknown[], schema: JsonSchema, path: string, old: unknown, out: Result): void {
    const items = itemsOf(schema);
    const before = items && Array.isArray(old) ? correlated(schema, old) : undefined;
    if (items) for (const [i, item] of value.entries()) this.check(item, items, `${path}[${i}]`, before?.(item), out);
    if (schema.minItems !== undefined && value.length < schema.minItems) this.#add(out, path, value.length, `should have at least ${schema.minItems} items`);
    if (schema.maxItems !== undefined && value.length > schema.maxItems) out.errors.push(tooMany(this.#field(path), value.length, schema.maxItems));
    if (schema.uniqueItems && value.some((a, i) => value.slice(0, i).some((b) => isDeepStrictEqual(a, b)))) this.#add(out, path, '', "shouldn't contain duplicates");
  }

  #object(value: Members, schema: JsonSchema, path: string, old: unknown, out: Result): void {
    const keys = Object.keys(value);
    if (schema.minProperties !== undefined && keys.length < schema.minProperties) this.#add(out, path, keys.length, `should have at least ${schema.minProperties} properties`);
    if (schema.maxProperties !== undefined && keys.length > schema.maxProperties) out.errors.push(tooMany(this.#field(path), keys.length, schema.maxProperties));
    for (const key of schema.required ?? []) if (!Object.hasOwn(value, key)) out.errors.push(required(this.#field(member(path, key))));
    const additional = additionalOf(schema).schema;
    const before = isMembers(old) ? old : undefined;
    for (const key of keys) {
      const below = propertyOf(schema, key) ?? additional;
      if (below) this.check(value[key], below, member(path, key), before && Object.hasOwn(before, key) ? before[key] : undefined, out);
    }
  }

  /** anyOf, oneOf, allOf and not. The errors of the alternative that failed least are told with the failure. */
  #junctors(value: unknown, schema: JsonSchema, path: string, old: unknown, out: Result): void {
    const trial = (s: JsonSchema): Result => {
      const result: Result = { errors: [] };
      this.check(value, s, path, old, result);
      return result;
    };
    const fail = (words: string): void => void out.errors.push(invalid(this.#root === '' ? '<nil>' : this.#root, '', `${JSON.stringify(path)} ${words}`));
    if (schema.anyOf?.length) {
      const results = schema.anyOf.map(trial);
      if (results.every((r) => r.errors.length > 0)) {
        fail('must validate at least one schema (anyOf)');
        out.errors.push(...results[0]!.errors);
      }
    }
    if (schema.oneOf?.length) {
      const results = schema.oneOf.map(trial);
      const valid = results.filter((r) => r.errors.length === 0).length;
      if (valid !== 1) {
        fail(`must validate one and only one schema (oneOf). ${valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`}`);
        if (valid === 0) out.errors.push(...results[0]!.errors);
      }
    }
    if (schema.allOf?.length) {
      const results = schema.allOf.map(trial);
      const valid = results.filter((r) => r.errors.length === 0).length;
      for (const r of results) out.errors.push(...r.errors);
      if (valid < results.length) fail(`must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`);
    }
    if (schema.not && trial(schema.not).errors.length === 0) fail('must not validate the schema (not)');
  }
}

function member(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** Finds the old item that a new one came from; only items with keys can be told. */
function correlated(schema: JsonSchema, old: readonly unknown[]): ((item: unknown) => unknown) | undefined {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (schema['x-kubernetes-list-type'] !== 'map' || !keys?.length) return undefined;
  const nameOf = (item: unknown): string => (isMembers(item) ? JSON.stringify(keys.map((k) => item[k] ?? null)) : '');
  const byName = new Map(old.map((item) => [nameOf(item), item]));
  return (item) => byName.get(nameOf(item));
}
