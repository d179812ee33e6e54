/** The entries of metadata.managedFields. */
import type { JsonObject } from '../../machinery/json.ts';
import { isEmpty, sorted, union, type FieldSet } from './fieldset.ts';

export interface ManagedFieldsEntry {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  time?: string | null;
  fieldsType?: string;
  fieldsV1?: JsonObject | null;
  subresource?: string;
}

/** What one manager answers for. Managers are told apart by name, operation, subresource and, for updates, version. */
export interface Managed {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly set: FieldSet;
  /** How `set` stands in an entry already; undefined when it has to be written anew. */
  readonly encoded: JsonObject | undefined;
}

export function sameManager(a: Managed, b: Pick<Managed, 'manager' | 'operation' | 'apiVersion' | 'subresource'>): boolean {
  return a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource && (a.operation === 'Apply' || a.apiVersion === b.apiVersion);
}

/** Undefined when the entries are not well formed; they then count for nothing. */
export function decodeManaged(entries: readonly ManagedFieldsEntry[] | null | undefined): Managed[] | undefined {
  const out: Managed[] = [];
  for (const e of entries ?? []) {
    if ((e.operation !== 'Apply' && e.operation !== 'Update') || !e.apiVersion || e.fieldsType !== 'FieldsV1') return undefined;
    const encoded = e.fieldsV1 ?? {};
    if (!wellFormed(encoded)) return undefined;
    const one: Managed = {
      manager: e.manager ?? '',
      operation: e.operation,
      apiVersion: e.apiVersion,
      subresource: e.subresource ?? '',
      time: e.time ?? undefined,
      set: encoded as unknown as FieldSet,
      encoded,
    };
    // Of two entries of one manager the later counts.
    const before = out.findIndex((m) => sameManager(m, one));
    if (before >= 0) out.splice(before, 1);
    out.push(one);
  }
  return out;
}

/** A field, an item by its keys or its value, which are JSON, or by its number. */
function isElement(key: string): boolean {
  if (key[1] !== ':') return false;
  if (key[0] === 'f') return true;
  if (key[0] === 'k') return key[2] === '{' && key.endsWith('}');
  return key[0] === 'v' ? /^v:["[{\dtfn-]/.test(key) : /^i:-?\d+$/.test(key);
}

function wellFormed(set: unknown): set is FieldSet {
  if (typeof set !== 'object' || set === null || Array.isArray(set)) return false;
  for (const key in set) {
    if (key !== '.' && !isElement(key)) return false;
    if (!wellFormed((set as FieldSet)[key])) return false;
  }
  return true;
}

/** In upstream's order: operation, time, manager, version, subresource. Undefined when nobody manages anything. */
export function encodeManaged(managed: readonly Managed[]): ManagedFieldsEntry[] | undefined {
  if (managed.length === 0) return undefined;
  return managed.toSorted(compareManaged).map((m) => ({
    manager: m.manager,
    operation: m.operation,
    apiVersion: m.apiVersion,
    ...(m.time === undefined ? {} : { time: m.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: m.encoded ?? sorted(m.set),
    ...(m.subresource === '' ? {} : { subresource: m.subresource }),
  }));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareManaged(a: Managed, b: Managed): number {
  return (
    compareText(a.operation, b.operation) ||
    compareText(a.time ?? '', b.time ?? '') ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

export function withSet(managed: Managed, set: FieldSet): Managed {
  return set === managed.set ? managed : { ...managed, set, encoded: undefined };
}

const mostUpdaters = 10;
const bucketName = 'ancient-changes';

/** Only so many managers that update; the oldest of a version share one entry. */
export function capped(managed: readonly Managed[]): Managed[] {
  const updaters = managed.filter((m) => m.operation === 'Update').sort((a, b) => compareText(a.time ?? '', b.time ?? '') || compareManaged(a, b));
  if (updaters.length <= mostUpdaters) return [...managed];
  const out = new Set(managed);
  let count = updaters.length;
  const first = new Map<string, Managed>();
  for (const updater of updaters) {
    if (count <= mostUpdaters) break;
    const before = first.get(updater.apiVersion);
    if (!before) {
      first.set(updater.apiVersion, updater);
      continue;
    }
    const bucket: Managed = {
      ...before,
      manager: bucketName,
      subresource: '',
      time: updater.time,
      set: union(updater.set, before.set),
      encoded: undefined,
    };
    out.delete(before);
    out.delete(updater);
    out.add(bucket);
    first.set(updater.apiVersion, bucket);
    count--;
  }
  return [...out];
}

export function nonEmpty(managed: readonly Managed[]): Managed[] {
  return managed.filter((m) => !isEmpty(m.set));
}
