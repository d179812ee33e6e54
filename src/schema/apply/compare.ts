/** Which fields differ between two objects, and which fields an object states. */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { emptySet, graft, insert, type FieldSet, type SetBuilder } from './fieldset.ts';
import { elementOf, isFilled, isObject, memberShape, NamelessItem, walkAs, type Shape } from './shape.ts';

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

interface Builders {
  readonly added: SetBuilder;
  readonly modified: SetBuilder;
  readonly removed: SetBuilder;
}

export function compare(before: JsonObject, after: JsonObject, shape: Shape): Comparison {
  const out: Builders = { added: {}, modified: {}, removed: {} };
  compareMaps(before, after, shape, [], out);
  return out;
}

function compareValues(before: JsonValue | undefined, after: JsonValue | undefined, shape: Shape, path: string[], out: Builders): void {
  if (before === after) return;
  if (before === undefined) return graft(out.added, path, everything(after!, shape) as SetBuilder);
  if (after === undefined) return graft(out.removed, path, everything(before, shape) as SetBuilder);
  const how = walkAs(shape, before, after);
  if (how === 'map') compareMaps(asObject(before), asObject(after), shape, path, out);
  else if (how === 'list') compareLists(asList(before), asList(after), shape as ListShape, path, out);
  else if (!equal(before, after)) insert(out.modified, path);
}

function compareMaps(before: JsonObject, after: JsonObject, shape: Shape, path: string[], out: Builders): void {
  const depth = path.length;
  for (const key in after) {
    const a = own(before, key);
    if (a === after[key]) continue;
    path[depth] = `f:${key}`;
    compareValues(a, after[key], memberShape(shape, key) ?? leafShape, path, out);
    path.length = depth;
  }
  for (const key in before) {
    if (Object.hasOwn(after, key)) continue;
    path[depth] = `f:${key}`;
    compareValues(before[key], undefined, memberShape(shape, key) ?? leafShape, path, out);
    path.length = depth;
  }
}

/** Labels may be called `constructor`. */
function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

const leafShape: Shape = { kind: 'leaf' };
type ListShape = Extract<Shape, { kind: 'list' }>;

/** Items by name; a name that stands more than once keeps all its items. */
function byName(list: readonly JsonValue[], shape: ListShape): Map<string, JsonValue[]> {
  const items = new Map<string, JsonValue[]>();
  for (const item of list) {
    const name = elementOf(shape, item);
    const same = items.get(name);
    if (same) same.push(item);
    else items.set(name, [item]);
  }
  return items;
}

/** Undefined where the items do not have the same names in the same order, each once. */
function commonNames(before: readonly JsonValue[], after: readonly JsonValue[], shape: ListShape): string[] | undefined {
  const names = before.map((item) => elementOf(shape, item));
  if (before.length !== after.length) return undefined;
  for (let i = 0; i < names.length; i++) if (before[i] !== after[i] && elementOf(shape, after[i]!) !== names[i]) return undefined;
  return names.length === 1 || new Set(names).size === names.length ? names : undefined;
}

function compareLists(before: readonly JsonValue[], after: readonly JsonValue[], shape: ListShape, path: string[], out: Builders): void {
  const depth = path.length;
  // Nearly always: the same items in the same order.
  const names = commonNames(before, after, shape);
  if (names) {
    for (let i = 0; i < names.length; i++) {
      if (before[i] === after[i]) continue;
      path[depth] = names[i]!;
      compareValues(before[i], after[i], shape.item, path, out);
      path.length = depth;
    }
    return;
  }
  const [left, right] = [byName(before, shape), byName(after, shape)];
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const [l, r] = [left.get(name) ?? [], right.get(name) ?? []];
    path[depth] = name;
    if (l.length <= 1 && r.length <= 1) {
      compareValues(l[0], r[0], shape.item, path, out);
    } else if (l.length > 1 && r.length > 1) {
      if (!equal(l, r)) insert(out.modified, path);
    } else {
      const [many, one] = l.length > 1 ? [out.removed, r[0]] : [out.added, l[0]];
      if (one !== undefined) compareValues(l.length > 1 ? undefined : one, l.length > 1 ? one : undefined, shape.item, path, out);
      insert(many, path);
    }
    path.length = depth;
  }
}

/** All of a value that was not there before: every leaf, and everything on the way to it. */
function everything(value: JsonValue, shape: Shape): FieldSet {
  const how = walkAs(shape, value, undefined);
  if (how === 'leaf') return emptySet;
  const out: SetBuilder = { '.': emptySet as SetBuilder };
  if (how === 'map') {
    if (!isObject(value)) return emptySet;
    for (const key in value) out[`f:${key}`] = everything(value[key]!, memberShape(shape, key) ?? leafShape) as SetBuilder;
    return out;
  }
  const list = shape as ListShape;
  for (const item of asList(value)) {
    const name = elementOf(list, item);
    out[name] = (name in out ? emptySet : everything(item, list.item)) as SetBuilder;
  }
  return out;
}

function asObject(value: JsonValue): JsonObject {
  return isObject(value) ? value : {};
}

function asList(value: JsonValue): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

/** Deep equality in which an absent collection, null and an empty one of the same kind stay apart. */
export function equal(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  if (!isObject(a) || !isObject(b)) return false;
  let n = 0;
  for (const key in a) {
    if (!Object.hasOwn(b, key) || !equal(a[key], b[key])) return false;
    n++;
  }
  for (const _ in b) n--;
  return n === 0;
}

/** The fields that an object states. Of a configuration its manager will answer for them; it has the types of its kind. */
export function fieldsOf(object: JsonObject, shape: Shape): FieldSet {
  const out: SetBuilder = {};
  stated(object, shape, out);
  return out;
}

/** Fills `out` with what is below; answers whether the value itself is a leaf of the set. */
function stated(value: JsonValue, shape: Shape, out: SetBuilder): boolean {
  if (shape.kind === 'leaf' || (shape.kind === 'any' && !isObject(value))) return true;
  if (value === null) return true;
  if (shape.kind === 'list') return statedItems(value, shape, out);
  if (!isObject(value)) return false;
  for (const key in value) {
    const member = value[key]!;
    const declared = shape.kind === 'map' && shape.field(key) !== undefined;
    const below = memberShape(shape, key);
    if (!below) continue;
    const child: SetBuilder = {};
    const isLeaf = stated(member, below, child) || (isObject(member) && !isFilled(member));
    if (isFilled(child as JsonObject)) {
      if (!declared) child['.'] = {};
    } else if (!isLeaf && declared) {
      continue;
    }
    out[`f:${key}`] = child;
  }
  return false;
}

/** What has no name belongs to nobody. */
function statedItems(value: JsonValue, shape: ListShape, out: SetBuilder): boolean {
  for (const item of asList(value)) {
    let name: string;
    try {
      name = elementOf(shape, item);
    } catch (error) {
      if (!(error instanceof NamelessItem)) throw error;
      continue;
    }
    const child: SetBuilder = {};
    stated(item, shape.item, child);
    if (isFilled(child as JsonObject)) child['.'] = {};
    out[name] = child;
  }
  return false;
}
