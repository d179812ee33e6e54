/** The body of a write: JSON, YAML or protobuf, to an object in the version of the view. */
import { JsonSyntaxError, parseJson } from '../../machinery/jsontext.ts';
import { readTree, treeOf, type JsonNode } from '../../machinery/jsontree.ts';
import { compareBytes } from '../../machinery/jsontext.ts';
import { StatusError } from '../../machinery/status.ts';
import { parseYaml, YamlSyntaxError } from '../../machinery/yaml.ts';
import type { Source } from '../../schema/json.ts';
import { decodeProtobuf, unwrapUnknown } from '../../schema/protobuf.ts';
import { contentType, json, protobuf, yaml } from '../../serving/negotiation.ts';
import type { ServingRequest } from '../../serving/request.ts';
import type { ApiObject } from '../objects.ts';
import { complete, type Schema } from '../registry/engines.ts';
import { checkCustomType, checkCustomVersion, checkOwn, headless } from '../registry/foreign.ts';
import { decodeObject } from '../registry/write.ts';
import type { View } from '../registry/views.ts';
import type { FieldValidation } from './options.ts';

const textual = [json, yaml];
const accepted = [...textual, protobuf];

export interface Parsed extends Source {
  readonly value: unknown;
  /** What YAML says of keys that stand twice in a map: one finding, of several lines. */
  readonly found: readonly string[];
}

/** Reads a text body. `careful`: somebody wants to know what is odd about it. Throws JsonSyntaxError and YamlSyntaxError. */
export function parseText(bytes: Buffer, type: string, careful: boolean): Parsed {
  if (type === yaml) {
    const { value, duplicates } = parseYaml(bytes.toString('utf8'), { duplicates: careful });
    // Upstream makes JSON of it, with the keys in order.
    const found = duplicates.length > 0 ? [`yaml: unmarshal errors:\n${duplicates.map((line) => `  ${line}`).join('\n')}`] : [];
    return { value, odd: false, found, tree: () => sortedTree(treeOf(value)) };
  }
  const { value, odd } = parseJson(bytes, { odd: true });
  return { value, odd, found: [], tree: () => readTree(bytes.toString('utf8')) };
}

function sortedTree(node: JsonNode): JsonNode {
  if (node.kind === 'array') return { kind: 'array', items: node.items.map(sortedTree) };
  if (node.kind !== 'object') return node;
  return { kind: 'object', members: node.members.toSorted(([a], [b]) => compareBytes(a, b)).map(([key, item]) => [key, sortedTree(item)] as const) };
}

/** What is said of a text that cannot be read at all, as the decoder of objects says it. */
export function unreadable(error: unknown): string | undefined {
  if (error instanceof JsonSyntaxError) return `couldn't get version/kind; json parse error: ${error.message}`;
  return error instanceof YamlSyntaxError ? error.message : undefined;
}

/** What begins as an object is shown as text. */
export function summary(bytes: Buffer): string {
  if (bytes.length === 0) return '<empty>';
  if (bytes[0] === 0x7b) return bytes.length > 30 ? `${bytes.subarray(0, 30).toString()} ...` : bytes.toString();
  return bytes.length > 30 ? `${bytes.subarray(0, 30).toString('hex')} ...` : bytes.toString('hex');
}

export async function readObject(registry: Schema, request: ServingRequest, view: View, validation: FieldValidation): Promise<ApiObject> {
  try {
    return await decodeBody(registry, request, view, validation);
  } catch (error) {
    throw view.undecodable !== undefined && error instanceof StatusError && error.code === 400 ? StatusError.badRequest(view.undecodable) : error;
  }
}

async function decodeBody(registry: Schema, request: ServingRequest, view: View, validation: FieldValidation): Promise<ApiObject> {
  const type = contentType(request.headers['content-type']);
  const known = view.model ? textual : accepted;
  if (!known.includes(type)) throw StatusError.unsupportedMediaType(accepted);
  const bytes = await request.body();
  if (type === protobuf) {
    const unknown = unwrapUnknown(bytes);
    checkOwn(registry, view, unknown);
    const object = decodeProtobuf(registry, view.type, unknown.raw) as unknown as ApiObject;
    return audited(request, complete(registry, view, object));
  }
  const unrecognized = (why: string): StatusError => StatusError.badRequest(`the object provided is unrecognized (must be of type ${view.kind}): ${why} (${summary(bytes)})`);
  let parsed: Parsed;
  try {
    parsed = parseText(bytes, type, validation !== 'Ignore');
  } catch (error) {
    const why = unreadable(error);
    throw why === undefined ? error : unrecognized(why);
  }
  const { value, found } = parsed;
  const why = headless(value) ?? (view.model ? kindless(value, bytes) : undefined);
  if (why !== undefined) throw unrecognized(why);
  if (view.model) checkCustomVersion((value ?? {}) as object, view);
  else checkOwn(registry, view, (value ?? {}) as object, { value, source: parsed, text: () => bytes.toString() });
  const object = decodeObject(registry, view, value, { validation, warnings: request.warnings, source: parsed, found });
  if (view.model) checkCustomType((value ?? {}) as object, view, object.metadata.name);
  return audited(request, object);
}

/** Of a custom resource nobody supplies the kind. */
function kindless(value: unknown, bytes: Buffer): string | undefined {
  return (value as { kind?: unknown } | null)?.kind ? undefined : `Object 'Kind' is missing in '${bytes.toString()}'`;
}

function audited(request: ServingRequest, object: ApiObject): ApiObject {
  request.trail?.requestObject(object);
  return object;
}
