/** PATCH: JSON patch, merge patch, strategic merge patch and server-side apply, over any view. */
import { forbidden } from '../../machinery/fieldpath.ts';
import { StatusError } from '../../machinery/status.ts';
import { contentType, json, yaml } from '../../serving/negotiation.ts';
import type { ServingRequest } from '../../serving/request.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import type { ReadonlyObject } from '../objects.ts';
import { applyConfiguration } from '../registry/fields.ts';
import { patched, type PatchDocument } from '../registry/patched.ts';
import type { Storage } from '../registry/storage.ts';
import { patchObject, type WriteRequest } from '../registry/write.ts';
import type { View } from '../registry/views.ts';
import type { Served } from '../resources.ts';
import { parseText } from './body.ts';
import type { FieldValidation } from './options.ts';
import { acceptObject } from './present.ts';
import { sendView, writeRequest, type ResourceServer } from './resource.ts';

const applyYaml = 'application/apply-patch+yaml';
const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', applyYaml, 'application/apply-patch+cbor'];

export interface PatchRequest {
  readonly type: string;
  /** Read when it is needed, which is after the object that it is for has been found. May throw what reading texts throws. */
  readonly document: () => PatchDocument;
  readonly force: boolean;
  readonly fieldValidation: FieldValidation;
}

export async function servePatch(server: ResourceServer, request: ServingRequest, info: RequestInfo, served: Served & { readonly storage: Storage }, view: View): Promise<void> {
  acceptObject(request, view);
  const type = contentType(request.headers['content-type']);
  const isCustom = served.definition.custom !== undefined;
  const offered = patchTypes.filter((t) => !t.endsWith('cbor') && (!isCustom || !t.includes('strategic')));
  if (!offered.includes(type)) throw isCustom ? StatusError.unsupportedMediaType(offered) : StatusError.unsupportedPatch();
  const write = writeRequest(server, request, info, served.storage, view, 'PatchOptions');
  if (type === applyYaml && !request.query.get('fieldManager')) {
    throw StatusError.invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [{ type: 'FieldValueRequired', field: 'fieldManager', detail: 'Required value: is required for apply patch' }]);
  }
  if (type !== applyYaml && write.parameters.force !== undefined) {
    throw StatusError.invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [forbidden('force', 'may not be specified for non-apply patch')]);
  }
  const bytes = await request.body();
  const { fieldValidation } = write.parameters;
  let read: PatchDocument | undefined;
  const document = (): PatchDocument => (read ??= parseText(bytes, type === applyYaml ? yaml : json, fieldValidation !== 'Ignore'));
  if (request.trail) recordPatch(request, document);
  const { stored, created } = await patchWith(write, { type, document, force: write.parameters.force === true, fieldValidation });
  return sendView(server, request, served, view, stored, created ? 201 : 200);
}

function recordPatch(request: ServingRequest, document: () => PatchDocument): void {
  let value: unknown;
  try {
    ({ value } = document());
  } catch {
    // Whoever applies it will say so.
    return;
  }
  request.trail?.requestPatch(value);
}

/** Runs a patch of any type; the loopback comes in here too. */
export function patchWith(write: WriteRequest, patch: PatchRequest): ReturnType<typeof patchObject> {
  if (patch.type === applyYaml) return patchObject(write, (live) => applyConfiguration(write, live, patch), { forceCreate: write.scope.subresource === '', tracked: true });
  if (!patchTypes.includes(patch.type)) throw StatusError.unsupportedMediaType(patchTypes.slice(0, 4));
  if (patch.type.includes('strategic') && write.view.model) throw StatusError.unsupportedMediaType(patchTypes.slice(0, 2));
  return patchObject(write, (live: ReadonlyObject | undefined) => {
    if (!live) throw StatusError.notFound(write.storage.resource, write.name);
    return patched(write, live, patch);
  }, { forceCreate: false, tracked: false });
}
