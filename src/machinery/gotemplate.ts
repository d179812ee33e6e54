/** The part of Go's text/template that `-o go-template` and the rules of metrics adapters need: fields, variables, pipelines, if, with, range, and its functions. */
import type { JsonValue } from './json.ts';

type Expression =
  | { readonly kind: 'literal'; readonly value: JsonValue }
  | { readonly kind: 'chain'; readonly base: Expression | undefined; readonly fields: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] };
interface Pipeline {
  readonly declares: readonly string[];
  readonly assigns: boolean;
  readonly commands: readonly Expression[];
}
type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipeline: Pipeline }
  | { readonly kind: 'if' | 'with' | 'range'; readonly pipeline: Pipeline; readonly body: readonly Node[]; readonly otherwise: readonly Node[] };

type Delimiters = readonly [open: string, close: string];

/** Throws Error where the template is wrong. */
export function parseGoTemplate(text: string, delimiters: Delimiters = ['{{', '}}']): (value: JsonValue, strict?: boolean) => string {
  const nodes = new Parser(text, delimiters).parse();
  return (value, strict = false) => new Run(value, strict).render(nodes, value);
}

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

class Parser {
  readonly #pieces: { readonly action: boolean; readonly text: string }[] = [];
  #at = 0;

  constructor(text: string, [left, right]: Delimiters) {
    const close = literal(right);
    const action = new RegExp(String.raw`^${literal(left)}(-\s)?((?:"(?:[^"\\]|\\.)*"|\x60[^\x60]*\x60|'(?:[^'\\]|\\.)*'|/\*[\s\S]*?\*/|(?!${close})[\s\S])*?)(\s-)?${close}`);
    let rest = text;
    let trim = false;
    while (rest) {
      const open = rest.indexOf(left);
      let plain = open < 0 ? rest : rest.slice(0, open);
      if (trim) plain = plain.trimStart();
      if (open < 0) {
        this.#pieces.push({ action: false, text: plain });
        break;
      }
      const m = action.exec(rest.slice(open));
      if (!m) throw new Error('unclosed action');
      if (m[1]) plain = plain.trimEnd();
      if (plain) this.#pieces.push({ action: false, text: plain });
      const inner = m[2]!.trim();
      if (!inner.startsWith('/*')) this.#pieces.push({ action: true, text: inner });
      trim = m[3] !== undefined;
      rest = rest.slice(open + m[0].length);
    }
  }

  parse(): Node[] {
    const { nodes, end } = this.#list();
    if (end !== undefined) throw new Error(`unexpected {{${end}}}`);
    return nodes;
  }

  #list(): { nodes: Node[]; end: string | undefined } {
    const nodes: Node[] = [];
    while (this.#at < this.#pieces.length) {
      const piece = this.#pieces[this.#at++]!;
      if (!piece.action) {
        nodes.push({ kind: 'text', text: piece.text });
        continue;
      }
      if (/^(end|else)\b/.test(piece.text)) return { nodes, end: piece.text };
      const block = /^(if|with|range)\b\s*([\s\S]*)$/.exec(piece.text);
      if (block) nodes.push(this.#block(block[1] as 'if', block[2]!));
      else nodes.push({ kind: 'print', pipeline: new Expressions(piece.text).pipeline() });
    }
    return { nodes, end: undefined };
  }

  #block(kind: 'if' | 'with' | 'range', text: string): Node {
    const pipeline = new Expressions(text).pipeline();
    const { nodes: body, end } = this.#list();
    let otherwise: readonly Node[] = [];
    const chained = /^else\s+(if|with)\s+([\s\S]*)$/.exec(end ?? '');
    if (chained) otherwise = [this.#block(chained[1] as 'if', chained[2]!)];
    else if (end === 'else') {
      const rest = this.#list();
      if (rest.end !== 'end') throw new Error('unexpected EOF');
      otherwise = rest.nodes;
    } else if (end !== 'end') throw new Error('unexpected EOF');
    return { kind, pipeline, body, otherwise };
  }
}

class Expressions {
  readonly #tokens: string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = text.match(/"(?:[^"\\]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)*'|:=|[|(),=]|\s+|[^\s|(),=:]+/g) ?? [];
  }

  #space(): void {
    while (/^\s/.test(this.#tokens[this.#at] ?? '')) this.#at++;
  }

  #peek(): string | undefined {
    this.#space();
    return this.#tokens[this.#at];
  }

  pipeline(): Pipeline {
    const declares: string[] = [];
    const start = this.#at;
    let assigns = false;
    while (/^\$\w+$/.test(this.#peek() ?? '')) {
      declares.push(this.#tokens[this.#at++]!);
      if (this.#peek() === ',') this.#at++;
      else break;
    }
    if (declares.length && (this.#peek() === ':=' || this.#peek() === '=')) assigns = this.#tokens[this.#at++] === '=';
    else {
      declares.length = 0;
      this.#at = start;
    }
    const commands = [this.#command()];
    while (this.#peek() === '|') {
      this.#at++;
      commands.push(this.#command());
    }
    return { declares, assigns, commands };
  }

  #command(): Expression {
    const first = this.#peek();
    if (first !== undefined && /^[a-z]\w*$/i.test(first) && !/^(true|false|nil)$/.test(first)) {
      this.#at++;
      const args: Expression[] = [];
      while (this.#peek() !== undefined && !['|', ')'].includes(this.#peek()!)) args.push(this.#operand());
      return { kind: 'call', name: first, args };
    }
    return this.#operand();
  }

  #operand(): Expression {
    const token = this.#peek();
    if (token === undefined) throw new Error('missing value for command');
    this.#at++;
    if (token === '(') {
      const { commands } = this.pipeline();
      if (this.#peek() !== ')') throw new Error('unclosed left paren');
      this.#at++;
      const inner = commands.reduce((before, command) => (command.kind === 'call' ? { ...command, args: [...command.args, before] } : command));
      const next = this.#tokens[this.#at];
      if (next?.startsWith('.')) {
        this.#at++;
        return { kind: 'chain', base: inner, fields: next.split('.').filter(Boolean) };
      }
      return inner;
    }
    if (token.startsWith('"')) return { kind: 'literal', value: token.slice(1, -1).replace(/\\(.)/gs, (_m, c: string) => ({ n: '\n', t: '\t', r: '\r' })[c] ?? c) };
    if (token.startsWith('`')) return { kind: 'literal', value: token.slice(1, -1) };
    if (/^-?\d/.test(token)) return { kind: 'literal', value: Number(token) };
    if (/^(true|false|nil)$/.test(token)) return { kind: 'literal', value: token === 'nil' ? null : token === 'true' };
    if (token.startsWith('$')) {
      const [name, ...fields] = token.split('.');
      const variable: Expression = { kind: 'variable', name: name! };
      return fields.length ? { kind: 'chain', base: variable, fields } : variable;
    }
    if (token.startsWith('.')) return { kind: 'chain', base: undefined, fields: token.split('.').filter(Boolean) };
    if (/^[a-z]\w*$/i.test(token)) return { kind: 'call', name: token, args: [] };
    throw new Error(`unexpected ${JSON.stringify(token)} in operand`);
  }
}

const missing = '<no value>';

class Run {
  readonly #strict: boolean;
  readonly #variables: Map<string, JsonValue | undefined>[];

  constructor(root: JsonValue, strict: boolean) {
    this.#strict = strict;
    this.#variables = [new Map([['$', root]])];
  }

  render(nodes: readonly Node[], dot: JsonValue | undefined): string {
    return nodes.map((node) => this.#node(node, dot)).join('');
  }

  #node(node: Node, dot: JsonValue | undefined): string {
    if (node.kind === 'text') return node.text;
    if (node.kind === 'print') {
      const value = this.#pipeline(node.pipeline, dot);
      return node.pipeline.declares.length ? '' : print(value);
    }
    this.#variables.push(new Map());
    try {
      const value = this.#pipeline(node.pipeline, dot, node.kind === 'range');
      if (node.kind === 'range') return this.#range(node, value, dot);
      return truth(value) ? this.render(node.body, node.kind === 'with' ? value : dot) : this.render(node.otherwise, dot);
    } finally {
      this.#variables.pop();
    }
  }

  #range(node: Node & { kind: 'if' | 'with' | 'range' }, value: JsonValue | undefined, dot: JsonValue | undefined): string {
    const entries: [JsonValue, JsonValue][] = Array.isArray(value) ? value.map((item, i) => [i, item]) : typeof value === 'object' && value !== null ? Object.keys(value).sort().map((key) => [key, value[key]!]) : [];
    if (entries.length === 0) return this.render(node.otherwise, dot);
    const [first, second] = node.pipeline.declares;
    return entries
      .map(([key, item]) => {
        const scope = this.#variables.at(-1)!;
        if (first !== undefined) scope.set(first, second === undefined ? item : key);
        if (second !== undefined) scope.set(second, item);
        return this.render(node.body, item);
      })
      .join('');
  }

  #pipeline(pipeline: Pipeline, dot: JsonValue | undefined, isRange = false): JsonValue | undefined {
    let value: JsonValue | undefined;
    pipeline.commands.forEach((command, i) => {
      value = i === 0 ? this.#evaluate(command, dot) : command.kind === 'call' ? this.#call(command, dot, [value]) : this.#evaluate(command, dot);
    });
    if (!isRange) {
      for (const name of pipeline.declares) {
        const scope = pipeline.assigns ? this.#variables.findLast((s) => s.has(name)) : this.#variables.at(-1);
        if (!scope) throw new Error(`undefined variable: ${name}`);
        scope.set(name, value);
      }
    }
    return value;
  }

  #evaluate(expression: Expression, dot: JsonValue | undefined): JsonValue | undefined {
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'variable': {
        const scope = this.#variables.findLast((s) => s.has(expression.name));
        if (!scope) throw new Error(`undefined variable: ${expression.name}`);
        return scope.get(expression.name);
      }
      case 'chain': {
        let value = expression.base ? this.#evaluate(expression.base, dot) : dot;
        for (const field of expression.fields) {
          if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, field)) value = value[field];
          else {
            if (value !== undefined && value !== null && (typeof value !== 'object' || Array.isArray(value))) throw new Error(`can't evaluate field ${field} in type interface {}`);
            if (this.#strict) throw new Error(`map has no entry for key ${JSON.stringify(field)}`);
            value = undefined;
          }
        }
        return value;
      }
      case 'call':
        return this.#call(expression, dot, []);
    }
  }

  #call(call: Expression & { kind: 'call' }, dot: JsonValue | undefined, piped: readonly (JsonValue | undefined)[]): JsonValue | undefined {
    if (call.name === 'and' || call.name === 'or') {
      let value: JsonValue | undefined;
      for (const arg of call.args) {
        value = this.#evaluate(arg, dot);
        if (truth(value) === (call.name === 'or')) return value;
      }
      return piped.length ? piped[0] : value;
    }
    const run = Object.hasOwn(functions, call.name) ? functions[call.name] : undefined;
    if (!run) throw new Error(`function ${JSON.stringify(call.name)} not defined`);
    return run([...call.args.map((arg) => this.#evaluate(arg, dot)), ...piped]);
  }
}

function truth(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return false;
  return typeof value === 'object' ? Object.keys(value).length > 0 : true;
}

/** As Go prints a value: `map[a:b]`, `[x y]`. */
export function print(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return missing;
  if (Array.isArray(value)) return `[${value.map(print).join(' ')}]`;
  if (typeof value === 'object') return `map[${Object.keys(value).sort().map((key) => `${key}:${print(value[key])}`).join(' ')}]`;
  return String(value);
}

function format(pattern: string, args: readonly (JsonValue | undefined)[]): string {
  let next = 0;
  return pattern.replace(/%([-+ 0#]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/g, (_all, flags: string, width: string, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    const value = args[next++];
    let text = verb === 'q' ? JSON.stringify(String(value)) : verb === 'd' ? String(Math.trunc(Number(value))) : verb === 'f' ? Number(value).toFixed(precision === undefined ? 6 : Number(precision)) : verb === 'x' ? (typeof value === 'number' ? value.toString(16) : Buffer.from(String(value)).toString('hex')) : print(value);
    if (verb === 's' && precision !== undefined) text = text.slice(0, Number(precision));
    return flags.includes('-') ? text.padEnd(Number(width)) : text.padStart(Number(width), flags.includes('0') ? '0' : ' ');
  });
}

type Args = readonly (JsonValue | undefined)[];
const compare = (test: (a: number | string, b: number | string) => boolean) => ([a, b]: Args): boolean => test(a as number, b as number);
const functions: Readonly<Record<string, (args: Args) => JsonValue | undefined>> = {
  not: ([a]) => !truth(a),
  eq: ([a, ...rest]) => rest.some((b) => a === b),
  ne: ([a, b]) => a !== b,
  lt: compare((a, b) => a < b),
  le: compare((a, b) => a <= b),
  gt: compare((a, b) => a > b),
  ge: compare((a, b) => a >= b),
  len: ([a]) => (typeof a === 'string' ? Buffer.byteLength(a) : Object.keys(a as object).length),
  index: ([a, ...keys]) => keys.reduce<JsonValue | undefined>((value, key) => (value === undefined || value === null ? undefined : (value as Record<string, JsonValue>)[String(key)]), a),
  slice: ([a, from, to]) => (a as string).slice(Number(from ?? 0), to === undefined ? undefined : Number(to)),
  print: (args) => args.map((a) => (a === undefined ? missing : print(a))).join(''),
  println: (args) => `${args.map(print).join(' ')}\n`,
  printf: ([pattern, ...args]) => format(String(pattern), args),
  html: (args) => args.map(print).join('').replace(/[&<>'"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' })[c]!),
  js: (args) => JSON.stringify(args.map(print).join('')).slice(1, -1),
  urlquery: (args) => encodeURIComponent(args.map(print).join('')).replaceAll('%20', '+'),
  base64decode: ([a]) => Buffer.from(String(a), 'base64').toString('utf8'),
  exists: ([a, ...keys]) => {
    let value: JsonValue | undefined = a;
    for (const key of keys) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, String(key))) return false;
      value = (value as Record<string, JsonValue>)[String(key)];
    }
    return true;
  },
};
