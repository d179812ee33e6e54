import type { FieldError } from './status.ts';

// Paths are plain text: `${path}.name`, `${path}[0]`, `${path}[key]`. The constructors below word a finding as upstream does.

const escapes: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\b': '\\b', '\f': '\\f', '\v': '\\v', '\x07': '\\a' };

/** A string in double quotes as Go's %q prints it. */
export function quoted(text: string): string {
  // eslint-disable-next-line no-control-regex
  if (!/["\\\x00-\x1f\x7f-\xa0\xad\u2028\u2029]/.test(text)) return `"${text}"`;
  let out = '"';
  for (const c of text) {
    const code = c.codePointAt(0)!;
    const known = escapes[c];
    if (known !== undefined) out += known;
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else if ((code >= 0x80 && code <= 0xa0) || code === 0xad || code === 0x2028 || code === 0x2029) out += `\\u${code.toString(16).padStart(4, '0')}`;
    else out += c;
  }
  return `${out}"`;
}

/** A value as it stands in a message. */
export function quotedOf(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (value === undefined) return 'null';
  if (typeof value !== 'object') return String(value);
  return JSON.stringify(value).replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
}

/** A struct as upstream's internal types print it: every field in their order, `zero` where it is absent, named as in Go. */
export function goForm(value: object, zero: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const given = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.entries(zero).map(([key, none]) => [key[0]!.toUpperCase() + key.slice(1), given[key] ?? none]));
}

function withDetail(head: string, detail: string): string {
  return detail === '' ? head : `${head}: ${detail}`;
}

export function required(field: string, detail = ''): FieldError {
  return { type: 'FieldValueRequired', field, detail: withDetail('Required value', detail) };
}

export function invalid(field: string, value: unknown, detail = ''): FieldError {
  return { type: 'FieldValueInvalid', field, detail: withDetail(`Invalid value: ${quotedOf(value)}`, detail) };
}

/** The supported values are listed in the order given; upstream sorts most of its lists. */
export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.length > 0 ? `supported values: ${supported.map(quoted).join(', ')}` : '';
  return { type: 'FieldValueNotSupported', field, detail: withDetail(`Unsupported value: ${quotedOf(value)}`, list) };
}

export function forbidden(field: string, detail: string): FieldError {
  return { type: 'FieldValueForbidden', field, detail: withDetail('Forbidden', detail) };
}

export function duplicate(field: string, value: unknown): FieldError {
  return { type: 'FieldValueDuplicate', field, detail: `Duplicate value: ${quotedOf(value)}` };
}

export function notFound(field: string, value: unknown): FieldError {
  return { type: 'FieldValueNotFound', field, detail: `Not found: ${quotedOf(value)}` };
}

export function tooLong(field: string, limit: number): FieldError {
  const detail = limit < 0 ? 'value is too long' : `may not be more than ${limit} ${limit === 1 ? 'byte' : 'bytes'}`;
  return { type: 'FieldValueTooLong', field, detail: `Too long: ${detail}` };
}

export function tooMany(field: string, actual: number, limit: number): FieldError {
  return { type: 'FieldValueTooMany', field, detail: `Too many: ${actual}: must have at most ${limit} ${limit === 1 ? 'item' : 'items'}` };
}

const immutableWords = 'field is immutable';

/** Same value, where absent, null and empty collections are one. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isEmpty(a) && isEmpty(b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((x, i) => sameValue(x, b[i]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key in left) if (!sameValue(left[key], right[key])) return false;
  for (const key in right) if (!(key in left) && !isEmpty(right[key])) return false;
  return true;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

export function immutable(field: string, value: unknown, old: unknown, words: string = immutableWords): FieldError[] {
  return sameValue(value, old) ? [] : [invalid(field, value, words)];
}

export function nonNegative(field: string, value: number | undefined): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(field, value, 'must be greater than or equal to 0')] : [];
}
