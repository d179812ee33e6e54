import type { Checked } from './checker.ts';
import { listCost, mapCost, structCost } from './costs.ts';
import { estimateCall } from './estimatecalls.ts';
import { fixed, nothing, plus, times, union, unknownSize } from './range.ts';
import type { Range } from './range.ts';
import type { CallExpr, Expr, FoldExpr } from './syntax.ts';
import { accumulator } from './syntax.ts';
import type { CelType } from './types.ts';
import { isOptional } from './types.ts';
import { runeCount } from './values.ts';

export type CostEstimate = Range;

/** The sizes of what a list or map holds. */
export interface EntrySize {
  readonly container: 'list' | 'map';
  readonly key: Range;
  readonly value: Range;
}

interface Local {
  /** Whether the value is a part of a variable, so that its declared sizes hold. */
  readonly rooted: boolean;
  readonly size: Range | undefined;
  readonly entry: EntrySize | undefined;
}

/** The bounds of what an evaluation can cost, before there is anything to evaluate. */
export function estimateCost(checked: Checked): CostEstimate {
  return new Estimator(checked).cost(checked.expr);
}

export class Estimator {
  readonly #checked: Checked;
  readonly #sizes = new Map<number, Range>();
  readonly #entries = new Map<number, EntrySize>();
  readonly #rooted = new Set<number>();
  readonly #locals = new Map<string, Local[]>();

  constructor(checked: Checked) {
    this.#checked = checked;
  }

  cost(expr: Expr): Range {
    switch (expr.kind) {
      case 'const':
        return nothing;
      case 'ident':
        if (this.#isRooted(expr)) this.#rooted.add(expr.id);
        return fixed(1);
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list': {
        const costs = expr.items.map((item) => this.cost(item.value));
        const value = this.#unionOf(expr.items.map((item) => item.value));
        this.#entries.set(expr.id, { container: 'list', key: fixed(1), value });
        return plus(fixed(listCost), ...costs);
      }
      case 'map': {
        const costs = expr.entries.map((entry) => plus(this.cost(entry.key), this.cost(entry.value)));
        const key = this.#unionOf(expr.entries.map((entry) => entry.key));
        this.#entries.set(expr.id, { container: 'map', key, value: this.#unionOf(expr.entries.map((entry) => entry.value)) });
        return plus(fixed(mapCost), ...costs);
      }
      case 'struct':
        return plus(fixed(structCost), ...expr.fields.map((field) => this.cost(field.value)));
      case 'fold':
        return expr.accu === accumulator ? this.#fold(expr) : this.#bind(expr);
    }
  }

  type(expr: Expr): CelType {
    return this.#checked.types.get(expr.id)!;
  }

  sizeOrUnknown(expr: Expr): Range {
    return this.size(expr) ?? unknownSize;
  }

  size(expr: Expr): Range | undefined {
    const known = this.#sizes.get(expr.id) ?? literalSize(expr) ?? this.#declaredSize(expr) ?? (isScalar(this.type(expr)) ? fixed(1) : undefined);
    return known ?? (expr.kind === 'ident' ? this.#local(expr.name)?.size : undefined);
  }

  entry(expr: Expr): EntrySize | undefined {
    return this.#entries.get(expr.id) ?? (expr.kind === 'ident' ? this.#local(expr.name)?.entry : undefined);
  }

  setEntry(expr: Expr, entry: EntrySize | undefined): void {
    if (entry) this.#entries.set(expr.id, entry);
  }

  /** The size of the members of a list that has a place in a variable. */
  elementSize(list: Expr): Range {
    const type = this.type(list);
    if (type.kind !== 'list' || !this.#isRooted(list)) return unknownSize;
    return type.elem.max === undefined ? unknownSize : { min: 0, max: type.elem.max };
  }

  #declaredSize(expr: Expr): Range | undefined {
    const { max } = this.type(expr);
    return max !== undefined && this.#isRooted(expr) ? { min: 0, max } : undefined;
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1);
  }

  #isRooted(expr: Expr): boolean {
    if (expr.kind !== 'ident') return this.#rooted.has(expr.id);
    const local = this.#local(expr.name);
    return local ? local.rooted : true;
  }

  #unionOf(exprs: readonly Expr[]): Range {
    if (exprs.length === 0) return nothing;
    return exprs.map((expr) => this.sizeOrUnknown(expr)).reduce(union);
  }

  #select(expr: Expr & { kind: 'select' }): Range {
    if (this.#checked.names.has(expr.id)) {
      this.#rooted.add(expr.id);
      return fixed(1);
    }
    const operand = this.cost(expr.operand);
    if (expr.test) return operand;
    if (this.#isRooted(expr.operand)) this.#rooted.add(expr.id);
    return ['map', 'object', 'param'].includes(this.type(expr.operand).kind) ? plus(operand, fixed(1)) : operand;
  }

  #call(expr: CallExpr): Range {
    const whole = this.#checked.names.get(expr.id);
    const fn = whole ?? expr.fn;
    if (fn === 'dyn' && expr.args.length === 1) {
      const cost = this.cost(expr.args[0]!);
      const size = this.size(expr.args[0]!);
      if (size) this.#sizes.set(expr.id, size);
      this.setEntry(expr, this.entry(expr.args[0]!));
      return plus(cost, fixed(1));
    }
    const costs = expr.args.map((arg) => this.cost(arg));
    const target = whole === undefined ? expr.target : undefined;
    const targetCost = target ? this.cost(target) : nothing;
    const overloads = this.#checked.overloads.get(expr.id) ?? [];
    if (overloads.length === 0) return nothing;
    let total: Range = { min: Infinity, max: 0 };
    let size: Range | undefined;
    for (const { id } of overloads) {
      const estimate = estimateCall(this, { expr, fn, id, target, args: expr.args, costs });
      total = union(total, estimate.cost);
      if (estimate.size) size = size ? union(size, estimate.size) : estimate.size;
      if (id === 'index_list' || id === 'index_map') {
        size = this.entry(expr.args[0]!)?.value;
        if (this.#isRooted(expr.args[0]!)) this.#rooted.add(expr.id);
      }
      size ??= this.size(expr);
    }
    if (size) this.#sizes.set(expr.id, size);
    return plus(targetCost, total);
  }

  #within<T>(name: string, local: Local, use: () => T): T {
    const stack = this.#locals.get(name) ?? [];
    this.#locals.set(name, stack);
    stack.push(local);
    const result = use();
    stack.pop();
    return result;
  }

  #fold(expr: FoldExpr): Range {
    const before = plus(this.cost(expr.range), this.cost(expr.init));
    const accu: Local = { rooted: false, size: this.size(expr.init), entry: this.entry(expr.init) };
    const { each, after } = this.#within(expr.accu, accu, () => {
      const inner = (): Range => plus(this.cost(expr.condition), this.cost(expr.step));
      const entry = this.entry(expr.range);
      const rooted = this.#isRooted(expr.range);
      const isList = (entry?.container ?? this.type(expr.range).kind) === 'list';
      const key: Local = { rooted: rooted && !isList, size: entry?.key, entry: undefined };
      const value: Local = { rooted, size: entry?.value, entry: undefined };
      const first = expr.iter2 === undefined && isList ? value : key;
      const second = expr.iter2;
      const loop = this.#within(expr.iter, first, () => (second === undefined ? inner() : this.#within(second, value, inner)));
      return { each: loop, after: this.cost(expr.result) };
    });
    const count = this.sizeOrUnknown(expr.range);
    if (expr.init.kind === 'const') {
      const size = this.size(expr.init);
      if (size) this.#sizes.set(expr.id, size);
    } else if (expr.init.kind === 'list' || expr.init.kind === 'map') {
      this.#sizes.set(expr.id, count);
      this.setEntry(expr, this.entry(expr.step));
    }
    return plus(before, after, times(count, each));
  }

  #bind(expr: FoldExpr): Range {
    const before = plus(this.cost(expr.range), this.cost(expr.init));
    const local: Local = { rooted: this.#isRooted(expr.init), size: this.size(expr.init), entry: this.entry(expr.init) };
    const result = this.#within(expr.accu, local, () => {
      const cost = this.cost(expr.result);
      const size = this.size(expr.result);
      if (size) this.#sizes.set(expr.id, size);
      this.setEntry(expr, this.entry(expr.result));
      return cost;
    });
    return plus(before, result);
  }
}

function literalSize(expr: Expr): Range | undefined {
  if (expr.kind === 'list') return fixed(expr.items.length);
  if (expr.kind === 'map') return fixed(expr.entries.length);
  if (expr.kind !== 'const') return undefined;
  if (typeof expr.value === 'string') return fixed(runeCount(expr.value));
  return fixed(expr.value instanceof Uint8Array ? expr.value.length : 1);
}

function isScalar(type: CelType): boolean {
  if (isOptional(type)) return isScalar(type.params[0]!);
  return ['bool', 'double', 'duration', 'int', 'timestamp', 'uint'].includes(type.kind);
}
