/** What the API server knows of every object, whatever its kind. */
import type { ObjectMeta } from '../api/meta/v1/types.ts';
import type { CachedObject } from './cacher/cacher.ts';
import type { DeepReadonly } from '../machinery/json.ts';

export interface ApiObject {
  kind?: string;
  apiVersion?: string;
  metadata: Partial<ObjectMeta>;
  [field: string]: unknown;
}

export type ReadonlyObject = DeepReadonly<ApiObject>;

/** One object as it stands in the store (or, for a dry run, as it would stand there). */
export type Stored = CachedObject<ApiObject>;

/** A group and version as apiVersion names it. */
export function apiVersionOf(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The parts of an apiVersion. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? { group: '', version: apiVersion } : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}
