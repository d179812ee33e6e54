/** Resolves the names in the schema data, lazily, so that engines can compile each type on first use. Knows nothing of the API's kinds. */
import type { AnyStruct, Field, Package } from './vocabulary.ts';

const scalarNames = ['string', 'bool', 'int32', 'int64', 'double', 'bytes'] as const;
const specialNames = [
  'Quantity', 'IntOrString', 'Time', 'MicroTime', 'Duration', 'RawExtension', 'FieldsV1', 'JSON',
  'JSONSchemaPropsOrArray', 'JSONSchemaPropsOrBool', 'JSONSchemaPropsOrStringArray',
] as const;
export type ScalarName = (typeof scalarNames)[number];
export type SpecialName = (typeof specialNames)[number];

export type Type =
  | { readonly kind: 'scalar'; readonly name: ScalarName }
  | { readonly kind: 'special'; readonly name: SpecialName; readonly schema?: StructType }
  | { readonly kind: 'struct'; readonly struct: StructType }
  | { readonly kind: 'list'; readonly of: Type }
  | { readonly kind: 'map'; readonly of: Type };

export interface ResolvedField extends Field {
  readonly key: string;
  readonly resolved: Type;
}

/** A struct with its names resolved. Engines keep what they compile from it with `memo`. */
export class StructType {
  /** `core.v1.Pod` */
  readonly name: string;
  /** `Pod` */
  readonly local: string;
  readonly package: Package;
  readonly data: AnyStruct;
  readonly #resolve: (field: Field) => Type;
  readonly #memo = new Map<unknown, unknown>();
  #fields: readonly ResolvedField[] | undefined;
  #byKey: ReadonlyMap<string, ResolvedField> | undefined;

  constructor(local: string, pkg: Package, data: AnyStruct, resolve: (field: Field) => Type) {
    this.local = local;
    this.name = `${pkg.name}.${local}`;
    this.package = pkg;
    this.data = data;
    this.#resolve = resolve;
  }

  /** In the order of JSON. */
  get fields(): readonly ResolvedField[] {
    this.#fields ??= Object.entries(this.data.fields).map(([key, field]) => ({ ...field, key, resolved: this.#resolve(field) }));
    return this.#fields;
  }

  field(key: string): ResolvedField | undefined {
    this.#byKey ??= new Map(this.fields.map((f) => [f.key, f]));
    return this.#byKey.get(key);
  }

  /** Has kind and version of its own, rather than fields of these names. */
  get isKind(): boolean {
    const field = this.data.fields['apiVersion'];
    return field !== undefined && field.n === undefined && field.path === undefined;
  }

  /** What `compile` makes of this type, made once. */
  memo<T>(compile: (type: StructType) => T): T {
    let made = this.#memo.get(compile) as T | undefined;
    if (made === undefined) {
      made = compile(this);
      this.#memo.set(compile, made);
    }
    return made;
  }
}

/** Kinds of meta.v1 that every group and version serves. */
const universal: ReadonlySet<string> = new Set(['WatchEvent', 'ListOptions', 'GetOptions', 'DeleteOptions', 'CreateOptions', 'UpdateOptions', 'PatchOptions']);
/** Kinds of meta.v1 that belong to the core group's v1. */
const unversioned: ReadonlySet<string> = new Set(['Status', 'APIVersions', 'APIGroup', 'APIGroupList', 'APIResourceList']);

export class Registry {
  readonly #packages = new Map<string, Package>();
  readonly #byGroupVersion = new Map<string, Package>();
  readonly #structs = new Map<string, StructType>();

  constructor(packages: readonly Package[]) {
    for (const pkg of packages) {
      this.#packages.set(pkg.name, pkg);
      this.#byGroupVersion.set(`${pkg.group}/${pkg.version}`, pkg);
    }
  }

  get packages(): Iterable<Package> {
    return this.#packages.values();
  }

  packageOf(group: string, version: string): Package | undefined {
    return this.#byGroupVersion.get(`${group}/${version}`);
  }

  /** The type's name, e.g. `apps.v1.Deployment`; also for lists and the kinds of meta.v1 that every version has. */
  typeOf(group: string, version: string, kind: string): string | undefined {
    const pkg = this.packageOf(group, version);
    if (pkg && (Object.hasOwn(pkg.types, kind) || isList(pkg, kind))) return `${pkg.name}.${kind}`;
    if (universal.has(kind) && (pkg || group === '')) return `meta.v1.${kind}`;
    if (group === '' && version === 'v1' && unversioned.has(kind)) return `meta.v1.${kind}`;
    return undefined;
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  struct(name: string): StructType {
    const found = this.#find(name);
    if (found === undefined) throw new Error(`no type ${name} in the schema`);
    return found;
  }

  /** `[]core.v1.Pod`, `map:Quantity`, `string`, `core.v1.Pod`; names without a package belong to `pkg`. */
  resolve(type: string, pkg: Package): Type {
    if (type.startsWith('[]')) return { kind: 'list', of: this.resolve(type.slice(2), pkg) };
    if (type.startsWith('map:')) return { kind: 'map', of: this.resolve(type.slice(4), pkg) };
    if ((scalarNames as readonly string[]).includes(type)) return { kind: 'scalar', name: type as ScalarName };
    if ((specialNames as readonly string[]).includes(type)) {
      const name = type as SpecialName;
      return name.startsWith('JSONSchemaPropsOr') ? { kind: 'special', name, schema: this.struct(`${pkg.name}.JSONSchemaProps`) } : { kind: 'special', name };
    }
    return { kind: 'struct', struct: this.struct(type.includes('.') ? type : `${pkg.name}.${type}`) };
  }

  #find(name: string): StructType | undefined {
    const known = this.#structs.get(name);
    if (known) return known;
    const dot = name.lastIndexOf('.');
    const pkg = this.#packages.get(name.slice(0, dot));
    const local = name.slice(dot + 1);
    if (pkg === undefined) return undefined;
    const data = Object.hasOwn(pkg.types, local) ? pkg.types[local]! : isList(pkg, local) ? listData(local.slice(0, -4)) : undefined;
    if (data === undefined) return undefined;
    const made = new StructType(local, pkg, data, (field) => this.resolve(field.type, pkg));
    this.#structs.set(name, made);
    return made;
  }
}

function isList(pkg: Package, kind: string): boolean {
  return kind.endsWith('List') && pkg.lists.includes(kind.slice(0, -4));
}

function listData(item: string): AnyStruct {
  return {
    fields: {
      kind: { type: 'string' },
      apiVersion: { type: 'string' },
      metadata: { n: 1, type: 'meta.v1.ListMeta' },
      items: { n: 2, type: `[]${item}`, always: true, required: true },
    },
  };
}

/** Name of a type in OpenAPI documents. */
export function openapiName(type: StructType): string {
  return `${type.package.openapi}.${type.local}`;
}
