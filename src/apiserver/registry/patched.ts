/** What JSON, merge and strategic merge patches make of an object, and what is wrong with those that make nothing of it. */
import { invalid } from '../../machinery/fieldpath.ts';
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { JsonSyntaxError } from '../../machinery/jsontext.ts';
import { StatusError } from '../../machinery/status.ts';
import type { Source } from '../../schema/json.ts';
import { converted, ConversionError } from '../../schema/patch/conversion.ts';
import { applyJsonPatch, patchedText } from '../../schema/patch/jsonpatch.ts';
import { applyMergePatch, mergedText, ordered } from '../../schema/patch/mergepatch.ts';
import { applyStrategicMergePatch } from '../../schema/patch/strategic.ts';
import { shown } from '../../schema/patch/strategy.ts';
import { duplicatesIn, explainAs } from '../../schema/problems.ts';
import { Registry, type Type } from '../../schema/registry.ts';
import type { Package } from '../../schema/vocabulary.ts';
import type { FieldValidation } from '../http/options.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import { decodeAs } from './engines.ts';
import { checkCustomType, checkOwn, headless } from './foreign.ts';
import { decodeObject, finish, withReset, type WriteRequest } from './write.ts';

export interface PatchDocument extends Source {
  readonly value: unknown;
  readonly found: readonly string[];
}

interface Patch {
  readonly type: string;
  readonly document: () => PatchDocument;
  readonly fieldValidation: FieldValidation;
}

/** Parts that the patch leaves alone are shared with `live`; decoding copies them. */
export function patched(write: WriteRequest, live: ReadonlyObject, patch: Patch): ApiObject {
  const document = live as unknown as JsonObject;
  // Custom resources are maps, whose keys have an order of their own.
  const seen = (): JsonObject => (write.view.model ? (ordered(document) as JsonObject) : document);
  switch (patch.type) {
    case 'application/json-patch+json': {
      const { value, found } = operations(patch);
      return decoded(write, applyJsonPatch(document, value), patch, found, () => patchedText(seen(), value));
    }
    case 'application/merge-patch+json': {
      const { value, found } = members(patch, 'error decoding patch: ', 'Invalid JSON Patch');
      if (value === null) throw StatusError.badRequest('Invalid JSON Patch');
      return decoded(write, applyMergePatch(document, value), patch, found, () => mergedText(seen(), value));
    }
    default:
      return strategic(write, document, patch);
  }
}

/** The operations of a JSON patch as the server's own type of them, for those who look at its fields. */
const handlers: Package = {
  name: 'handlers', group: '', version: 'handlers', openapi: '', proto: '', lists: [],
  types: { jsonPatchOp: { fields: { op: { type: 'string' }, path: { type: 'string' }, from: { type: 'string' }, value: { type: 'JSON' } } } },
};

/** Nearly all of them are. */
function isPlain(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item) && Object.entries(item).every(([key, part]) => key === 'value' || ((key === 'op' || key === 'path' || key === 'from') && typeof part === 'string')));
}

interface Read<T> {
  readonly value: T;
  readonly found: readonly string[];
}

function read(patch: Patch, prefix: string): PatchDocument {
  try {
    return patch.document();
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw StatusError.badRequest(`${prefix}${error.message}`);
  }
}

function operations(patch: Patch): Read<unknown> {
  const careful = patch.fieldValidation !== 'Ignore';
  const prefix = careful ? 'error decoding patch: ' : '';
  const document = read(patch, prefix);
  const { value } = document;
  if (!careful) {
    if (value !== null && !Array.isArray(value)) throw StatusError.badRequest(`json: cannot unmarshal ${kindOf(value)} into Go value of type jsonpatch.Patch`);
    const odd = ((value ?? []) as unknown[]).find((item) => item !== null && (typeof item !== 'object' || Array.isArray(item)));
    if (odd !== undefined) throw StatusError.badRequest(`json: cannot unmarshal ${kindOf(odd)} into Go value of type jsonpatch.Operation`);
    return { value, found: [] };
  }
  if (!document.odd && isPlain(value)) return { value, found: [] };
  const type: Type = { kind: 'list', of: { kind: 'struct', struct: new Registry([handlers]).struct('handlers.jsonPatchOp') } };
  const { strict, mismatch } = explainAs(type, document.tree());
  if (mismatch !== undefined) throw StatusError.badRequest(`${prefix}${mismatch}`);
  return { value, found: strict.map((text) => `json patch ${text}`) };
}

/** A patch that is an object, or null. `ignored`: what is said of any other when nobody looks at fields. */
function members(patch: Patch, prefix: string, ignored: string | undefined): Read<JsonValue> {
  const careful = patch.fieldValidation !== 'Ignore' || ignored === undefined;
  let document: PatchDocument;
  try {
    document = read(patch, prefix);
  } catch (error) {
    throw careful ? error : StatusError.badRequest(ignored);
  }
  const value = document.value as JsonValue;
  if (value !== null && (typeof value !== 'object' || Array.isArray(value))) {
    // Left alone, a list takes the place of the object.
    if (careful || !Array.isArray(value)) throw StatusError.badRequest(careful ? `${prefix}json: cannot unmarshal ${kindOf(value)} into Go value of type map[string]interface {}` : ignored);
  }
  return { value, found: document.odd ? duplicatesIn(document.tree()) : [] };
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value === 'bigint' ? 'number' : typeof value;
}

/** What a patch makes of an object and does not fit its type is the patch's fault, and is shown whole. */
function decoded(write: WriteRequest, value: JsonValue, patch: Patch, found: readonly string[], text: () => string): ApiObject {
  const { registry, view } = write;
  const refuse = (why: string): StatusError => StatusError.invalid({ group: '', kind: '' }, '', [invalid('patch', text(), why)]);
  const why = headless(value);
  if (why !== undefined) throw refuse(why);
  const reading = { validation: patch.fieldValidation, warnings: write.scope.warnings, found };
  try {
    const object = value as JsonObject;
    if (view.model) {
      if (!object['kind']) throw refuse(`Object 'Kind' is missing in '${text()}'`);
      const made = decodeObject(registry, view, object, reading);
      checkCustomType(object, view, made.metadata.name);
      return made;
    }
    if (object['apiVersion']) {
      checkOwn(registry, view, object, { value: object, text });
      return decodeObject(registry, view, object, reading);
    }
    // Without a version it is taken for the internal type, which has fields of other names.
    const unknown = Object.keys(object).filter((key) => key !== 'kind' && key !== 'apiVersion').sort().map((key) => `unknown field "${key}"`);
    return decodeObject(registry, view, {}, { ...reading, found: [...found, ...unknown] });
  } catch (error) {
    if (!(error instanceof StatusError) || typeof error.cause !== 'string') throw error;
    throw refuse(error.cause);
  }
}

function strategic(write: WriteRequest, live: JsonObject, patch: Patch): ApiObject {
  const { registry, view } = write;
  const { value, found } = members(patch, '', undefined);
  const document = (value ?? {}) as JsonObject;
  const refuse = (why: string): StatusError => StatusError.invalid({ group: '', kind: '' }, '', [invalid('patch', shown(document), why)]);
  const struct = registry.struct(view.type);
  const made = applyStrategicMergePatch(live, document, struct);
  const { kind, apiVersion } = made;
  // Whatever the patch says of them, they stay.
  const own = { ...made, ...(typeof kind === 'string' ? { kind: view.kind } : {}), ...(typeof apiVersion === 'string' ? { apiVersion: view.apiVersion } : {}) };
  let result: ReturnType<typeof decodeAs>;
  try {
    result = decodeAs(registry, view, own);
  } catch (error) {
    if (!(error instanceof StatusError) || typeof error.cause !== 'string') throw error;
    try {
      result = decodeAs(registry, view, converted(struct, own));
    } catch (second) {
      throw second instanceof ConversionError ? refuse(second.message) : second;
    }
  }
  try {
    return withReset(finish(registry, view, result.object, [...found, ...result.strict.sort()], { validation: patch.fieldValidation, warnings: write.scope.warnings }), own);
  } catch (error) {
    if (!(error instanceof StatusError) || typeof error.cause !== 'string') throw error;
    throw refuse(error.cause);
  }
}
