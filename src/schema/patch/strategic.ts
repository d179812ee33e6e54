/** Strategic merge patches: merge by the schema's merge keys and by the directives in the patch. */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { setMember } from '../json.ts';
import type { StructType } from '../registry.ts';
import { unprocessable } from './jsonpatch.ts';
import { isObject } from './mergepatch.ts';
import {
  asText, deleteFromList, directive, goType, identity, itemOf, kindOf, lookUp, member, misfit, orderDirective, positionOf, retainKeys, setElementOrder, shapeOf, shown, sortedLike, type Shape, type Strategy,
} from './strategy.ts';

/**
 * 'apply' makes the patched object. 'combine' puts one patch on top of another: directives and nulls stay.
 */
export type Mode = 'apply' | 'combine';

export function applyStrategicMergePatch(object: JsonObject, patch: JsonObject, struct: StructType): JsonObject {
  return mergeMaps(object, patch, shapeOf(struct), 'apply');
}

export function mergeMaps(original: JsonObject, patch: JsonObject, shape: Shape, mode: Mode): JsonObject {
  const marker = member(patch, directive);
  if (marker !== undefined) return replaced(patch, marker);
  const out = retained(original, patch, mode);
  const done = reorder(out, patch, shape, mode);
  for (const [key, value] of Object.entries(patch)) {
    if (key === retainKeys || key.startsWith(orderDirective) || done.has(key)) continue;
    if (key.startsWith(deleteFromList)) removeFromList(out, key, value, mode);
    else mergeMember(out, key, value, lookUp(shape, key), mode);
  }
  return out;
}

function replaced(patch: JsonObject, marker: JsonValue): JsonObject {
  if (marker === 'delete') return {};
  if (marker !== 'replace') throw misfit(`unknown patch type: ${asText(marker)} in map: ${shown(patch)}`);
  const { [directive]: _, ...rest } = patch;
  return rest;
}

function mergeMember(out: JsonObject, key: string, value: JsonValue, strategy: Strategy, mode: Mode): void {
  if (value === null) {
    delete out[key];
    if (mode === 'combine') out[key] = null;
    return;
  }
  const there = member(out, key);
  if (kindOf(there) !== kindOf(value) || kindOf(value) === 'string') return put(out, key, value, mode);
  if (isObject(value) && isObject(there)) {
    if (strategy.how === 'replace') setMember(out, key, value);
    else setMember(out, key, mergeMaps(there, value, strategy.shape, mode));
  } else if (Array.isArray(value) && Array.isArray(there)) {
    setMember(out, key, strategy.how === 'merge' ? mergeLists(there, value, strategy, key, mode) : value);
  } else {
    put(out, key, value, mode);
  }
}

function put(out: JsonObject, key: string, value: JsonValue, mode: Mode): void {
  const cleaned = withoutDirectives(value, mode);
  if (cleaned === undefined) delete out[key];
  else setMember(out, key, cleaned);
}

/** A value that meets nothing to merge with: its directives have nothing to direct, and nulls in it delete nothing. */
function withoutDirectives(value: JsonValue, mode: Mode): JsonValue | undefined {
  if (Array.isArray(value)) return value.map((item) => withoutDirectives(item, mode)).filter((item) => item !== undefined);
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, directive)) return undefined;
  const out: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const directs = item === null || key === retainKeys || key.startsWith(setElementOrder) || key.startsWith(deleteFromList);
    if (directs && mode === 'apply') continue;
    const cleaned = withoutDirectives(item, mode);
    if (cleaned !== undefined) setMember(out, key, cleaned);
  }
  return out;
}

/** A copy of the original with only the keys that the patch wants to keep. */
function retained(original: JsonObject, patch: JsonObject, mode: Mode): JsonObject {
  const out = { ...original };
  const keep = member(patch, retainKeys);
  if (keep === undefined) return out;
  if (mode === 'combine') {
    out[retainKeys] ??= keep;
    return out;
  }
  if (!Array.isArray(keep)) throw StatusError.badRequest('invalid patch format of retainKeys');
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || key === retainKeys || key.startsWith(deleteFromList) || key.startsWith(setElementOrder)) continue;
    if (!keep.includes(key)) throw StatusError.badRequest('invalid patch format of retainKeys');
  }
  for (const key of Object.keys(out)) if (!keep.includes(key)) delete out[key];
  return out;
}

function removeFromList(out: JsonObject, key: string, value: JsonValue, mode: Mode): void {
  if (mode === 'combine') {
    setMember(out, key, value);
    return;
  }
  const field = key.slice(deleteFromList.length);
  const there = member(out, field);
  if (value === null) delete out[field];
  // What is of another kind than the list, or has no list to be taken from, takes nothing.
  else if (kindOf(there) !== kindOf(value)) return;
  else if (Array.isArray(there) && Array.isArray(value)) {
    if (!holdsMaps(there, value)) out[field] = there.filter((item) => !value.includes(item));
  } else put(out, field, value, mode);
}

function mergeLists(original: readonly JsonValue[], patch: readonly JsonValue[], strategy: Strategy, key: string, mode: Mode): JsonValue[] {
  const { merged, order, serverOrder } = mergeItems(original, patch, strategy, key, mode);
  const mergeKey = holdsMaps(original, patch) ? strategy.mergeKey : '';
  return arranged(merged, order, serverOrder, mergeKey);
}

interface MergedItems {
  readonly merged: readonly JsonValue[];
  readonly order: readonly JsonValue[];
  readonly serverOrder: readonly JsonValue[];
}

function mergeItems(original: readonly JsonValue[], patch: readonly JsonValue[], strategy: Strategy, key: string, mode: Mode): MergedItems {
  if (original.length === 0 && patch.length === 0) return { merged: [], order: [], serverOrder: [] };
  if (!holdsMaps(original, patch)) return { merged: [...new Set([...original, ...patch])], order: patch, serverOrder: original };
  const { mergeKey } = strategy;
  if (mergeKey === '') throw misfit(`cannot merge lists without merge key for ${key}`);
  const merged: JsonValue[] = [...original];
  const order: JsonValue[] = [];
  const all: JsonObject[] = patch.filter(isObject);
  const replaces = all.some((item) => member(item, directive) === 'replace');
  for (const item of all) {
    const marker = member(item, directive);
    if (marker === undefined) order.push(item);
    else if (marker === 'delete') removeAll(merged, keyed(item, mergeKey), mergeKey);
    else if (marker === 'merge') throw misfit('merging lists cannot yet be specified in the patch');
    else if (marker !== 'replace') throw misfit(`unknown patch type: ${asText(marker)} in map: ${shown(item)}`);
  }
  if (replaces) {
    const items = order.map((item) => (mode === 'apply' ? withoutDirectives(item, mode)! : item));
    return { merged: items, order: [], serverOrder: items };
  }
  const serverOrder = [...merged];
  for (const item of order as JsonObject[]) {
    const at = positionOf(merged, keyed(item, mergeKey), mergeKey);
    if (at >= 0) merged[at] = mergeMaps(merged[at] as JsonObject, item, itemOf(strategy.shape), mode);
    else merged.push(mode === 'apply' ? withoutDirectives(item, mode)! : item);
  }
  return { merged, order, serverOrder };
}

function removeAll(items: JsonValue[], wanted: JsonObject, mergeKey: string): void {
  for (let at = positionOf(items, wanted, mergeKey); at >= 0; at = positionOf(items, wanted, mergeKey)) items.splice(at, 1);
}

function keyed(item: JsonObject, mergeKey: string): JsonObject {
  if (member(item, mergeKey) === undefined) throw misfit(`map: ${shown(item)} does not contain declared merge key: ${mergeKey}`);
  return item;
}

function holdsMaps(...lists: readonly (readonly JsonValue[])[]): boolean {
  const kinds = new Set(lists.flat().map(kindOf));
  if ([...kinds][0] === 'array') throw unprocessable(new Error('lists of lists are not supported'));
  if (kinds.size > 1) throw misfit(`list element types are not identical: ${shown(lists.map((l) => [...l]))}`);
  return kinds.has('object');
}

/** Items that the patch names in its order, the others in theirs, woven so that both orders hold. */
function arranged(merged: readonly JsonValue[], order: readonly JsonValue[], serverOrder: readonly JsonValue[], mergeKey: string): JsonValue[] {
  const named = merged.filter((item) => positionOf(order, item, mergeKey) >= 0);
  const others = merged.filter((item) => positionOf(order, item, mergeKey) < 0);
  const right = sortedLike(named, order, mergeKey);
  const left = sortedLike(others, serverOrder, mergeKey);
  const out: JsonValue[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length && r < right.length) {
    const a = positionOf(serverOrder, left[l]!, mergeKey);
    const b = positionOf(serverOrder, right[r]!, mergeKey);
    out.push(a >= 0 && b >= 0 && a < b ? left[l++]! : right[r++]!);
  }
  return [...out, ...left.slice(l), ...right.slice(r)];
}

/** Carries out `$setElementOrder/x`; says which keys of the patch are dealt with thereby. */
function reorder(out: JsonObject, patch: JsonObject, shape: Shape, mode: Mode): Set<string> {
  const done = new Set<string>();
  for (const [directiveKey, order] of Object.entries(patch)) {
    if (!directiveKey.startsWith(orderDirective)) continue;
    if (!Array.isArray(order)) throw misfit(`expected a []interface {}, but received a ${goType(order)}`);
    if (!directiveKey.startsWith(setElementOrder)) throw StatusError.badRequest('invalid patch format of setElementOrder list');
    if (mode === 'combine') setMember(out, directiveKey, order);
    const key = directiveKey.slice(setElementOrder.length);
    const there = member(out, key);
    const given = member(patch, key);
    for (const list of [there, given]) if (list !== undefined && !Array.isArray(list)) throw misfit(`expected a []interface {}, but received a ${goType(list)}`);
    if (shape?.kind === 'struct' && !shape.struct.field(key)) throw misfit(`unable to find api field in struct ${shape.struct.local} for the json field "${key}"`);
    const strategy = lookUp(shape, key);
    checkOrder((given ?? []) as JsonValue[], order, strategy.mergeKey);
    done.add(key);
    if (there === undefined && given === undefined) continue;
    const { merged } = there === undefined
      ? { merged: withoutDirectives(given!, mode) as JsonValue[] }
      : given === undefined
        ? { merged: there as JsonValue[] }
        : strategy.how === 'merge' ? mergeItems(there as JsonValue[], given as JsonValue[], strategy, key, mode) : { merged: given as JsonValue[] };
    const mergeKey = holdsMaps(merged) ? strategy.mergeKey : '';
    if (mergeKey !== '') checkKeys(order, mergeKey);
    // New items take the places that deleted ones leave, also where the order of the others is concerned.
    const before = (there ?? []) as JsonValue[];
    const serverOrder = given ? merged.slice(0, before.length) : before;
    setMember(out, key, arranged(merged, order, serverOrder, mergeKey));
  }
  return done;
}

function checkKeys(order: readonly JsonValue[], mergeKey: string): void {
  for (const [i, item] of order.entries()) {
    if (!isObject(item)) throw misfit(`value for key ${i} is not a map`);
    keyed(item, mergeKey);
  }
}

/** The items of the patch must stand in the order that it asks for itself. */
function checkOrder(given: readonly JsonValue[], order: readonly JsonValue[], mergeKey: string): void {
  if (given.length === 0 || order.length === 0) return;
  const items = given.filter((item) => !(isObject(item) && Object.hasOwn(item, directive)));
  let i = 0;
  for (const wanted of order) {
    if (i < items.length && identity(items[i]!, mergeKey) === identity(wanted, mergeKey)) i++;
  }
  if (i === items.length) return;
  throw misfit(`The order in patch list:\n${shown([...given])}\n doesn't match $setElementOrder list:\n${shown([...order])}\n`);
}
