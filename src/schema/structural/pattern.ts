/** Patterns in the syntax of RE2, which schemas are written in, as expressions of this language. */

const posix: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z', alpha: 'A-Za-z', ascii: '\\x00-\\x7f', blank: '\\t ', cntrl: '\\x00-\\x1f\\x7f', digit: '0-9', graph: '!-~', lower: 'a-z',
  print: ' -~', punct: '!-\\/:-@\\[-`{-~', space: '\\t\\n\\v\\f\\r ', upper: 'A-Z', word: '0-9A-Za-z_', xdigit: '0-9A-Fa-f',
};

/** Throws SyntaxError. */
export function compilePattern(pattern: string): RegExp {
  let text = pattern
    .replace(/\[:(\^?)([a-z]+):\]/g, (all, not: string, name: string) => (not === '' && posix[name] !== undefined ? posix[name] : all))
    .replace(/\(\?P</g, '(?<')
    .replace(/\\A/g, '^')
    .replace(/\\z/g, '$');
  let flags = '';
  const inline = /^(\^?)\(\?([ims]+)\)/.exec(text);
  if (inline) {
    flags = inline[2]!;
    text = inline[1]! + text.slice(inline[0].length);
  }
  try {
    return new RegExp(text, `${flags}u`);
  } catch {
    // Escapes of plain characters are fine there, and only without the Unicode flag here.
    return new RegExp(text, flags);
  }
}
