import { SyntaxIssue } from './syntax.ts';

const simple: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92, "'": 39, '"': 34, '`': 96, '?': 63 };

/** Reads a string or bytes literal whose prefix letters and first quote are `opening`. */
export function readLiteral(source: string, start: number, opening: string): { value: string | Uint8Array; end: number } {
  const prefix = opening.slice(0, -1).toLowerCase();
  const raw = prefix.includes('r');
  const bytes = prefix.includes('b');
  const mark = opening.slice(-1);
  let offset = start + prefix.length;
  const closing = source.startsWith(mark.repeat(3), offset) ? mark.repeat(3) : mark;
  offset += closing.length;
  const parts: number[] = [];
  for (;;) {
    if (source.startsWith(closing, offset)) break;
    const code = source.codePointAt(offset);
    if (code === undefined || (closing.length === 1 && (code === 10 || code === 13))) {
      throw new SyntaxIssue(`Syntax error: token recognition error at: '${source.slice(start, offset)}'`, start);
    }
    if (code === 92 && raw && offset + 1 < source.length) {
      parts.push(92);
      const next = source.codePointAt(offset + 1)!;
      append(parts, next, bytes);
      offset += 1 + width(next);
    } else if (code === 92 && !raw) {
      offset = readEscape(source, offset, bytes, parts);
    } else {
      append(parts, code === 13 && !raw ? 10 : code, bytes);
      offset += code === 13 && !raw && source[offset + 1] === '\n' ? 2 : width(code);
    }
  }
  const end = offset + closing.length;
  return { value: bytes ? Uint8Array.from(parts) : textOf(parts), end };
}

function width(code: number): number {
  return code > 0xffff ? 2 : 1;
}

/** String.fromCodePoint with many arguments would fill the stack. */
function textOf(codes: readonly number[]): string {
  let out = '';
  for (let i = 0; i < codes.length; i += 4096) out += String.fromCodePoint(...codes.slice(i, i + 4096));
  return out;
}

/** Characters of a bytes literal are its UTF-8. */
function append(parts: number[], code: number, bytes: boolean): void {
  if (bytes && code > 127) parts.push(...new TextEncoder().encode(String.fromCodePoint(code)));
  else parts.push(code);
}

function readEscape(source: string, offset: number, bytes: boolean, parts: number[]): number {
  const letter = source[offset + 1] ?? '';
  const plain = simple[letter];
  if (plain !== undefined) {
    parts.push(plain);
    return offset + 2;
  }
  const digits = (pattern: RegExp, from: number): string => {
    pattern.lastIndex = offset + from;
    const found = pattern.exec(source)?.[0];
    if (found === undefined) throw new SyntaxIssue('invalid escape sequence', offset);
    return found;
  };
  let code: number;
  let end: number;
  if (letter === 'x' || letter === 'X') [code, end] = [parseInt(digits(/[0-9a-fA-F]{2}/y, 2), 16), 4];
  else if (letter === 'u' && !bytes) [code, end] = [parseInt(digits(/[0-9a-fA-F]{4}/y, 2), 16), 6];
  else if (letter === 'U' && !bytes) [code, end] = [parseInt(digits(/[0-9a-fA-F]{8}/y, 2), 16), 10];
  else [code, end] = [parseInt(digits(/[0-3][0-7]{2}/y, 1), 8), 4];
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new SyntaxIssue('invalid unicode code point', offset);
  parts.push(code);
  return offset + end;
}
