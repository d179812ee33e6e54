import type { Functions, Overload } from './functions.ts';
import type { CallExpr, Expr, FoldExpr, Issue, ListExpr, MapExpr, SelectExpr, StructExpr } from './syntax.ts';
import type { CelType, TypeByName } from './types.ts';
import * as types from './types.ts';
import { isOptional, optionalOf, typeNames, typeText } from './types.ts';
import { Bindings, fresh, mostGeneral } from './unify.ts';
import { CelUint } from './values.ts';

export interface Environment {
  readonly variables: Readonly<Record<string, CelType>>;
  readonly functions: Functions;
  /** Object types that an expression may name: `Name{field: value}`. */
  readonly types?: TypeByName;
  /** Lets list and map literals hold values of several types; Kubernetes does not. */
  readonly mixedLiterals?: boolean;
}

/** What is known about a checked expression, by the id of its nodes. */
export interface Checked {
  readonly expr: Expr;
  readonly types: ReadonlyMap<number, CelType>;
  readonly overloads: ReadonlyMap<number, readonly Overload[]>;
  /** Names with dots that turned out to be one name, and calls whose target is part of the function's name. */
  readonly names: ReadonlyMap<number, string>;
  readonly issues: readonly Issue[];
}

export function check(expr: Expr, environment: Environment): Checked {
  return new Checker(environment).run(expr);
}

class Checker {
  readonly #environment: Environment;
  readonly #bindings = new Bindings();
  readonly #types = new Map<number, CelType>();
  readonly #overloads = new Map<number, readonly Overload[]>();
  readonly #names = new Map<number, string>();
  readonly #issues: Issue[] = [];
  readonly #scopes: Map<string, CelType>[] = [];
  #params = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  run(expr: Expr): Checked {
    this.#check(expr);
    for (const [id, type] of this.#types) this.#types.set(id, this.#bindings.apply(type, true));
    return { expr, types: this.#types, overloads: this.#overloads, names: this.#names, issues: this.#issues };
  }

  #issue(message: string, at: number): CelType {
    this.#issues.push({ message, at });
    return types.dyn;
  }

  #param(): CelType {
    return { kind: 'param', name: `_var${this.#params++}` };
  }

  #check(expr: Expr): CelType {
    const type = this.#typeOf(expr);
    this.#types.set(expr.id, type);
    return type;
  }

  #typeOf(expr: Expr): CelType {
    switch (expr.kind) {
      case 'const':
        return constType(expr.value);
      case 'ident':
        return this.#lookup(expr.id, expr.name) ?? this.#issue(`undeclared reference to '${expr.name}' (in container '')`, expr.at);
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

  #local(name: string): CelType | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const type = this.#scopes[i]!.get(name);
      if (type) return type;
    }
    return undefined;
  }

  #lookup(id: number, name: string): CelType | undefined {
    const global = name.startsWith('.') ? name.slice(1) : name;
    const local = global === name ? this.#local(name) : undefined;
    if (local) return local;
    const { variables } = this.#environment;
    const known = Object.hasOwn(variables, global) ? variables[global] : this.#typeNamed(global);
    if (known) this.#names.set(id, global);
    return known;
  }

  #typeNamed(name: string): CelType | undefined {
    const declared = this.#environment.types?.(name);
    const type = declared ?? (Object.hasOwn(typeNames, name) ? typeNames[name] : undefined);
    return type && { kind: 'type', of: type };
  }

  /** a.b.c is first one name, then a field of what a.b is. */
  #select(expr: SelectExpr): CelType {
    if (!expr.test) {
      const name = qualifiedName(expr);
      if (name !== undefined && !this.#local(name.slice(0, name.indexOf('.')))) {
        const known = this.#lookup(expr.id, name);
        if (known) return known;
      }
    }
    const operand = this.#bindings.apply(this.#check(expr.operand));
    const type = this.#field(operand, expr.field, expr.at);
    return expr.test ? types.bool : type;
  }

  #field(operand: CelType, field: string, at: number): CelType {
    if (isOptional(operand)) return optionalOf(unwrapped(this.#field(this.#bindings.apply(operand.params[0]!), field, at)));
    switch (operand.kind) {
      case 'map':
        return operand.value;
      case 'object':
        return operand.fields.get(field)?.type ?? (operand.open ? types.dyn : undefined) ?? this.#issue(`undefined field '${field}'`, at);
      case 'param':
        this.#bindings.assignable(operand, types.dyn);
        return types.dyn;
      case 'dyn':
        return types.dyn;
      default:
        return this.#issue(`type '${typeText(operand)}' does not support field selection`, at);
    }
  }

  #call(expr: CallExpr): CelType {
    if (expr.fn === '_?._') return this.#optionalSelect(expr);
    if (expr.target) {
      const name = qualifiedName(expr.target);
      const full = name === undefined ? undefined : `${name}.${expr.fn}`;
      if (full && !this.#local(full.slice(0, full.indexOf('.'))) && this.#known(full)) {
        this.#names.set(expr.id, full.replace(/^\./, ''));
        return this.#resolve(expr, full.replace(/^\./, ''), undefined, expr.args);
      }
    }
    if (!this.#known(expr.fn)) {
      for (const arg of [...(expr.target ? [expr.target] : []), ...expr.args]) this.#check(arg);
      return this.#issue(`undeclared reference to '${expr.fn}' (in container '')`, expr.at);
    }
    return this.#resolve(expr, expr.fn.replace(/^\./, ''), expr.target, expr.args);
  }

  #known(fn: string): boolean {
    return this.#environment.functions.has(fn.replace(/^\./, ''));
  }

  #resolve(expr: CallExpr, fn: string, target: Expr | undefined, args: readonly Expr[]): CelType {
    const values = (target ? [target, ...args] : args).map((arg) => this.#check(arg));
    if (fn === '_&&_' || fn === '_||_') return this.#logical(expr, fn, values);
    const matching: Overload[] = [];
    let result: CelType | undefined;
    for (const overload of this.#environment.functions.get(fn)!) {
      if (overload.member !== (target !== undefined) || overload.params.length !== values.length) continue;
      const suffix = this.#params++;
      if (!this.#bindings.assignableAll(values, overload.params.map((param) => fresh(param, suffix)))) continue;
      matching.push(overload);
      const type = this.#bindings.apply(fresh(overload.result, suffix));
      if (!result) result = type;
      else if (typeText(result) !== typeText(type)) result = types.dyn;
    }
    this.#overloads.set(expr.id, matching);
    if (result) return result;
    const shown = values.map((value) => typeText(this.#bindings.apply(value, true)));
    const applied = target ? `${shown[0]}.(${shown.slice(1).join(', ')})` : `(${shown.join(', ')})`;
    return this.#issue(`found no matching overload for '${fn}' applied to '${applied}'`, expr.at);
  }

  #logical(expr: CallExpr, fn: string, values: readonly CelType[]): CelType {
    for (const [i, value] of values.entries()) {
      if (!this.#bindings.assignable(value, types.bool)) this.#issue(mismatch(types.bool, value), expr.args[i]!.at);
    }
    this.#overloads.set(expr.id, this.#environment.functions.get(fn) ?? []);
    return types.bool;
  }

  #optionalSelect(expr: CallExpr): CelType {
    const operand = this.#bindings.apply(this.#check(expr.args[0]!));
    this.#check(expr.args[1]!);
    const field = (expr.args[1] as { value: string }).value;
    this.#overloads.set(expr.id, this.#environment.functions.get('_?._') ?? []);
    return optionalOf(unwrapped(this.#field(operand, field, expr.at)));
  }

  /** The type of a member of a literal that may be an optional entry. */
  #entry(value: Expr, optional: boolean): CelType {
    const type = this.#bindings.apply(this.#check(value));
    if (!optional || type.kind === 'dyn') return type;
    if (isOptional(type)) return type.params[0]!;
    return this.#issue(`expected type 'optional_type(${typeText(type)})' but found '${typeText(type)}'`, value.at);
  }

  #join(previous: CelType | undefined, current: CelType, at: number): CelType {
    if (!previous) return current;
    if (this.#bindings.assignable(current, previous)) return mostGeneral(previous, current);
    if (!this.#environment.mixedLiterals) {
      const text = (type: CelType): string => typeText(this.#bindings.apply(type, true));
      this.#issue(`expected type '${text(previous)}' but found '${text(current)}'`, at);
    }
    return types.dyn;
  }

  #list(expr: ListExpr): CelType {
    let elem: CelType | undefined;
    for (const item of expr.items) elem = this.#join(elem, this.#entry(item.value, item.optional), item.value.at);
    return types.listOf(elem ?? this.#param());
  }

  #map(expr: MapExpr): CelType {
    let key: CelType | undefined;
    let value: CelType | undefined;
    for (const entry of expr.entries) {
      key = this.#join(key, this.#check(entry.key), entry.key.at);
      value = this.#join(value, this.#entry(entry.value, entry.optional), entry.value.at);
    }
    return types.mapOf(key ?? this.#param(), value ?? this.#param());
  }

  #struct(expr: StructExpr): CelType {
    const name = expr.name.replace(/^\./, '');
    const type = this.#environment.types?.(name);
    for (const field of expr.fields) {
      const value = this.#entry(field.value, field.optional);
      if (!type) continue;
      const wanted = type.fields.get(field.name)?.type ?? (type.open ? types.dyn : undefined);
      if (!wanted) this.#issue(`undefined field '${field.name}'`, field.at);
      else if (!this.#bindings.assignable(value, wanted)) {
        this.#issue(`expected type of field '${field.name}' is '${typeText(wanted)}' but provided type is '${typeText(value)}'`, field.at);
      }
    }
    return type ?? this.#issue(`undeclared reference to '${name}' (in container '')`, expr.at);
  }

  #fold(expr: FoldExpr): CelType {
    const range = this.#bindings.apply(this.#check(expr.range));
    const init = this.#check(expr.init);
    const [first, second] = this.#iterated(range, expr);
    this.#scopes.push(new Map([[expr.accu, init]]));
    this.#scopes.push(new Map(expr.iter2 === undefined ? [[expr.iter, second]] : [[expr.iter, first], [expr.iter2, second]]));
    const condition = this.#check(expr.condition);
    if (!this.#bindings.assignable(condition, types.bool)) this.#issue(mismatch(types.bool, condition), expr.condition.at);
    const step = this.#check(expr.step);
    if (!this.#bindings.assignable(step, init)) this.#issue(mismatch(init, step), expr.step.at);
    this.#scopes.pop();
    const result = this.#check(expr.result);
    this.#scopes.pop();
    return this.#bindings.apply(result);
  }

  /** The types of the two variables; with one variable the second counts. */
  #iterated(range: CelType, expr: FoldExpr): [CelType, CelType] {
    switch (range.kind) {
      case 'list':
        return [types.int, range.elem];
      case 'map':
        return expr.iter2 === undefined ? [range.key, range.key] : [range.key, range.value];
      case 'param':
        this.#bindings.assignable(range, types.dyn);
        return [types.dyn, types.dyn];
      case 'dyn':
        return [types.dyn, types.dyn];
      default: {
        const type = this.#issue(`expression of type '${typeText(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`, expr.range.at);
        return [type, type];
      }
    }
  }
}

function mismatch(wanted: CelType, found: CelType): string {
  return `expected type '${typeText(wanted)}' but found '${typeText(found)}'`;
}

function unwrapped(type: CelType): CelType {
  return isOptional(type) ? type.params[0]! : type;
}

/** a.b.c where the expression is nothing but names. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name;
  if (expr.kind !== 'select' || expr.test) return undefined;
  const operand = qualifiedName(expr.operand);
  return operand === undefined ? undefined : `${operand}.${expr.field}`;
}

function constType(value: unknown): CelType {
  if (value === null) return types.nullType;
  if (value instanceof CelUint) return types.uint;
  if (value instanceof Uint8Array) return types.bytes;
  switch (typeof value) {
    case 'boolean':
      return types.bool;
    case 'bigint':
      return types.int;
    case 'number':
      return types.double;
    default:
      return types.string;
  }
}
