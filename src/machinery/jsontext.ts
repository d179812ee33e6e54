/** JSON as text: reading it with the care an API server needs, and writing it in canonical form. */
import type { JsonValue } from './json.ts';
import { JsonSyntaxError, maxDepth, readTree } from './jsontree.ts';

export { JsonSyntaxError };

export interface ParsedJson {
  value: JsonValue;
  /** The text says more than the value: keys that occur more than once (the last one wins), or whole numbers written as fractions. Only looked for when asked. */
  odd: boolean;
}

export interface ParseOptions {
  readonly odd?: boolean;
}

/** A number with a point or an exponent; within a string nearly never. */
const fraction = /[:,[]\s*-?\d+(?:\.\d+(?:[eE][-+]?\d+)?|[eE][-+]?\d+)\s*[,}\]]/;

/**
 * Reads one JSON text. Integers beyond 2^53 come as BigInt, so that they keep their digits.
 * Throws JsonSyntaxError.
 */
export function parseJson(input: Uint8Array | string, options: ParseOptions = {}): ParsedJson {
  const text = typeof input === 'string' ? input : (Buffer.isBuffer(input) ? input : Buffer.from(input.buffer, input.byteOffset, input.byteLength)).toString('utf8');
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    readTree(text);
    throw new JsonSyntaxError(error.message);
  }
  if (mayNestDeep(text)) new Nesting(text).check();
  if (/\d{16}/.test(text)) value = JSON.parse(text, exactIntegers) as JsonValue;
  if (/\\u[dD][89a-fA-F]/.test(text)) value = wellFormed(value);
  const odd = options.odd === true && (countColons(text) !== countKeys(value) || fraction.test(text));
  return { value, odd };
}

/** Reads what `jsonText` has written of a value that `parseJson` had let in: of its cares only that for large integers is left. */
export function readOwnJson(text: string): JsonValue {
  return JSON.parse(text, /\d{16}/.test(text) ? exactIntegers : undefined) as JsonValue;
}

/** A shape that JSON.parse hands to its reviver for primitive values. */
interface Source {
  readonly source?: string;
}

function exactIntegers(_key: string, value: unknown, context?: Source): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** Half surrogate pairs become U+FFFD, as they would in UTF-8. */
function wellFormed(value: JsonValue): JsonValue {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (value !== null && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k.toWellFormed(), wellFormed(v)]));
  return value;
}

/** Index of the quote that ends the string whose first character is at `from`. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 92) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}

/** Keys of a valid JSON text, counted without building anything. */
function countColons(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 34) i = endOfString(text, i + 1);
    else if (c === 58) count++;
  }
  return count;
}

function countKeys(value: JsonValue): number {
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countKeys(item);
  } else if (value !== null && typeof value === 'object') {
    for (const key in value) {
      count++;
      const item = value[key]!;
      if (typeof item === 'object') count += countKeys(item);
    }
  }
  return count;
}

/** Only a text with that many opening brackets can nest too deep. */
function mayNestDeep(text: string): boolean {
  if (text.length <= maxDepth * 2) return false;
  let left = maxDepth;
  for (const open of '{[') for (let at = text.indexOf(open); at >= 0; at = text.indexOf(open, at + 1)) if (--left === 0) return true;
  return false;
}

class Nesting {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  check(): void {
    let depth = 0;
    for (let i = 0; i < this.#text.length; i++) {
      const c = this.#text.charCodeAt(i);
      if (c === 34) i = endOfString(this.#text, i + 1);
      else if (c === 123 || c === 91) {
        if (++depth > maxDepth) throw new JsonSyntaxError('exceeded max depth');
      } else if (c === 125 || c === 93) depth--;
    }
  }
}

const forHtml = /[<>&\u2028\u2029]/;
const numberKey = /"\d+":/;
const escapes: Record<string, string> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026', '\u2028': '\\u2028', '\u2029': '\\u2029' };

/**
 * The text of a value whose keys already stand in their order. Characters that upstream escapes for the sake of HTML are
 * escaped here too, and keys that JavaScript moves to the front because they look like numbers go back to their bytewise place.
 */
export function jsonText(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return escaped(carefulText(value));
  }
  if (numberKey.test(text)) return escaped(carefulText(value));
  return forHtml.test(text) ? escaped(text) : text;
}

export function encodeJson(value: unknown): Buffer {
  return Buffer.from(jsonText(value), 'utf8');
}

function escaped(text: string): string {
  return text.replace(/[<>&\u2028\u2029]/g, (c) => escapes[c]!);
}

/** As JSON.stringify, but writes BigInts as integers and sorts the members of objects that have number-like keys. */
function carefulText(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => (item === undefined ? 'null' : carefulText(item))).join(',')}]`;
  const members = Object.entries(value).filter(([, item]) => item !== undefined);
  if (members.some(([key]) => /^\d+$/.test(key))) members.sort(([a], [b]) => compareBytes(a, b));
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${carefulText(item)}`).join(',')}}`;
}

/** The order of the UTF-8 bytes of two texts, which is that of their code points. */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i), y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate stands for a code point above all single units.
    const high = (unit: number): boolean => unit >= 0xd800 && unit < 0xe000;
    return high(x) === high(y) ? x - y : high(x) ? 1 : -1;
  }
  return a.length - b.length;
}
