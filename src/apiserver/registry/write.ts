/** Writing through a view: decode and default what the client sent, note who owns which field, hand it to the storage. */
import { thaw } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { parseApiVersion, type ApiObject, type ReadonlyObject, type Stored } from '../objects.ts';
import type { FieldValidation } from '../http/options.ts';
import { complete, decodeAs, type Schema } from './engines.ts';
import { trackFields } from './fields.ts';
import type { Storage, WriteScope } from './storage.ts';
import type { View } from './views.ts';

export interface WriteRequest {
  readonly registry: Schema;
  readonly storage: Storage;
  readonly view: View;
  readonly namespace: string;
  /** Empty for a create by POST. */
  readonly name: string;
  readonly scope: WriteScope;
  readonly fieldManager: string;
}

/** What a client may have got wrong about kind and version. */
export function checkType(value: { kind?: unknown; apiVersion?: unknown }, view: View): void {
  const { kind, apiVersion } = value;
  if (typeof apiVersion === 'string' && apiVersion !== '' && apiVersion !== view.apiVersion && !view.accepts?.includes(apiVersion)) {
    throw StatusError.badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${view.apiVersion})`);
  }
  if (typeof kind === 'string' && kind !== '' && kind !== view.kind) {
    const { version } = parseApiVersion(view.apiVersion);
    throw StatusError.badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${view.kind}: the kind in the data (${kind}) does not match the expected kind (${view.kind})`);
  }
}

/** Decodes and defaults a value in the view's version. `duplicates`: what reading the text found. */
export function decodeObject(registry: Schema, view: View, value: unknown, validation: FieldValidation, warnings: string[], duplicates: readonly string[] = []): ApiObject {
  checkType((value ?? {}) as { kind?: unknown }, view);
  const { object, unknown } = decodeAs(registry, view, value);
  const findings = [...duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`), ...unknown];
  if (findings.length > 0 && validation === 'Strict') {
    const { version } = parseApiVersion(view.apiVersion);
    throw StatusError.badRequest(`${view.kind} in version ${JSON.stringify(version)} cannot be handled as a ${view.kind}: strict decoding error: ${findings.join(', ')}`);
  }
  if (findings.length > 0 && validation === 'Warn') warnings.push(...findings);
  return complete(registry, view, object as unknown as ApiObject);
}

export async function createObject(r: WriteRequest, object: ApiObject): Promise<Stored> {
  if (r.name !== '') {
    if (object.metadata.name && object.metadata.name !== r.name) throw nameMismatch(object.metadata.name, r.name);
    object.metadata.name = r.name;
  }
  track(r, undefined, object);
  return r.storage.create(await r.view.write(object, undefined), r.namespace, scopeOf(r));
}

export async function updateObject(r: WriteRequest, object: ApiObject): Promise<{ stored: Stored; created: boolean }> {
  checkNames(r, object);
  let first = true;
  return r.storage.update(r.namespace, r.name, async (current) => {
    const copy = first ? object : thaw<ApiObject>(object);
    first = false;
    if (current) await r.view.prepare?.([current.object]);
    return written(r, copy, current);
  }, scopeOf(r));
}

/** `apply` makes the new object of the view from the present one; it runs again when another write came first. */
export async function patchObject(r: WriteRequest, apply: (live: ReadonlyObject | undefined) => ApiObject, options: { readonly forceCreate: boolean; readonly tracked: boolean }): Promise<{ stored: Stored; created: boolean }> {
  return r.storage.update(r.namespace, r.name, async (current) => {
    if (current) await r.view.prepare?.([current.object]);
    const live = current && r.view.read(current.object);
    const object = apply(live);
    checkNames(r, object);
    return options.tracked ? r.view.write(object, current?.object) : written(r, object, current);
  }, scopeOf(r), { forceCreate: options.forceCreate, retryConflicts: true });
}

function scopeOf(r: WriteRequest): WriteScope {
  return { ...r.scope, apiVersion: r.view.apiVersion, view: r.view };
}

function written(r: WriteRequest, object: ApiObject, current: Stored | undefined): ApiObject | Promise<ApiObject> {
  track(r, current && r.view.read(current.object), object);
  return r.view.write(object, current?.object);
}

function track(r: WriteRequest, live: ReadonlyObject | undefined, object: ApiObject): void {
  trackFields(r.registry, r.view, live, object, { manager: r.fieldManager, subresource: r.scope.subresource, time: r.scope.now });
}

function checkNames(r: WriteRequest, object: ApiObject): void {
  const meta = object.metadata;
  if (!meta.name) {
    throw StatusError.badRequest(`the name of the object (${r.name} based on URL) was undeterminable: name must be provided`);
  }
  if (meta.name !== r.name) throw nameMismatch(meta.name, r.name);
  if (meta.namespace && meta.namespace !== r.namespace) {
    throw StatusError.badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (!meta.namespace && r.namespace) meta.namespace = r.namespace;
}

function nameMismatch(given: string, asked: string): StatusError {
  return StatusError.badRequest(`the name of the object (${given}) does not match the name on the URL (${asked})`);
}
