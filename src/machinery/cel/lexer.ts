import { readLiteral } from './literals.ts';
import type { CelConst } from './syntax.ts';
import { SyntaxIssue } from './syntax.ts';
import { CelUint, maxInt, maxUint } from './values.ts';

export type TokenKind = 'name' | 'quoted' | 'const' | 'int' | 'op' | 'end';
export interface Token {
  readonly kind: TokenKind;
  /** A name or an operator. */
  readonly text: string;
  readonly value: CelConst;
  readonly at: number;
  readonly end: number;
}

const space = /[\t\n\f\r ]+|\/\/[^\n]*/y;
const word = /[A-Za-z_][A-Za-z0-9_]*/y;
const quotedName = /`[A-Za-z0-9_.\-/ ]+`/y;
const floating = /(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)/y;
const whole = /(0x[0-9a-fA-F]+|[0-9]+)([uU]?)/y;
const operator = /==|!=|<=|>=|&&|\|\||[-+*/%<>=!?:.,()[\]{}]/y;
const literalStart = /(?:[rR][bB]?|[bB][rR]?)?(?:"|')/y;

function at(pattern: RegExp, text: string, offset: number): RegExpExecArray | null {
  pattern.lastIndex = offset;
  return pattern.exec(text);
}

/** Whole numbers keep no sign here: -9223372036854775808 is put together by the parser. */
export function tokens(source: string): Token[] {
  const out: Token[] = [];
  let offset = 0;
  const push = (kind: TokenKind, text: string, value: CelConst, length: number): void => {
    out.push({ kind, text, value, at: offset, end: offset + length });
    offset += length;
  };
  while (offset < source.length) {
    const blank = at(space, source, offset);
    if (blank) {
      offset += blank[0].length;
      continue;
    }
    let match = at(literalStart, source, offset);
    if (match) {
      const { value, end } = readLiteral(source, offset, match[0]);
      push('const', '', value, end - offset);
      continue;
    }
    if ((match = at(word, source, offset))) {
      const text = match[0];
      if (text === 'true' || text === 'false') push('const', text, text === 'true', text.length);
      else if (text === 'null') push('const', text, null, text.length);
      else push('name', text, null, text.length);
    } else if ((match = at(floating, source, offset))) push('const', match[0], doubleValue(match[0], offset), match[0].length);
    else if ((match = at(whole, source, offset))) push(match[2] ? 'const' : 'int', match[1]!, wholeValue(match, offset), match[0].length);
    else if ((match = at(quotedName, source, offset))) push('quoted', match[0].slice(1, -1), null, match[0].length);
    else if ((match = at(operator, source, offset))) push('op', match[0], null, match[0].length);
    else throw new SyntaxIssue(`Syntax error: token recognition error at: '${String.fromCodePoint(source.codePointAt(offset)!)}'`, offset);
  }
  push('end', '<EOF>', null, 0);
  return out;
}

function doubleValue(text: string, offset: number): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new SyntaxIssue('invalid double literal', offset);
  return value;
}

function wholeValue(match: RegExpExecArray, offset: number): CelConst {
  const value = BigInt(match[1]!);
  if (match[2]) {
    if (value > maxUint) throw new SyntaxIssue('invalid uint literal', offset);
    return new CelUint(value);
  }
  if (value > maxInt + 1n) throw new SyntaxIssue('invalid int literal', offset);
  return value;
}
