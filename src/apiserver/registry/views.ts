/** How a request sees a stored object: in the version it asks for, or as something else altogether (a Scale). */
import type { ManagedFieldsEntry } from '../../schema/apply/managed.ts';
import type { ManagedType } from '../../schema/apply/track.ts';
import type { Decoded, Source } from '../../schema/json.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';

/** What the catalog knows of its types, for a type that is not in it: that of a custom resource. */
export interface Model {
  /** Lists of it are called so; usually the kind and `List`. */
  readonly listKind: string;
  /** Brings what a client sent into canonical form; throws 400 where that cannot be. */
  decode(value: unknown, source?: Source): Decoded;
  applyDefaults(object: ApiObject): void;
  /** How writers' fields are told apart, for the resource or its status. */
  managedType(subresource: string): ManagedType;
}

export interface View {
  /** Name of the type in the schema, e.g. `apps.v1.Deployment`. */
  readonly type: string;
  /** Package of that type, e.g. `apps.v1`: the version under which encodings are kept. */
  readonly version: string;
  readonly group: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** What is sent may also be of these versions, which are the same. */
  readonly accepts?: readonly string[];
  /** Whatever is wrong with a body, this is said of it. */
  readonly undecodable?: string;
  /** Absent: the type is in the catalog. */
  readonly model?: Model;
  /** True when a stored object is what clients see. */
  readonly identity: boolean;
  /** Where reading needs others: has to be awaited for an object before it is read, its encodings included. */
  prepare?(stored: Iterable<ReadonlyObject>): Promise<void>;
  /** What field selectors see of a prepared object, where the watch cache cannot know it. */
  fieldsOf?(stored: ReadonlyObject): Readonly<Record<string, string>>;
  /** The managers of what writers see, where that is another thing than the object: it has fields of them both. */
  managers?(stored: ReadonlyObject): readonly ManagedFieldsEntry[] | undefined;
  /** The stored object as clients see it. */
  read(stored: ReadonlyObject): ReadonlyObject;
  /** What a client wrote as the object to store; `current` is there for an update. */
  write(object: ApiObject, current: ReadonlyObject | undefined): ApiObject | Promise<ApiObject>;
}

/** Of a kind of the catalog: nobody else is asked. */
export interface CatalogView extends View {
  write(object: ApiObject, current: ReadonlyObject | undefined): ApiObject;
}

export function identityView(facts: Omit<View, 'identity' | 'read' | 'write'>): CatalogView {
  return { ...facts, identity: true, read: (stored) => stored, write: (object) => object };
}
