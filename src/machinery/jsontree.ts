/**
 * JSON read slowly and kept as it was written: members in their order and as often as they occur, numbers as text.
 * For those who must say what is wrong with a text, or odd about it; whoever wants the value uses `parseJson`.
 */

/** Words a syntax error as clients of the API know it, e.g. `invalid character 'x' looking for beginning of value`. */
export class JsonSyntaxError extends Error {}

/** Deeper values are refused: every walk over an object may recurse without fear. */
export const maxDepth = 1000;

export type JsonNode =
  | { readonly kind: 'object'; readonly members: readonly (readonly [key: string, value: JsonNode])[] }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'null' };

const nothing: JsonNode = { kind: 'null' };

/** Of a value that has no text any more. */
export function treeOf(value: unknown): JsonNode {
  if (value === null || value === undefined) return nothing;
  if (Array.isArray(value)) return { kind: 'array', items: value.map(treeOf) };
  if (typeof value === 'object') return { kind: 'object', members: Object.entries(value).filter(([, item]) => item !== undefined).map(([key, item]) => [key, treeOf(item)] as const) };
  if (typeof value === 'boolean') return { kind: 'bool', value };
  return typeof value === 'string' ? { kind: 'string', text: value } : { kind: 'number', text: String(value as number | bigint) };
}

/** Throws JsonSyntaxError where the text is not JSON. */
export function readTree(text: string): JsonNode {
  return new Reader(text).whole();
}

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): JsonNode {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#invalid('after top-level value');
    return value;
  }

  #value(): JsonNode {
    this.#space();
    const c = this.#text[this.#at];
    if (c === '{') return this.#nested(() => ({ kind: 'object', members: this.#members() }));
    if (c === '[') return this.#nested(() => ({ kind: 'array', items: this.#items() }));
    if (c === '"') return { kind: 'string', text: this.#string() };
    if (c === 't' || c === 'f') return { kind: 'bool', value: this.#word(c === 't' ? 'true' : 'false') === 'true' };
    if (c === 'n') return this.#word('null'), nothing;
    if (c === undefined || !/[-\d]/.test(c)) this.#invalid('looking for beginning of value');
    return { kind: 'number', text: this.#number() };
  }

  #nested(read: () => JsonNode): JsonNode {
    this.#at++;
    if (++this.#depth > maxDepth) throw new JsonSyntaxError('exceeded max depth');
    const value = read();
    this.#depth--;
    return value;
  }

  #members(): (readonly [string, JsonNode])[] {
    const members: (readonly [string, JsonNode])[] = [];
    this.#space();
    if (this.#text[this.#at] === '}') return this.#at++, members;
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#invalid('looking for beginning of object key string');
      const key = this.#string();
      this.#space();
      if (this.#text[this.#at] !== ':') this.#invalid('after object key');
      this.#at++;
      members.push([key, this.#value()]);
      if (this.#ends('}', 'after object key:value pair')) return members;
    }
  }

  #items(): JsonNode[] {
    const items: JsonNode[] = [];
    this.#space();
    if (this.#text[this.#at] === ']') return this.#at++, items;
    for (;;) {
      items.push(this.#value());
      if (this.#ends(']', 'after array element')) return items;
    }
  }

  /** Past the comma, or past the end. */
  #ends(close: string, where: string): boolean {
    this.#space();
    const c = this.#text[this.#at];
    if (c !== ',' && c !== close) this.#invalid(where);
    this.#at++;
    return c === close;
  }

  #space(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'x')) this.#at++;
  }

  #word(word: string): string {
    for (let i = 1; i < word.length; i++) {
      this.#at++;
      if (this.#text[this.#at] !== word[i]) this.#invalid(`in literal ${word} (expecting '${word[i]}')`, true);
    }
    this.#at++;
    return word;
  }

  #number(): string {
    const start = this.#at;
    const digits = (where: string): void => {
      if (!/\d/.test(this.#text[this.#at] ?? '')) this.#invalid(where, true);
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
    return this.#text.slice(start, this.#at);
  }

  #string(): string {
    const start = this.#at;
    for (this.#at++; ; this.#at++) {
      const c = this.#text[this.#at];
      if (c === '"') break;
      if (c === undefined || c < ' ') this.#invalid('in string literal');
      if (c === '\\') {
        this.#at++;
        const escape = this.#text[this.#at];
        if (escape === 'u') {
          for (let i = 0; i < 4; i++) if (!/[\da-fA-F]/.test(this.#text[++this.#at] ?? '')) this.#invalid('in \\u hexadecimal character escape', true);
        } else if (escape === undefined || !'"\\/bfnrt'.includes(escape)) this.#invalid('in string escape code', true);
      }
    }
    this.#at++;
    return (JSON.parse(this.#text.slice(start, this.#at)) as string).toWellFormed();
  }

  /** Where no space may stand, upstream's reader takes the end for one. */
  #invalid(where: string, tight = false): never {
    const c = this.#text.codePointAt(this.#at);
    if (c === undefined && !tight) throw new JsonSyntaxError('unexpected end of JSON input');
    throw new JsonSyntaxError(`invalid character ${quoteCharacter(c ?? 32)} ${where}`);
  }
}

/** Upstream reads bytes: of a character that has several it shows the first. */
function quoteCharacter(code: number): string {
  const byte = code < 128 ? code : Buffer.from(String.fromCodePoint(code))[0]!;
  const named: Record<number, string> = { 7: '\\a', 8: '\\b', 9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r', 39: "\\'", 92: '\\\\' };
  return `'${named[byte] ?? (byte < 32 || byte === 127 ? `\\x${byte.toString(16).padStart(2, '0')}` : String.fromCodePoint(byte))}'`;
}
