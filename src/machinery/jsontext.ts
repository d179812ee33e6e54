/** JSON as text: reading it with the care an API server needs, and writing it in canonical form. */
import type { JsonValue } from './json.ts';

/** Words a syntax error as clients of the API know it, e.g. `invalid character 'x' looking for beginning of value`. */
export class JsonSyntaxError extends Error {}

/** Deeper values are refused: every walk over an object may recurse without fear. */
export const maxDepth = 1000;

export interface ParsedJson {
  value: JsonValue;
  /** Paths of keys that occur more than once, as `spec.containers[0].name`; only looked for when asked. The last one wins. */
  duplicates: string[];
}

export interface ParseOptions {
  readonly duplicates?: boolean;
}

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
    new Scanner(text).scan();
    throw new JsonSyntaxError(error.message);
  }
  if (mayNestDeep(text)) new Nesting(text).check();
  if (/\d{16}/.test(text)) value = JSON.parse(text, exactIntegers) as JsonValue;
  if (/\\u[dD][89a-fA-F]/.test(text)) value = wellFormed(value);
  const duplicates = options.duplicates === true && countColons(text) !== countKeys(value) ? new Scanner(text).scan() : [];
  return { value, duplicates };
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

/** The slow reader: finds duplicate keys and says what is wrong with a text, without recursion. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Paths of duplicate keys; throws JsonSyntaxError where the text is not JSON. */
  scan(): string[] {
    const duplicates: string[] = [];
    // One frame for each open object or list: what it is, where it stands, and what was seen in it.
    const stack: { path: string; keys?: Map<string, number>; index: number }[] = [];
    let path = '';
    for (;;) {
      this.#space();
      const c = this.#text[this.#at];
      if (c === '{' || c === '[') {
        this.#at++;
        if (stack.length >= maxDepth) throw new JsonSyntaxError('exceeded max depth');
        stack.push(c === '{' ? { path, keys: new Map(), index: 0 } : { path, index: 0 });
        this.#space();
        if (this.#text[this.#at] === (c === '{' ? '}' : ']')) {
          this.#at++;
          stack.pop();
        } else {
          path = this.#enter(stack.at(-1)!, duplicates);
          continue;
        }
      } else this.#scalar();
      // A value has ended: close what ends with it, or go to the next member.
      for (;;) {
        this.#space();
        const top = stack.at(-1);
        if (top === undefined) {
          if (this.#at < this.#text.length) this.#invalid('after top-level value');
          return duplicates;
        }
        const close = top.keys ? '}' : ']';
        const next = this.#text[this.#at];
        if (next === ',') {
          this.#at++;
          top.index++;
          path = this.#enter(top, duplicates);
          break;
        }
        if (next !== close) this.#invalid(top.keys ? 'after object key:value pair' : 'after array element');
        this.#at++;
        stack.pop();
      }
    }
  }

  /** Reads the key of the next member, if any, and gives the member's path. */
  #enter(frame: { path: string; keys?: Map<string, number>; index: number }, duplicates: string[]): string {
    if (!frame.keys) return `${frame.path}[${frame.index}]`;
    this.#space();
    if (this.#text[this.#at] !== '"') this.#invalid('looking for beginning of object key string');
    const start = this.#at;
    this.#string();
    const key = JSON.parse(this.#text.slice(start, this.#at)) as string;
    const path = frame.path ? `${frame.path}.${key}` : key;
    const seen = (frame.keys.get(key) ?? 0) + 1;
    frame.keys.set(key, seen);
    if (seen === 2) duplicates.push(path);
    this.#space();
    if (this.#text[this.#at] !== ':') this.#invalid('after object key');
    this.#at++;
    return path;
  }

  #space(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'x')) this.#at++;
  }

  #scalar(): void {
    const c = this.#text[this.#at];
    if (c === '"') return this.#string();
    for (const word of ['true', 'false', 'null']) {
      if (c !== word[0]) continue;
      for (let i = 1; i < word.length; i++) {
        if (this.#text[this.#at + i] !== word[i]) this.#invalid(`in literal ${word} (expecting '${word[i]}')`, i);
      }
      this.#at += word.length;
      return;
    }
    if (c === undefined || !/[-\d]/.test(c)) this.#invalid('looking for beginning of value');
    this.#number();
  }

  #number(): void {
    const digits = (where: string): void => {
      if (!/\d/.test(this.#text[this.#at] ?? '')) this.#invalid(where);
      while (/\d/.test(this.#text[this.#at] ?? '')) this.#at++;
    };
    if (this.#text[this.#at] === '-') this.#at++;
    if (this.#text[this.#at] === '0') this.#at++;
    else digits('in numeric literal');
    if (this.#text[this.#at] === '.') {
      this.#at++;
      digits('after decimal point in numeric literal');
    }
    if (/[eE]/.test(this.#text[this.#at] ?? '')) {
      this.#at++;
      if (/[-+]/.test(this.#text[this.#at] ?? '')) this.#at++;
      digits('in exponent of numeric literal');
    }
  }

  #string(): void {
    for (this.#at++; ; this.#at++) {
      const c = this.#text[this.#at];
      if (c === '"') break;
      if (c === undefined || c < ' ') this.#invalid('in string literal');
      if (c === '\\') {
        this.#at++;
        const escape = this.#text[this.#at];
        if (escape === 'u') {
          for (let i = 0; i < 4; i++) if (!/[\da-fA-F]/.test(this.#text[++this.#at] ?? '')) this.#invalid('in \\u hexadecimal character escape');
        } else if (escape === undefined || !'"\\/bfnrt'.includes(escape)) this.#invalid('in string escape code');
      }
    }
    this.#at++;
  }

  #invalid(where: string, ahead = 0): never {
    const c = this.#text.codePointAt(this.#at + ahead);
    if (c === undefined) throw new JsonSyntaxError('unexpected end of JSON input');
    throw new JsonSyntaxError(`invalid character ${quoteCharacter(c)} ${where}`);
  }
}

function quoteCharacter(code: number): string {
  const named: Record<number, string> = { 7: '\\a', 8: '\\b', 9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r', 39: "\\'", 92: '\\\\' };
  const text = named[code] ?? (code < 32 || code === 127 ? `\\x${code.toString(16).padStart(2, '0')}` : String.fromCodePoint(code));
  return `'${text}'`;
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
