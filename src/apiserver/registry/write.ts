/** Writing through a view: decode and default what the client sent, note who owns which field, hand it to the storage. */
import { thaw, type JsonObject } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { parseApiVersion, type ApiObject, type ReadonlyObject, type Stored } from '../objects.ts';
import type { FieldValidation } from '../http/options.ts';
import { complete, decodeAs, type Schema } from './engines.ts';
import { trackFields } from './fields.ts';
import { checkOwn, refusal } from './foreign.ts';
import { dedupeOwners } from './owners.ts';
import type { Source } from '../../schema/json.ts';
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

export interface Reading {
  readonly validation: FieldValidation;
  readonly warnings: string[];
  /** The text that the value was read from. */
  readonly source?: Source;
  /** What was found odd about it already. */
  readonly found?: readonly string[];
}

/** Decodes and defaults a value in the view's version. */
export function decodeObject(registry: Schema, view: View, value: unknown, { validation, warnings, source, found }: Reading): ApiObject {
  checkOwn(registry, view, (value ?? {}) as object);
  const { object, strict } = decodeAs(registry, view, value, source);
  return withReset(finish(registry, view, object, found ? [...found, ...strict] : strict, { validation, warnings }), value);
}

/** An object that has been decoded, with what was found on the way: refused, warned of, or let go. */
export function finish(registry: Schema, view: View, object: JsonObject, findings: readonly string[], { validation, warnings }: Pick<Reading, 'validation' | 'warnings'>): ApiObject {
  if (findings.length > 0 && validation === 'Strict') {
    const { version } = parseApiVersion(view.apiVersion);
    throw refusal(view, view.kind, version, `strict decoding error: ${findings.join(', ')}`);
  }
  if (findings.length > 0 && validation === 'Warn') warn(warnings, findings);
  return complete(registry, view, object as unknown as ApiObject);
}

/** The canonical form has no empty lists; here one means that tracking begins anew. */
export function withReset(object: ApiObject, value: unknown): ApiObject {
  const entries = (value as { readonly metadata?: { readonly managedFields?: unknown } } | null)?.metadata?.managedFields;
  if (Array.isArray(entries) && entries.length === 0) object.metadata.managedFields = [];
  return object;
}

/** A finding of several lines is a headline and as many warnings. */
export function warn(warnings: string[], findings: readonly string[]): void {
  for (const finding of findings) {
    const lines = finding.split('\n').map((line) => line.trim());
    warnings.push(...(lines.length > 1 ? lines.slice(1) : lines));
  }
}

export async function createObject(r: WriteRequest, object: ApiObject): Promise<Stored> {
  if (r.name !== '') {
    if (object.metadata.name && object.metadata.name !== r.name) throw nameMismatch(object.metadata.name, r.name);
    object.metadata.name = r.name;
  }
  withoutSystemFields(object);
  dedupeOwners(object, r.scope.warnings, false);
  track(r, undefined, object);
  return r.storage.create(await r.view.write(object, undefined), r.namespace, scopeOf(r));
}

/** What nobody can set by creating; it belongs to nobody either. */
function withoutSystemFields({ metadata }: ApiObject): void {
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
}

export async function updateObject(r: WriteRequest, object: ApiObject): Promise<{ stored: Stored; created: boolean }> {
  checkNames(r, object);
  dedupeOwners(object, r.scope.warnings, false);
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
    const object = apply(current && seenBy(r.view, current));
    if (!current && object.metadata.uid) throw StatusError.conflict(r.storage.resource, r.name, `uid mismatch: the provided object specified uid ${object.metadata.uid}, and no existing object was found`);
    checkNames(r, object);
    return options.tracked ? r.view.write(object, current?.object) : written(r, object, current);
  }, scopeOf(r), { forceCreate: options.forceCreate, retryConflicts: true });
}

function scopeOf(r: WriteRequest): WriteScope {
  return { ...r.scope, apiVersion: r.view.apiVersion, view: r.view };
}

function written(r: WriteRequest, object: ApiObject, current: Stored | undefined): ApiObject | Promise<ApiObject> {
  track(r, current && seenBy(r.view, current), object);
  return r.view.write(object, current?.object);
}

/** The stored object as a writer sees it, with the managers of its fields. */
function seenBy(view: View, { object }: Stored): ReadonlyObject {
  const seen = view.read(object);
  const entries = view.managers?.(object);
  return entries ? ({ ...seen, metadata: { ...seen.metadata, managedFields: entries } } as unknown as ReadonlyObject) : seen;
}

function track(r: WriteRequest, live: ReadonlyObject | undefined, object: ApiObject): void {
  trackFields(r.registry, r.storage, r.view, live, object, { manager: r.fieldManager, subresource: r.scope.subresource, time: r.scope.now });
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
