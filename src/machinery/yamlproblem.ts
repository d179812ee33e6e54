/** Why a YAML text cannot be read, found by a second, slow reading that only goes as far as the first document. */
import { YamlProblem, yamlTokens, type Token, type TokenKind } from './yamltokens.ts';

export { YamlProblem } from './yamltokens.ts';

/** A scalar that says what it is. */
export interface TaggedScalar {
  readonly tag: string;
  readonly value: string;
}

export interface FirstDocument {
  /** Where it is over; what follows may be unreadable. */
  readonly end: number;
  readonly tagged: readonly TaggedScalar[];
  /** What is within brackets and quotes, where lines need not be indented. */
  readonly loose: readonly Span[];
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

interface Reading {
  readonly next: () => Token;
  readonly peek: () => Token;
  readonly anchors: Set<string>;
  readonly handles: Map<string, string>;
  readonly tagged: TaggedScalar[];
  readonly loose: Span[];
  depth: number;
}

/** How deep this one follows; what is deeper is only looked at token by token. */
const maxDepth = 1500;

class TooDeep extends Error {}

/** Throws a YamlProblem where the text is wrong. */
export function readFirstDocument(text: string): FirstDocument {
  const tokens = yamlTokens(text);
  let ahead: Token | undefined;
  const peek = (): Token => (ahead ??= tokens.next().value!);
  const next = (): Token => {
    const token = peek();
    // Nothing comes after the end.
    if (token.kind !== 'end') ahead = undefined;
    return token;
  };
  const r: Reading = { peek, next, anchors: new Set(), handles: new Map([['!', '!'], ['!!', 'tag:yaml.org,2002:']]), tagged: [], loose: [], depth: 0 };
  try {
    document(r);
  } catch (error) {
    if (error instanceof TooDeep) return { end: text.length, tagged: [], loose: [] };
    throw error;
  }
  return { end: isNext(r, 'document end') ? next().at : peek().at, tagged: r.tagged, loose: r.loose };
}

function isNext(r: Reading, ...kinds: readonly TokenKind[]): boolean {
  return kinds.includes(r.peek().kind);
}

function refuse(r: Reading, problem: string): never {
  throw new YamlProblem(problem, r.peek().line);
}

function document(r: Reading): void {
  if (isNext(r, 'end')) return;
  if (isNext(r, 'version', 'handle', 'document')) {
    directives(r);
    if (!isNext(r, 'document')) refuse(r, 'did not find expected <document start>');
    r.next();
    if (isNext(r, 'version', 'handle', 'document', 'document end', 'end')) return;
  }
  node(r, 'block');
}

function directives(r: Reading): void {
  let version = false;
  const own = new Set<string>();
  for (; isNext(r, 'version', 'handle'); r.next()) {
    const { kind, text } = r.peek();
    const [, first = '', second = ''] = text.split(/[ \t]+/);
    if (kind === 'version') {
      if (version) refuse(r, 'found duplicate %YAML directive');
      if (!/^0?1\.0?1$/.test(first)) refuse(r, 'found incompatible YAML document');
      version = true;
    } else {
      if (own.has(first)) refuse(r, 'found duplicate %TAG directive');
      own.add(first);
      r.handles.set(first, second);
    }
  }
}

/** `entries`: in a mapping, where a list may stand under its key without being deeper. */
function node(r: Reading, where: 'block' | 'entries' | 'flow'): void {
  if (isNext(r, 'alias')) {
    const name = r.next().text.slice(1);
    if (!r.anchors.has(name)) throw new YamlProblem(`unknown anchor '${name}' referenced`, 0);
    return;
  }
  const tag = properties(r);
  const { kind } = r.peek();
  if (++r.depth > maxDepth) {
    while (!isNext(r, 'end')) r.next();
    throw new TooDeep();
  }
  if (where === 'entries' && kind === 'entry') entries(r);
  else if (kind === 'scalar') scalar(r, tag, where);
  else if (kind === '[' || kind === '{') brackets(r, kind, where);
  else if (where !== 'flow' && kind === 'sequence') blockSequence(r);
  else if (where !== 'flow' && kind === 'mapping') blockMapping(r);
  else if (tag === undefined) refuse(r, 'did not find expected node content');
  else if (tag !== '') r.tagged.push({ tag, value: '' });
  r.depth--;
}

/** The tag of what comes, which is '' where there is only an anchor, and undefined where there is nothing. */
function properties(r: Reading): string | undefined {
  const first = r.peek().kind;
  if (first !== 'anchor' && first !== 'tag') return undefined;
  let tag = '', anchor: string | undefined, tagLine = 0;
  const read = (kind: TokenKind): void => {
    if (!isNext(r, kind)) return;
    const { text, line } = r.next();
    if (kind === 'anchor') anchor = text.slice(1);
    else [tag, tagLine] = [text, line];
  };
  read(first);
  read(first === 'anchor' ? 'tag' : 'anchor');
  // What stands next is looked at first.
  r.peek();
  const handle = /^!(?:[0-9A-Za-z_-]*!)?/.exec(tag)?.[0] ?? '';
  if (handle !== '' && !tag.startsWith('!<') && !r.handles.has(handle)) throw new YamlProblem('found undefined tag handle', tagLine);
  if (anchor !== undefined) r.anchors.add(anchor);
  return tag.startsWith('!<') ? tag.slice(2, -1) : (r.handles.get(handle) ?? '') + tag.slice(handle.length);
}

function scalar(r: Reading, tag: string | undefined, where: string): void {
  const { at, text } = r.next();
  if (where !== 'flow' && /^["']/.test(text)) r.loose.push({ from: at, to: at + text.length });
  if (tag) r.tagged.push({ tag, value: /^["']/.test(text) ? text.slice(1, -1) : text.trimEnd() });
}

function blockSequence(r: Reading): void {
  r.next();
  while (isNext(r, 'entry')) {
    r.next();
    if (!isNext(r, 'entry', 'block end')) node(r, 'block');
  }
  if (!isNext(r, 'block end')) refuse(r, "did not find expected '-' indicator");
  r.next();
}

function entries(r: Reading): void {
  while (isNext(r, 'entry')) {
    r.next();
    if (!isNext(r, 'entry', 'key', 'value', 'block end')) node(r, 'block');
  }
}

function blockMapping(r: Reading): void {
  r.next();
  while (isNext(r, 'key')) {
    r.next();
    if (!isNext(r, 'key', 'value', 'block end')) node(r, 'entries');
    if (!isNext(r, 'value')) continue;
    r.next();
    if (!isNext(r, 'key', 'value', 'block end')) node(r, 'entries');
  }
  if (!isNext(r, 'block end')) refuse(r, 'did not find expected key');
  r.next();
}

function brackets(r: Reading, kind: '[' | '{', where: string): void {
  const from = r.next().at;
  const to = kind === '[' ? flowSequence(r) : flowMapping(r);
  if (where !== 'flow') r.loose.push({ from, to });
}

function flowSequence(r: Reading): number {
  for (let first = true; !isNext(r, ']'); first = false) {
    if (!first) {
      if (!isNext(r, ',')) refuse(r, "did not find expected ',' or ']'");
      r.next();
    }
    if (isNext(r, 'key')) {
      r.next();
      // Upstream loses what comes where there is no key.
      if (isNext(r, 'value', ',', ']')) r.next();
      else node(r, 'flow');
      flowValue(r, ']');
    } else if (isNext(r, ']')) break;
    else node(r, 'flow');
  }
  return r.next().at;
}

function flowMapping(r: Reading): number {
  for (let first = true; !isNext(r, '}'); first = false) {
    if (!first) {
      if (!isNext(r, ',')) refuse(r, "did not find expected ',' or '}'");
      r.next();
    }
    if (isNext(r, 'key')) {
      r.next();
      if (!isNext(r, 'value', ',', '}')) node(r, 'flow');
      flowValue(r, '}');
    } else if (isNext(r, '}')) break;
    else node(r, 'flow');
  }
  return r.next().at;
}

function flowValue(r: Reading, end: ']' | '}'): void {
  if (!isNext(r, 'value')) return;
  r.next();
  if (!isNext(r, ',', end)) node(r, 'flow');
}
