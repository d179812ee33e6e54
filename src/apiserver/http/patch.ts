/** PATCH: JSON patch, merge patch, strategic merge patch and server-side apply, over any view. */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { forbidden, invalid } from '../../machinery/fieldpath.ts';
import { StatusError } from '../../machinery/status.ts';
import { applyJsonPatch } from '../../schema/patch/jsonpatch.ts';
import { applyMergePatch } from '../../schema/patch/mergepatch.ts';
import { applyStrategicMergePatch } from '../../schema/patch/strategic.ts';
import { contentType, yaml } from '../../serving/negotiation.ts';
import type { ServingRequest } from '../../serving/request.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import { applyConfiguration } from '../registry/fields.ts';
import type { Storage } from '../registry/storage.ts';
import { checkType, decodeObject, patchObject, type WriteRequest } from '../registry/write.ts';
import type { View } from '../registry/views.ts';
import type { Served } from '../resources.ts';
import { parseText } from './body.ts';
import type { FieldValidation } from './options.ts';
import { acceptObject } from './present.ts';
import { sendView, writeRequest, type ResourceServer } from './resource.ts';

const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml', 'application/apply-patch+cbor'];

export interface PatchRequest {
  readonly type: string;
  readonly body: unknown;
  readonly duplicates: readonly string[];
  readonly force: boolean;
  readonly fieldValidation: FieldValidation;
}

export async function servePatch(server: ResourceServer, request: ServingRequest, info: RequestInfo, served: Served & { readonly storage: Storage }, view: View): Promise<void> {
  acceptObject(request, view);
  const type = contentType(request.headers['content-type']);
  const offered = patchTypes.filter((t) => !t.endsWith('cbor') && (!view.model || !t.includes('strategic')));
  if (!offered.includes(type)) throw view.model ? StatusError.unsupportedMediaType(offered) : StatusError.unsupportedPatch();
  const write = writeRequest(server, request, info, served.storage, view, 'PatchOptions');
  if (type === 'application/apply-patch+yaml' && !request.query.get('fieldManager')) {
    throw StatusError.invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [{ type: 'FieldValueRequired', field: 'fieldManager', detail: 'Required value: is required for apply patch' }]);
  }
  if (type !== 'application/apply-patch+yaml' && write.parameters.force !== undefined) {
    throw StatusError.invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [forbidden('force', 'may not be specified for non-apply patch')]);
  }
  const bytes = await request.body();
  const { value, duplicates } = parsePatch(bytes, type);
  request.trail?.requestPatch(value);
  const { stored, created } = await patchWith(write, { type, body: value, duplicates, force: write.parameters.force === true, fieldValidation: write.parameters.fieldValidation });
  return sendView(server, request, served, view, stored, created ? 201 : 200);
}

function parsePatch(bytes: Buffer, type: string): { value: unknown; duplicates: readonly string[] } {
  const text = type === 'application/apply-patch+yaml' ? yaml : 'json';
  try {
    return parseText(bytes, text, 'patch', true);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const why = /parse error: (.*) \([0-9a-f. ]*\)$/.exec(error.message)?.[1] ?? error.message;
    throw StatusError.badRequest(text === yaml ? `error decoding YAML: ${why}` : `error decoding patch: ${why}`);
  }
}

/** Runs a patch of any type; the loopback comes in here too. */
export function patchWith(write: WriteRequest, patch: PatchRequest): ReturnType<typeof patchObject> {
  const { registry, view } = write;
  if (patch.type === 'application/apply-patch+yaml') {
    checkType((patch.body ?? {}) as { kind?: unknown }, view);
    return patchObject(write, (live) => applyConfiguration(write, live, patch), { forceCreate: write.scope.subresource === '', tracked: true });
  }
  const apply = (live: ReadonlyObject | undefined): ApiObject => {
    if (!live) throw StatusError.notFound(write.storage.resource, write.name);
    const value = patched(write, live as unknown as JsonObject, patch);
    const warnings: string[] = [];
    const object = decodePatched(() => decodeObject(registry, view, value, patch.fieldValidation, warnings, patch.duplicates), value, patch);
    for (const warning of warnings) if (!write.scope.warnings.includes(warning)) write.scope.warnings.push(warning);
    return object;
  };
  return patchObject(write, apply, { forceCreate: false, tracked: false });
}

/** What a patch makes of an object and does not fit its type is the patch's fault, and is shown whole. */
function decodePatched(decode: () => ApiObject, value: unknown, patch: PatchRequest): ApiObject {
  try {
    return decode();
  } catch (error) {
    const why = error instanceof StatusError && error.code === 400 ? / cannot be handled as an? \w+: (.*)$/s.exec(error.message)?.[1] : undefined;
    if (why === undefined) throw error;
    const shown = patch.type === 'application/strategic-merge-patch+json' ? inGo(patch.body) : JSON.stringify(byName(value));
    throw StatusError.invalid({ group: '', kind: '' }, '', [invalid('patch', shown, why)]);
  }
}

const byName = (value: unknown): unknown => (typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value);

/** A value as Go's %v writes it. */
function inGo(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inGo).join(' ')}]`;
  if (typeof value === 'object' && value !== null) return `map[${Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => `${k}:${inGo(v)}`).join(' ')}]`;
  return value === null ? '<nil>' : String(value as string | number | boolean);
}

/** Parts that the patch leaves alone are shared with `live`; decoding copies them. */
function patched(write: WriteRequest, live: JsonObject, patch: PatchRequest): unknown {
  switch (patch.type) {
    case 'application/json-patch+json':
      return applyJsonPatch(live, patch.body);
    case 'application/merge-patch+json':
      if (patch.body === null) throw StatusError.badRequest('Invalid JSON Patch');
      if (Array.isArray(patch.body)) throw StatusError.badRequest('error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}');
      return applyMergePatch(live, patch.body as JsonValue);
    case 'application/strategic-merge-patch+json':
      if (write.view.model) throw StatusError.unsupportedMediaType(patchTypes.slice(0, 2));
      return applyStrategicMergePatch(live, patch.body, write.registry.struct(write.view.type));
    default:
      throw StatusError.unsupportedMediaType(patchTypes.slice(0, 4));
  }
}
