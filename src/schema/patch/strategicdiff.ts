/** Strategic merge patches that lead from one object to another: what `kubectl apply` and `kubectl edit` send. */
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { setMember } from '../json.ts';
import type { StructType } from '../registry.ts';
import { isObject } from './mergepatch.ts';
import { mergeMaps } from './strategic.ts';
import { deleteFromList, directive, identity, itemOf, kindOf, lookUp, member, positionOf, retainKeys, setElementOrder, shapeOf, shown, sortedLike, type Shape, type Strategy } from './strategy.ts';

interface DiffOptions {
  readonly deletions: boolean;
  readonly changes: boolean;
  readonly elementOrder: boolean;
}

/** The patch that makes `modified` of `original`. */
export function createStrategicMergePatch(original: JsonObject, modified: JsonObject, struct: StructType): JsonObject {
  return diffMaps(original, modified, shapeOf(struct), { deletions: true, changes: true, elementOrder: true }, false);
}

/**
 * Changes and additions lead from `current` to `modified`; deletions are of what `original` (the last applied) had and
 * `modified` has no more. With `overwrite: false`, refuses where others have changed what the patch changes.
 */
export function createThreeWayStrategicMergePatch(
  original: JsonObject,
  modified: JsonObject,
  current: JsonObject,
  struct: StructType,
  options: { readonly overwrite?: boolean } = {},
): JsonObject {
  const shape = shapeOf(struct);
  const changes = diffMaps(current, modified, shape, { deletions: false, changes: true, elementOrder: true }, false);
  const deletions = diffMaps(original, modified, shape, { deletions: true, changes: false, elementOrder: true }, false);
  const patch = mergeMaps(deletions, changes, shape, 'combine');
  if (options.overwrite === false) {
    const changed = diffMaps(original, current, shape, { deletions: true, changes: true, elementOrder: false }, false);
    if (conflicting(patch, changed, lookUp(undefined, ''), shape)) {
      throw new PatchConflict(`patch:\n${JSON.stringify(patch, undefined, 2)}\nconflicts with changes made from original to current:\n${JSON.stringify(changed, undefined, 2)}\n`);
    }
  }
  return patch;
}

export class PatchConflict extends Error {}

function diffMaps(original: JsonObject, modified: JsonObject, shape: Shape, options: DiffOptions, retain: boolean): JsonObject {
  const patch: JsonObject = {};
  for (const [key, value] of Object.entries(modified)) {
    const before = member(original, key);
    if (before === undefined) {
      if (options.changes) setMember(patch, key, value);
    } else if (kindOf(before) !== kindOf(value)) {
      if (options.changes) setMember(patch, key, value);
    } else if (isObject(before) && isObject(value)) {
      diffObjectMember(patch, key, before, value, lookUp(shape, key), options);
    } else if (Array.isArray(before) && Array.isArray(value) && lookUp(shape, key).how === 'merge') {
      diffListMember(patch, key, before, value, lookUp(shape, key), options);
    } else if (options.changes && !isDeepStrictEqual(before, value)) {
      setMember(patch, key, value);
    }
  }
  if (options.deletions) {
    for (const key of Object.keys(original)) if (!Object.hasOwn(modified, key)) setMember(patch, key, null);
  }
  if (retain) {
    const kept = Object.keys(modified).filter((key) => modified[key] !== null);
    const loses = Object.keys(original).some((key) => original[key] !== null && !Object.hasOwn(modified, key));
    if (kept.length > 0 && (Object.keys(patch).length > 0 || loses)) patch[retainKeys] = kept.toSorted();
  }
  return patch;
}

function diffObjectMember(patch: JsonObject, key: string, before: JsonObject, value: JsonObject, strategy: Strategy, options: DiffOptions): void {
  if (strategy.how === 'replace') {
    if (options.changes) setMember(patch, key, value);
    return;
  }
  const inner = diffMaps(before, value, strategy.shape, options, strategy.retainKeys);
  if (Object.keys(inner).length > 0) setMember(patch, key, inner);
}

function diffListMember(patch: JsonObject, key: string, before: readonly JsonValue[], value: readonly JsonValue[], strategy: Strategy, options: DiffOptions): void {
  if (before.length === 0) {
    if (value.length > 0 && options.changes) setMember(patch, key, [...value]);
    return;
  }
  const kinds = new Set([...before, ...value].map(kindOf));
  if (kinds.has('array')) throw StatusError.badRequest('lists of lists are not supported');
  if (kinds.size > 1) throw StatusError.badRequest(`list element types are not identical: ${shown([[...before], [...value]])}`);
  if (kinds.has('object')) diffMapItems(patch, key, before as readonly JsonObject[], value as readonly JsonObject[], strategy, options);
  else diffScalars(patch, key, before, value, options);
}

function diffMapItems(patch: JsonObject, key: string, before: readonly JsonObject[], value: readonly JsonObject[], strategy: Strategy, options: DiffOptions): void {
  const { mergeKey } = strategy;
  const shape = itemOf(strategy.shape);
  const changed: JsonObject[] = [];
  for (const item of value) {
    const at = positionOf(before, checked(item, mergeKey), mergeKey);
    if (at < 0) {
      if (options.changes) changed.push(item);
      continue;
    }
    const inner = diffMaps(before[at]!, item, shape, options, strategy.retainKeys);
    if (Object.keys(inner).length > 0) changed.push({ ...inner, [mergeKey]: item[mergeKey]! });
  }
  const deleted = options.deletions
    ? before.filter((item) => positionOf(value, checked(item, mergeKey), mergeKey) < 0).map((item): JsonObject => ({ [directive]: 'delete', [mergeKey]: item[mergeKey]! }))
    : [];
  const items = [...sortedLike(changed, value, mergeKey), ...deleted];
  if (items.length > 0) setMember(patch, key, items);
  const sameOrder = before.length === value.length && before.every((item, i) => identity(item, mergeKey) === identity(value[i]!, mergeKey));
  if (options.elementOrder && value.length > 0 && ((options.changes && (items.length > 0 || !sameOrder)) || (options.deletions && items.length > 0))) {
    setMember(patch, setElementOrder + key, value.map((item) => ({ [mergeKey]: item[mergeKey]! })));
  }
}

function checked(item: JsonObject, mergeKey: string): JsonObject {
  if (member(item, mergeKey) !== undefined) return item;
  throw StatusError.badRequest(`map: ${shown(item)} does not contain declared merge key: ${mergeKey}`);
}

function diffScalars(patch: JsonObject, key: string, before: readonly JsonValue[], value: readonly JsonValue[], options: DiffOptions): void {
  const added = options.changes ? value.filter((item) => !before.includes(item)) : [];
  const removed = options.deletions ? [...new Set(before.filter((item) => !value.includes(item)))] : [];
  if (added.length > 0) setMember(patch, key, added);
  if (removed.length > 0) setMember(patch, deleteFromList + key, removed.toSorted());
  if (options.elementOrder && value.length > 0 && (removed.length > 0 || (options.changes && !isDeepStrictEqual(before, value)))) setMember(patch, setElementOrder + key, [...value]);
}

/** Whether two patches of the same object want different things. */
function conflicting(left: JsonValue, right: JsonValue, strategy: Strategy, shape: Shape): boolean {
  if (isObject(left)) {
    if (!isObject(right) || member(left, directive) !== member(right, directive)) return true;
    if (strategy.how === 'replace') return false;
    return Object.entries(left).some(([key, value]) => {
      if (key === directive || key === retainKeys || !Object.hasOwn(right, key)) return false;
      const below = lookUp(shape, key);
      return conflicting(value, right[key]!, below, below.shape);
    });
  }
  if (Array.isArray(left)) {
    if (!Array.isArray(right)) return true;
    if (strategy.how !== 'merge') return !isDeepStrictEqual(left, right);
    return left.some((item) => {
      const at = isObject(item) ? positionOf(right, item, strategy.mergeKey) : -1;
      return at >= 0 && conflicting(item, right[at]!, lookUp(undefined, ''), itemOf(shape));
    });
  }
  return !isDeepStrictEqual(left, right);
}
