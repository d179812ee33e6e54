/**
 * What a YAML text is made of, for finding out why it cannot be read: tokens without their values, and problems in the words that users look for.
 * A token comes when nothing that follows can change what it is: a scalar may be a key as long as its line lasts.
 */

export type TokenKind =
  | 'end' | 'version' | 'handle' | 'document' | 'document end' | 'alias' | 'anchor' | 'tag' | 'scalar'
  | 'sequence' | 'mapping' | 'block end' | 'entry' | 'key' | 'value' | '[' | ']' | '{' | '}' | ',';

export interface Token {
  readonly kind: TokenKind;
  readonly line: number;
  /** Where it begins, and the text of it. */
  readonly at: number;
  readonly text: string;
  /** For as long as this may be a key without `?`. */
  readonly key?: PossibleKey | undefined;
}

interface PossibleKey {
  possible: boolean;
  /** Nothing else may stand here. */
  readonly required: boolean;
  /** Which of all tokens it is. */
  readonly number: number;
  readonly at: number;
  readonly line: number;
  readonly column: number;
}

/** Lines count from 0; what is wrong on the first is told without one. */
export class YamlProblem extends Error {
  constructor(problem: string, line: number) {
    super(line === 0 ? problem : `line ${line}: ${problem}`);
  }
}

interface Scan {
  readonly text: string;
  at: number;
  line: number;
  lineStart: number;
  /** From here on, the text cannot even be looked at. */
  readonly unreadable: number;
  /** How deep in brackets. */
  flow: number;
  indent: number;
  readonly indents: number[];
  /** What may become a key, for each depth of brackets. */
  readonly keys: (PossibleKey | undefined)[];
  keyAllowed: boolean;
  readonly queue: Token[];
  taken: number;
}

const maxDepth = 10_000;
const maxKey = 1024;
/** Upstream reads this many bytes at once, and refuses them before it looks at them. */
const block = 512;

const lineBreaks = /\r\n|[\r\n\x85\u2028\u2029]/y;
const blanks = /[ \t]*/y;
const spaces = / */y;
const comment = /(?:#[^\r\n\x85\u2028\u2029]*)?/y;
const restOfLine = /[^\r\n\x85\u2028\u2029]*/y;
const word = /[0-9A-Za-z_-]*/y;
const digits = /[0-9]*/y;
const blankOrEnd = /[ \t\r\n\x85\u2028\u2029]|$/y;
const breakOrEnd = /[\r\n\x85\u2028\u2029]|$/y;
const documentMark = /(?:---|\.\.\.)(?=[ \t\r\n\x85\u2028\u2029]|$)/y;
const plainInBlock = /(?:[^ \t\r\n\x85\u2028\u2029:]|:(?=[^ \t\r\n\x85\u2028\u2029]))*/y;
const plainInFlow = /(?:[^ \t\r\n\x85\u2028\u2029:,?[\]{}]|:(?=[^ \t\r\n\x85\u2028\u2029]))*/y;
const plainStart = /[^ \t\r\n\x85\u2028\u2029\-?:,[\]{}#&*!|>'"%@`]|-(?=[^ \t])|[?:](?=[^ \t\r\n\x85\u2028\u2029])/y;
const uriPart = /(?:[0-9A-Za-z_\-;/?:@&=+$,.!~*'()[\]]|%[0-9A-Fa-f]{2})*/y;
// eslint-disable-next-line no-control-regex -- these are what is looked for
const forbidden = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

export function* yamlTokens(text: string): Generator<Token, undefined> {
  const start = text.startsWith('\ufeff') ? 1 : 0;
  const s: Scan = { text, at: start, line: 0, lineStart: start, unreadable: unreadableFrom(text), flow: 0, indent: -1, indents: [], keys: [undefined], keyAllowed: true, queue: [], taken: 0 };
  for (;;) {
    while (s.queue.length === 0 || (s.queue[0]!.key?.possible === true && isKeyStill(s, s.queue[0]!.key))) fetchToken(s);
    const token = s.queue.shift()!;
    s.taken++;
    yield token;
    if (token.kind === 'end') return;
  }
}

function unreadableFrom(text: string): number {
  const at = text.search(forbidden);
  if (at < 0) return Infinity;
  const before = Buffer.from(text.slice(0, at));
  return before.subarray(0, before.length - (before.length % block)).toString().length;
}

function fail(s: Scan, problem: string): never {
  throw new YamlProblem(problem, s.line === 0 ? 0 : s.line + 1);
}

const column = (s: Scan): number => s.at - s.lineStart;

function peek(s: Scan, ahead = 0): string {
  if (s.at + ahead >= s.unreadable) throw new YamlProblem('control characters are not allowed', 0);
  return s.text.charAt(s.at + ahead);
}

function matches(s: Scan, pattern: RegExp): boolean {
  pattern.lastIndex = s.at;
  return pattern.test(s.text);
}

function take(s: Scan, pattern: RegExp): string {
  pattern.lastIndex = s.at;
  const found = pattern.exec(s.text)?.[0] ?? '';
  s.at += found.length;
  peek(s);
  return found;
}

function takeBreak(s: Scan): boolean {
  if (take(s, lineBreaks) === '') return false;
  s.line++;
  s.lineStart = s.at;
  return true;
}

function push(s: Scan, kind: TokenKind, from: number, key?: PossibleKey): void {
  s.queue.push({ kind, line: s.line, at: from, text: s.text.slice(from, s.at), key });
}

/** A token of one character. */
function pushIndicator(s: Scan, kind: TokenKind, key?: PossibleKey): void {
  s.at++;
  push(s, kind, s.at - 1, key);
}

function fetchToken(s: Scan): void {
  skipToToken(s);
  unroll(s, column(s));
  const c = peek(s);
  if (c === '') return fetchEnd(s);
  if (column(s) === 0 && (c === '%' || matches(s, documentMark))) return fetchMark(s, c);
  const next = (): boolean => {
    s.at++;
    const blank = matches(s, blankOrEnd);
    s.at--;
    return blank;
  };
  if (c === '[' || c === '{') return openBracket(s, c);
  if (c === ']' || c === '}') return closeBracket(s, c);
  if (c === ',') {
    dropKey(s);
    s.keyAllowed = true;
    return pushIndicator(s, ',');
  }
  if (c === '-' && next()) return fetchEntry(s);
  if (c === '?' && (s.flow > 0 || next())) return fetchKey(s);
  if (c === ':' && (s.flow > 0 || next())) return fetchValue(s);
  if ((c === '|' || c === '>') && s.flow === 0) return fetchBlockScalar(s);
  const scan = c === '*' || c === '&' ? scanAnchor : c === '!' ? scanTag : c === "'" || c === '"' ? scanQuoted : matches(s, plainStart) ? scanPlain : undefined;
  if (!scan) fail(s, 'found character that cannot start any token');
  const key = saveKey(s);
  s.keyAllowed = false;
  const [from, line] = [s.at, s.line];
  scan(s);
  s.queue.push({ kind: c === '*' ? 'alias' : c === '&' ? 'anchor' : c === '!' ? 'tag' : 'scalar', line, at: from, text: s.text.slice(from, s.at), key });
}

function skipToToken(s: Scan): void {
  for (;;) {
    // A tab is no indentation.
    take(s, s.flow > 0 || !s.keyAllowed ? blanks : spaces);
    take(s, comment);
    if (!takeBreak(s)) return;
    if (s.flow === 0) s.keyAllowed = true;
  }
}

function isKeyStill(s: Scan, key: PossibleKey | undefined): key is PossibleKey {
  if (key?.possible !== true) return false;
  if (key.line === s.line && key.at + maxKey >= s.at) return true;
  if (key.required) fail(s, "could not find expected ':'");
  key.possible = false;
  return false;
}

function saveKey(s: Scan): PossibleKey | undefined {
  if (!s.keyAllowed) return undefined;
  dropKey(s);
  const key = { possible: true, required: s.flow === 0 && s.indent === column(s), number: s.taken + s.queue.length, at: s.at, line: s.line, column: column(s) };
  s.keys[s.keys.length - 1] = key;
  return key;
}

function dropKey(s: Scan): void {
  const key = s.keys.at(-1);
  if (key?.possible !== true) return;
  if (key.required) fail(s, "could not find expected ':'");
  key.possible = false;
}

/** Something deeper begins: a token that says so comes before the one of this number, or last. */
function roll(s: Scan, to: number, kind: 'sequence' | 'mapping', before?: PossibleKey): void {
  if (s.flow > 0 || s.indent >= to) return;
  s.indents.push(s.indent);
  s.indent = to;
  if (s.indents.length > maxDepth) fail(s, `exceeded max depth of ${maxDepth}`);
  const token: Token = { kind, line: (before ?? s).line, at: (before ?? s).at, text: '' };
  s.queue.splice(before ? before.number - s.taken : s.queue.length, 0, token);
}

function unroll(s: Scan, to: number): void {
  if (s.flow > 0) return;
  while (s.indent > to) {
    push(s, 'block end', s.at);
    s.indent = s.indents.pop()!;
  }
}

function fetchEnd(s: Scan): void {
  if (column(s) !== 0) {
    s.line++;
    s.lineStart = s.at;
  }
  unroll(s, -1);
  dropKey(s);
  push(s, 'end', s.at);
}

/** `---`, `...` and directives. */
function fetchMark(s: Scan, c: string): void {
  unroll(s, -1);
  dropKey(s);
  s.keyAllowed = false;
  const [from, line] = [s.at, s.line];
  if (c === '%') {
    const kind = scanDirective(s);
    s.queue.push({ kind, line, at: from, text: s.text.slice(from, s.at) });
    return;
  }
  s.at += 3;
  push(s, c === '-' ? 'document' : 'document end', from);
}

function openBracket(s: Scan, c: '[' | '{'): void {
  const key = saveKey(s);
  s.keys.push(undefined);
  if (++s.flow > maxDepth) fail(s, `exceeded max depth of ${maxDepth}`);
  s.keyAllowed = true;
  pushIndicator(s, c, key);
}

function closeBracket(s: Scan, c: ']' | '}'): void {
  dropKey(s);
  if (s.flow > 0) {
    s.flow--;
    s.keys.pop();
  }
  s.keyAllowed = false;
  pushIndicator(s, c);
}

function fetchEntry(s: Scan): void {
  if (s.flow === 0) {
    if (!s.keyAllowed) fail(s, 'block sequence entries are not allowed in this context');
    roll(s, column(s), 'sequence');
  }
  dropKey(s);
  s.keyAllowed = true;
  pushIndicator(s, 'entry');
}

function fetchKey(s: Scan): void {
  if (s.flow === 0) {
    if (!s.keyAllowed) fail(s, 'mapping keys are not allowed in this context');
    roll(s, column(s), 'mapping');
  }
  dropKey(s);
  s.keyAllowed = s.flow === 0;
  pushIndicator(s, 'key');
}

function fetchValue(s: Scan): void {
  const key = s.keys.at(-1);
  if (isKeyStill(s, key)) {
    s.queue.splice(key.number - s.taken, 0, { kind: 'key', line: key.line, at: key.at, text: '' });
    roll(s, key.column, 'mapping', key);
    key.possible = false;
    s.keyAllowed = false;
  } else {
    if (s.flow === 0) {
      if (!s.keyAllowed) fail(s, 'mapping values are not allowed in this context');
      roll(s, column(s), 'mapping');
    }
    s.keyAllowed = s.flow === 0;
  }
  pushIndicator(s, 'value');
}

function scanDirective(s: Scan): 'version' | 'handle' {
  s.at++;
  const name = take(s, word);
  if (name === '') fail(s, 'could not find expected directive name');
  if (!matches(s, blankOrEnd)) fail(s, 'found unexpected non-alphabetical character');
  if (name !== 'YAML' && name !== 'TAG') fail(s, 'found unknown directive name');
  take(s, blanks);
  if (name === 'YAML') {
    scanVersionNumber(s);
    if (peek(s) !== '.') fail(s, "did not find expected digit or '.' character");
    s.at++;
    scanVersionNumber(s);
  } else {
    const handle = scanHandle(s);
    if (!/^!(?:[0-9A-Za-z_-]*!)?$/.test(handle)) fail(s, "did not find expected '!'");
    if (take(s, blanks) === '') fail(s, 'did not find expected whitespace');
    scanUri(s, false);
    if (!matches(s, blankOrEnd)) fail(s, 'did not find expected whitespace or line break');
  }
  endLine(s);
  return name === 'YAML' ? 'version' : 'handle';
}

function scanVersionNumber(s: Scan): void {
  const number = take(s, digits);
  if (number === '') fail(s, 'did not find expected version number');
  if (number.length > 2) fail(s, 'found extremely long version number');
}

/** Nothing but a comment may be left of a line. */
function endLine(s: Scan): void {
  take(s, blanks);
  take(s, comment);
  if (!matches(s, breakOrEnd)) fail(s, 'did not find expected comment or line break');
  takeBreak(s);
}

function scanAnchor(s: Scan): void {
  s.at++;
  if (take(s, word) === '' || !(matches(s, blankOrEnd) || '?:,]}%@`'.includes(peek(s)))) fail(s, 'did not find expected alphabetic or numeric character');
}

function scanTag(s: Scan): void {
  if (peek(s, 1) === '<') {
    s.at += 2;
    scanUri(s, false);
    if (peek(s) !== '>') fail(s, "did not find the expected '>'");
    s.at++;
  } else scanUri(s, !/^![0-9A-Za-z_-]*!$/.test(scanHandle(s)));
  if (!matches(s, blankOrEnd)) fail(s, 'did not find expected whitespace or line break');
}

function scanHandle(s: Scan): string {
  if (peek(s) !== '!') fail(s, "did not find expected '!'");
  const from = s.at++;
  take(s, word);
  if (peek(s) === '!') s.at++;
  return s.text.slice(from, s.at);
}

function scanUri(s: Scan, begun: boolean): void {
  const uri = take(s, uriPart);
  if (peek(s) === '%') fail(s, 'did not find URI escaped octet');
  if (uri === '' && !begun) fail(s, 'did not find expected tag URI');
}

function fetchBlockScalar(s: Scan): void {
  dropKey(s);
  s.keyAllowed = true;
  const [from, line] = [s.at, s.line];
  s.at++;
  const header = take(s, /[-+]?[0-9]?[-+]?/y);
  // A sign is read once.
  const sign = /^[-+][0-9]?[-+]$/.test(header) ? 1 : 0;
  s.at -= sign;
  const increment = /[0-9]/.exec(header)?.[0];
  if (increment === '0') fail(s, 'found an indentation indicator equal to 0');
  endLine(s);
  let indent = scanIndentation(s, increment === undefined ? 0 : Math.max(s.indent, 0) + Number(increment));
  while (column(s) === indent && peek(s) !== '') {
    take(s, restOfLine);
    takeBreak(s);
    indent = scanIndentation(s, indent);
  }
  s.queue.push({ kind: 'scalar', line, at: from, text: s.text.slice(from, s.at) });
}

/** Over empty lines to where text begins; without a given indentation, the deepest of them tells it. */
function scanIndentation(s: Scan, given: number): number {
  let deepest = 0;
  for (;;) {
    while ((given === 0 || column(s) < given) && peek(s) === ' ') s.at++;
    deepest = Math.max(deepest, column(s));
    if ((given === 0 || column(s) < given) && peek(s) === '\t') fail(s, 'found a tab character where an indentation space is expected');
    if (!takeBreak(s)) return given || Math.max(deepest, s.indent + 1, 1);
  }
}

const escapes: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

function scanQuoted(s: Scan): void {
  const quote = peek(s);
  s.at++;
  const run = quote === "'" ? /(?:[^ \t\r\n\x85\u2028\u2029']|'')*/y : /[^ \t\r\n\x85\u2028\u2029"\\]*/y;
  for (;;) {
    if (column(s) === 0 && matches(s, documentMark)) fail(s, 'found unexpected document indicator');
    take(s, run);
    const c = peek(s);
    if (c === '') fail(s, 'found unexpected end of stream');
    if (c === quote) break;
    if (c === '\\' && quote === '"') scanEscape(s);
    else if (!takeBreak(s)) take(s, blanks);
  }
  s.at++;
}

function scanEscape(s: Scan): void {
  s.at++;
  if (takeBreak(s)) return;
  const c = peek(s);
  const length = escapes[c] ?? 0;
  if (length === 0 && (c === '' || !"0abt\tnvfre \"'\\N_LP".includes(c))) fail(s, 'found unknown escape character');
  s.at++;
  if (length === 0) return;
  const code = s.text.slice(s.at, s.at + length);
  if (code.length < length || !/^[0-9A-Fa-f]+$/.test(code)) fail(s, 'did not find expected hexdecimal number');
  const value = parseInt(code, 16);
  if ((value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff) fail(s, 'found invalid Unicode character escape code');
  s.at += length;
}

function scanPlain(s: Scan): void {
  const indent = s.indent + 1;
  let broken = false;
  for (;;) {
    if ((column(s) === 0 && matches(s, documentMark)) || peek(s) === '#') break;
    if (take(s, s.flow > 0 ? plainInFlow : plainInBlock) !== '') broken = false;
    if (peek(s) === '' || !matches(s, blankOrEnd)) break;
    for (;;) {
      if (takeBreak(s)) broken = true;
      else if (broken && column(s) < indent && peek(s) === '\t') fail(s, 'found a tab character that violates indentation');
      else if (peek(s) === ' ' || peek(s) === '\t') s.at++;
      else break;
    }
    if (s.flow === 0 && column(s) < indent) break;
  }
  if (broken) s.keyAllowed = true;
}
