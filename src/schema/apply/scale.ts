/**
 * Who answers for the size of an object, seen from its scale and back: a Scale has one field that belongs to the object as well, at a path
 * that depends on the object's version.
 */
import { difference, hasPath, isEmpty, single } from './fieldset.ts';
import { decodeManaged, encodeManaged, sameManager, withSet, type Managed, type ManagedFieldsEntry } from './managed.ts';

/** Where the size stands, by version of the object: path elements such as `f:spec`. Undefined: this version has no scale. */
export type SizePaths = ReadonlyMap<string, readonly string[] | undefined>;

const scaleVersion = 'autoscaling/v1';
const sizeOfScale = single(['f:spec', 'f:replicas']);

type Entries = readonly ManagedFieldsEntry[] | null | undefined;

/** The entries of the scale: those of the object that have its size. */
export function toScaleManagers(entries: Entries, paths: SizePaths): ManagedFieldsEntry[] | undefined {
  const owners = (decodeManaged(entries) ?? []).filter((m) => {
    const path = paths.get(m.apiVersion);
    return path !== undefined && hasPath(m.set, path);
  });
  return encodeManaged(owners.map((m): Managed => ({ ...m, apiVersion: scaleVersion, set: sizeOfScale, encoded: undefined })));
}

/** The entries of the object after its scale was written, which left `scale`. `apiVersion`: of the object, as the request sees it. */
export function toObjectManagers(entries: Entries, scale: Entries, paths: SizePaths, apiVersion: string): ManagedFieldsEntry[] | undefined {
  const left = [...(decodeManaged(scale) ?? [])];
  const out: Managed[] = [];
  for (const manager of decodeManaged(entries) ?? []) {
    // What is of a version that nobody knows goes.
    if (!paths.has(manager.apiVersion)) continue;
    const path = paths.get(manager.apiVersion);
    if (path === undefined || !hasPath(manager.set, path)) {
      out.push(manager);
      continue;
    }
    const at = left.findIndex((m) => sameManager(m, manager));
    if (at >= 0) {
      left.splice(at, 1);
      out.push(manager);
      continue;
    }
    // Another has the size now, if only by another version.
    const rest = difference(manager.set, single(path));
    if (!isEmpty(rest)) out.push(withSet(manager, rest));
  }
  const own = paths.get(apiVersion);
  for (const manager of left) {
    if (own && hasPath(manager.set, ['f:spec', 'f:replicas'])) out.push({ ...manager, apiVersion, time: undefined, set: single(own), encoded: undefined });
  }
  return encodeManaged(out);
}
