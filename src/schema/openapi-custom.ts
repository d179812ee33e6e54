/** OpenAPI definitions of custom resources: their own schemas, with what every object has. */
import type { Json } from './openapi-operations.ts';
import { additionalOf, isMembers, itemsOf, type JsonSchema } from './structural/schema.ts';
import type { ResourceDefinition } from './vocabulary.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const texts = {
  apiVersion: { type: 'string', description: 'APIVersion defines which version of which group the object is written in.' },
  kind: { type: 'string', description: 'Kind says what the object is; no update changes it.' },
};

/** A reference to another definition, which it also adds to the document. */
export type Refer = (name: string, isDescribed: boolean) => Json;

/** The definitions of the resource and of its list, by name. */
export function customDefinitions(resource: ResourceDefinition, dialect: 2 | 3): ReadonlyMap<string, (refer: Refer) => Json> {
  const { custom, group, version, kind } = resource;
  if (!custom) return new Map();
  const { definition, listKind, schema } = custom;
  const known = (k: string): Json => ({ 'x-kubernetes-group-version-kind': [{ group, version, kind: k }] });
  return new Map([
    [definition, (refer: Refer) => ({ ...objectSchema(schema, dialect, refer), ...known(kind) })],
    [`${definition}List`, (refer: Refer) => ({
      description: `A list of ${kind}.`, type: 'object', required: ['items'],
      properties: { ...texts, items: { type: 'array', description: `List of ${resource.resource}.`, items: refer(definition, false) }, metadata: described(refer(`${meta}.ListMeta`, true)) },
      ...known(listKind),
    })],
  ]);
}

function described(reference: Json): Json {
  return { description: "Standard object's metadata.", ...reference };
}

function objectSchema(schema: JsonSchema | undefined, dialect: 2 | 3, refer: Refer): Json {
  // With properties but not those of the object itself, clients would refuse what is unknown to them.
  if (!schema || (dialect === 2 && schema['x-kubernetes-preserve-unknown-fields'])) return { type: 'object' };
  const out = published(schema, dialect, refer);
  return { ...out, properties: withHead(out['properties'], refer) };
}

function withHead(properties: unknown, refer: Refer): Json {
  return { ...(isMembers(properties) ? properties : {}), ...texts, metadata: described(refer(`${meta}.ObjectMeta`, true)) };
}

/** The schema as it is; version 2 knows neither alternatives nor nulls, and its readers take what is untyped for free. */
function published(schema: JsonSchema, dialect: 2 | 3, refer: Refer): Json {
  const { properties, items: _items, additionalProperties: _additional, ...rest } = schema;
  const out: Json = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined && value !== null && value !== false && value !== ''));
  const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const free = dialect === 2 && (keeps || schema.nullable === true);
  const additional = additionalOf(schema);
  const items = itemsOf(schema);
  if (dialect === 2) for (const key of ['allOf', 'anyOf', 'oneOf', 'not', 'nullable', 'default']) delete out[key];
  else if (schema['x-kubernetes-int-or-string'] && out['anyOf'] === undefined) out['anyOf'] = [{ type: 'integer' }, { type: 'string' }];
  if (items && !free) out['items'] = published(items, dialect, refer);
  if (properties && !free) out['properties'] = Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, published(value, dialect, refer)]));
  if (additional.allowed) out['additionalProperties'] = additional.schema ? published(additional.schema, dialect, refer) : true;
  if (dialect === 2 && (schema.nullable || (keeps && schema.type === 'object') || (schema.type === 'array' && out['items'] === undefined))) delete out['type'];
  if (dialect === 2 && schema.required && properties) {
    const required = schema.required.filter((key) => properties[key]?.nullable !== true);
    if (required.length > 0) out['required'] = required;
    else delete out['required'];
  }
  if (schema['x-kubernetes-embedded-resource'] && !(dialect === 2 && keeps)) out['properties'] = withHead(out['properties'], refer);
  return out;
}
