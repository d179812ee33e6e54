/** What the writer of a new object answers for: the same as comparing it with an empty one, in one pass and already in canonical order. */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { equal } from './compare.ts';
import { emptySet, isEmpty, sorted, type FieldSet, type SetBuilder } from './fieldset.ts';
import { elementOf, isFilled, isObject, memberOf, type Shape } from './shape.ts';

/** Thrown where an object is not just more than the empty one: the general way then decides. */
class NotOnlyMore extends Error {}

const fewNames = 32;

/** Made once: it would cost a stack trace. */
const notOnlyMore = new NotOnlyMore();

/**
 * Fields of `object` that `empty` does not have or has as nothing, without those in `reset` and `strip` (at their top two levels); undefined where
 * it is not that simple. Throws NamelessItem.
 */
export function createdFields(empty: JsonObject, object: JsonObject, shape: Shape, reset: FieldSet | undefined, strip: FieldSet): FieldSet | undefined {
  const left: SetBuilder = {};
  try {
    const all = moreIn(empty, object, shape);
    for (const key in all) {
      if (reset?.[key] !== undefined) {
        if (!isEmpty(reset[key])) return undefined;
        continue;
      }
      const own = strip[key];
      const rest = own === undefined ? all[key]! : without(all[key]!, own);
      if (rest) left[key] = rest as SetBuilder;
    }
  } catch (error) {
    if (error === notOnlyMore) return undefined;
    throw error;
  }
  return left;
}

/** A node without some of its members; undefined when nothing is left. */
function without(node: FieldSet, members: FieldSet): FieldSet | undefined {
  if (isEmpty(members)) return undefined;
  const out: SetBuilder = {};
  let any = false;
  for (const key in node) {
    if (members[key] !== undefined) continue;
    out[key] = node[key]! as SetBuilder;
    any = true;
  }
  return any ? out : undefined;
}

/** In canonical order, as everything here. */
function moreIn(before: JsonObject, after: JsonObject, shape: Shape): FieldSet {
  for (const key in before) if (!Object.hasOwn(after, key)) throw notOnlyMore;
  const out: SetBuilder = {};
  for (const key of namesIn(after)) {
    const value = after[key]!;
    const { element, shape: below } = memberOf(shape, key);
    if (!Object.hasOwn(before, key)) out[element] = everything(value, below) as SetBuilder;
    else {
      const more = moreThan(before[key]!, value, below);
      if (more) out[element] = more as SetBuilder;
    }
  }
  return out;
}

/** Undefined: the same. */
function moreThan(before: JsonValue, after: JsonValue, shape: Shape): FieldSet | undefined {
  if (before === after) return undefined;
  if (isFilled(before)) {
    if (shape.kind !== 'map' || !isObject(before) || !isObject(after)) throw notOnlyMore;
    const more = moreIn(before, after, shape);
    return isEmpty(more) ? undefined : more;
  }
  if (shape.kind === 'any') throw notOnlyMore;
  if (shape.kind === 'leaf' || !isFilled(after)) return equal(before, after) ? undefined : emptySet;
  // Empty, or nothing at all, in its place: what is in a map or a named list is new, but the place is not.
  const { '.': _, ...children } = everything(after, shape) as SetBuilder;
  return isEmpty(children) ? undefined : children;
}

/** In order. By insertion, since they are few and nearly so. */
function namesIn(object: JsonObject): readonly string[] {
  const names = Object.keys(object);
  if (names.length > fewNames) return names.sort();
  for (let i = 1; i < names.length; i++) {
    const name = names[i]!;
    let at = i;
    for (; at > 0 && names[at - 1]! > name; at--) names[at] = names[at - 1]!;
    names[at] = name;
  }
  return names;
}

function everything(value: JsonValue, shape: Shape): FieldSet {
  if (shape.kind === 'leaf' || !isFilled(value)) return emptySet;
  const out: SetBuilder = { '.': emptySet as SetBuilder };
  if (shape.kind === 'list') {
    if (!Array.isArray(value)) throw notOnlyMore;
    for (const item of value) {
      const name = elementOf(shape, item);
      if (name in out) throw notOnlyMore;
      out[name] = everything(item, shape.item) as SetBuilder;
    }
    // Named items have an order of their own.
    return value.length > 1 ? (sorted(out) as unknown as FieldSet) : out;
  }
  if (!isObject(value)) return emptySet;
  for (const key of namesIn(value)) {
    const { element, shape: below } = memberOf(shape, key);
    out[element] = everything(value[key]!, below) as SetBuilder;
  }
  return out;
}
