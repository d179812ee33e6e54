import type { CelType } from './types.ts';
import { dyn, listOf, mapOf } from './types.ts';

/** What the type parameters of one expression were found to be. */
export class Bindings {
  readonly #found: Map<string, CelType>;
  constructor(found?: Iterable<readonly [string, CelType]>) {
    this.#found = new Map(found);
  }

  copy(): Bindings {
    return new Bindings(this.#found);
  }

  /** Takes over what another attempt found. */
  adopt(other: Bindings): void {
    for (const [name, type] of other.#found) this.#found.set(name, type);
  }

  /** Replaces parameters; those never bound become dyn where `final`. */
  apply(type: CelType, final = false): CelType {
    switch (type.kind) {
      case 'param': {
        const found = this.#found.get(type.name);
        if (found) return this.apply(found, final);
        return final ? dyn : type;
      }
      case 'list': {
        const elem = this.apply(type.elem, final);
        return elem === type.elem ? type : { ...type, elem };
      }
      case 'map': {
        const key = this.apply(type.key, final);
        const value = this.apply(type.value, final);
        return key === type.key && value === type.value ? type : { ...type, key, value };
      }
      case 'opaque': {
        if (type.params.length === 0) return type;
        return { ...type, params: type.params.map((param) => this.apply(param, final)) };
      }
      case 'type':
        return type.of ? { kind: 'type', of: this.apply(type.of, final) } : type;
      default:
        return type;
    }
  }

  /** Whether a value of type `from` can be where `to` is asked for; binds parameters on the way. */
  assignable(from: CelType, to: CelType): boolean {
    const trial = this.copy();
    if (!trial.#unify(trial.apply(from), trial.apply(to))) return false;
    this.adopt(trial);
    return true;
  }

  assignableAll(from: readonly CelType[], to: readonly CelType[]): boolean {
    if (from.length !== to.length) return false;
    const trial = this.copy();
    for (const [i, type] of from.entries()) if (!trial.assignable(type, to[i]!)) return false;
    this.adopt(trial);
    return true;
  }

  #unify(from: CelType, to: CelType): boolean {
    if (to.kind === 'param') return this.#bind(to.name, from, to);
    if (from.kind === 'param') return this.#bind(from.name, to, from);
    if (from.kind === 'dyn' || to.kind === 'dyn') return true;
    if (from.kind === 'null') return ['null', 'object', 'opaque', 'duration', 'timestamp'].includes(to.kind);
    if (from.kind !== to.kind) return false;
    switch (to.kind) {
      case 'list':
        return this.assignable((from as typeof to).elem, to.elem);
      case 'map':
        return this.assignable((from as typeof to).key, to.key) && this.assignable((from as typeof to).value, to.value);
      case 'object':
        return (from as typeof to).name === to.name;
      case 'opaque': {
        const other = from as typeof to;
        return other.name === to.name && this.assignableAll(other.params, to.params);
      }
      default:
        return true;
    }
  }

  #bind(name: string, type: CelType, self: CelType): boolean {
    const found = this.#found.get(name);
    if (found) {
      if (!this.assignable(type, found)) return false;
      this.#found.set(name, mostGeneral(found, type));
      return true;
    }
    if (type.kind === 'param' && type.name === name) return true;
    if (mentions(type, name)) return false;
    this.#found.set((self as { name: string }).name, type);
    return true;
  }
}

function mentions(type: CelType, name: string): boolean {
  switch (type.kind) {
    case 'param':
      return type.name === name;
    case 'list':
      return mentions(type.elem, name);
    case 'map':
      return mentions(type.key, name) || mentions(type.value, name);
    case 'opaque':
      return type.params.some((param) => mentions(param, name));
    default:
      return false;
  }
}

/** Of two types of which one is assignable to the other. */
export function mostGeneral(a: CelType, b: CelType): CelType {
  return lessSpecific(a, b) ? a : lessSpecific(b, a) ? b : a;
}

function lessSpecific(a: CelType, b: CelType): boolean {
  if (a.kind === 'dyn' || a.kind === 'param') return true;
  if (b.kind === 'null') return a.kind !== 'null';
  if (a.kind === 'list' && b.kind === 'list') return lessSpecific(a.elem, b.elem);
  if (a.kind === 'map' && b.kind === 'map') return lessSpecific(a.key, b.key) && lessSpecific(a.value, b.value);
  if (a.kind === 'opaque' && b.kind === 'opaque') return a.name === b.name && a.params.every((param, i) => lessSpecific(param, b.params[i]!));
  return false;
}

/** Renames the parameters of a declaration so that two uses do not meet. */
export function fresh(type: CelType, suffix: number): CelType {
  switch (type.kind) {
    case 'param':
      return { kind: 'param', name: `${type.name}${suffix}` };
    case 'list':
      return listOf(fresh(type.elem, suffix));
    case 'map':
      return mapOf(fresh(type.key, suffix), fresh(type.value, suffix));
    case 'opaque':
      return type.params.length === 0 ? type : { ...type, params: type.params.map((param) => fresh(param, suffix)) };
    case 'type':
      return type.of ? { kind: 'type', of: fresh(type.of, suffix) } : type;
    default:
      return type;
  }
}
