/** How a request sees a stored object: in the version it asks for, or as something else altogether (a Scale). */
import type { ApiObject, ReadonlyObject } from '../objects.ts';

export interface View {
  /** Name of the type in the schema, e.g. `apps.v1.Deployment`. */
  readonly type: string;
  /** Package of that type, e.g. `apps.v1`: the version under which encodings are kept. */
  readonly version: string;
  readonly group: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** True when a stored object is what clients see. */
  readonly identity: boolean;
  /** The stored object as clients see it. */
  read(stored: ReadonlyObject): ReadonlyObject;
  /** What a client wrote as the object to store; `current` is there for an update. */
  write(object: ApiObject, current: ReadonlyObject | undefined): ApiObject;
}

export function identityView(facts: Omit<View, 'identity' | 'read' | 'write'>): View {
  return { ...facts, identity: true, read: (stored) => stored, write: (object) => object };
}
