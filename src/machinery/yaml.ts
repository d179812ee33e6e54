/**
 * YAML as kubectl and the API server read and write it: the rules of YAML 1.1 for booleans, numbers and nulls, dates as texts.
 * The writer gives byte for byte what upstream's does: long lines folded at spaces, lists not indented, quotes only where a reader would be misled.
 */
import { defineScalarTag, EVENT_ID, FAILSAFE_SCHEMA, getScalarValue, loadAll, mergeTag, NOT_RESOLVED, parseEvents, SCALAR_STYLE, YAMLException, type Schema } from 'js-yaml';
import type { JsonObject, JsonValue } from './json.ts';
import { JsonSyntaxError, parseJson } from './jsontext.ts';
import { readFirstDocument, YamlProblem, type FirstDocument, type TaggedScalar } from './yamlproblem.ts';

/** `yaml: line 3: …` */
export class YamlSyntaxError extends Error {}

const maxDepth = 1000;
const maxNodes = 2_000_000;
const maxEased = 10_000_000;

const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((text) => [text, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((text) => [text, false] as const),
]);
const nulls: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);
const infinities = /^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$/;
const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;

function resolveInteger(text: string): number | bigint | undefined {
  const plain = text.replaceAll('_', '');
  const m = /^([-+]?)(?:(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+)|0([0-7]+)|(0|[1-9][0-9]*))$/.exec(plain);
  if (m === null) return undefined;
  const digits = BigInt(m[2] ?? (m[3] !== undefined ? `0o${m[3]}` : m[4]!));
  const value = m[1] === '-' ? -digits : digits;
  if (BigInt.asIntN(64, value) !== value && BigInt.asUintN(64, value) !== value) return undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function resolveFloat(text: string): number | undefined {
  const plain = text.replaceAll('_', '');
  return float.test(plain) ? Number(plain) : undefined;
}

/** What a plain scalar means where it is no text. */
function resolvePlain(text: string): JsonValue | bigint | undefined {
  const first = text.charAt(0);
  if (nulls.has(text)) return null;
  if ('-+.0123456789'.includes(first)) {
    if (infinities.test(text)) return text;
    return resolveInteger(text) ?? resolveFloat(text);
  }
  return booleans.get(text);
}

const isBase64 = (text: string): boolean => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text.replaceAll(/[\r\n]/g, ''));

const numberStart = [...'-+.0123456789'];
/** One schema for readers: who asks for it gets a new one, but it is never changed. */
const schema: Schema = FAILSAFE_SCHEMA.withTags(
  mergeTag,
  defineScalarTag('tag:yaml.org,2002:null', { implicit: true, implicitFirstChars: ['', '~', 'n', 'N'], resolve: (text) => (nulls.has(text) ? null : NOT_RESOLVED), identify: () => false }),
  defineScalarTag('tag:yaml.org,2002:bool', { implicit: true, implicitFirstChars: [...'yYtToOnNfF'], resolve: (text) => booleans.get(text) ?? NOT_RESOLVED, identify: () => false }),
  defineScalarTag<unknown>('tag:yaml.org,2002:int', { implicit: true, implicitFirstChars: numberStart, resolve: (text) => resolveInteger(text) ?? NOT_RESOLVED, identify: () => false }),
  defineScalarTag<unknown>('tag:yaml.org,2002:float', { implicit: true, implicitFirstChars: numberStart, resolve: (text) => resolveFloat(text) ?? NOT_RESOLVED, identify: () => false }),
  defineScalarTag('tag:yaml.org,2002:binary', { resolve: (text) => (isBase64(text) ? Buffer.from(text, 'base64').toString('utf8') : NOT_RESOLVED), identify: () => false }),
);

export interface ParsedYaml {
  value: JsonValue;
  /** Such as `line 4: key "name" already set in map`; only looked for when asked. */
  duplicates: string[];
}

const suspect = /^(?:%| *\t|[ ?-]*:(?:\s|$))/m;

/** Reads one document; what follows it is not looked at. An empty text is null. Throws YamlSyntaxError. */
export function parseYaml(text: string, options: { readonly duplicates?: boolean } = {}): ParsedYaml {
  const json = asJson(text);
  if (json) return json;
  if (/^(?:[^\S\n]*(?:#[^\n]*)?(?:\n|$))*$/.test(text.length < 10_000 ? text : 'x')) return { value: null, duplicates: [] };
  const read = (document: string): ParsedYaml => {
    const value = bounded((loadAll(document, { schema, maxDepth, json: true })[0] ?? null) as JsonValue, document);
    return { value, duplicates: options.duplicates === true ? duplicatesIn(document) : [] };
  };
  // What upstream refuses and this reader does not: directives, tabs, nothing as a key.
  if (suspect.test(text)) explain(text);
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return again(read, eased(text, explain(text)), error);
  }
}

function again(read: (document: string) => ParsedYaml, document: string, first: YAMLException): ParsedYaml {
  try {
    return read(document);
  } catch (error) {
    throw error instanceof YAMLException ? asRead(first) : error;
  }
}

/** What programs send as YAML is JSON nearly always, and ten times as fast to read as that. Undefined: it is not, or the two might not agree about it. */
function asJson(text: string): ParsedYaml | undefined {
  if (text.charCodeAt(0) !== 0x7b || /\d{16}|\\u|\d[eE]/.test(text)) return undefined;
  try {
    const { value, odd } = parseJson(text, { odd: true });
    return odd ? undefined : { value, duplicates: [] };
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return undefined;
  }
}

/** Reads all documents of a text; empty ones are left out. Throws YamlSyntaxError. */
export function parseYamlDocuments(text: string): JsonValue[] {
  const documents = (values: readonly unknown[]): JsonValue[] => values.filter((value) => value !== null && value !== undefined) as JsonValue[];
  try {
    return documents(loadAll(text, { schema, maxDepth, json: true })).map((document) => bounded(document, text));
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    // Lines are those of the document that is wrong.
    return documents(text.split(/^---[^\S\n]*\n/m).map((document) => parseYaml(document).value));
  }
}

/** Each key that comes again, with the line on which its value begins. */
function duplicatesIn(text: string): string[] {
  const found: string[] = [];
  let documents = 0;
  const open: { readonly seen: Set<string> | undefined; key: string | undefined }[] = [];
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length;
  /** A node that begins here is a key of its parent, the value of one, or an item. */
  const begins = (offset: number, key: () => string): void => {
    const parent = open.at(-1);
    if (!parent?.seen) return;
    if (parent.key === undefined) {
      parent.key = key();
      return;
    }
    if (parent.seen.has(parent.key)) found.push(`line ${lineOf(offset)}: key ${parent.key} already set in map`);
    parent.seen.add(parent.key);
    parent.key = undefined;
  };
  for (const event of parseEvents(text, { maxDepth })) {
    if (event.type === EVENT_ID.DOCUMENT) {
      if (documents++ > 0) break;
      open.push({ seen: undefined, key: undefined });
    } else if (event.type === EVENT_ID.POP) open.pop();
    else if (event.type === EVENT_ID.ALIAS) begins(event.anchorStart, () => '<nil>');
    else if (event.type === EVENT_ID.SCALAR) begins(event.valueStart, () => shownKey(getScalarValue(text, event), event.style === SCALAR_STYLE.PLAIN));
    else {
      begins(event.start, () => '<nil>');
      open.push({ seen: event.type === EVENT_ID.MAPPING ? new Set() : undefined, key: undefined });
    }
  }
  return found;
}

/** As Go prints a value in its own syntax. */
function shownKey(text: string, plain: boolean): string {
  const value = plain ? resolvePlain(text) : undefined;
  return value === undefined ? JSON.stringify(text) : value === null ? '<nil>' : String(value);
}

/** Throws YamlSyntaxError in upstream's words where there is something wrong in the first document. */
function explain(text: string): FirstDocument {
  try {
    const document = readFirstDocument(text);
    for (const scalar of document.tagged) checkTag(scalar);
    return document;
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    throw new YamlSyntaxError(`yaml: ${error.message}`, { cause: error });
  }
}

/** The first document alone, with lines indented that this reader wants to be: within brackets and quotes it means nothing. */
function eased(text: string, { end, loose }: FirstDocument): string {
  let deepest = 0, breaks = 0;
  for (const [{ length }] of text.matchAll(/^ */gm)) [deepest, breaks] = [Math.max(deepest, length), breaks + 1];
  // What somebody made to grow stays as it is.
  const pad = deepest * breaks > maxEased ? '\n' : `\n${' '.repeat(deepest + 1)}`;
  let out = '', at = 0;
  for (const { from, to } of loose) {
    out += text.slice(at, from) + text.slice(from, to).replaceAll('\n', pad);
    at = to;
  }
  return out + text.slice(at, end);
}

/** Words of this reader, for what only it minds. */
function asRead(error: YAMLException): YamlSyntaxError {
  if (error.reason.startsWith('cannot merge mappings')) return new YamlSyntaxError('yaml: map merge requires map or sequence of maps as the value', { cause: error });
  return new YamlSyntaxError(`yaml: ${error.mark ? `line ${error.mark.line + 1}: ` : ''}${error.reason}`, { cause: error });
}

const tagPrefix = 'tag:yaml.org,2002:';

/** A scalar may say what it is, if it is. */
function checkTag({ tag, value }: TaggedScalar): void {
  if (!tag.startsWith(tagPrefix)) return;
  const wanted = tag.slice(tagPrefix.length);
  if (wanted === 'binary' && !isBase64(value)) throw new YamlProblem('!!binary value contains invalid base64 data', 0);
  if (!['bool', 'int', 'float', 'null', 'timestamp'].includes(wanted)) return;
  const is = tagOf(value);
  if (is === wanted || (wanted === 'float' && is === 'int') || (wanted === 'timestamp' && timestamp.test(value))) return;
  throw new YamlProblem(`cannot decode !!${is} \`${value}\` as a !!${wanted}`, 0);
}

function tagOf(text: string): string {
  if (text === '<<') return 'merge';
  const value = resolvePlain(text);
  if (value === undefined) return 'str';
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'bool';
  return resolveInteger(text) === undefined ? 'float' : 'int';
}

/** Aliases make small texts huge: what they stand for is counted before anybody walks it. */
function bounded(value: JsonValue, text: string): JsonValue {
  if (!/[*]\S/.test(text)) return value;
  let nodes = 0;
  const count = (item: JsonValue, depth: number): void => {
    if (++nodes > maxNodes) throw new YamlSyntaxError('yaml: document contains excessive aliasing');
    if (typeof item !== 'object' || item === null) return;
    // What contains itself has no end.
    if (depth > maxDepth) throw new YamlSyntaxError('yaml: exceeded max depth');
    for (const child of Object.values(item)) count(child, depth + 1);
  };
  count(value, 0);
  return structuredClone(value);
}

/** The text of one document, ending with a line break; keys in natural order. */
export function dumpYaml(value: unknown): string {
  const out: string[] = [];
  writeNode(out, value as JsonValue, 0, 'root');
  return out.join('');
}

type Place = 'root' | 'member' | 'item';

/** Writes what follows a `key:` or a `-`, with the space or line break before it. `column` is where that ended. */
function writeNode(out: string[], value: JsonValue, indent: number, place: Place, column = 0): void {
  if (Array.isArray(value)) {
    if (value.length === 0) return line(out, '[]', place);
    // A list stands under its key without indentation, and within a list on the same line.
    const at = place === 'member' ? indent - 2 : indent;
    if (place === 'member') out.push('\n');
    value.forEach((item, i) => {
      out.push(i === 0 && place === 'item' ? ' -' : `${' '.repeat(at)}-`);
      writeNode(out, item, at + 2, 'item', at + 1);
    });
    return;
  }
  if (typeof value === 'object' && value !== null) return writeMapping(out, value, indent, place);
  line(out, typeof value === 'string' ? scalarText(value, indent, place === 'root' ? 0 : column + 1) : primitiveText(value), place);
}

function writeMapping(out: string[], value: JsonObject, indent: number, place: Place): void {
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  if (keys.length === 0) return line(out, '{}', place);
  keys.sort(compareKeys);
  const pad = ' '.repeat(indent);
  if (place === 'member') out.push('\n');
  keys.forEach((key, i) => {
    const text = scalarText(key, 0, undefined);
    const before = i === 0 && place === 'item' ? ' ' : pad;
    // Upstream gives long keys a line of their own.
    const long = Buffer.byteLength(key) > 128;
    out.push(long ? `${before}? ${text}\n${pad}:` : `${before}${text}:`);
    writeNode(out, value[key]!, indent + 2, 'member', long ? indent + 1 : indent + text.length + 1);
  });
}

function line(out: string[], text: string, place: Place): void {
  out.push(place === 'root' ? `${text}\n` : ` ${text}\n`);
}

function primitiveText(value: unknown): string {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return String(value);
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  return (exponent < -4 || exponent >= 6 ? value.toExponential() : String(value)).replace(/e([-+])(\d)$/, 'e$10$2');
}

/** Numbers within keys compare as numbers, letters come after everything else. */
function compareKeys(a: string, b: string): number {
  const x = Array.from(a), y = Array.from(b);
  let digits = false;
  for (let i = 0; i < x.length && i < y.length; i++) {
    if (x[i] === y[i]) {
      digits = isDigit(x[i]);
      continue;
    }
    const letters = [isLetter(x[i]!), isLetter(y[i]!)];
    if (letters[0] && letters[1]) return codeOf(x[i]) - codeOf(y[i]);
    if (letters[0] || letters[1]) return digits === letters[0] ? -1 : 1;
    return compareNumbers(x, y, i);
  }
  return x.length - y.length;
}

/** Two keys part at `at`, neither with a letter: the numbers there decide, then how long they are, then the characters. */
function compareNumbers(x: readonly string[], y: readonly string[], at: number): number {
  let prefix = '';
  if (x[at] === '0' || y[at] === '0') {
    // A zero inside a number counts, a leading one does not.
    for (let j = at - 1; j >= 0 && isDigit(x[j]); j--) if (x[j] !== '0') prefix = '1';
  }
  const digitsOf = (text: readonly string[]): string => {
    let end = at;
    while (isDigit(text[end])) end++;
    return text.slice(at, end).join('');
  };
  const [m, n] = [digitsOf(x), digitsOf(y)];
  return Number(prefix + m) - Number(prefix + n) || m.length - n.length || codeOf(x[at]) - codeOf(y[at]);
}

function isDigit(c: string | undefined): boolean {
  return c !== undefined && /^\p{Nd}$/u.test(c);
}

function isLetter(c: string): boolean {
  return /^\p{L}$/u.test(c);
}

function codeOf(c: string | undefined): number {
  return c?.codePointAt(0) ?? 0;
}

const width = 80;
const timestamp = /^\d{4}-\d{1,2}-\d{1,2}([Tt]\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?(Z|[+-]\d\d:\d\d)| \d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?)?$/;
const sexagesimal = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
/** Characters that upstream's writer does not let stand as they are. */
const unprintable = /[^\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u;

/** A text as plain, quoted or block scalar; `column` is where it starts, and absent for keys, which are never broken. */
function scalarText(value: string, indent: number, column: number | undefined): string {
  const form = analyse(value);
  if (value.includes('\n') && form.blockAllowed && column !== undefined) return blockText(value, indent);
  const plain = value !== '' && resolvePlain(value) === undefined && !sexagesimal.test(value) && !timestamp.test(value);
  if (!plain || value.includes('\n')) return doubleQuoted(value, indent, column);
  if (form.plainAllowed) return folded(Array.from(value), indent, column, '');
  return form.singleQuotedAllowed ? folded(Array.from(value, (c) => (c === "'" ? "''" : c)), indent, column, "'") : doubleQuoted(value, indent, column);
}

function analyse(value: string): { plainAllowed: boolean; singleQuotedAllowed: boolean; blockAllowed: boolean } {
  const special = unprintable.test(value) || / \n/.test(value);
  const indicators = /^(---|\.\.\.)/.test(value) || /^[#,[\]{}&*!|>'"%@`]/.test(value) || /^[?:-]([ \t]|$)/.test(value) || /:([ \t]|$)/.test(value) || /[ \t]#/.test(value);
  const edges = /^[ \n]|[ \n]$/.test(value);
  return {
    plainAllowed: !special && !indicators && !edges,
    singleQuotedAllowed: !special && !/\n /.test(value),
    blockAllowed: !special && value !== '' && !value.endsWith(' '),
  };
}

/** Pieces in a row; a space that stands alone beyond the width becomes a line break. */
function folded(pieces: readonly string[], indent: number, column: number | undefined, quote: '' | "'" | '"'): string {
  if (column === undefined) return quote + pieces.join('') + quote;
  let at = column + quote.length;
  let out = quote;
  let spaces = false;
  pieces.forEach((piece, i) => {
    const inner = quote === '' || (i > 0 && i < pieces.length - 1);
    const next = pieces[i + 1] === ' ';
    if (piece === ' ' && !spaces && at > width && inner && (quote === '"' || !next)) {
      out += `\n${' '.repeat(indent || 2)}${quote === '"' && next ? '\\' : ''}`;
      at = (indent || 2) + (quote === '"' && next ? 1 : 0);
    } else {
      out += piece;
      at += Array.from(piece).length;
    }
    spaces = piece === ' ';
  });
  return out + quote;
}

function blockText(value: string, indent: number): string {
  const hint = /^[ \n]/.test(value) ? '2' : '';
  const chomp = !value.endsWith('\n') ? '-' : value === '\n' || value.endsWith('\n\n') ? '+' : '';
  const pad = ' '.repeat(Math.max(indent, 2));
  const body = value.endsWith('\n') ? value.slice(0, -1) : value;
  return `|${hint}${chomp}\n${body.split('\n').map((text) => (text === '' ? '' : pad + text)).join('\n')}`;
}

const named: Readonly<Record<string, string>> = {
  '\0': '\\0', '\x07': '\\a', '\b': '\\b', '\t': '\\t', '\n': '\\n', '\v': '\\v', '\f': '\\f', '\r': '\\r', '\x1b': '\\e', '"': '\\"', '\\': '\\\\',
  '\u0085': '\\N', '\u00a0': '\\_', '\u2028': '\\L', '\u2029': '\\P',
};

function escapedCharacter(c: string): string {
  const known = named[c];
  if (known !== undefined && !/[\u00a0\u2028\u2029]/.test(c)) return known;
  if (!unprintable.test(c)) return c;
  const code = c.codePointAt(0)!;
  const hex = (digits: number): string => code.toString(16).toUpperCase().padStart(digits, '0');
  return code < 0x100 ? `\\x${hex(2)}` : code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`;
}

function doubleQuoted(value: string, indent: number, column: number | undefined): string {
  return folded(Array.from(value, escapedCharacter), indent, column, '"');
}
