/** JSON patch (RFC 6902). */
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { jsonText } from '../../machinery/jsontext.ts';
import { StatusError } from '../../machinery/status.ts';
import { setMember } from '../json.ts';
import { sortedKeys } from './mergepatch.ts';

const maxOperations = 10_000;

/** Why an operation cannot be applied; the server tells its client only that it cannot. */
export class JsonPatchError extends Error {}

interface PatchOperation {
  readonly op: string;
  readonly path: string | undefined;
  readonly from: string | undefined;
  readonly value: JsonValue | undefined;
}

/** The patched document. Throws 422 for a patch that does not fit the document, 413 for one that is too long. `patch` is a list of objects, or null. */
export function applyJsonPatch(document: JsonValue, patch: unknown): JsonValue {
  const operations = operationsOf(patch);
  try {
    return patchDocument(document, operations, new Set());
  } catch (error) {
    if (!(error instanceof JsonPatchError)) throw error;
    throw unprocessable(error);
  }
}

/** The patched document as upstream's text of it: objects on the way to what was patched have their keys in order, the rest stands as it stood. */
export function patchedText(document: JsonValue, patch: unknown): string {
  const touched = new Set<object>();
  const patched = patchDocument(document, operationsOf(patch), touched);
  const inOrder = (value: JsonValue, top: boolean): JsonValue => {
    if (Array.isArray(value)) return value.map((item) => inOrder(item, false));
    if (!isContainer(value)) return value;
    const out = Object.fromEntries(Object.entries(value as JsonObject).map(([key, item]) => [key, inOrder(item, false)]));
    return top || touched.has(value) ? sortedKeys(out) : out;
  };
  return jsonText(inOrder(patched, true));
}

export function unprocessable(cause: Error): StatusError {
  const error = new StatusError({ status: 'Failure', message: 'the server rejected our request due to an error in our request', reason: 'Invalid', details: {}, code: 422 });
  error.cause = cause;
  return error;
}

function operationsOf(patch: unknown): PatchOperation[] {
  const items = (patch ?? []) as readonly (Readonly<Record<string, unknown>> | null)[];
  if (items.length > maxOperations) throw StatusError.tooLarge(`The allowed maximum operations in a JSON patch is ${maxOperations}, got ${items.length}`);
  return items.map((item) => {
    const { op, path, from } = item ?? {};
    return {
      op: typeof op === 'string' ? op : 'unknown',
      path: typeof path === 'string' ? path : undefined,
      from: typeof from === 'string' ? from : undefined,
      value: item && Object.hasOwn(item, 'value') ? (item['value'] as JsonValue) : undefined,
    };
  });
}

function patchDocument(document: JsonValue, operations: readonly PatchOperation[], touched: Set<object>): JsonValue {
  const root: Root = { document: structuredClone(document), touched };
  for (const operation of operations) apply(root, operation);
  return root.document;
}

interface Root {
  document: JsonValue;
  /** Containers on the way to what was patched. */
  readonly touched: Set<object>;
}

function apply(root: Root, operation: PatchOperation): void {
  const { op, path } = operation;
  if (!missing[op]) throw new JsonPatchError(`Unexpected kind: ${op}`);
  if (op === 'copy' || op === 'move') return take(root, operation);
  if (path === undefined) throw new JsonPatchError(`${op} operation failed to decode path: missing value`);
  if (path === '' && (op === 'replace' || op === 'test')) return applyToWhole(root, operation);
  const at = locate(root, path, missing[op]);
  switch (op) {
    case 'add':
      return add(at, valueOf(operation));
    case 'remove':
      return remove(at, path);
    case 'replace':
      // Upstream minds a missing item of a list, but no missing member.
      if (!exists(at)) throw new JsonPatchError(`replace operation does not apply: doc is missing key: ${path}: missing value`);
      return set(at, valueOf(operation));
    default:
      return test(get(at), operation);
  }
}

/** A document is only ever replaced by an object or a list; anything else changes nothing. */
function applyToWhole(root: Root, operation: PatchOperation): void {
  if (operation.op === 'test') return test(root.document, operation);
  const value = valueOf(operation);
  if (isContainer(value)) root.document = value;
}

function test(found: JsonValue | undefined, { path, value }: PatchOperation): void {
  if (!isDeepStrictEqual(found ?? null, value ?? null)) throw new JsonPatchError(`testing value ${path} failed: test failed`);
}

/** How it is said that there is no such place. */
const missing: Readonly<Record<string, (path: string) => string>> = {
  add: (path) => `add operation does not apply: doc is missing path: "${path}"`,
  remove: (path) => `remove operation does not apply: doc is missing path: "${path}"`,
  replace: (path) => `replace operation does not apply: doc is missing path: ${path}`,
  test: (path) => `test operation does not apply: is missing path: ${path}`,
  copy: (path) => `copy operation does not apply: doc is missing from path: ${path}`,
  move: (path) => `move operation does not apply: doc is missing from path: ${path}`,
};

/** A member that is not there is copied as null, and cannot be moved. */
function take(root: Root, { op, path, from }: PatchOperation): void {
  if (from === undefined) throw new JsonPatchError(`${op} operation failed to decode from: operation, missing from field: missing value`);
  const source = locate(root, from, missing[op]!);
  const value = get(source);
  if (op === 'move') {
    if (value === undefined) throw new JsonPatchError(`error in move for path: '${source.key}': Unable to remove nonexistent key: ${source.key}: missing value`);
    remove(source, from);
  }
  if (path === undefined) throw new JsonPatchError(`${op} operation failed to decode path: missing value`);
  add(locate(root, path, () => `${op} operation does not apply: doc is missing destination path: ${path}`), op === 'copy' ? structuredClone(value ?? null) : value!);
}

interface Place {
  readonly parent: JsonObject | JsonValue[];
  readonly key: string;
}

/** What is left out is null. */
function valueOf(operation: PatchOperation): JsonValue {
  return structuredClone(operation.value ?? null);
}

/** Whatever stands before the first slash is not looked at. */
function locate({ document, touched }: Root, path: string, words: (path: string) => string): Place {
  const [, ...keys] = path.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  let parent: JsonValue | undefined = keys.length > 0 ? document : undefined;
  for (const key of keys.slice(0, -1)) {
    parent = parent !== undefined && isContainer(parent) ? get({ parent, key }) : undefined;
    if (parent !== undefined && isContainer(parent)) touched.add(parent);
  }
  if (parent === undefined || !isContainer(parent)) throw new JsonPatchError(`${words(path)}: missing value`);
  return { parent, key: keys.at(-1)! };
}

function isContainer(value: JsonValue): value is JsonObject | JsonValue[] {
  return typeof value === 'object' && value !== null;
}

/** A number of the list, from its end when negative; `most` is the largest that is allowed. */
function index(key: string, most: number, length: number): number {
  if (!/^[-+]?\d+$/.test(key)) throw new JsonPatchError(`value was not a proper array index: '${key}'`);
  const n = Number(key);
  const i = n < 0 ? n + length : n;
  if (i < 0 || i > most) throw new JsonPatchError(`Unable to access invalid index: ${key}: invalid index referenced`);
  return i;
}

function get({ parent, key }: Place): JsonValue | undefined {
  if (Array.isArray(parent)) return parent[index(key, parent.length - 1, parent.length)];
  return Object.hasOwn(parent, key) ? parent[key] : undefined;
}

function exists({ parent, key }: Place): boolean {
  return !Array.isArray(parent) || (/^[-+]?\d+$/.test(key) && Number(key) < parent.length);
}

function set({ parent, key }: Place, value: JsonValue): void {
  if (Array.isArray(parent)) parent[index(key, parent.length - 1, parent.length)] = value;
  else setMember(parent, key, value);
}

function add({ parent, key }: Place, value: JsonValue): void {
  if (!Array.isArray(parent)) setMember(parent, key, value);
  else if (key === '-') parent.push(value);
  else parent.splice(index(key, parent.length, parent.length + 1), 0, value);
}

function remove({ parent, key }: Place, path: string): void {
  if (Array.isArray(parent)) {
    parent.splice(index(key, parent.length - 1, parent.length), 1);
    return;
  }
  if (!Object.hasOwn(parent, key)) throw new JsonPatchError(`error in remove for path: '${path}': Unable to remove nonexistent key: ${key}: missing value`);
  delete parent[key];
}
