import type { Checked } from './checker.ts';
import { callCost, joinCost, listCost, mapCost, structCost } from './costs.ts';
import type { Frame, Step } from './frame.ts';
import { choose, noSuchOverload } from './functions.ts';
import type { Functions } from './functions.ts';
import { planFold } from './folds.ts';
import { atIndex, hasField, keyText, optionalField, optionalIndex, selectField } from './select.ts';
import type { CallExpr, Expr, FoldExpr, ListExpr, MapExpr, SelectExpr, StructExpr } from './syntax.ts';
import { typeNames } from './types.ts';
import type { TypeByName } from './types.ts';
import type { CelValue, MapKey } from './values.ts';
import { CelError, CelList, CelMap, CelOptional, CelTypeValue, CelUint, mapKey } from './values.ts';

/**
 * `eval` gives the value and charges for it. Names, fields and indexes form chains whose root is charged once, by the one who asks for the whole chain:
 * `resolve`, where it is there, gives the value without that charge.
 */
export interface Plan {
  readonly eval: Step;
  readonly resolve?: Step;
  /** Set where the value is known before evaluation. */
  readonly constant?: CelValue;
}

export interface PlanOptions {
  readonly functions: Functions;
  readonly types: TypeByName;
  /** Works out constants beforehand; these cost nothing then. */
  readonly fold: boolean;
}

const conversions = new Set(['bool', 'bytes', 'double', 'duration', 'dyn', 'int', 'string', 'timestamp', 'type', 'uint']);

export class Planner {
  readonly #checked: Checked;
  readonly #functions: Functions;
  readonly #types: TypeByName;
  readonly #folds: boolean;
  readonly #scopes: [name: string, slot: number][] = [];

  constructor(checked: Checked, options: PlanOptions) {
    this.#checked = checked;
    this.#functions = options.functions;
    this.#types = options.types;
    this.#folds = options.fold;
  }

  plan(expr: Expr): Plan {
    switch (expr.kind) {
      case 'const':
        return known(expr.value);
      case 'ident':
        return this.#ident(expr.id, expr.name);
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list':
        return this.#list(expr);
      case 'map':
        return this.#map(expr);
      case 'struct':
        return this.#struct(expr);
      case 'fold':
        return this.#fold(expr);
    }
  }

  /** Plans under names of one more scope; answers the slots that they have in a frame. */
  scoped<T>(names: readonly string[], use: (slots: readonly number[]) => T): T {
    const slots = names.map((name) => this.#scopes.push([name, this.#scopes.length]) - 1);
    const result = use(slots);
    this.#scopes.length -= names.length;
    return result;
  }

  #fold(expr: FoldExpr): Plan {
    return { eval: planFold(this, expr) };
  }

  #ident(id: number, name: string): Plan {
    const scope = this.#scopes.findLast((entry) => entry[0] === name);
    if (scope && !this.#checked.names.has(id)) {
      const slot = scope[1];
      return attribute((frame) => frame.locals[slot]!);
    }
    const global = this.#checked.names.get(id) ?? name;
    const type = this.#types(global) ? new CelTypeValue(global) : Object.hasOwn(typeNames, global) ? new CelTypeValue(global) : undefined;
    const missing = new CelError(`no such attribute(s): ${global}`);
    return attribute((frame) => {
      const value = frame.variable(global);
      return value === undefined ? (type ?? missing) : value;
    });
  }

  #select(expr: SelectExpr): Plan {
    const name = this.#checked.names.get(expr.id);
    if (name !== undefined) return this.#ident(expr.id, name);
    const operand = this.plan(expr.operand);
    const base = operand.resolve ?? operand.eval;
    const { field } = expr;
    if (expr.test) return { eval: (frame) => (frame.charge(1), hasField(base(frame), field)) };
    return attribute((frame) => {
      const value = base(frame);
      frame.charge(1);
      return selectField(value, field);
    });
  }

  #call(expr: CallExpr): Plan {
    const args = expr.args.map((arg) => this.plan(arg));
    switch (expr.fn) {
      case '_&&_':
        return { eval: logical(args[0]!.eval, args[1]!.eval, false) };
      case '_||_':
        return { eval: logical(args[0]!.eval, args[1]!.eval, true) };
      case '_?_:_':
        return conditional(args[0]!, args[1]!, args[2]!);
      case '_[_]':
        return index(args[0]!, args[1]!, atIndex);
      case '_[?_]':
        return index(args[0]!, args[1]!, optionalIndex);
      case '_?._':
        return index(args[0]!, args[1]!, (value, field) => optionalField(value, field as string));
      case '@not_strictly_false': {
        const inner = args[0]!.eval;
        return { eval: (frame) => (frame.charge(1), inner(frame) !== false) };
      }
      default:
        return this.#function(expr, args);
    }
  }

  #function(expr: CallExpr, plain: readonly Plan[]): Plan {
    const whole = this.#checked.names.get(expr.id);
    const fn = (whole ?? expr.fn).replace(/^\./, '');
    const args = expr.target && whole === undefined ? [this.plan(expr.target), ...plain] : plain;
    const checked = this.#checked.overloads.get(expr.id) ?? [];
    const overloads = checked.length > 0 ? checked : (this.#functions.get(fn) ?? []);
    const only = checked.length === 1 ? checked[0]! : undefined;
    if (only?.id === 'in_list') {
      const members = args[1]!.constant instanceof CelList ? memberSet(args[1]!.constant) : undefined;
      if (members) return membership(args[0]!.eval, members);
    }
    const second = this.#folds ? args[1]?.constant : undefined;
    const prepared = only?.prepare && second !== undefined ? only.prepare(second) : undefined;
    const call = (values: readonly CelValue[]): CelValue => {
      if (prepared && choose(checked, values)) return prepared(...values);
      // A value may be of another type than was declared: then what else the function can do counts.
      const overload = choose(overloads, values) ?? choose(this.#functions.get(fn) ?? [], values);
      return overload ? overload.call(...values) : noSuchOverload;
    };
    const constant = args[0]?.constant;
    if (this.#folds && conversions.has(fn) && args.length === 1 && constant !== undefined) {
      const value = call([constant]);
      if (!(value instanceof CelError)) return known(value);
    }
    return { eval: functionStep(fn, only?.id ?? '', args.map((arg) => arg.eval), call) };
  }

  #list(expr: ListExpr): Plan {
    const items = expr.items.map((item) => ({ ...this.plan(item.value), optional: item.optional }));
    if (this.#folds && items.every((item) => item.constant !== undefined && !item.optional)) return known(new CelList(items.map((item) => item.constant!)));
    return {
      eval: (frame) => {
        const out: CelValue[] = [];
        for (const item of items) {
          const value = item.eval(frame);
          if (value instanceof CelError) return value;
          if (!item.optional) out.push(value);
          else if (!(value instanceof CelOptional)) return new CelError('cannot initialize optional list element from non-optional value');
          else if (value.value !== undefined) out.push(value.value);
        }
        frame.charge(listCost);
        return new CelList(out);
      },
    };
  }

  #map(expr: MapExpr): Plan {
    const entries = expr.entries.map((entry) => ({ key: this.plan(entry.key), value: this.plan(entry.value), optional: entry.optional }));
    const build = (frame: Frame): CelValue => {
      const out = new Map<MapKey, [CelValue, CelValue]>();
      for (const entry of entries) {
        const key = entry.key.eval(frame);
        if (key instanceof CelError) return key;
        let value: CelValue | undefined = entry.value.eval(frame);
        if (value instanceof CelError) return value;
        if (entry.optional) {
          if (!(value instanceof CelOptional)) return new CelError(`cannot initialize optional entry '${keyText(key)}' from non-optional value`);
          value = value.value;
          if (value === undefined) continue;
        }
        const found = typeof key === 'number' ? undefined : mapKey(key);
        if (found === undefined) return new CelError('unsupported key type');
        if (out.has(found)) return new CelError(`Failed with repeated key: ${keyText(key)}`);
        out.set(found, [key, value]);
      }
      return CelMap.of(out.values());
    };
    if (this.#folds && entries.every((entry) => entry.key.constant !== undefined && entry.value.constant !== undefined && !entry.optional)) {
      const value = build(undefined as unknown as Frame);
      if (!(value instanceof CelError)) return known(value);
    }
    return { eval: (frame) => (frame.charge(mapCost), build(frame)) };
  }

  #struct(expr: StructExpr): Plan {
    const type = this.#types(expr.name.replace(/^\./, ''));
    const fields = expr.fields.map((field) => ({ ...this.plan(field.value), name: field.name, optional: field.optional }));
    return {
      eval: (frame) => {
        const out = new Map<MapKey, CelValue>();
        for (const field of fields) {
          const value = field.eval(frame);
          if (value instanceof CelError) return value;
          if (!field.optional) out.set(field.name, value);
          else if (value instanceof CelOptional && value.value !== undefined) out.set(field.name, value.value);
        }
        frame.charge(structCost);
        return new CelMap({ size: out.size, get: (key) => out.get(key), has: (key) => out.has(key), keys: () => [...out.keys()] }, type);
      },
    };
  }
}

function known(value: CelValue): Plan {
  return { eval: () => value, constant: value };
}

function attribute(resolve: Step): Plan {
  return {
    resolve,
    eval: (frame) => {
      const value = resolve(frame);
      frame.charge(1);
      return value;
    },
  };
}

function index(operand: Plan, key: Plan, get: (value: CelValue, key: CelValue) => CelValue): Plan {
  const base = operand.resolve ?? operand.eval;
  const at = key.resolve ?? key.eval;
  return attribute((frame) => {
    const value = base(frame);
    const where = at(frame);
    frame.charge(1);
    return get(value, where);
  });
}

function conditional(test: Plan, yes: Plan, no: Plan): Plan {
  const [whenTrue, whenFalse] = [yes.resolve ?? yes.eval, no.resolve ?? no.eval];
  const step: Step = (frame) => {
    const value = test.eval(frame);
    if (value === true) return whenTrue(frame);
    if (value === false) return whenFalse(frame);
    return value instanceof CelError ? value : noSuchOverload;
  };
  return { eval: step, resolve: step };
}

/** && and || absorb an error of one side when the other side decides. */
function logical(left: Step, right: Step, decides: boolean): Step {
  return (frame) => {
    const a = left(frame);
    if (a === decides) return decides;
    const b = right(frame);
    if (b === decides) return decides;
    if (typeof a === 'boolean' && typeof b === 'boolean') return !decides;
    if (a instanceof CelError) return a;
    return b instanceof CelError ? b : noSuchOverload;
  };
}

function functionStep(fn: string, id: string, args: readonly Step[], call: (values: readonly CelValue[]) => CelValue): Step {
  return (frame) => {
    const values: CelValue[] = [];
    for (const arg of args) {
      const value = arg(frame);
      if (value instanceof CelError) return value;
      values.push(value);
    }
    // What a call costs is known before it, so that one that is too expensive does not happen; only a join is charged by its result.
    if (fn !== 'join') frame.charge(callCost(fn, id, values));
    const result = call(values);
    if (fn === 'join') frame.charge(joinCost(result));
    return result;
  };
}

/** The members of a constant list of simple values, or undefined where it holds others. */
function memberSet(list: CelList): ReadonlySet<unknown> | undefined {
  const out = new Set<unknown>();
  for (const item of list) {
    if (item !== null && typeof item === 'object' && !(item instanceof CelUint)) return undefined;
    out.add(item === null ? null : typeof item === 'number' ? (mapKey(item) ?? item) : mapKey(item));
  }
  return out;
}

function membership(item: Step, members: ReadonlySet<unknown>): Plan {
  return {
    eval: (frame) => {
      const value = item(frame);
      if (value instanceof CelError) return value;
      if (value === null) return members.has(null);
      const key = mapKey(value) ?? (typeof value === 'number' && !Number.isNaN(value) ? value : undefined);
      return key !== undefined && members.has(key);
    },
  };
}
