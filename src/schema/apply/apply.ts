/** Server-side apply. */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { compareBytes, jsonText, parseJson } from '../../machinery/jsontext.ts';
import { StatusError, type StatusCause } from '../../machinery/status.ts';
import { compare, equal, fieldsOf } from './compare.ts';
import { checkTyped, MisfitError } from './typed.ts';
import { difference, emptySet, intersection, isEmpty, paths, pathText, recursiveDifference, union, type FieldSet } from './fieldset.ts';
import { decodeManaged, encodeManaged, sameManager, type Managed, type ManagedFieldsEntry } from './managed.ts';
import { merge, withNamedFields, without } from './merge.ts';
import { isObject } from './shape.ts';
import { comparisons, filtered, managedOf, settle, stripped, trackUpdate, type Author, type Conflict, type ManagedType } from './track.ts';

export interface Applied {
  /** The live object with the configuration in it, not yet canonical; its managedFields are `managedFields`. */
  readonly object: JsonObject;
  readonly managedFields: ManagedFieldsEntry[] | undefined;
}

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
/** The manager for whom conflicts with its own client-side past do not count. */
const kubectl = 'kubectl';

/**
 * Applies `config` (as the client sent it: only what it wants to answer for) to `live`, or to nothing. Throws 409 with the
 * conflicting fields unless `force`.
 */
export function applyConfiguration(
  type: ManagedType,
  live: JsonObject | undefined,
  config: JsonObject,
  author: Author,
  force: boolean,
): Applied {
  check(type, config);
  const base = live ?? type.empty;
  const managed = known(type, live, author);
  const isKubectl = author.manager === kubectl;
  try {
    const applied = applyTo(type, base, config, managed, author, force);
    return isKubectl ? refreshLastApplied(applied, config) : applied;
  } catch (error) {
    if (!(error instanceof Conflicts)) throw error;
    const allowed = isKubectl ? unchangedSinceLastApplied(type, base) : undefined;
    const left = error.conflicts.map((c) => ({ ...c, set: allowed ? difference(c.set, allowed) : c.set })).filter((c) => !isEmpty(c.set));
    if (left.length > 0) throw conflictStatus(left);
    return refreshLastApplied(applyTo(type, base, config, managed, author, true), config);
  }
}

function check(type: ManagedType, config: JsonObject): void {
  const { kind, apiVersion } = config;
  if (apiVersion !== type.apiVersion || kind !== type.kind) throw StatusError.badRequest(`invalid object type: ${gvkText(kind, apiVersion)}`);
  const managedFields = managedOf(config);
  if (managedFields !== undefined && managedFields !== null) throw StatusError.badRequest('metadata.managedFields must be nil');
}

/** `apps/v1, Kind=Deployment`; `/v1, Kind=Pod` of the core group. */
export function gvkText(kind: JsonValue | undefined, apiVersion: JsonValue | undefined): string {
  const parts = typeof apiVersion === 'string' ? apiVersion.split('/') : [];
  if (parts.length > 2) return '/, Kind=';
  return `${parts.length === 2 ? parts.join('/') : `/${parts[0] ?? ''}`}, Kind=${typeof kind === 'string' ? kind : ''}`;
}

/** The managers of the live object. Where there are none, everything that is there counts as set before the first apply. */
function known(type: ManagedType, live: JsonObject | undefined, author: Author): readonly Managed[] {
  const managed = decodeManaged(managedOf(live));
  if (managed === undefined) throw StatusError.internal('failed to decode managed fields');
  if (managed.length > 0 || live === undefined) return managed;
  return trackUpdate(type, type.empty, live, [], { manager: 'before-first-apply', time: author.time, ...(author.subresource ? { subresource: author.subresource } : {}) });
}

class Conflicts extends Error {
  readonly conflicts: readonly Conflict[];

  constructor(conflicts: readonly Conflict[]) {
    super('apply conflicts');
    this.conflicts = conflicts;
  }
}

function applyTo(type: ManagedType, live: JsonObject, config: JsonObject, managed: readonly Managed[], author: Author, force: boolean): Applied {
  const stated = statedBy(type, config);
  const set = type.reset ? recursiveDifference(stated, type.reset) : stated;
  const me: Managed = {
    manager: author.manager || 'unknown',
    operation: 'Apply',
    apiVersion: type.apiVersion,
    subresource: author.subresource ?? '',
    time: author.time,
    set,
    encoded: undefined,
  };
  const before = managed.find((m) => sameManager(m, me));
  const others = managed.filter((m) => m !== before);
  const merged = merge(live, config, type.shape) as JsonObject;
  const pruned = prune(type, merged, before?.set, [me, ...others]);
  const { conflicts, left } = settle(comparisons(type, filtered(compare(live, pruned, type.shape), type.reset), live, pruned), others);
  if (conflicts.length > 0 && !force) throw new Conflicts(conflicts);
  const changed = !equal(withoutManaged(live), withoutManaged(pruned));
  const mine = stripped(set);
  const time = changed ? author.time : before?.time;
  const after = isEmpty(mine) ? left : [...left, { ...me, set: mine, time }];
  return { object: changed ? pruned : live, managedFields: encodeManaged(after) };
}

/** `namespace/name; apps/v1, Kind=Deployment`: what a configuration is of. */
export function subjectOf({ kind, apiVersion }: Pick<ManagedType, 'kind' | 'apiVersion'>, config: JsonObject): string {
  const { name, namespace } = (isObject(config['metadata']) ? config['metadata'] : {}) as { name?: JsonValue; namespace?: JsonValue };
  const text = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');
  return `${text(namespace)}/${text(name)}; ${gvkText(kind, apiVersion)}`;
}

function statedBy(type: ManagedType, config: JsonObject): FieldSet {
  try {
    checkTyped(config, type.shape);
  } catch (error) {
    if (!(error instanceof MisfitError)) throw error;
    throw new StatusError({ status: 'Failure', message: `failed to create typed patch object (${subjectOf(type, config)}): ${error.message}`, code: 500 });
  }
  return fieldsOf(config, type.shape);
}

function withoutManaged(object: JsonObject): JsonObject {
  const { metadata } = object;
  if (!isObject(metadata) || !('managedFields' in metadata)) return object;
  const { managedFields: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}

/** Takes out what the applier stated before and states no more, unless somebody else answers for it. */
function prune(type: ManagedType, merged: JsonObject, last: FieldSet | undefined, managed: readonly Managed[]): JsonObject {
  if (!last) return merged;
  const owned = managed.reduce((all, m) => union(all, m.set), emptySet);
  if (isEmpty(difference(last, owned))) return merged;
  const { shape } = type;
  const lastNamed = withNamedFields(last, shape);
  const bare = (without(merged, lastNamed, shape) ?? {}) as JsonObject;
  const everything = withNamedFields(fieldsOf(merged, shape), shape);
  const stays = union(withNamedFields(fieldsOf(bare, shape), shape), withNamedFields(owned, shape));
  const pruned = (without(merged, difference(everything, stays), shape) ?? {}) as JsonObject;
  // What went only because something around it went, and was never the applier's, comes back.
  const gone = difference(everything, withNamedFields(fieldsOf(pruned, shape), shape));
  return (without(merged, intersection(gone, lastNamed), shape) ?? {}) as JsonObject;
}

/** Fields that the last client-side apply set and nobody has changed since. */
function unchangedSinceLastApplied(type: ManagedType, live: JsonObject): FieldSet | undefined {
  const text = annotation(live);
  if (!text) return undefined;
  try {
    const { value } = parseJson(text);
    if (!isObject(value) || value['apiVersion'] !== type.apiVersion) return undefined;
    checkTyped(value, type.shape);
    const { added, modified, removed } = compare(value, live, type.shape);
    return difference(fieldsOf(value, type.shape), union(union(added, modified), removed));
  } catch {
    // An annotation that anybody can write: when it cannot be read it allows nothing.
    return undefined;
  }
}

function annotation(object: JsonObject): string | undefined {
  const value = (object as { metadata?: { annotations?: Record<string, unknown> } }).metadata?.annotations?.[lastApplied];
  return typeof value === 'string' ? value : undefined;
}

/** Keeps the annotation of client-side apply in step where it is there. */
function refreshLastApplied(applied: Applied, config: JsonObject): Applied {
  if (!annotation(applied.object)) return applied;
  const metadata = applied.object['metadata'] as JsonObject;
  const copy = structuredClone(config);
  const annotations = (copy['metadata'] as JsonObject | undefined)?.['annotations'];
  if (isObject(annotations)) delete annotations[lastApplied];
  const text = `${jsonText(inOrder(copy))}\n`;
  const others = Object.entries(metadata['annotations'] as JsonObject).filter(([key]) => key !== lastApplied);
  // What would be too large is not kept at all.
  const size = [...others, [lastApplied, text]].reduce((sum, [key, value]) => sum + Buffer.byteLength(String(key)) + Buffer.byteLength(String(value)), 0);
  if (size > maxAnnotations) return { ...applied, object: { ...applied.object, metadata: { ...metadata, annotations: Object.fromEntries(others) } } };
  return { ...applied, object: { ...applied.object, metadata: { ...metadata, annotations: { ...(metadata['annotations'] as JsonObject), [lastApplied]: text } } } };
}

const maxAnnotations = 256 * 1024;

function inOrder(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(inOrder);
  return isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => compareBytes(a, b)).map(([key, item]) => [key, inOrder(item)])) : value;
}

/** 409 with one cause for each field. */
function conflictStatus(conflicts: readonly Conflict[]): StatusError {
  const named = conflicts.map((c) => ({ manager: managerText(c.manager), fields: [...paths(c.set)].map(pathText) })).sort((a, b) => (a.manager < b.manager ? -1 : 1));
  const causes: StatusCause[] = named.flatMap(({ manager, fields }) => fields.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${manager}`, field })));
  const message =
    causes.length === 1
      ? `Apply failed with 1 conflict: ${causes[0]!.message}: ${causes[0]!.field}`
      : `Apply failed with ${causes.length} conflicts: ${named.map(({ manager, fields }) => [`conflicts with ${manager}:`, ...fields.map((f) => `- ${f}`)].join('\n')).join('\n')}`;
  return new StatusError({ status: 'Failure', message, reason: 'Conflict', details: { causes }, code: 409 });
}

function managerText(m: Managed): string {
  const name = JSON.stringify(m.manager) + (m.subresource ? ` with subresource ${JSON.stringify(m.subresource)}` : '');
  return m.operation === 'Update' ? `${name} using ${m.apiVersion}` : name;
}
