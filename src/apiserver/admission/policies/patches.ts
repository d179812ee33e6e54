/** What an expression of a mutating policy made, put into the object: a configuration is merged, a JSON patch is carried out. */
import { toJson } from '../../../machinery/cel/adapt.ts';
import { CelList, CelMap, CelOptional, type CelValue } from '../../../machinery/cel/values.ts';
import type { JsonObject, JsonValue } from '../../../machinery/json.ts';
import { StatusError } from '../../../machinery/status.ts';
import { checkTyped, MisfitError } from '../../../schema/apply/typed.ts';
import { merge } from '../../../schema/apply/merge.ts';
import { memberShape, NamelessItem, type Shape } from '../../../schema/apply/shape.ts';
import { applyJsonPatch, JsonPatchError } from '../../../schema/patch/jsonpatch.ts';
import type { ApiObject } from '../../objects.ts';
import type { Schema } from '../../registry/engines.ts';
import { shapeOf } from '../../registry/fields.ts';
import type { View } from '../../registry/views.ts';
import { decodeObject } from '../../registry/write.ts';

/** The mutation cannot be done; what becomes of that is up to the failure policy. */
export class MutationError extends Error {}

/** The names of what was built must say where it stands: Object.spec.template is the template of the spec. */
function misnamed(value: CelValue, path: string, out: string[]): void {
  if (value instanceof CelOptional) return value.value === undefined ? undefined : misnamed(value.value, path, out);
  if (value instanceof CelList) {
    for (const item of value) misnamed(item, path, out);
    return;
  }
  if (!(value instanceof CelMap)) return;
  const { type } = value;
  const built = type?.open === true;
  if (built && type.name !== path) out.push(`unexpected type name ${JSON.stringify(type.name)}, expected ${JSON.stringify(path)}, which matches field name path from root Object type`);
  if (type && !built) return;
  for (const [key, member] of value.entries()) misnamed(member, built ? `${path}.${String(key)}` : path, out);
}

function checkNames(value: CelValue, path: string): void {
  const wrong: string[] = [];
  misnamed(value, path, wrong);
  if (wrong.length > 0) throw new MutationError(`type mismatch: ${wrong.join('\n')}`);
}

/** `live`: the object as the view shows it. */
export function applyBuilt(registry: Schema, view: View, live: JsonValue, built: CelValue): ApiObject {
  checkNames(built, 'Object');
  const config = { ...(toJson(built) as JsonObject), apiVersion: view.apiVersion, kind: view.kind };
  const shape = shapeOf(registry, view);
  const fail = (why: string): MutationError => new MutationError(`error applying patch: ${why}`);
  try {
    checkTyped(config, shape);
    const pieces: string[] = [];
    findPieces(config, shape, '', pieces);
    if (pieces.length > 0) throw fail(`invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${pieces.join(', ')}`);
    return decodeObject(registry, view, merge(live, config, shape), { validation: 'Ignore', warnings: [] });
  } catch (error) {
    if (error instanceof MisfitError || error instanceof NamelessItem || error instanceof StatusError) throw fail(`failed to convert patch object to typed object: ${plain(error)}`);
    throw error;
  }
}

/** Lists and maps that are one piece: to state a part of one would take the rest away. */
function findPieces(value: JsonValue, shape: Shape, path: string, out: string[]): void {
  if (typeof value !== 'object' || value === null || shape.kind === 'any') return;
  if (shape.kind === 'leaf') return void out.push(path);
  if (shape.kind === 'list') {
    for (const [i, item] of (value as readonly JsonValue[]).entries()) findPieces(item, shape.item, `${path}[${i}]`, out);
    return;
  }
  for (const [key, member] of Object.entries(value)) {
    const below = memberShape(shape, key);
    if (below) findPieces(member, below, `${path}.${key}`, out);
  }
}

/** Undefined: a test of the patch failed, and the object stays as it is. */
export function applyOperations(registry: Schema, view: View, live: JsonValue, list: CelValue): ApiObject | undefined {
  const operations = (list as CelList).values().map((operation): JsonObject => {
    const { value, ...rest } = Object.fromEntries((operation as CelMap).entries()) as Record<string, CelValue>;
    if (value !== undefined) checkNames(value, value instanceof CelMap && value.type?.open ? value.type.name : 'Object');
    return { op: '', path: '', ...(rest as JsonObject), ...(value === undefined ? {} : { value: toJson(value) as JsonValue }) };
  });
  let patched: JsonValue;
  try {
    patched = applyJsonPatch(live, operations);
  } catch (error) {
    const cause = error instanceof StatusError ? error.cause : undefined;
    if (!(cause instanceof JsonPatchError)) throw error;
    if (cause.message.endsWith('test failed')) return undefined;
    throw new MutationError(`JSON Patch: ${cause.message}`);
  }
  try {
    return decodeObject(registry, view, patched, { validation: 'Strict', warnings: [] });
  } catch (error) {
    throw StatusError.internal(plain(error as Error));
  }
}

const plain = ({ message }: Error): string => message.replace(/^.* cannot be handled as a \w+: /s, '');
