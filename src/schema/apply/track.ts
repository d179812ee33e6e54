/** Who answers for which field after a create, an update or a patch. */
import type { JsonObject } from '../../machinery/json.ts';
import { codecOf } from '../json.ts';
import type { StructType } from '../registry.ts';
import { compare, type Comparison } from './compare.ts';
import { createdFields } from './created.ts';
import { difference, intersection, isEmpty, recursiveDifference, single, union, type FieldSet } from './fieldset.ts';
import { capped, decodeManaged, encodeManaged, nonEmpty, sameManager, withSet, type Managed, type ManagedFieldsEntry } from './managed.ts';
import { shapeOfStruct, NamelessItem, type Shape } from './shape.ts';

/** A kind in one version, as field management sees it. */
export interface ManagedType {
  /** `apps/v1`; `v1` for the core group. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly shape: Shape;
  /** What an object of the kind looks like when nobody has said anything: only what is always written. */
  readonly empty: JsonObject;
  /** Fields that this endpoint does not let anybody set, so that nobody gets to own them: status on the resource, spec on its status. */
  readonly reset?: FieldSet;
  /** The same kind in another version, for the managers that wrote in that; undefined: there is no such version. Absent: nobody asks. */
  inVersion?(apiVersion: string): Versioned | undefined;
}

export interface Versioned {
  readonly type: ManagedType;
  convert(object: JsonObject): JsonObject;
}

/** As a request sees the type whose writers cannot set the fields in `reset`, paths with dots. Made once for each `endpoint`. */
export function managedTypeOf(struct: StructType, endpoint = '', reset: readonly string[] = ['status']): ManagedType {
  const types = struct.memo(managedTypes);
  const known = types.get(endpoint);
  if (known) return known;
  const { group, version } = struct.package;
  const apiVersion = group ? `${group}/${version}` : version;
  const empty = codecOf({ kind: 'struct', struct }).decode({ apiVersion, kind: struct.local }, { unknown: false }) as JsonObject;
  const fields = reset.filter((path) => struct.field(path.split('.')[0]!)).map((path) => single(path.split('.').map((part) => `f:${part}`)));
  const made: ManagedType = { apiVersion, kind: struct.local, shape: shapeOfStruct(struct), empty, ...(fields.length > 0 ? { reset: fields.reduce(union) } : {}) };
  types.set(endpoint, made);
  return made;
}

function managedTypes(): Map<string, ManagedType> {
  return new Map();
}

export interface Author {
  /** The request's fieldManager, else the first word of its user agent. */
  readonly manager: string;
  readonly subresource?: string;
  /** RFC 3339, seconds. */
  readonly time: string;
}

/** Facts of every object that belong to the server. */
const strip: FieldSet = {
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': {
    '.': {}, 'f:name': {}, 'f:namespace': {}, 'f:creationTimestamp': {}, 'f:selfLink': {}, 'f:uid': {}, 'f:clusterName': {},
    'f:generation': {}, 'f:managedFields': {}, 'f:resourceVersion': {},
  },
};

export function stripped(set: FieldSet): FieldSet {
  return difference(set, strip);
}

type WithMetadata = { readonly metadata?: { readonly uid?: string; readonly managedFields?: readonly ManagedFieldsEntry[] | null } };

export function managedOf(object: JsonObject | undefined): readonly ManagedFieldsEntry[] | null | undefined {
  return (object as WithMetadata | undefined)?.metadata?.managedFields;
}

/**
 * The metadata.managedFields that `object` gets when `author` writes it over `live` (undefined: creates it); undefined when it
 * gets none. Both objects are canonical and in `type`'s version.
 */
export function updateManagedFields(type: ManagedType, live: JsonObject | undefined, object: JsonObject, author: Author): ManagedFieldsEntry[] | undefined {
  const managed = liveOrNew(live, object, author.subresource ?? '');
  // Fields of an object that exists and has never been tracked stay untracked until somebody applies.
  if (managed.length === 0 && live !== undefined && (live as WithMetadata).metadata?.uid) return undefined;
  try {
    if (managed.length === 0 && live === undefined) {
      const set = createdFields(type.empty, object, type.shape, type.reset, strip);
      if (set) return isEmpty(set) ? undefined : encodeManaged([managedBy(type, author, set, set as unknown as JsonObject)]);
    }
    return encodeManaged(trackUpdate(type, live ?? type.empty, object, managed, author));
  } catch (error) {
    // Validation has not run yet, or the object is older than the rule; nobody can answer for fields that have no name.
    if (error instanceof NamelessItem) return undefined;
    throw error;
  }
}

/** What the client sent counts where it sent something; `[]` or `[{}]` begins anew. */
function liveOrNew(live: JsonObject | undefined, object: JsonObject, subresource: string): readonly Managed[] {
  const present = managedOf(live);
  const sent = managedOf(object);
  if (sent === present || subresource !== '') return decodeManaged(present) ?? [];
  if (sent && (sent.length === 0 || (sent.length === 1 && Object.keys(sent[0]!).length === 0))) return [];
  const given = decodeManaged(sent);
  return given && given.length > 0 ? given : (decodeManaged(present) ?? []);
}

function managedBy(type: ManagedType, author: Author, set: FieldSet, encoded?: JsonObject): Managed {
  return { manager: author.manager || 'unknown', operation: 'Update', apiVersion: type.apiVersion, subresource: author.subresource ?? '', time: author.time, set, encoded };
}

export function trackUpdate(type: ManagedType, live: JsonObject, object: JsonObject, managed: readonly Managed[], author: Author): Managed[] {
  const comparison = filtered(compare(live, object, type.shape), type.reset);
  const changed = union(comparison.modified, comparison.added);
  const seen = comparisons(type, comparison, live, object);
  const others = settle(seen, managed).left;
  if (isEmpty(changed) && isEmpty(comparison.removed)) return capped(others);
  const mine = stripped(changed);
  if (isEmpty(mine)) return capped(others);
  const me = managedBy(type, author, mine);
  const before = others.find((m) => sameManager(m, me));
  return capped([...others.filter((m) => m !== before), before ? { ...me, set: union(mine, before.set) } : me]);
}

export function filtered(comparison: Comparison, reset: FieldSet | undefined): Comparison {
  if (!reset) return comparison;
  return {
    added: recursiveDifference(comparison.added, reset),
    modified: recursiveDifference(comparison.modified, reset),
    removed: recursiveDifference(comparison.removed, reset),
  };
}

export interface Conflict {
  readonly manager: Managed;
  readonly set: FieldSet;
}

/** What a change is in the version of a manager; undefined where there is no such version. */
export type Comparisons = (apiVersion: string) => Comparison | undefined;

export function comparisons(type: ManagedType, own: Comparison, before: JsonObject, after: JsonObject): Comparisons {
  if (!type.inVersion) return () => own;
  const known = new Map<string, Comparison | undefined>([[type.apiVersion, own]]);
  return (apiVersion) => {
    if (known.has(apiVersion)) return known.get(apiVersion);
    const other = type.inVersion!(apiVersion);
    const made = other && filtered(compare(other.convert(before), other.convert(after), other.type.shape), other.type.reset);
    known.set(apiVersion, made);
    return made;
  };
}

/** What the other managers lose when the change happens, and what is left to them. Those of versions that there are not are forgotten. */
export function settle(seen: Comparisons, others: readonly Managed[]): { readonly conflicts: Conflict[]; readonly left: Managed[] } {
  const conflicts: Conflict[] = [];
  const left = others.flatMap((m) => {
    const comparison = seen(m.apiVersion);
    if (!comparison) return [];
    const lost = intersection(m.set, union(comparison.modified, comparison.added));
    if (!isEmpty(lost)) conflicts.push({ manager: m, set: lost });
    return [withSet(m, difference(difference(m.set, lost), comparison.removed))];
  });
  return { conflicts, left: nonEmpty(left) };
}
