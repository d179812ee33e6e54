import { tokens } from './lexer.ts';
import type { Token } from './lexer.ts';
import { expandMacro } from './macros.ts';
import type { CelConst, Expr, StructExpr } from './syntax.ts';
import { SyntaxIssue } from './syntax.ts';
import { maxInt } from './values.ts';

/** How deep an expression may nest, and how long it may be. */
const depthLimit = 250;
const lengthLimit = 100_000;

const reserved = new Set(
  'as break const continue else for function if import let loop package namespace return var void while in'.split(' '),
);
const expected =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const relations = new Set(['<', '<=', '>', '>=', '==', '!=', 'in']);

export interface ParseOptions {
  /** Names of fields between back quotes, which Kubernetes does not know: it escapes names instead. */
  readonly quotedNames?: boolean;
}

/** Throws SyntaxIssue. */
export function parse(source: string, options: ParseOptions = {}): Expr {
  if ([...source].length > lengthLimit) throw new SyntaxIssue(`expression code point size exceeds limit: size: ${[...source].length}, limit ${lengthLimit}`, 0);
  return new Parser(source, options).whole();
}

export class Parser {
  readonly #tokens: Token[];
  readonly #source: string;
  readonly #options: ParseOptions;
  #next = 0;
  #ids = 0;
  #depth = 0;

  constructor(source: string, options: ParseOptions) {
    this.#source = source;
    this.#tokens = tokens(source);
    this.#options = options;
  }

  whole(): Expr {
    const expr = this.#expression();
    const rest = this.#peek();
    if (rest.kind !== 'end') throw this.#unexpected(rest, '<EOF>', this.#tokens[this.#next + 1]?.kind === 'end');
    return expr;
  }

  id(): number {
    return ++this.#ids;
  }

  constant(at: number, value: CelConst): Expr {
    return { kind: 'const', id: this.id(), at, value };
  }

  ident(at: number, name: string): Expr {
    return { kind: 'ident', id: this.id(), at, name };
  }

  call(at: number, fn: string, args: readonly Expr[], target?: Expr): Expr {
    return { kind: 'call', id: this.id(), at, fn, target, args };
  }

  #peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)]!;
  }

  /** `extraneous`: without this one token, all would be well. */
  #unexpected(token: Token, wanted = expected, extraneous = false): SyntaxIssue {
    return new SyntaxIssue(`Syntax error: ${extraneous ? 'extraneous' : 'mismatched'} input '${this.#source.slice(token.at, token.end) || '<EOF>'}' expecting ${wanted}`, token.at);
  }

  #is(text: string): boolean {
    const token = this.#peek();
    return (token.kind === 'op' || (token.kind === 'name' && text === 'in')) && token.text === text;
  }

  #accept(text: string): Token | undefined {
    if (!this.#is(text)) return undefined;
    const token = this.#peek();
    this.#next++;
    return token;
  }

  #expect(text: string): Token {
    const token = this.#accept(text);
    if (token) return token;
    throw this.#unexpected(this.#peek(), `'${text}'`);
  }

  #deeper(at: number): void {
    if (++this.#depth > depthLimit) throw new SyntaxIssue(`expression recursion limit exceeded: ${depthLimit}`, at);
  }

  #expression(): Expr {
    this.#deeper(this.#peek().at);
    const condition = this.#logical('||');
    const mark = this.#accept('?');
    if (!mark) {
      this.#depth--;
      return condition;
    }
    const yes = this.#logical('||');
    this.#expect(':');
    const no = this.#expression();
    this.#depth--;
    return this.call(mark.at, '_?_:_', [condition, yes, no]);
  }

  /** Long chains become balanced trees, so that they are not deep. */
  #logical(op: '||' | '&&'): Expr {
    const part = (): Expr => (op === '||' ? this.#logical('&&') : this.#relation());
    const parts = [part()];
    const marks: number[] = [];
    for (let token = this.#accept(op); token; token = this.#accept(op)) {
      marks.push(token.at);
      parts.push(part());
    }
    const tree = (low: number, high: number): Expr => {
      if (low === high) return parts[low]!;
      const middle = Math.floor((low + high) / 2);
      return this.call(marks[middle]!, op === '||' ? '_||_' : '_&&_', [tree(low, middle), tree(middle + 1, high)]);
    };
    return tree(0, parts.length - 1);
  }

  #relation(): Expr {
    return this.#chain(() => this.#sum(), (token) => relations.has(token.text), (text) => (text === 'in' ? '@in' : `_${text}_`));
  }

  #sum(): Expr {
    return this.#chain(() => this.#product(), (token) => token.text === '+' || token.text === '-', (text) => `_${text}_`);
  }

  #product(): Expr {
    return this.#chain(() => this.#unary(), (token) => token.text === '*' || token.text === '/' || token.text === '%', (text) => `_${text}_`);
  }

  #chain(part: () => Expr, belongs: (token: Token) => boolean, fn: (text: string) => string): Expr {
    let left = part();
    let links = 0;
    for (let token = this.#peek(); (token.kind === 'op' || token.text === 'in') && token.kind !== 'quoted' && belongs(token); token = this.#peek()) {
      this.#next++;
      links++;
      this.#deeper(token.at);
      left = this.call(token.at, fn(token.text), [left, part()]);
    }
    this.#depth -= links;
    return left;
  }

  #unary(): Expr {
    const first = this.#peek();
    for (const op of ['!', '-'] as const) {
      if (!this.#is(op)) continue;
      const marks: Token[] = [];
      for (let token = this.#accept(op); token; token = this.#accept(op)) marks.push(token);
      const number = this.#peek();
      const signed = op === '-' && (number.kind === 'int' || typeof number.value === 'number');
      if (signed) {
        marks.pop();
        this.#next++;
        const value = number.kind === 'int' ? -(number.value as bigint) : -(number.value as number);
        const operand = this.#member(this.constant(first.at, value));
        return marks.length % 2 === 0 ? operand : this.call(first.at, '-_', [operand]);
      }
      const operand = this.#member();
      if (marks.length % 2 === 0) return operand;
      return this.call(first.at, op === '!' ? '!_' : '-_', [operand]);
    }
    return this.#member();
  }

  #member(start?: Expr): Expr {
    let expr = start ?? this.#primary();
    let links = 0;
    for (;;) {
      const token = this.#peek();
      if (token.kind !== 'op' || (token.text !== '.' && token.text !== '[')) break;
      links++;
      this.#deeper(token.at);
      this.#next++;
      expr = token.text === '.' ? this.#dotted(expr, token) : this.#indexed(expr, token);
    }
    this.#depth -= links;
    return expr;
  }

  #dotted(operand: Expr, dot: Token): Expr {
    const question = this.#accept('?');
    const name = this.#peek();
    if (name.kind !== 'name' && name.kind !== 'quoted') throw this.#unexpected(name, 'IDENTIFIER');
    if (name.text === 'in' && name.kind === 'name') throw this.#unexpected(name, 'IDENTIFIER');
    this.#needQuotes(name);
    this.#next++;
    if (question) return this.call(dot.at, '_?._', [operand, this.constant(name.at, name.text)]);
    const open = name.kind === 'name' ? this.#accept('(') : undefined;
    if (!open) return { kind: 'select', id: this.id(), at: dot.at, operand, field: name.text, test: false };
    const args = this.#list(')', () => this.#expression());
    return expandMacro(this, name.text, operand, args, open.at) ?? this.call(open.at, name.text, args, operand);
  }

  #indexed(operand: Expr, bracket: Token): Expr {
    const question = this.#accept('?');
    const index = this.#expression();
    this.#expect(']');
    return this.call(bracket.at, question ? '_[?_]' : '_[_]', [operand, index]);
  }

  #needQuotes(name: Token): void {
    if (name.kind === 'quoted' && !this.#options.quotedNames) throw new SyntaxIssue("unsupported syntax: '`'", name.at);
  }

  #list<T>(close: string, item: () => T): T[] {
    const out: T[] = [];
    while (!this.#is(close)) {
      out.push(item());
      if (!this.#accept(',')) break;
      if (close === ')' && this.#is(close)) throw this.#unexpected(this.#peek());
    }
    this.#expect(close);
    return out;
  }

  #mark(): boolean {
    return this.#accept('?') !== undefined;
  }

  #primary(): Expr {
    const token = this.#peek();
    if (token.kind === 'const' || token.kind === 'int') {
      this.#next++;
      if (token.kind === 'int' && (token.value as bigint) > maxInt) throw new SyntaxIssue('invalid int literal', token.at);
      return this.constant(token.at, token.value);
    }
    if (token.kind === 'op') {
      if (this.#accept('(')) {
        const inner = this.#expression();
        this.#expect(')');
        return inner;
      }
      if (this.#accept('[')) {
        const items = this.#list(']', () => ({ optional: this.#mark(), value: this.#expression() }));
        return { kind: 'list', id: this.id(), at: token.at, items };
      }
      if (this.#accept('{')) return { kind: 'map', id: this.id(), at: token.at, entries: this.#entries() };
    }
    return this.#named();
  }

  #entries(): { key: Expr; value: Expr; optional: boolean }[] {
    return this.#list('}', () => {
      const optional = this.#mark();
      const key = this.#expression();
      this.#expect(':');
      return { optional, key, value: this.#expression() };
    });
  }

  #named(): Expr {
    const leading = this.#accept('.');
    const token = this.#peek();
    if (token.kind !== 'name' || token.text === 'in') throw this.#unexpected(token);
    this.#next++;
    if (reserved.has(token.text)) throw new SyntaxIssue(`reserved identifier: ${token.text}`, token.at);
    const name = leading ? `.${token.text}` : token.text;
    const open = this.#accept('(');
    if (open) {
      const args = this.#list(')', () => this.#expression());
      return expandMacro(this, name, undefined, args, open.at) ?? this.call(open.at, name, args);
    }
    const struct = this.#structName();
    if (struct === undefined) return this.ident(token.at, name);
    return { kind: 'struct', id: this.id(), at: this.#tokens[this.#next - 1]!.at, name: name + struct, fields: this.#fields() };
  }

  /** What follows a first name where `a.b.C{` begins a message; eats it with the brace. */
  #structName(): string | undefined {
    let ahead = 0;
    let name = '';
    while (this.#peek(ahead).text === '.' && this.#peek(ahead + 1).kind === 'name') {
      name += `.${this.#peek(ahead + 1).text}`;
      ahead += 2;
    }
    const brace = this.#peek(ahead);
    if (brace.kind !== 'op' || brace.text !== '{') return undefined;
    this.#next += ahead + 1;
    return name;
  }

  #fields(): StructExpr['fields'][number][] {
    return this.#list('}', () => {
      const optional = this.#mark();
      const name = this.#peek();
      if (name.kind !== 'name' && name.kind !== 'quoted') throw this.#unexpected(name, '{IDENTIFIER, ESC_IDENTIFIER}');
      this.#needQuotes(name);
      this.#next++;
      const at = this.#peek().at;
      this.#expect(':');
      return { optional, name: name.text, at, value: this.#expression() };
    });
  }
}
