/**
 * Fills in what a writer left out. A type's hook runs first (it may look at the whole struct), then the constants that the schema
 * declares, then the same for what lies below. Subtrees in which nothing has a default are never walked.
 */
import type { JsonObject, JsonValue } from '../machinery/json.ts';
import type { Registry, ResolvedField, StructType, Type } from './registry.ts';

/** Defaults that depend on other fields, by type name: `core.v1.PodSpec`. */
export type DefaultHooks = Readonly<Record<string, (value: never) => void>>;

export type Defaulter = (type: string, object: JsonObject) => void;

type Walk = (value: JsonValue) => void;

/** One for a registry; compiles each type on first use. */
export function createDefaulter(registry: Registry, hooks: DefaultHooks): Defaulter {
  const walks = new Map<StructType, Walk | undefined>();
  const needs = new Map<StructType, boolean>();

  function structOf(type: Type): StructType | undefined {
    if (type.kind === 'list' || type.kind === 'map') return structOf(type.of);
    return type.kind === 'struct' ? type.struct : undefined;
  }

  function isNeeded(struct: StructType, above: ReadonlySet<StructType> = new Set()): boolean {
    const known = needs.get(struct);
    if (known !== undefined) return known;
    if (above.has(struct)) return false;
    const path = new Set(above).add(struct);
    const answer = hooks[struct.name] !== undefined || struct.fields.some((f) => {
      if (f.default !== undefined) return true;
      const below = structOf(f.resolved);
      return below !== undefined && isNeeded(below, path);
    });
    if (answer || above.size === 0) needs.set(struct, answer);
    return answer;
  }

  function walkOf(struct: StructType): Walk | undefined {
    if (!isNeeded(struct)) return undefined;
    if (!walks.has(struct)) walks.set(struct, compile(struct));
    return walks.get(struct);
  }

  function compile(struct: StructType): Walk {
    const hook = hooks[struct.name] as ((value: unknown) => void) | undefined;
    const constants = struct.fields.filter((f) => f.default !== undefined);
    const below = struct.fields.filter((f) => {
      const inner = structOf(f.resolved);
      return inner !== undefined && isNeeded(inner);
    });
    return (value) => {
      const object = value as JsonObject;
      hook?.(object);
      for (const f of constants) if (isUnset(f, object[f.key])) object[f.key] = f.default!;
      for (const f of below) descend(f, object);
    };
  }

  function descend(field: ResolvedField, object: JsonObject): void {
    const value = object[field.key];
    const type = field.resolved;
    if (value === undefined || value === null) {
      // A struct that is no pointer is always there.
      if (type.kind !== 'struct' || field.ptr) return;
      const made: JsonObject = {};
      walkOf(type.struct)?.(made);
      if (Object.keys(made).length > 0) object[field.key] = made;
      return;
    }
    visit(type, value);
  }

  function visit(type: Type, value: JsonValue): void {
    if (type.kind === 'struct') walkOf(type.struct)?.(value);
    else if (type.kind === 'list') for (const item of value as JsonValue[]) visit(type.of, item);
    else if (type.kind === 'map') for (const item of Object.values(value as JsonObject)) visit(type.of, item);
  }

  return (type, object) => walkOf(registry.struct(type))?.(object);
}

function isUnset(field: ResolvedField, value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return true;
  return !field.ptr && (value === '' || value === 0);
}
