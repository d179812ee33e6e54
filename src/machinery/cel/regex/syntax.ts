/** A set of characters: those that `holds` says yes to. */
export interface CharSet {
  readonly kind: 'set';
  readonly holds: (code: number) => boolean;
}
export type Node =
  | CharSet
  | { readonly kind: 'empty' }
  | { readonly kind: 'assert'; readonly what: 'begin' | 'end' | 'lineBegin' | 'lineEnd' | 'word' | 'notWord' }
  | { readonly kind: 'all'; readonly parts: readonly Node[] }
  | { readonly kind: 'any'; readonly parts: readonly Node[] }
  | { readonly kind: 'group'; readonly node: Node }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number; readonly lazy: boolean };

export class RegexError extends Error {}

interface Flags {
  i: boolean;
  s: boolean;
  m: boolean;
  U: boolean;
}

const repeatLimit = 1000;
const depthLimit = 1000;

export function isWord(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
}
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isSpace = (code: number): boolean => code === 32 || code === 9 || code === 10 || code === 12 || code === 13;

const perl: Readonly<Record<string, (code: number) => boolean>> = { d: isDigit, w: isWord, s: isSpace };
const posix: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/, alpha: /[A-Za-z]/, ascii: /[\x00-\x7f]/, blank: /[\t ]/, cntrl: /[\x00-\x1f\x7f]/, digit: /[0-9]/, graph: /[!-~]/,
  lower: /[a-z]/, print: /[ -~]/, punct: /[!-/:-@[-`{-~]/, space: /[\t\n\v\f\r ]/, upper: /[A-Z]/, word: /[0-9A-Za-z_]/, xdigit: /[0-9A-Fa-f]/,
};
const controls: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

/** The syntax of RE2: no back references, no look-around; a match takes time in proportion to the text. */
export function parseRegex(pattern: string): Node {
  return new RegexParser(pattern).whole();
}

class RegexParser {
  readonly #codes: number[];
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #flags: Flags = { i: false, s: false, m: false, U: false };

  constructor(pattern: string) {
    this.#text = pattern;
    this.#codes = Array.from(pattern, (c) => c.codePointAt(0)!);
  }

  whole(): Node {
    const node = this.#alternatives();
    if (this.#at < this.#codes.length) throw this.#error('unexpected )', this.#text);
    return node;
  }

  #error(what: string, where: string): RegexError {
    return new RegexError(`error parsing regexp: ${what}: \`${where}\``);
  }

  #peek(ahead = 0): string {
    const code = this.#codes[this.#at + ahead];
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #rest(): string {
    return String.fromCodePoint(...this.#codes.slice(this.#at, this.#at + 200));
  }

  #alternatives(): Node {
    if (++this.#depth > depthLimit) throw this.#error('expression nests too deeply', this.#text);
    const parts = [this.#sequence()];
    while (this.#peek() === '|') {
      this.#at++;
      parts.push(this.#sequence());
    }
    this.#depth--;
    return parts.length === 1 ? parts[0]! : { kind: 'any', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#codes.length && this.#peek() !== '|' && this.#peek() !== ')') {
      const quoted = this.#peek() === '\\' && this.#peek(1) === 'Q' ? this.#quoted() : [this.#atom()];
      const last = quoted.pop();
      parts.push(...quoted);
      if (last) parts.push(this.#repeated(last));
    }
    return { kind: 'all', parts };
  }

  #quoted(): Node[] {
    this.#at += 2;
    const parts: Node[] = [];
    while (this.#at < this.#codes.length && !(this.#peek() === '\\' && this.#peek(1) === 'E')) parts.push(this.#literal(this.#codes[this.#at++]!));
    this.#at += 2;
    return parts;
  }

  #repeated(node: Node): Node {
    let out = node;
    for (let times = 0; ; times++) {
      const bounds = this.#bounds();
      if (!bounds) return out;
      if (times > 0) throw this.#error('invalid nested repetition operator', this.#text);
      let lazy = this.#flags.U;
      if (this.#peek() === '?') {
        this.#at++;
        lazy = !lazy;
      }
      out = { kind: 'repeat', node: out, min: bounds[0], max: bounds[1], lazy };
    }
  }

  #bounds(): [number, number] | undefined {
    const c = this.#peek();
    if (c === '*' || c === '+' || c === '?') {
      this.#at++;
      return c === '*' ? [0, Infinity] : c === '+' ? [1, Infinity] : [0, 1];
    }
    if (c !== '{') return undefined;
    const match = /^\{(\d+)(?:(,)(\d*))?\}/.exec(this.#rest());
    if (!match) return undefined;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === '' ? Infinity : Number(match[3]);
    if (min > repeatLimit || (max !== Infinity && max > repeatLimit) || max < min) throw this.#error('invalid repeat count', match[0]);
    this.#at += match[0].length;
    return [min, max];
  }

  #atom(): Node {
    const c = this.#peek();
    this.#at++;
    switch (c) {
      case '.':
        return { kind: 'set', holds: this.#flags.s ? () => true : (code) => code !== 10 };
      case '^':
        return { kind: 'assert', what: this.#flags.m ? 'lineBegin' : 'begin' };
      case '$':
        return { kind: 'assert', what: this.#flags.m ? 'lineEnd' : 'end' };
      case '*':
      case '+':
      case '?':
        throw this.#error('missing argument to repetition operator', c);
      case '(':
        return this.#group();
      case '[':
        return this.#class();
      case '\\':
        return this.#escape();
      default:
        return this.#literal(this.#codes[this.#at - 1]!);
    }
  }

  #literal(code: number): Node {
    return { kind: 'set', holds: this.#folded((other) => other === code) };
  }

  /** With (?i), a character is in a set where one of its cases is. */
  #folded(holds: (code: number) => boolean): (code: number) => boolean {
    if (!this.#flags.i) return holds;
    return (code) => {
      if (holds(code)) return true;
      const c = String.fromCodePoint(code);
      const [lower, upper] = [c.toLowerCase(), c.toUpperCase()];
      return [lower, upper].some((other) => [...other].length === 1 && holds(other.codePointAt(0)!));
    };
  }

  #group(): Node {
    const outer = { ...this.#flags };
    if (this.#peek() === '?') {
      const match = /^\?(?:P?<([A-Za-z0-9_]+)>|([imsU]*)(?:-([imsU]+))?([:)]))/.exec(this.#rest());
      if (!match) throw this.#error('invalid or unsupported Perl syntax', `(${this.#rest().slice(0, 3)}`);
      this.#at += match[0].length;
      if (match[1] === undefined) {
        for (const flag of match[2] ?? '') this.#flags[flag as keyof Flags] = true;
        for (const flag of match[3] ?? '') this.#flags[flag as keyof Flags] = false;
        if (match[4] === ')') return { kind: 'empty' };
      }
    }
    const node = this.#alternatives();
    if (this.#peek() !== ')') throw this.#error('missing closing )', this.#text);
    this.#at++;
    this.#flags = outer;
    return { kind: 'group', node };
  }

  #escape(): Node {
    const c = this.#peek();
    const word = { A: 'begin', z: 'end', b: 'word', B: 'notWord' } as const;
    if (c in word) {
      this.#at++;
      return { kind: 'assert', what: word[c as keyof typeof word] };
    }
    const set = this.#escapedSet();
    return set ? { kind: 'set', holds: this.#folded(set) } : this.#literal(this.#escapedCode());
  }

  /** \d, \pL and the like, after the backslash. */
  #escapedSet(): ((code: number) => boolean) | undefined {
    const c = this.#peek();
    const known = perl[c.toLowerCase()];
    if (known) {
      this.#at++;
      return c === c.toLowerCase() ? known : (code) => !known(code);
    }
    if (c !== 'p' && c !== 'P') return undefined;
    const match = /^[pP](?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))/.exec(this.#rest());
    if (!match) throw this.#error('invalid character class range', `\\${this.#rest().slice(0, 3)}`);
    const name = match[2] ?? match[3]!;
    let test: RegExp;
    try {
      test = new RegExp(name === 'Any' ? '[^]' : name.length <= 2 ? `\\p{${name}}` : `\\p{Script=${name}}`, 'u');
    } catch {
      throw this.#error('invalid character class range', `\\${match[0]}`);
    }
    this.#at += match[0].length;
    const negated = (c === 'P') !== (match[1] === '^');
    return (code) => test.test(String.fromCodePoint(code)) !== negated;
  }

  /** One character after a backslash. */
  #escapedCode(): number {
    const rest = this.#rest();
    const c = this.#peek();
    if (c === '') throw this.#error('trailing backslash at end of expression', '');
    const hex = /^x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))/.exec(rest);
    const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest);
    const found = hex ?? octal;
    if (found) {
      this.#at += found[0].length;
      return hex ? parseInt(hex[1] ?? hex[2]!, 16) : parseInt(found[0], 8);
    }
    this.#at++;
    if (controls[c] !== undefined) return controls[c];
    const code = c.codePointAt(0)!;
    if (code < 128 && !isWord(code)) return code;
    throw this.#error('invalid escape sequence', `\\${c}`);
  }

  #class(): Node {
    const start = this.#at - 1;
    const negated = this.#peek() === '^';
    if (negated) this.#at++;
    const sets: ((code: number) => boolean)[] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.#at >= this.#codes.length) throw this.#error('missing closing ]', String.fromCodePoint(...this.#codes.slice(start)));
      sets.push(this.#classPart());
    }
    this.#at++;
    const holds = this.#folded((code) => sets.some((set) => set(code)));
    return { kind: 'set', holds: negated ? (code) => !holds(code) : holds };
  }

  #classPart(): (code: number) => boolean {
    const named = /^\[:(\^?)([a-z]+):\]/.exec(this.#rest());
    if (named) {
      const test = posix[named[2]!];
      if (!test) throw this.#error('invalid character class range', named[0]);
      this.#at += named[0].length;
      return (code) => test.test(String.fromCodePoint(code)) !== (named[1] === '^');
    }
    if (this.#peek() === '\\') {
      this.#at++;
      const set = this.#escapedSet();
      if (set) return set;
      this.#at--;
    }
    const low = this.#classCode();
    if (this.#peek() !== '-' || this.#peek(1) === ']' || this.#peek(1) === '') return (code) => code === low;
    this.#at++;
    const high = this.#classCode();
    if (high < low) throw this.#error('invalid character class range', `${String.fromCodePoint(low)}-${String.fromCodePoint(high)}`);
    return (code) => code >= low && code <= high;
  }

  #classCode(): number {
    if (this.#peek() !== '\\') return this.#codes[this.#at++]!;
    this.#at++;
    return this.#escapedCode();
  }
}
