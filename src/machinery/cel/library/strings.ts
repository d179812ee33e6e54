import type { Overload } from '../functions.ts';
import { define, method } from '../functions.ts';
import { formatText } from './stringformat.ts';
import type { CelValue } from '../values.ts';
import { CelError, CelList } from '../values.ts';

function outOfRange(index: bigint): CelError {
  return new CelError(`index out of range: ${index}`);
}

function charAt(text: string, index: bigint): CelValue {
  const chars = [...text];
  if (index < 0n || index > BigInt(chars.length)) return outOfRange(index);
  return chars[Number(index)] ?? '';
}

function sameAt(chars: readonly string[], part: readonly string[], at: number): boolean {
  return part.every((c, i) => chars[at + i] === c);
}

function indexOf(text: string, find: string, from = 0n): CelValue {
  const [chars, part] = [[...text], [...find]];
  if (from < 0n || from > BigInt(chars.length)) return find === '' && from >= 0n ? from : outOfRange(from);
  if (part.length === 0) return from;
  for (let at = Number(from); at + part.length <= chars.length; at++) if (sameAt(chars, part, at)) return BigInt(at);
  return -1n;
}

function lastIndexOf(text: string, find: string, from?: bigint): CelValue {
  const [chars, part] = [[...text], [...find]];
  const last = from ?? BigInt(chars.length);
  if (from !== undefined && (from < 0n || from >= BigInt(chars.length)) && !(part.length === 0 && from === BigInt(chars.length))) return outOfRange(from);
  if (part.length === 0) return last;
  for (let at = Math.min(Number(last), chars.length - part.length); at >= 0; at--) if (sameAt(chars, part, at)) return BigInt(at);
  return -1n;
}

/** A text that is far larger than any request. */
const sizeLimit = 64 * 1024 * 1024;

function replace(text: string, from: string, to: string, times = -1n): CelValue {
  if ((text.length / Math.max(from.length, 1) + 1) * to.length > sizeLimit) return new CelError('replace: the result may be too large');
  if (times < 0n) return from === '' ? [...text].reduce((out, c) => out + c + to, to) : text.replaceAll(from, () => to);
  let left = Number(times);
  if (from === '') {
    const chars = [...text];
    let out = '';
    for (let i = 0; i <= chars.length; i++) out += (left-- > 0 ? to : '') + (chars[i] ?? '');
    return out;
  }
  const parts = text.split(from);
  const kept = Math.min(left, parts.length - 1);
  return parts.slice(0, kept + 1).join(to) + parts.slice(kept + 1).map((part) => from + part).join('');
}

function split(text: string, by: string, limit = -1n): CelValue {
  const max = Number(limit);
  if (max === 0) return new CelList([]);
  const parts = by === '' ? [...text] : text.split(by);
  if (max < 0 || parts.length <= max) return new CelList(parts);
  return new CelList([...parts.slice(0, max - 1), parts.slice(max - 1).join(by)]);
}

function substring(text: string, start: bigint, end?: bigint): CelValue {
  const chars = [...text];
  const size = BigInt(chars.length);
  if (start < 0n || start > size) return outOfRange(start);
  if (end === undefined) return chars.slice(Number(start)).join('');
  if (end < 0n || end > size) return outOfRange(end);
  if (start > end) return new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  return chars.slice(Number(start), Number(end)).join('');
}

function join(list: CelList, separator = ''): CelValue {
  const parts = list.values();
  return parts.every((part) => typeof part === 'string') ? parts.join(separator) : new CelError('no such overload');
}

const escapes: Readonly<Record<string, string>> = {
  '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '\\': '\\\\', '"': '\\"',
};

function quote(text: string): string {
  return `"${text.toWellFormed().replace(/[\x07\b\f\n\r\t\v\\"]/g, (c) => escapes[c]!)}"`;
}

/** What Unicode calls white space; JavaScript's own list has U+FEFF more and U+0085 less. */
const whiteSpace = '[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+';
const trimmed = new RegExp(`^${whiteSpace}|${whiteSpace}$`, 'g');

export const strings: readonly Overload[] = [
  method('string_char_at_int', 'string.charAt(int) string', charAt),
  method('string_index_of_string', 'string.indexOf(string) int', indexOf),
  method('string_index_of_string_int', 'string.indexOf(string, int) int', indexOf),
  method('string_last_index_of_string', 'string.lastIndexOf(string) int', lastIndexOf),
  method('string_last_index_of_string_int', 'string.lastIndexOf(string, int) int', lastIndexOf),
  method('string_lower_ascii', 'string.lowerAscii() string', (text: string) => text.replace(/[A-Z]+/g, (part) => part.toLowerCase())),
  method('string_upper_ascii', 'string.upperAscii() string', (text: string) => text.replace(/[a-z]+/g, (part) => part.toUpperCase())),
  method('string_replace_string_string', 'string.replace(string, string) string', replace),
  method('string_replace_string_string_int', 'string.replace(string, string, int) string', replace),
  method('string_split_string', 'string.split(string) list<string>', split),
  method('string_split_string_int', 'string.split(string, int) list<string>', split),
  method('string_substring_int', 'string.substring(int) string', substring),
  method('string_substring_int_int', 'string.substring(int, int) string', substring),
  method('string_trim', 'string.trim() string', (text: string) => text.replace(trimmed, '')),
  method('string_format', 'string.format(list<dyn>) string', formatText),
  define('strings_quote', 'strings.quote(string) string', quote),
  method('list_join', 'list<string>.join() string', join),
  method('list_join_string', 'list<string>.join(string) string', join),
];
