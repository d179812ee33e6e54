/**
 * JSONPath templates as kubectl knows them: `{.items[*].metadata.name}`, `{range .items[*]}{.a}{"\n"}{end}`,
 * filters `[?(@.a=="x")]`, unions `['a','b']`, slices `[0:2]`, recursive descent `..`.
 */
import type { JsonValue } from './json.ts';

export class JsonPathError extends Error {}

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'recursive' }
  | { readonly kind: 'slice'; readonly from: number | undefined; readonly to: number | undefined; readonly by: number | undefined; readonly single: boolean }
  | { readonly kind: 'union'; readonly paths: readonly (readonly Step[])[] }
  | { readonly kind: 'filter'; readonly left: Operand; readonly operator: string; readonly right: Operand | undefined };
type Operand = { readonly path: readonly Step[]; readonly root: boolean } | { readonly value: JsonValue };
type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'path'; readonly steps: readonly Step[]; readonly root: boolean }
  | { readonly kind: 'range'; readonly steps: readonly Step[]; readonly root: boolean; readonly body: readonly Node[] };

export interface Template {
  /** The text that the template makes of a value. Missing keys give nothing unless `strict`. */
  render(value: JsonValue, strict?: boolean): string;
  /** The values of each expression. */
  find(value: JsonValue, strict?: boolean): JsonValue[][];
}

/** Throws JsonPathError. */
export function parseTemplate(text: string): Template {
  const nodes = new Parser(text).template();
  return {
    render: (value, strict = false) => renderNodes(nodes, value, value, strict),
    find: (value, strict = false) => nodes.flatMap((node) => (node.kind === 'path' ? [walk(node.steps, [value], value, strict)] : [])),
  };
}

/** `.metadata.name`, `metadata.name`, `{.metadata.name}`: what flags that want one path accept. */
export function relaxedPath(text: string): string {
  if (text === '') return '';
  const m = /^\{?\.?([^{}]+)\}?$/.exec(text);
  if (!m || /[{}]/.test(m[1]!) || text.startsWith('{') !== text.endsWith('}')) throw new JsonPathError(`unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'`);
  return `{.${m[1]}}`;
}

/** Filters inside of each other. */
const maxFilters = 100;

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  template(): Node[] {
    const stack: { nodes: Node[]; range?: { steps: readonly Step[]; root: boolean } }[] = [{ nodes: [] }];
    while (this.#at < this.#text.length) {
      const open = this.#text.indexOf('{', this.#at);
      const text = this.#text.slice(this.#at, open < 0 ? undefined : open);
      const top = stack.at(-1)!;
      if (text) top.nodes.push({ kind: 'text', text });
      if (open < 0) break;
      this.#at = open + 1;
      this.#space();
      if (this.#take(/^range(?=[\s.[$@])\s*/)) {
        stack.push({ nodes: [], range: this.#path() });
      } else if (this.#take(/^end(?=\s*\})/)) {
        const done = stack.pop()!;
        if (!done.range) throw new JsonPathError('not in range, nothing to end');
        stack.at(-1)!.nodes.push({ kind: 'range', ...done.range, body: done.nodes });
      } else {
        while (!/^\s*\}/.test(this.#rest)) {
          if (this.#at >= this.#text.length) throw new JsonPathError('unclosed action');
          this.#space();
          const quoted = this.#quoted();
          if (quoted !== undefined) top.nodes.push({ kind: 'text', text: quoted });
          else top.nodes.push({ kind: 'path', ...this.#path() });
        }
      }
      this.#space();
      if (this.#text[this.#at] !== '}') throw new JsonPathError('unclosed action');
      this.#at++;
    }
    if (stack.length > 1) throw new JsonPathError('unclosed range');
    return stack[0]!.nodes;
  }

  get #rest(): string {
    return this.#text.slice(this.#at);
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    const m = pattern.exec(this.#rest);
    if (!m) return undefined;
    this.#at += m[0].length;
    return m;
  }

  #space(): void {
    this.#take(/^\s+/);
  }

  #quoted(): string | undefined {
    const m = this.#take(/^"((?:[^"\\]|\\.)*)"|^'((?:[^'\\]|\\.)*)'/s);
    if (!m) return undefined;
    return (m[1] ?? m[2]!).replace(/\\(.)/gs, (_all, c: string) => ({ n: '\n', t: '\t', r: '\r' })[c] ?? c);
  }

  #path(): { steps: Step[]; root: boolean } {
    const steps: Step[] = [];
    const m = this.#take(/^[$@]/);
    if (!m && /^[^.[\s{}$@]/.test(this.#rest)) steps.push(this.#name());
    for (;;) {
      if (this.#take(/^\.\./)) {
        steps.push({ kind: 'recursive' });
        if (/^[^.[\s})\],=!<>]/.test(this.#rest)) steps.push(this.#name());
      } else if (this.#take(/^\.(?=\[|\s|\}|$|\))/)) continue;
      else if (this.#take(/^\./)) steps.push(this.#name());
      else if (this.#take(/^\[/)) steps.push(this.#bracket());
      else break;
    }
    if (steps.length === 0 && !m && this.#text[this.#at - 1] !== '.') throw new JsonPathError(`unrecognized character in action: ${JSON.stringify(this.#text[this.#at] ?? '')}`);
    return { steps, root: m?.[0] === '$' };
  }

  #name(): Step {
    if (this.#take(/^\*/)) return { kind: 'wildcard' };
    const m = this.#take(/^(?:\\.|[^.[\]{}()\s,=!<>'"$@\\])+/s);
    if (!m) throw new JsonPathError(`unrecognized character in action: ${JSON.stringify(this.#text[this.#at] ?? '')}`);
    return { kind: 'field', name: m[0].replace(/\\(.)/gs, '$1') };
  }

  #bracket(): Step {
    this.#space();
    if (this.#take(/^\?\(/)) return this.#filter();
    const parts: Step[][] = [];
    for (;;) {
      this.#space();
      const quoted = this.#quoted();
      if (quoted !== undefined) parts.push([{ kind: 'field', name: quoted }]);
      else if (this.#take(/^\*/)) parts.push([{ kind: 'wildcard' }]);
      else {
        const slice = this.#take(/^(-?\d+)?(?:(:)(-?\d+)?(?::(-?\d+)?)?)?/);
        if (slice && slice[0] !== '') {
          const number = (t: string | undefined): number | undefined => (t === undefined ? undefined : Number(t));
          parts.push([{ kind: 'slice', from: number(slice[1]), to: number(slice[3]), by: number(slice[4]), single: slice[2] === undefined }]);
        } else parts.push(this.#path().steps);
      }
      this.#space();
      if (this.#take(/^\]/)) break;
      if (!this.#take(/^,/)) throw new JsonPathError('unterminated array');
    }
    return parts.length === 1 && parts[0]!.length === 1 ? parts[0]![0]! : { kind: 'union', paths: parts };
  }

  #filter(): Step {
    if (++this.#depth > maxFilters) throw new JsonPathError('filters are nested too deep');
    const left = this.#operand();
    this.#space();
    const operator = this.#take(/^(==|!=|<=|>=|<|>)/)?.[0] ?? 'exists';
    this.#space();
    const right = operator === 'exists' ? undefined : this.#operand();
    this.#space();
    if (!this.#take(/^\)\s*\]/)) throw new JsonPathError('unterminated filter');
    this.#depth--;
    return { kind: 'filter', left, operator, right };
  }

  #operand(): Operand {
    this.#space();
    const quoted = this.#quoted();
    if (quoted !== undefined) return { value: quoted };
    const word = this.#take(/^(true|false|null|-?\d+(?:\.\d+)?)(?=[\s)])/);
    if (word) return { value: JSON.parse(word[0]) as JsonValue };
    const { steps, root } = this.#path();
    return { path: steps, root };
  }
}

function walk(steps: readonly Step[], start: readonly JsonValue[], root: JsonValue, strict: boolean): JsonValue[] {
  let values = [...start];
  for (const step of steps) values = values.flatMap((value) => take(step, value, root, strict));
  return values;
}

function take(step: Step, value: JsonValue, root: JsonValue, strict: boolean): JsonValue[] {
  switch (step.kind) {
    case 'field': {
      if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, step.name)) return [value[step.name]!];
      if (strict) throw new JsonPathError(`${step.name} is not found`);
      return [];
    }
    case 'wildcard':
      return children(value);
    case 'recursive':
      return descend(value);
    case 'slice':
      return slice(step, value, strict);
    case 'union':
      return step.paths.flatMap((path) => walk(path, [value], root, strict));
    case 'filter':
      return children(value).filter((item) => holds(step, item, root));
  }
}

function children(value: JsonValue): JsonValue[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'object' && value !== null ? Object.keys(value).sort().map((key) => value[key]!) : [];
}

function descend(value: JsonValue): JsonValue[] {
  return [value, ...children(value).flatMap((child) => (typeof child === 'object' && child !== null ? descend(child) : []))];
}

function slice(step: Step & { kind: 'slice' }, value: JsonValue, strict: boolean): JsonValue[] {
  if (!Array.isArray(value)) {
    if (strict) throw new JsonPathError('is not array or slice');
    return [];
  }
  const at = (n: number): number => (n < 0 ? n + value.length : n);
  if (step.single) {
    const item = value[at(step.from!)];
    if (item !== undefined) return [item];
    if (strict) throw new JsonPathError(`array index out of bounds: index ${step.from}, length ${value.length}`);
    return [];
  }
  const by = step.by ?? 1;
  const out: JsonValue[] = [];
  for (let i = at(step.from ?? 0); by > 0 && i < Math.min(at(step.to ?? value.length), value.length); i += by) out.push(value[i]!);
  return out;
}

function holds(step: Step & { kind: 'filter' }, item: JsonValue, root: JsonValue): boolean {
  const evaluate = (operand: Operand): JsonValue[] => {
    try {
      return 'value' in operand ? [operand.value] : walk(operand.path, [operand.root ? root : item], root, false);
    } catch {
      return [];
    }
  };
  const left = evaluate(step.left);
  if (step.operator === 'exists') return left.length > 0;
  const right = evaluate(step.right!);
  if (left.length === 0 || right.length === 0) return false;
  const [a, b] = [left[0]!, right[0]!];
  switch (step.operator) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a! < b!;
    case '<=':
      return a! <= b!;
    case '>':
      return a! > b!;
    default:
      return a! >= b!;
  }
}

function renderNodes(nodes: readonly Node[], value: JsonValue, root: JsonValue, strict: boolean): string {
  return nodes
    .map((node) => {
      switch (node.kind) {
        case 'text':
          return node.text;
        case 'path':
          return walk(node.steps, [node.root ? root : value], root, strict).map(valueText).join(' ');
        case 'range':
          return walk(node.steps, [node.root ? root : value], root, strict).map((item) => renderNodes(node.body, item, root, strict)).join('');
      }
    })
    .join('');
}

/** Texts as they are, everything else as JSON. */
export function valueText(value: JsonValue): string {
  return typeof value === 'string' ? value : value === null ? '<nil>' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}
