import type { DeepReadonly } from '../machinery/json.ts';
import type { FieldError } from '../machinery/status.ts';
import type { JsonSchema } from './structural/schema.ts';

/**
 * The vocabulary in which every kind is written down: plain data, one place for each fact.
 * Engines (codec, defaults, validation, patches, OpenAPI, tables) read it; nothing else states a field's facts.
 *
 * A type is named by text:
 *   scalars   string bool int32 int64 double bytes
 *   special   Quantity IntOrString Time MicroTime Duration RawExtension FieldsV1 JSON
 *             JSONSchemaPropsOrArray JSONSchemaPropsOrBool JSONSchemaPropsOrStringArray
 *   structs   Container (same package) or core.v1.Container (another package)
 *   []X       list of X          map:X   map from string to X
 */
export interface Field {
  readonly type: string;
  /** protobuf field number; `path` instead where the field sits inside embedded messages. */
  readonly n?: number;
  readonly path?: readonly number[];
  /** A pointer upstream: absent and zero differ. */
  readonly ptr?: true;
  /** Written to JSON even when zero (upstream has no omitempty). Non-pointer structs are always written. */
  readonly always?: true;
  /** Left out of JSON when the whole value is zero, also for a struct-like scalar (Time). */
  readonly omitzero?: true;
  readonly required?: true;
  readonly default?: string | number | boolean;
  /** OpenAPI tells the default, or the zero value that stands for absence. What is always written is told as zero in any case, other defaults are not. */
  readonly told?: true;
  /** The closed set of values, of the elements of a list or map. Told by OpenAPI; judged where the kind's validation does, from the same constant. */
  readonly enum?: readonly string[];
  /** May not change once set. */
  readonly immutable?: true;
  readonly listType?: 'atomic' | 'map' | 'set';
  readonly listMapKeys?: readonly string[];
  readonly mapType?: 'atomic' | 'granular';
  /** `merge`, `replace`, `retainKeys`, or several with commas, as upstream's tags spell them. */
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  /** One short sentence in our own words, for explain and OpenAPI. */
  readonly doc?: string;
  /** Upstream says nothing of it, so that OpenAPI's reference to its type stands alone. */
  readonly undescribed?: true;
}

/** The facts of one struct; T is the interface that `npm run generate` prints from it. */
export interface Struct<T = unknown> {
  readonly fields: { readonly [K in keyof T]-?: Field };
  readonly mapType?: 'atomic';
  readonly unions?: readonly Union[];
  readonly doc?: string;
}

/** One field says which of the others is set. */
export interface Union {
  readonly discriminator: string;
  readonly 'fields-to-discriminateBy': Readonly<Record<string, string>>;
}

export type AnyStruct = { readonly fields: Readonly<Record<string, Field>>; readonly mapType?: 'atomic'; readonly unions?: readonly Union[]; readonly doc?: string };

/** All types of one group and version. */
export interface Package {
  /** `core.v1`: how other packages name it. */
  readonly name: string;
  readonly group: string;
  readonly version: string;
  /** Prefix of OpenAPI definition names, e.g. `io.k8s.api.core.v1`. */
  readonly openapi: string;
  /** Protobuf package, e.g. `k8s.io.api.core.v1`. */
  readonly proto: string;
  readonly types: Readonly<Record<string, AnyStruct>>;
  /** Types of fields that upstream has a name of its own for, and the fields (`Struct.field`) that have them: messages show the name. */
  readonly goTypes?: Readonly<Record<string, string>>;
  /** Kinds X that have an XList of the usual form (kind, apiVersion, metadata: ListMeta #1, items: []X #2 always). */
  readonly lists: readonly string[];
}

export interface Subresource {
  readonly name: string;
  readonly kind: string;
  /** Group and version of `kind` where they are not the resource's own. */
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
  /** Versions of `kind` that are taken as well, for they are the same. */
  readonly accepts?: readonly string[];
}

/** What discovery says of a resource, and where it is stored. */
export interface ResourceDefinition {
  readonly package: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** What every request is warned with. */
  readonly deprecation?: string;
  /** Served only when `--runtime-config` asks for it. */
  readonly offByDefault?: true;
  /** Served only with this feature gate, whatever `--runtime-config` asks for. */
  readonly gate?: string;
  readonly subresources?: readonly Subresource[];
  /** Absent: never stored (reviews, bindings). Prefix ends with `/`; `<namespace>/<name>` or `<name>` follows. */
  readonly storage?: { readonly prefix: string; readonly package: string; readonly kind: string };
  /** A custom resource: its type is in no package, its schema comes along. */
  readonly custom?: CustomType;
}

export interface CustomType {
  /** Its name in OpenAPI documents, e.g. `com.example.stable.v1.CronTab`. */
  readonly definition: string;
  readonly listKind: string;
  readonly schema: JsonSchema | undefined;
}

/** What a rule may know of the request it runs in. */
export interface RuleContext {
  /** RFC 3339, seconds. */
  readonly now: string;
  readonly user: { readonly name: string; readonly uid?: string; readonly groups: readonly string[]; readonly extra?: Readonly<Record<string, readonly string[]>> };
  readonly dryRun: boolean;
  /** Subresource of the request, e.g. `status`; empty for the resource itself. */
  readonly subresource: string;
  /** Feature gates that are on beyond upstream's defaults. */
  readonly features?: ReadonlySet<string>;
  /** The version in which the writer wrote; rules see the stored one. Absent: the stored one. */
  readonly apiVersion?: string;
}

/** One column of `kubectl get`. Priority 0 is always shown, 1 with -o wide. */
export interface Column<T = never> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description: string;
  readonly priority: number;
  /** `now` in milliseconds, for ages. A cell that takes one argument does not change while the object does not. */
  cell(object: DeepReadonly<T>, now: number): string | number | boolean | null;
  /** Rows have the cell, the table's definitions say nothing of it. */
  readonly undefinedInTable?: true;
  /** The same for cells that take `now`, in two steps: what comes back does without the object, so that rows can be kept. */
  later?(object: DeepReadonly<T>): (now: number) => string | number | boolean | null;
}

/**
 * The rules of one kind that data cannot express; all pure. They see the object in the version it is written in at
 * `package`. The server runs, for a create: schema defaults, `defaults`, metadata completion, `prepareCreate`,
 * (mutating admission), schema validation, `validate`; for an update: the same with `prepareUpdate` and `validateUpdate`.
 */
export interface KindRules<T = unknown> {
  /** Defaults that depend on other fields. Constant ones stand in the schema. */
  defaults?(object: T): void;
  /** Drops what a creator may not set (status), fills what the server decides. */
  prepareCreate?(object: T, context: RuleContext): void;
  /** Keeps what this request may not change: status on a main update, spec on a status update. */
  prepareUpdate?(object: T, old: DeepReadonly<T>, context: RuleContext): void;
  validate?(object: DeepReadonly<T>, context: RuleContext): readonly FieldError[];
  /** Beside the metadata; decides itself whether `validate`'s rules hold for updates too. */
  validateUpdate?(object: DeepReadonly<T>, old: DeepReadonly<T>, context: RuleContext): readonly FieldError[];
  /** How often upstream judges the metadata of an update, and of one of the status: the causes say so. Absent: three times. */
  readonly metadataChecks?: readonly [main: number, status: number];
  /** Finalizers need be neither well known nor have a domain. */
  readonly anyFinalizers?: true;
  /** Complaints about metadata.name, or about generateName; a DNS subdomain where absent. */
  readonly nameRule?: (name: string, prefix: boolean) => string[];
  /** Texts for Warning headers. */
  warnings?(object: DeepReadonly<T>, old: DeepReadonly<T> | undefined, context: RuleContext): readonly string[];
  /** metadata.generation grows when spec (or what this returns) changes; absent: the kind has no generation. */
  generation?: 'spec' | 'spec-and-annotations' | 'all-but-metadata-and-status' | 'all-but-metadata';
  /** Beyond metadata.name and metadata.namespace. */
  readonly selectable?: Readonly<Record<string, (object: DeepReadonly<T>) => string>>;
  /** Whether this version of the kind may be selected by the field; absent: every version by every one. */
  selectableIn?(field: string, apiVersion: string): boolean;
  /** What is said of a field that there is no selecting by, where the kind has words of its own. */
  unselectable?(field: string, apiVersion: string): string;
  readonly columns?: readonly Column<T>[];
  /** Conditions of a row of a table, e.g. that a pod has completed. */
  rowConditions?(object: DeepReadonly<T>): readonly { type: string; status: string; reason: string; message: string }[];
  /** Seconds between delete and removal; undefined: removed at once. */
  gracePeriod?(object: DeepReadonly<T>, requested: number | undefined): number | undefined;
}

/** An entry of a table of many kinds: each rule knows its own type, the table does not. */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyKindRules = KindRules<any>;
