/** Merging a configuration into an object, and taking fields out of one. */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { setMember } from '../json.ts';
import { hasMember, isEmpty, withPrefix, type FieldSet, type SetBuilder } from './fieldset.ts';
import { elementOf, isObject, memberShape, walkAs, type Shape } from './shape.ts';

type ListShape = Extract<Shape, { kind: 'list' }>;
const leafShape: Shape = { kind: 'leaf' };

/** `config` wins; what it does not state stays. */
export function merge(live: JsonValue | undefined, config: JsonValue | undefined, shape: Shape): JsonValue | undefined {
  const how = walkAs(shape, live, config);
  if (how === 'leaf') return config === undefined ? live : config;
  if (config === undefined || config === null) return live ?? config;
  if (live === undefined || live === null) return config;
  if (how === 'list') return Array.isArray(live) && Array.isArray(config) ? mergeLists(live, config, shape as ListShape) : config;
  if (!isObject(live) || !isObject(config)) return config;
  const out: JsonObject = { ...live };
  for (const key of Object.keys(config)) {
    const merged = merge(Object.hasOwn(live, key) ? live[key] : undefined, config[key], memberShape(shape, key) ?? leafShape);
    if (merged !== undefined) setMember(out, key, merged);
  }
  return out;
}

/** The configuration's order for what it names; what it does not name keeps its place between the shared items. */
function mergeLists(live: readonly JsonValue[], config: readonly JsonValue[], shape: ListShape): JsonValue[] {
  const left = live.map((item) => ({ name: elementOf(shape, item), item }));
  const right = config.map((item) => ({ name: elementOf(shape, item), item }));
  const inLeft = new Map(left.map((l) => [l.name, l.item]));
  const inRight = new Map(right.map((r) => [r.name, r.item]));
  const shared = right.filter((r) => inLeft.has(r.name)).map((r) => r.name);
  const done = new Set<string>();
  const out: JsonValue[] = [];
  const take = (name: string): void => {
    done.add(name);
    out.push(merge(inLeft.get(name), inRight.get(name), shape.item)!);
  };
  let next = shared.shift();
  for (let l = 0, r = 0; l < left.length || r < right.length;) {
    const [a, b] = [left[l]?.name, right[r]?.name];
    if (a !== undefined && b !== undefined) {
      if (a === b) {
        take(a);
        l++;
        r++;
        next = shared.shift();
        continue;
      }
      if (inRight.has(a) && next !== undefined && next !== a) {
        l++;
        continue;
      }
    }
    if (a !== undefined) {
      if (!inRight.has(a)) {
        out.push(left[l++]!.item);
        continue;
      }
      if (done.has(a)) l++;
    }
    if (b !== undefined) {
      take(b);
      r++;
      if (next === b) next = shared.shift();
    }
  }
  return out;
}

/** The value without the members of the set, and without whatever becomes empty by that. */
export function without(value: JsonValue, set: FieldSet, shape: Shape): JsonValue | undefined {
  if (isEmpty(set)) return value;
  if (shape.kind === 'list') {
    if (!Array.isArray(value)) return undefined;
    const items: JsonValue[] = [];
    for (const item of value) {
      const name = elementOf(shape, item);
      if (hasMember(set, name)) continue;
      const inner = withPrefix(set, name);
      const left = isEmpty(inner) ? item : without(item, inner, shape.item);
      if (left !== undefined) items.push(left);
    }
    return items.length > 0 ? items : undefined;
  }
  if (shape.kind === 'leaf') return Array.isArray(value) || isObject(value) ? undefined : value;
  if (!isObject(value)) return shape.kind === 'any' ? value : undefined;
  const out: JsonObject = {};
  let filled = false;
  for (const key of Object.keys(value)) {
    const element = `f:${key}`;
    if (hasMember(set, element)) continue;
    const inner = withPrefix(set, element);
    const left = isEmpty(inner) ? value[key]! : without(value[key]!, inner, memberShape(shape, key) ?? leafShape);
    setMember(out, key, left ?? null);
    filled = true;
  }
  return filled ? out : undefined;
}

/** The set with every declared field on the way to a member made a member. */
export function withNamedFields(set: FieldSet, shape: Shape | undefined): FieldSet {
  const out: SetBuilder = {};
  for (const element in set) {
    if (element === '.') {
      out[element] = {};
      continue;
    }
    const name = element.slice(2);
    const inner = shape && (element.startsWith('f:') ? memberShape(shape, name) : element.startsWith('k:') && shape.kind === 'list' ? shape.item : undefined);
    const child = withNamedFields(set[element]!, inner) as SetBuilder;
    const declared = element.startsWith('f:') && shape?.kind === 'map' && shape.field(name) !== undefined;
    if (declared && !isEmpty(child)) child['.'] = {};
    out[element] = child;
  }
  return out;
}
