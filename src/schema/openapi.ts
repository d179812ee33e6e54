/** OpenAPI documents from the schema: version 3 for each group and version, version 2 for everything. Built when asked for. */
import { customDefinitions, type Refer } from './openapi-custom.ts';
import { kindsByDefinition } from './openapi-kinds.ts';
import { objectTypes, pathsOf, rootOf, tagOf, type Json, type Operation, type Parameter, type Path } from './openapi-operations.ts';
import { SharedParameters } from './openapi-parameters.ts';
import { openapiName, type Registry, type ResolvedField, type StructType, type Type } from './registry.ts';
import type { ResourceDefinition } from './vocabulary.ts';

type Dialect = 2 | 3;

const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const extensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';

/** Types that are no structs; those that stand for themselves have a definition of their own. */
const specials: Readonly<Record<string, { readonly name: string; readonly v2: Json; readonly v3?: Json }>> = {
  Quantity: { name: quantity, v2: { type: 'string', description: 'A number with a unit, such as 100m, 1.5Gi or 2e3.' }, v3: { oneOf: [{ type: 'string' }, { type: 'number' }], description: 'A number with a unit, such as 100m, 1.5Gi or 2e3.' } },
  IntOrString: { name: intOrString, v2: { type: 'string', format: 'int-or-string', description: 'An integer or a text.' }, v3: { oneOf: [{ type: 'integer' }, { type: 'string' }], format: 'int-or-string', description: 'An integer or a text.' } },
  Time: { name: `${meta}.Time`, v2: { type: 'string', format: 'date-time', description: 'RFC 3339, in seconds.' } },
  MicroTime: { name: `${meta}.MicroTime`, v2: { type: 'string', format: 'date-time', description: 'RFC 3339, with microseconds.' } },
  Duration: { name: `${meta}.Duration`, v2: { type: 'string', description: 'Such as 1h30m or 1.5s.' } },
  RawExtension: { name: 'io.k8s.apimachinery.pkg.runtime.RawExtension', v2: { type: 'object', description: 'An object of any kind.' } },
  FieldsV1: { name: `${meta}.FieldsV1`, v2: { type: 'object', description: 'A set of fields, as a tree whose keys begin with f:, k:, v: or i:.' } },
  Info: { name: 'io.k8s.apimachinery.pkg.version.Info', v2: versionInfo(false), v3: versionInfo(true) },
  JSON: { name: `${extensions}.JSON`, v2: { description: 'Any JSON value.' } },
  JSONSchemaPropsOrArray: { name: `${extensions}.JSONSchemaPropsOrArray`, v2: { description: 'A schema, or a list of schemas.' } },
  JSONSchemaPropsOrBool: { name: `${extensions}.JSONSchemaPropsOrBool`, v2: { description: 'A schema, or a boolean.' } },
  JSONSchemaPropsOrStringArray: { name: `${extensions}.JSONSchemaPropsOrStringArray`, v2: { description: 'A schema, or a list of texts.' } },
};

/** What /version answers. */
function versionInfo(defaults: boolean): Json {
  const required = ['major', 'minor', 'gitVersion', 'gitCommit', 'gitTreeState', 'buildDate', 'goVersion', 'compiler', 'platform'];
  const optional = ['emulationMajor', 'emulationMinor', 'minCompatibilityMajor', 'minCompatibilityMinor'];
  return {
    description: 'The version of a server, and how it was made.', type: 'object', required,
    properties: Object.fromEntries([...required, ...optional].sort().map((key) => [key, { type: 'string', ...(defaults && required.includes(key) ? { default: '' } : {}) }])),
  };
}

const scalars: Readonly<Record<string, Json>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
};
const zeros: Readonly<Record<string, unknown>> = { string: '', bool: false, int32: 0, int64: 0, double: 0 };

/** Collects the definitions that a document needs. */
class Definitions {
  readonly #dialect: Dialect;
  readonly #structs: ReadonlyMap<string, StructType>;
  readonly #kinds: ReadonlyMap<string, readonly Json[]>;
  readonly #custom: ReadonlyMap<string, (refer: Refer) => Json>;
  readonly #out = new Map<string, Json>();

  constructor(dialect: Dialect, registry: Registry, resources: readonly ResourceDefinition[]) {
    this.#dialect = dialect;
    this.#structs = new Map([...registry.packages].flatMap((pkg) => [...Object.keys(pkg.types), ...pkg.lists.map((kind) => `${kind}List`)].map((local) => [`${pkg.openapi}.${local}`, registry.struct(`${pkg.name}.${local}`)] as const)));
    this.#kinds = kindsByDefinition(registry, resources);
    this.#custom = new Map(resources.flatMap((r) => [...customDefinitions(r, dialect)]));
  }

  get prefix(): string {
    return this.#dialect === 2 ? '#/definitions/' : '#/components/schemas/';
  }

  /** Adds a definition, and all that it refers to. */
  need(name: string): void {
    if (this.#out.has(name)) return;
    const special = Object.values(specials).find((s) => s.name === name);
    if (special) {
      this.#out.set(name, (this.#dialect === 3 ? special.v3 : undefined) ?? special.v2);
      return;
    }
    const custom = this.#custom.get(name);
    if (custom) {
      this.#out.set(name, {});
      this.#out.set(name, custom((other, isDescribed) => this.#reference(other, isDescribed)));
      return;
    }
    const struct = this.#structs.get(name);
    if (struct === undefined) return;
    this.#out.set(name, {});
    this.#out.set(name, this.#definition(name, struct));
  }

  sorted(): Json {
    return Object.fromEntries([...this.#out].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #definition(name: string, struct: StructType): Json {
    const { fields, data } = struct;
    const required = fields.filter((f) => f.required).map((f) => f.key);
    const kinds = this.#kinds.get(name);
    return {
      ...(data.doc ? { description: data.doc } : {}),
      type: 'object',
      ...(required.length ? { required } : {}),
      ...(fields.length ? { properties: Object.fromEntries(fields.map((f) => [f.key, this.#property(f)])) } : {}),
      ...(kinds ? { 'x-kubernetes-group-version-kind': kinds } : {}),
      ...(data.mapType ? { 'x-kubernetes-map-type': data.mapType } : {}),
      ...(data.unions ? { 'x-kubernetes-unions': data.unions } : {}),
    };
  }

  #property(field: ResolvedField): Json {
    const { resolved: type } = field;
    const zero = field.told ? (field.default ?? this.#zero(type, true)) : field.ptr ? undefined : this.#zero(type, field.always === true);
    return {
      ...(field.doc ? { description: field.doc } : {}),
      ...this.#schema(type, field.undescribed !== true, field.enum),
      ...this.#default(zero),
      ...(field.listMapKeys ? { 'x-kubernetes-list-map-keys': field.listMapKeys } : {}),
      ...(field.listType ? { 'x-kubernetes-list-type': field.listType } : {}),
      ...(field.mapType ? { 'x-kubernetes-map-type': field.mapType } : {}),
      ...(field.patchMergeKey ? { 'x-kubernetes-patch-merge-key': field.patchMergeKey } : {}),
      ...(field.patchStrategy ? { 'x-kubernetes-patch-strategy': field.patchStrategy } : {}),
    };
  }

  /** Version 2 says nothing of defaults: clients of it would take them for values that were asked for. */
  #default(value: unknown): Json {
    return value === undefined || this.#dialect === 2 ? {} : { default: value };
  }

  /** The default that stands for a value that is never absent. */
  #zero(type: Type, always: boolean): unknown {
    if (type.kind === 'struct') return {};
    return type.kind === 'scalar' && always ? zeros[type.name] : undefined;
  }

  #schema(type: Type, withSiblings: boolean, values?: readonly string[]): Json {
    switch (type.kind) {
      case 'scalar':
        return values ? { ...scalars[type.name], enum: values.toSorted() } : scalars[type.name]!;
      case 'special':
        return this.#reference(specials[type.name]!.name, withSiblings);
      case 'struct':
        return this.#reference(openapiName(type.struct), withSiblings);
      case 'list':
        return { type: 'array', items: this.#element(type.of, values) };
      case 'map':
        return { type: 'object', additionalProperties: this.#element(type.of, values) };
    }
  }

  #element(type: Type, values?: readonly string[]): Json {
    const zero = this.#zero(type, true);
    return { ...this.#schema(type, zero !== undefined, values), ...this.#default(zero) };
  }

  /** In version 3 a reference that has neighbours is wrapped, because they would not count; fields are described, or are to be. */
  #reference(name: string, withSiblings: boolean): Json {
    this.need(name);
    const reference = { $ref: this.prefix + name };
    return this.#dialect === 3 && withSiblings ? { allOf: [reference] } : reference;
  }
}

const info = { title: 'Kubernetes', version: '1.34' };
const customInfo = { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' };
const security = [{ BearerToken: [] }];
const bearer = { type: 'apiKey', name: 'authorization', in: 'header', description: 'Bearer Token authentication' };

/** The document of one group and version, as /openapi/v3/apis/<group>/<version> serves it; that of custom resources says less. */
export function openapiV3(registry: Registry, resources: readonly ResourceDefinition[], group: string, version: string): Json {
  const own = resources.filter((r) => r.group === group && r.version === version);
  const isCustom = own.length > 0 && own.every((r) => r.custom);
  const definitions = new Definitions(3, registry, own);
  const paths: Json = isCustom ? {} : { [`${rootOf(group, version)}/`]: pathV3(resourceListPath(group, version), definitions) };
  for (const path of own.flatMap((r) => pathsOf(registry, r)).sort(byPath)) paths[path.path] = pathV3(path, definitions);
  const schemas = definitions.sorted();
  return { openapi: '3.0.0', info: isCustom ? customInfo : info, paths, components: isCustom ? { schemas } : { schemas, securitySchemes: { BearerToken: bearer } } };
}

/** The document of discovery itself, of the version or of the issuer of tokens, as /openapi/v3/<name> serves it. */
export function openapiV3OfDiscovery(registry: Registry, path: Path): Json {
  const definitions = new Definitions(3, registry, []);
  const paths = { [path.path]: pathV3(path, definitions) };
  const schemas = definitions.sorted();
  return { openapi: '3.0.0', info, paths, components: { ...(Object.keys(schemas).length ? { schemas } : {}), securitySchemes: { BearerToken: bearer } } };
}

/** The document of everything, as /openapi/v2 serves it. */
export function openapiV2(registry: Registry, resources: readonly ResourceDefinition[], discovery: Iterable<Path>): Json {
  const definitions = new Definitions(2, registry, resources);
  const shared = new SharedParameters();
  const paths: Json = {};
  const versions = new Map(resources.filter((r) => !r.custom).map((r) => [rootOf(r.group, r.version), r]));
  const lists = [...versions.values()].map((r) => resourceListPath(r.group, r.version));
  const all = [...lists, ...discovery, ...resources.flatMap((r) => pathsOf(registry, r))];
  for (const path of all.sort(byPath)) paths[path.path] = pathV2(path, definitions, shared);
  return { swagger: '2.0', info, paths, definitions: definitions.sorted(), parameters: shared.sorted(), securityDefinitions: { BearerToken: bearer }, security };
}

function byPath(a: Path, b: Path): number {
  return a.path < b.path ? -1 : 1;
}

function resourceListPath(group: string, version: string): Path {
  const word = tagOf(group, version).replace(/_./, (m) => m.slice(1).toUpperCase());
  return {
    path: `${rootOf(group, version)}/`, parameters: [],
    operations: [{
      method: 'get', id: `get${word.charAt(0).toUpperCase()}${word.slice(1)}APIResources`, tag: tagOf(group, version), description: 'get available resources', action: '',
      gvk: { group: '', version: '', kind: '' }, parameters: [], answers: { '200': `${meta}.APIResourceList` }, bodyTypes: objectTypes, produces: objectTypes,
    }],
  };
}

function extrasOf(operation: Operation): Json {
  return operation.action ? { 'x-kubernetes-action': operation.action, 'x-kubernetes-group-version-kind': operation.gvk } : {};
}

function byName(a: Parameter, b: Parameter): number {
  return a.name < b.name ? -1 : 1;
}

function answerText(code: string): string {
  return { '200': 'OK', '201': 'Created', '202': 'Accepted' }[code] ?? '';
}

function pathV3(path: Path, definitions: Definitions): Json {
  const parameter = (p: Parameter): Json => ({ name: p.name, in: p.in, description: p.description, ...(p.in === 'path' ? { required: true } : {}), schema: { type: p.type, uniqueItems: true } });
  const schema = (name: string): Json => {
    if (name === 'string') return { type: 'string' };
    definitions.need(name);
    return { $ref: definitions.prefix + name };
  };
  const content = (types: readonly string[], name: string): Json => Object.fromEntries(types.map((type) => [type, { schema: schema(name) }]));
  const operations = path.operations.map((o) => [
    o.method,
    {
      tags: [o.tag],
      description: o.description,
      operationId: o.id,
      ...(o.parameters.length ? { parameters: o.parameters.toSorted(byName).map(parameter) } : {}),
      ...(o.body ? { requestBody: { content: content(o.bodyTypes ?? ['*/*'], o.body), ...(o.method === 'delete' ? {} : { required: true }) } } : {}),
      responses: { ...Object.fromEntries(Object.entries(o.answers).map(([code, name]) => [code, { description: answerText(code), content: content(o.produces, name) }])), '401': { description: 'Unauthorized' } },
      ...extrasOf(o),
    },
  ]);
  return { ...Object.fromEntries(operations), ...(path.parameters.length ? { parameters: path.parameters.toSorted(byName).map(parameter) } : {}) };
}

function pathV2(path: Path, definitions: Definitions, shared: SharedParameters): Json {
  const parameter = (p: Parameter): Json => ({ uniqueItems: true, type: p.type, description: p.description, name: p.name, in: p.in, ...(p.in === 'path' ? { required: true } : {}) });
  const schema = (name: string): Json => {
    if (name === 'string') return { type: 'string' };
    definitions.need(name);
    return { $ref: definitions.prefix + name };
  };
  const operations = path.operations.map((o) => {
    const body = o.body ? [{ name: 'body', in: 'body', ...(o.method === 'delete' ? {} : { required: true }), schema: schema(o.body) }] : [];
    const parameters = [...body, ...o.parameters.toSorted(byName).map(parameter)].map((p) => shared.place(p));
    const consumes = o.bodyTypes ?? ['*/*'];
    return [
      o.method,
      {
        description: o.description,
        ...(consumes.length ? { consumes } : {}),
        produces: o.produces,
        schemes: ['https'],
        tags: [o.tag],
        operationId: o.id,
        ...(parameters.length ? { parameters } : {}),
        responses: { ...Object.fromEntries(Object.entries(o.answers).map(([code, name]) => [code, { description: answerText(code), schema: schema(name) }])), '401': { description: 'Unauthorized' } },
        ...extrasOf(o),
      },
    ];
  });
  return { ...Object.fromEntries(operations), ...(path.parameters.length ? { parameters: path.parameters.toSorted(byName).map(parameter).map((p) => shared.place(p)) } : {}) };
}
