/** The schema of a version as its definition states it: what may stand in one, and that its defaults fit. */
import { isDeepStrictEqual } from 'node:util';
import { forbidden, invalid, notSupported, required } from '../../machinery/fieldpath.ts';
import { thaw } from '../../machinery/json.ts';
import type { FieldError } from '../../machinery/status.ts';
import { validateEmbedded } from '../../schema/structural/embedded.ts';
import { pruneResource, pruneValue } from '../../schema/structural/prune.ts';
import { ruleTree, validateRules } from '../../schema/structural/rules.ts';
import { additionalOf, isMembers, itemsOf, resourceFields, type JsonSchema } from '../../schema/structural/schema.ts';
import { validateStructural } from '../../schema/structural/validate.ts';
import { validateExpressions } from './expressions.ts';
import { validateStructuralSchema } from './structural.ts';

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
/** Under these names upstream lists them. */
const allowedAtRoot = ['Description', 'Type', 'Format', 'Title', 'Maximum', 'ExclusiveMaximum', 'Minimum', 'ExclusiveMinimum', 'MaxLength', 'MinLength', 'Pattern', 'MaxItems', 'MinItems', 'UniqueItems', 'MultipleOf', 'Required', 'Items', 'Properties', 'ExternalDocs', 'Example', 'XPreserveUnknownFields', 'XValidations'];
const unsupported = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'];

/** `path` ends in `openAPIV3Schema`. */
export function validateSchema(schema: JsonSchema, path: string, hasStatus: boolean): FieldError[] {
  const out: FieldError[] = [];
  if (hasStatus) checkRoot(schema, path, out);
  if (schema.nullable) out.push(forbidden(`${path}.nullable`, 'nullable cannot be true at the root'));
  const structural = validateStructuralSchema(schema, path);
  out.push(...structural);
  if (structural.length === 0) checkDefaults(schema, path, true, out);
  checkSchema(schema, path, true, undefined, out);
  if (namesSchema(schema)) out.push(invalid(path, '', "OpenAPIV3Schema 'schema' is not supported"));
  // Expressions speak of what the schema says: it has to be right first.
  if (out.length === 0) out.push(...validateExpressions(schema, path));
  return out;
}

/** Whether `$schema` stands anywhere in it. */
function namesSchema(s: JsonSchema): boolean {
  if ((s as Record<string, unknown>)['$schema']) return true;
  const [items, additional] = [itemsOf(s), additionalOf(s).schema];
  return [...Object.values(s.properties ?? {}), ...(items ? [items] : []), ...(additional ? [additional] : [])].some(namesSchema);
}

/** The status is judged by its own part of the schema, so nothing may stand at the root that would be lost by that. */
function checkRoot(schema: JsonSchema, path: string, out: FieldError[]): void {
  if (schema.type !== undefined && schema.type !== 'object') out.push(invalid(`${path}.type`, schema.type, 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'));
  const known = new Set(allowedAtRoot.map((name) => name.toLowerCase()));
  const stray = Object.keys(schema).find((key) => !known.has(key.replace(/^x-kubernetes-/, 'x').replaceAll('-', '').toLowerCase()));
  if (stray !== undefined) out.push(invalid(path, schema, `only [${allowedAtRoot.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`));
}

/** `noDefaults`: why there may be none here. */
function checkSchema(s: JsonSchema, path: string, isRoot: boolean, noDefaults: string | undefined, out: FieldError[]): void {
  if (s.type && !types.includes(s.type)) out.push(notSupported(`${path}.type`, s.type, types));
  if (s.default !== undefined && noDefaults !== undefined) out.push(forbidden(`${path}.default`, `must not be set ${noDefaults}`));
  for (const key of unsupported) if ((s as Record<string, unknown>)[key] !== undefined) out.push(forbidden(`${path}.${key}`, `${key} is not supported`));
  if (Array.isArray(s.items)) out.push(forbidden(`${path}.items`, 'items must be a schema object and not an array'));
  if (s.uniqueItems) out.push(forbidden(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'));
  const additional = additionalOf(s);
  if (s.additionalProperties !== undefined && Object.keys(s.properties ?? {}).length > 0 && (additional.schema || !additional.allowed)) {
    out.push(forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'));
  }
  if (additional.schema) checkSchema(additional.schema, `${path}.additionalProperties`, false, noDefaults, out);
  for (const [key, value] of Object.entries(s.properties ?? {})) {
    checkSchema(value, `${path}.properties[${key}]`, false, isRoot && resourceFields.has(key) ? `in top-level ${key}` : noDefaults, out);
  }
  if (s.not) checkSchema(s.not, `${path}.not`, false, noDefaults, out);
  for (const key of ['allOf', 'oneOf', 'anyOf'] as const) for (const [i, v] of (s[key] ?? []).entries()) checkSchema(v, `${path}.${key}[${i}]`, false, noDefaults, out);
  const items = itemsOf(s);
  if (items) checkSchema(items, `${path}.items`, false, noDefaults, out);
  if (s['x-kubernetes-preserve-unknown-fields'] === false) out.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'));
  checkListAndMap(s, path, out);
}

function wrongType(s: JsonSchema, path: string, words: string): FieldError {
  return s.type ? invalid(`${path}.type`, s.type, words) : required(`${path}.type`, words);
}

function checkListAndMap(s: JsonSchema, path: string, out: FieldError[]): void {
  const mapType = s['x-kubernetes-map-type'];
  const listType = s['x-kubernetes-list-type'];
  const items = itemsOf(s);
  const keys = s['x-kubernetes-list-map-keys'] ?? [];
  if (mapType !== undefined && s.type !== 'object') out.push(wrongType(s, path, 'must be object if x-kubernetes-map-type is specified'));
  if (mapType !== undefined && !['atomic', 'granular'].includes(mapType)) out.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']));
  if (listType !== undefined && s.type !== 'array') out.push(wrongType(s, path, 'must be array if x-kubernetes-list-type is specified'));
  else if (listType === 'set' && items) {
    const words = 'must be atomic as item of a list with x-kubernetes-list-type=set';
    const inner = items['x-kubernetes-list-type'];
    if (items.type === 'array' && inner !== undefined && inner !== 'atomic') out.push(invalid(`${path}.items.x-kubernetes-list-type`, inner, words));
    if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') out.push(invalid(`${path}.items.x-kubernetes-map-type`, items['x-kubernetes-list-type'] ?? null, words));
  }
  if (listType !== undefined && !['atomic', 'set', 'map'].includes(listType)) out.push(notSupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']));
  if (keys.length > 0 && listType !== 'map') {
    const words = 'must be map if x-kubernetes-list-map-keys is non-empty';
    out.push(listType === undefined ? required(`${path}.x-kubernetes-list-type`, words) : invalid(`${path}.x-kubernetes-list-type`, listType, words));
  }
  if (listType === 'map') checkMapKeys(s, keys, path, out);
  if ((listType === 'map' || listType === 'set') && items?.nullable) out.push(forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`));
}

function checkMapKeys(s: JsonSchema, keys: readonly string[], path: string, out: FieldError[]): void {
  const items = itemsOf(s);
  const at = `${path}.x-kubernetes-list-map-keys`;
  if (keys.length === 0) out.push(required(at, 'must not be empty if x-kubernetes-list-type is map'));
  if (s.items === undefined) out.push(required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map'));
  if (!items) return;
  if (items.type !== 'object') {
    out.push(invalid(`${path}.items.type`, items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map"));
    return;
  }
  for (const [i, key] of keys.entries()) {
    const property = items.properties?.[key];
    const below = `${path}.items.properties[${key}]`;
    if (!property) out.push(invalid(at, keys, 'entries must all be names of item properties'));
    else if (property.type === 'array' || property.type === 'object') out.push(invalid(`${below}.type`, items.type, "must be a scalar type if parent array's x-kubernetes-list-type is map"));
    if (keys.indexOf(key) < i) out.push(invalid(at, keys, 'must not contain duplicate entries'));
    if (property && !items.required?.includes(key) && property.default === undefined) out.push(required(`${below}.default`, 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'));
    if (property?.nullable) out.push(forbidden(`${below}.nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'));
  }
}

/** What the expressions of a schema say of its own default. */
function brokenRules(s: JsonSchema, path: string): FieldError[] {
  const tree = ruleTree(s, s['x-kubernetes-embedded-resource'] === true);
  return tree ? validateRules(tree, s.default).errors.map((e) => ({ ...e, field: e.field === '<nil>' ? path : `${path}.${e.field}` })) : [];
}

/** Defaults fit the schema that they stand in, and hold nothing that it does not know. */
function checkDefaults(s: JsonSchema, path: string, isRoot: boolean, out: FieldError[]): void {
  if (s.default !== undefined && s.default !== null) {
    const at = `${path}.default`;
    const pruned = thaw<unknown>(s.default);
    if (s['x-kubernetes-embedded-resource']) pruneResource(pruned, s);
    else pruneValue(pruned, s);
    if (!isDeepStrictEqual(pruned, s.default)) out.push(invalid(at, s.default, 'must not have unknown fields'));
    const embedded = validateEmbedded(s.default, s, at);
    const errors = embedded.length > 0 ? embedded : validateStructural(s.default, s, { root: at });
    out.push(...(errors.length > 0 ? errors : brokenRules(s, at)));
  }
  const items = itemsOf(s);
  if (items) checkDefaults(items, `${path}.items`, false, out);
  for (const [key, value] of Object.entries(s.properties ?? {})) {
    // Those of metadata are refused at the root, and belong to an object that is not here otherwise.
    if ((isRoot || s['x-kubernetes-embedded-resource']) && resourceFields.has(key)) continue;
    if (isMembers(value)) checkDefaults(value, `${path}.properties[${key}]`, false, out);
  }
}
