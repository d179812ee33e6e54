/** JSON merge patch (RFC 7386), and patches that lead from one document to another. */
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { compareBytes, jsonText } from '../../machinery/jsontext.ts';
import { setMember } from '../json.ts';

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is left as it was is shared with the document. */
export function applyMergePatch(document: JsonValue, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch;
  const out: JsonObject = isObject(document) ? { ...document } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else setMember(out, key, applyMergePatch(Object.hasOwn(out, key) ? out[key]! : null, value));
  }
  return out;
}

/** The patched document as upstream's text of it: what the patch has touched has its keys in order, the rest stands as it stood. */
export function mergedText(document: JsonValue | undefined, patch: JsonValue): string {
  return jsonText(merged(document, patch, true));
}

function merged(document: JsonValue | undefined, patch: JsonValue, top: boolean): JsonValue {
  if (!isObject(patch)) return document === undefined && Array.isArray(patch) ? ordered(patch) : patch;
  if (!isObject(document)) return top ? applyMergePatch({}, ordered(patch)) : ordered(withoutNulls(patch));
  const out: JsonObject = { ...document };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else setMember(out, key, merged(Object.hasOwn(document, key) ? (document[key] ?? undefined) : undefined, value, false));
  }
  return sortedKeys(out);
}

function withoutNulls(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutNulls);
  return isObject(value) ? Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null).map(([key, item]) => [key, withoutNulls(item)])) : value;
}

/** With the keys of all objects in order. */
export function ordered(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(ordered);
  return isObject(value) ? sortedKeys(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, ordered(item)]))) : value;
}

export function sortedKeys(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => compareBytes(a, b)));
}

/** The patch that makes `modified` of `original`. */
export function createMergePatch(original: JsonObject, modified: JsonObject): JsonObject {
  const patch: JsonObject = {};
  for (const [key, value] of Object.entries(modified)) {
    const before = Object.hasOwn(original, key) ? original[key]! : undefined;
    if (isObject(value) && isObject(before)) {
      const inner = createMergePatch(before, value);
      if (Object.keys(inner).length > 0) setMember(patch, key, inner);
    } else if (!isDeepStrictEqual(before, value)) {
      setMember(patch, key, value);
    }
  }
  for (const key of Object.keys(original)) if (!Object.hasOwn(modified, key)) setMember(patch, key, null);
  return patch;
}

/**
 * What `kubectl apply` sends where there is no schema: additions and changes from `current` to `modified`, deletions
 * only of what `original` (the last applied) had and `modified` has no more.
 */
export function createThreeWayMergePatch(original: JsonObject, modified: JsonObject, current: JsonObject): JsonObject {
  const changes = select(createMergePatch(current, modified), (value) => value !== null);
  const deletions = select(createMergePatch(original, modified), (value) => value === null);
  return overlay(deletions, changes);
}

/** The patch with only those leaves. */
function select(patch: JsonObject, wanted: (leaf: JsonValue) => boolean): JsonObject {
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(patch)) {
    if (isObject(value)) {
      const inner = select(value, wanted);
      if (Object.keys(inner).length > 0 || (Object.keys(value).length === 0 && wanted(value))) setMember(out, key, inner);
    } else if (wanted(value)) {
      setMember(out, key, value);
    }
  }
  return out;
}

function overlay(below: JsonObject, above: JsonObject): JsonObject {
  const out: JsonObject = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const there = Object.hasOwn(out, key) ? out[key] : undefined;
    setMember(out, key, isObject(there) && isObject(value) ? overlay(there, value) : value);
  }
  return out;
}
