/** The body of a write: JSON, YAML or protobuf, to an object in the version of the view. */
import { JsonSyntaxError, parseJson } from '../../machinery/jsontext.ts';
import { StatusError } from '../../machinery/status.ts';
import { parseYaml } from '../../machinery/yaml.ts';
import { decodeProtobuf, unwrapUnknown } from '../../schema/protobuf.ts';
import { contentType, json, protobuf, yaml } from '../../serving/negotiation.ts';
import type { ServingRequest } from '../../serving/request.ts';
import type { ApiObject } from '../objects.ts';
import { complete, type Schema } from '../registry/engines.ts';
import { checkType, decodeObject } from '../registry/write.ts';
import type { View } from '../registry/views.ts';
import type { FieldValidation } from './options.ts';

const textual = [json, yaml];
const accepted = [...textual, protobuf];

export interface Parsed {
  readonly value: unknown;
  readonly duplicates: readonly string[];
}

/** Reads a text body; `kind` is what it should have been, for the message. */
export function parseText(bytes: Buffer, type: string, kind: string, duplicates: boolean): Parsed {
  try {
    if (type === yaml) return parseYaml(bytes.toString('utf8'), { duplicates });
    return parseJson(bytes, { duplicates });
  } catch (error) {
    if (!(error instanceof JsonSyntaxError) && type !== yaml) throw error;
    const what = type === yaml ? 'yaml' : 'json';
    throw StatusError.badRequest(`the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; ${what} parse error: ${(error as Error).message} (${summary(bytes)})`);
  }
}

/** What begins as an object is shown as text. */
export function summary(bytes: Buffer): string {
  if (bytes.length === 0) return '<empty>';
  if (bytes[0] === 0x7b) return bytes.length > 30 ? `${bytes.subarray(0, 30).toString()} ...` : bytes.toString();
  return bytes.length > 30 ? `${bytes.subarray(0, 30).toString('hex')} ...` : bytes.toString('hex');
}

export async function readObject(registry: Schema, request: ServingRequest, view: View, validation: FieldValidation): Promise<ApiObject> {
  const type = contentType(request.headers['content-type']);
  const known = view.model ? textual : accepted;
  if (!known.includes(type)) throw StatusError.unsupportedMediaType(known);
  const bytes = await request.body();
  if (type === protobuf) {
    const unknown = unwrapUnknown(bytes);
    checkType(unknown, view);
    const object = decodeProtobuf(registry, view.type, unknown.raw) as unknown as ApiObject;
    return audited(request, complete(registry, view, object));
  }
  if (bytes.length === 0) throw StatusError.badRequest(`the object provided is unrecognized (must be of type ${view.kind}): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)`);
  const { value, duplicates } = parseText(bytes, type, view.kind, validation !== 'Ignore');
  checkHead(value, bytes, view.kind);
  return audited(request, decodeObject(registry, view, value, validation, request.warnings, duplicates));
}

/** Before the type is known it must be an object, with words for its kind and version. */
export function checkHead(value: unknown, bytes: Buffer, kind: string): void {
  const refuse = (why: string): never => {
    throw StatusError.badRequest(`the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${why} (${summary(bytes)})`);
  };
  if (value === null) return;
  if (typeof value !== 'object' || Array.isArray(value)) return refuse(`${named(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`);
  for (const key of ['kind', 'apiVersion'] as const) {
    const given = (value as { kind?: unknown; apiVersion?: unknown })[key];
    if (given !== undefined && given !== null && typeof given !== 'string') refuse(`${named(given)} into Go struct field .${key} of type string`);
  }
}

function named(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function audited(request: ServingRequest, object: ApiObject): ApiObject {
  request.trail?.requestObject(object);
  return object;
}
