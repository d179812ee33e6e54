/**
 * Lists that are always written, when they have no items: upstream keeps objects as protobuf, which has no room for the difference between
 * an empty list and none, so that what was `[]` comes back as `null`. Subtrees without such lists are never walked.
 */
import type { JsonObject, JsonValue } from '../machinery/json.ts';
import type { ResolvedField, StructType, Type } from './registry.ts';

type Walk = (value: JsonValue) => void;

/** Changes an object in canonical form; undefined where the type has no such list. */
export function emptiesOf(struct: StructType): ((object: JsonObject) => void) | undefined {
  return struct.memo(compileAll);
}

function compileAll(struct: StructType): ((object: JsonObject) => void) | undefined {
  return compile(struct, new Set());
}

function compile(struct: StructType, above: ReadonlySet<StructType>): ((object: JsonObject) => void) | undefined {
  // A type within itself: none of those that are kept as protobuf has such a list further down.
  if (above.has(struct)) return undefined;
  const path = new Set(above).add(struct);
  const lists = struct.fields.filter((f) => f.always && f.resolved.kind === 'list').map((f) => f.key);
  const below = struct.fields.flatMap((f): { key: string; walk: Walk }[] => {
    const walk = walkOf(f, path);
    return walk ? [{ key: f.key, walk }] : [];
  });
  if (lists.length === 0 && below.length === 0) return undefined;
  return (object) => {
    for (const key of lists) {
      const value = object[key];
      if (Array.isArray(value) && value.length === 0) object[key] = null;
    }
    for (const { key, walk } of below) {
      const value = object[key];
      if (value !== undefined && value !== null) walk(value);
    }
  };
}

function walkOf(field: ResolvedField, above: ReadonlySet<StructType>): Walk | undefined {
  const through = (type: Type): Walk | undefined => {
    if (type.kind === 'struct') return compile(type.struct, above) as Walk | undefined;
    if (type.kind !== 'list' && type.kind !== 'map') return undefined;
    const item = through(type.of);
    if (!item) return undefined;
    if (type.kind === 'list') return (value) => (value as JsonValue[]).forEach(item);
    return (value) => Object.values(value as JsonObject).forEach(item);
  };
  return through(field.resolved);
}
