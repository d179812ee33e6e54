import { StatusError } from './status.ts';
import { invalid } from './fieldpath.ts';
import { labelValueComplaints, qualifiedNameComplaints } from './names.ts';

export type Operator = 'in' | 'notin' | '=' | '==' | '!=' | 'exists' | '!' | 'gt' | 'lt';
type Labels = Readonly<Record<string, string>> | undefined;

export interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

/** The object form, as in Deployment.spec.selector. */
export interface LabelSelectorObject {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

const integer = /^[+-]?[0-9]+$/;

function meets(r: Requirement, labels: Labels): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, r.key) ? labels[r.key] : undefined;
  switch (r.operator) {
    case 'in': case '=': case '==':
      return value !== undefined && r.values.includes(value);
    case 'notin': case '!=':
      return value === undefined || !r.values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt': case 'lt': {
      if (value === undefined || !integer.test(value) || !integer.test(r.values[0] ?? '')) return false;
      const left = BigInt(value.replace(/^\+/, ''));
      const right = BigInt(r.values[0]!.replace(/^\+/, ''));
      return r.operator === 'gt' ? left > right : left < right;
    }
  }
}

function printed(r: Requirement): string {
  const list = r.values.length === 1 ? r.values[0]! : [...r.values].sort().join(',');
  switch (r.operator) {
    case 'exists': return r.key;
    case '!': return `!${r.key}`;
    case 'in': case 'notin': return `${r.key} ${r.operator} (${list})`;
    case 'gt': return `${r.key}>${list}`;
    case 'lt': return `${r.key}<${list}`;
    default: return `${r.key}${r.operator}${list}`;
  }
}

/** All requirements must hold. An empty one selects everything, `nothing` selects nothing. */
export class Selector {
  readonly requirements: readonly Requirement[];
  readonly #none: boolean;
  static readonly everything = new Selector([]);
  static readonly nothing = new Selector([], true);

  constructor(requirements: readonly Requirement[], none = false) {
    this.requirements = [...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    this.#none = none;
  }

  get isEverything(): boolean {
    return !this.#none && this.requirements.length === 0;
  }

  get isNothing(): boolean {
    return this.#none;
  }

  matches(labels: Labels): boolean {
    if (this.#none) return false;
    for (const r of this.requirements) if (!meets(r, labels)) return false;
    return true;
  }

  /** The one value this key must have, for index look-ups. */
  exact(key: string): string | undefined {
    const r = this.requirements.find((x) => x.key === key);
    return r && (r.operator === '=' || r.operator === '==' || r.operator === 'in') && r.values.length === 1 ? r.values[0] : undefined;
  }

  toString(): string {
    return this.requirements.map(printed).join(',');
  }
}

export function selectorFromSet(labels: Labels): Selector {
  return new Selector(Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: '=' as const, values: [value] })));
}

const objectOperators: Readonly<Record<string, Operator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' };

/** An absent selector selects nothing, an empty one everything. Throws on one that validation would have refused. */
export function selectorFromObject(selector: LabelSelectorObject | undefined | null): Selector {
  if (!selector) return Selector.nothing;
  const requirements: Requirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => checked(key, '=', [value]));
  for (const e of selector.matchExpressions ?? []) {
    const operator = objectOperators[e.operator];
    if (!operator) throw StatusError.badRequest(`"${e.operator}" is not a valid label selector operator`);
    requirements.push(checked(e.key, operator, e.values ?? []));
  }
  return new Selector(requirements);
}

function checked(key: string, operator: Operator, values: readonly string[]): Requirement {
  const findings: string[] = [];
  const add = (path: string, value: unknown, words: string): void => void findings.push(`${path}: ${invalid('', value, words).detail}`);
  const keyComplaints = qualifiedNameComplaints(key);
  if (keyComplaints.length > 0) add('key', key, keyComplaints.join('; '));
  if ((operator === 'in' || operator === 'notin') && values.length === 0) add('values', values, "for 'in', 'notin' operators, values set can't be empty");
  if ((operator === 'exists' || operator === '!') && values.length > 0) add('values', values, 'values set must be empty for exists and does not exist');
  if (operator === 'gt' || operator === 'lt') {
    values.forEach((v, i) => {
      if (!integer.test(v)) add(`values[${i}]`, v, "for 'Gt', 'Lt' operators, the value must be an integer");
    });
  }
  values.forEach((v, i) => {
    const complaints = labelValueComplaints(v);
    if (complaints.length > 0) add(`values[${i}][${key}]`, v, complaints.join('; '));
  });
  if (findings.length > 0) throw StatusError.badRequest(findings.length === 1 ? findings[0]! : `[${findings.join(', ')}]`);
  return { key, operator, values };
}

/** `app=web,tier in (a, b),!canary`. Throws BadRequest in upstream's words. */
export function parseLabelSelector(text: string): Selector {
  return new Selector(new Parser(text).parse());
}

type Token = { readonly kind: 'symbol' | 'identifier' | 'end' | 'error'; readonly text: string };
const symbols = ')(,!=><';
const tokens = new Set([')', ',', '!', '==', '=', '>', '<', '!=', '(']);

function tokenize(text: string): Token[] {
  const out: Token[] = [];
  let pos = 0;
  while (pos < text.length) {
    const c = text[pos]!;
    if (/[ \t\r\n]/.test(c)) {
      pos++;
    } else if (symbols.includes(c)) {
      const two = text.slice(pos, pos + 2);
      const symbol = tokens.has(two) ? two : c;
      out.push({ kind: 'symbol', text: symbol });
      pos += symbol.length;
    } else {
      let end = pos;
      while (end < text.length && !symbols.includes(text[end]!) && !/[ \t\r\n]/.test(text[end]!)) end++;
      out.push({ kind: 'identifier', text: text.slice(pos, end) });
      pos = end;
    }
  }
  out.push({ kind: 'end', text: '' });
  return out;
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  #peek(): Token {
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)]!;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next++;
    return token;
  }

  #fail(message: string): never {
    throw StatusError.badRequest(message);
  }

  parse(): Requirement[] {
    const out: Requirement[] = [];
    for (;;) {
      const t = this.#peek();
      if (t.kind === 'end') return out;
      if (t.kind !== 'identifier' && t.text !== '!') this.#fail(`found '${t.text}', expected: !, identifier, or 'end of string'`);
      out.push(this.#requirement());
      const after = this.#take();
      if (after.kind === 'end') return out;
      if (after.text !== ',') this.#fail(`found '${after.text}', expected: ',' or 'end of string'`);
      const next = this.#peek();
      if (next.kind !== 'identifier' && next.text !== '!') this.#fail(`found '${next.text}', expected: identifier after ','`);
    }
  }

  #requirement(): Requirement {
    try {
      return this.#bareRequirement();
    } catch (error) {
      throw error instanceof StatusError ? StatusError.badRequest(`unable to parse requirement: ${error.message}`) : error;
    }
  }

  #bareRequirement(): Requirement {
    let token = this.#take();
    const negated = token.kind === 'symbol' && token.text === '!';
    if (negated) token = this.#take();
    if (token.kind !== 'identifier') this.#fail(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const complaints = qualifiedNameComplaints(key);
    if (complaints.length > 0) this.#fail(`<nil>: ${invalid('', key, complaints.join('; ')).detail}`);
    const next = this.#peek();
    const ends = next.kind === 'end' || (next.kind === 'symbol' && next.text === ',');
    if (negated) return checked(key, '!', []);
    if (ends) return checked(key, 'exists', []);
    const operator = this.#take().text;
    switch (operator) {
      case 'in': case 'notin':
        return checked(key, operator, this.#valueSet());
      case '=': case '==': case '!=':
        return checked(key, operator, [this.#value()]);
      case '>': return checked(key, 'gt', [this.#value()]);
      case '<': return checked(key, 'lt', [this.#value()]);
      default:
        return this.#fail(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  #value(): string {
    const t = this.#peek();
    if (t.kind === 'end' || (t.kind === 'symbol' && t.text === ',')) return '';
    this.#take();
    return t.kind === 'identifier' ? t.text : this.#fail(`found '${t.text}', expected: identifier`);
  }

  #valueSet(): string[] {
    const open = this.#take();
    if (open.text !== '(' || open.kind !== 'symbol') this.#fail(`found '${open.text}' expected: '('`);
    const values = new Set<string>();
    let waiting = true;
    for (;;) {
      const t = this.#take();
      if (t.kind === 'identifier') {
        if (!waiting) this.#fail(`found '${t.text}', expected: ',' or ')'`);
        values.add(t.text);
        waiting = false;
      } else if (t.kind === 'symbol' && t.text === ',') {
        if (waiting) values.add('');
        waiting = true;
      } else if (t.kind === 'symbol' && t.text === ')') {
        if (waiting) values.add('');
        return [...values].sort();
      } else {
        this.#fail(waiting ? `found '${t.text}', expected: ',', ')' or identifier` : `found '${t.text}', expected: ',' or ')'`);
      }
    }
  }
}

export interface FieldTerm {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** `metadata.name=x,status.phase!=Running`; `\,`, `\=` and `\\` stand for the characters themselves. */
export class FieldSelector {
  readonly terms: readonly FieldTerm[];
  static readonly everything = new FieldSelector([]);

  constructor(terms: readonly FieldTerm[]) {
    this.terms = terms;
  }

  get isEverything(): boolean {
    return this.terms.length === 0;
  }

  matches(valueOf: (field: string) => string): boolean {
    for (const t of this.terms) if ((valueOf(t.field) === t.value) !== (t.operator === '=')) return false;
    return true;
  }

  exact(field: string): string | undefined {
    return this.terms.find((t) => t.field === field && t.operator === '=')?.value;
  }

  toString(): string {
    return this.terms.map((t) => `${t.field}${t.operator}${t.value.replace(/[\\,=]/g, '\\$&')}`).join(',');
  }
}

export function parseFieldSelector(text: string): FieldSelector {
  const terms: FieldTerm[] = [];
  for (const part of splitTerms(text).sort()) {
    if (part === '') continue;
    const match = /^((?:[^=!]|!(?!=))*)(!=|==|=)([^]*)$/.exec(part);
    if (!match) throw StatusError.badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    const value = unescaped(match[3]!);
    // Of nothing, nothing is asked.
    if (match[1] !== '' || value !== '') terms.push({ field: match[1]!, operator: match[2] === '!=' ? '!=' : '=', value });
  }
  return new FieldSelector(terms);
}

/** At commas that no backslash stands before. */
function splitTerms(text: string): string[] {
  return text.match(/(?:\\[^]|[^,\\]|\\$)+/g) ?? [];
}

function unescaped(text: string): string {
  if (!/[\\,=]/.test(text)) return text;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '=' || c === ',') throw StatusError.badRequest(`invalid field selector: unescaped character in value: ${c.charCodeAt(0)}`);
    if (c !== '\\') {
      out += c;
      continue;
    }
    const next = text[++i];
    if (next === undefined || !'\\,='.includes(next)) throw StatusError.badRequest(`invalid field selector: invalid escape sequence: \\${next ?? ''}`);
    out += next;
  }
  return out;
}
