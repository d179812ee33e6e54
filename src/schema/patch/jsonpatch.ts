/** JSON patch (RFC 6902). */
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { setMember } from '../json.ts';

const maxOperations = 10_000;

/** Why an operation cannot be applied; the server tells its client only that it cannot. */
export class JsonPatchError extends Error {}

interface PatchOperation {
  readonly op: string;
  readonly path: string;
  readonly from: string | undefined;
  readonly value: JsonValue | undefined;
}

/** The patched document. Throws 400 for what is no patch, 422 for a patch that does not fit the document. */
export function applyJsonPatch(document: JsonValue, patch: unknown): JsonValue {
  const operations = parseOperations(patch);
  try {
    return patchDocument(document, operations);
  } catch (error) {
    if (!(error instanceof JsonPatchError)) throw error;
    throw unprocessable(error);
  }
}

export function unprocessable(cause: Error): StatusError {
  const error = new StatusError({ status: 'Failure', message: 'the server rejected our request due to an error in our request', reason: 'Invalid', details: {}, code: 422 });
  error.cause = cause;
  return error;
}

function parseOperations(patch: unknown): PatchOperation[] {
  if (!Array.isArray(patch)) throw StatusError.badRequest('error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp');
  if (patch.length > maxOperations) throw StatusError.tooLarge(`The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`);
  return patch.map((item: unknown) => {
    if (typeof item !== 'object' || item === null) throw StatusError.badRequest('error decoding patch: an operation must be an object');
    const { op, path, from } = item as Record<string, unknown>;
    return {
      op: typeof op === 'string' ? op : 'unknown',
      path: typeof path === 'string' ? path : '',
      from: typeof from === 'string' ? from : undefined,
      value: Object.hasOwn(item, 'value') ? (item as { value: JsonValue }).value : undefined,
    };
  });
}

function patchDocument(document: JsonValue, operations: readonly PatchOperation[]): JsonValue {
  const root: JsonObject = { document: structuredClone(document) };
  for (const operation of operations) apply(root, operation);
  return root['document']!;
}

/** The document hangs below `root`, so that the empty path has a parent as any other. */
function apply(root: JsonObject, operation: PatchOperation): void {
  const { op, path } = operation;
  if (!missing[op]) throw new JsonPatchError(`Unexpected kind: ${op}`);
  if (op === 'copy' || op === 'move') return take(root, operation);
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
      if (!isDeepStrictEqual(get(at) ?? null, operation.value ?? null)) throw new JsonPatchError(`testing value ${path} failed: test failed`);
  }
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
function take(root: JsonObject, { op, path, from = '' }: PatchOperation): void {
  const source = locate(root, from, missing[op]!);
  const value = get(source);
  if (op === 'move') {
    if (path.startsWith(`${from}/`)) throw new JsonPatchError(`error in move for path: '${path}': a value cannot move into itself`);
    if (value === undefined) throw new JsonPatchError(`error in move for path: '${source.key}': Unable to remove nonexistent key: ${source.key}: missing value`);
    remove(source, from);
  }
  add(locate(root, path, () => `${op} operation does not apply: doc is missing destination path: ${path}`), op === 'copy' ? structuredClone(value ?? null) : value!);
}

interface Place {
  readonly parent: JsonObject | JsonValue[];
  readonly key: string;
}

function valueOf(operation: PatchOperation): JsonValue {
  if (operation.value === undefined) throw new JsonPatchError(`${operation.op} operation does not apply: no value for ${operation.path}`);
  return structuredClone(operation.value);
}

function locate(root: JsonObject, path: string, words: (path: string) => string): Place {
  if (path === '') return { parent: root, key: 'document' };
  if (!path.startsWith('/')) throw new JsonPatchError(`${words(path)}: missing value`);
  const keys = path.slice(1).split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  let parent: JsonValue = root['document']!;
  for (const key of keys.slice(0, -1)) {
    const next: JsonValue | undefined = isContainer(parent) ? get({ parent, key }) : undefined;
    if (next === undefined) throw new JsonPatchError(`${words(path)}: missing value`);
    parent = next;
  }
  if (!isContainer(parent)) throw new JsonPatchError(`${words(path)}: missing value`);
  return { parent, key: keys.at(-1)! };
}

function isContainer(value: JsonValue): value is JsonObject | JsonValue[] {
  return typeof value === 'object' && value !== null;
}

/** A number of the list, from its end when negative; `most` is the largest that is allowed. */
function index(key: string, most: number, length: number): number {
  if (!/^-?\d+$/.test(key)) throw new JsonPatchError(`value was not a proper array index: '${key}'`);
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
  return !Array.isArray(parent) || (/^-?\d+$/.test(key) && Number(key) < parent.length);
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
