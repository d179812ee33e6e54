/** Whether a schema is structural: every field's type stands outside of the alternatives, once. */
import { isDeepStrictEqual } from 'node:util';
import { forbidden, invalid, required } from '../../machinery/fieldpath.ts';
import type { FieldError } from '../../machinery/status.ts';
import { compilePattern } from '../../schema/structural/pattern.ts';
import { additionalOf, itemsOf, propertyOf, type JsonSchema } from '../../schema/structural/schema.ts';

type Level = 'root' | 'item' | 'field';

const intOrString: readonly JsonSchema[] = [{ type: 'integer' }, { type: 'string' }];

export function validateStructuralSchema(schema: JsonSchema, path: string): FieldError[] {
  const out: FieldError[] = [];
  checkNode(schema, 'root', path, out);
  complete(schema, schema, path, path, out);
  return out.sort((a, b) => (`${a.field}: ${a.detail}` < `${b.field}: ${b.detail}` ? -1 : 1));
}

function checkNode(s: JsonSchema, level: Level, path: string, out: FieldError[]): void {
  const items = itemsOf(s);
  if (s.type === 'array' && s.items === undefined) out.push(required(`${path}.items`, 'must be specified'));
  if (items) checkNode(items, 'item', `${path}.items`, out);
  for (const [key, value] of Object.entries(s.properties ?? {})) checkNode(value, 'field', `${path}.properties[${key}]`, out);
  const additional = additionalOf(s);
  if (s.additionalProperties !== undefined && level === 'root') out.push(forbidden(`${path}.additionalProperties`, 'must not be used at the root'));
  if (additional.schema) checkNode(additional.schema, 'field', `${path}.additionalProperties`, out);
  checkExtensions(s, path, out);
  checkValues(s, isDeepStrictEqual(s.anyOf, intOrString), isDeepStrictEqual(s.allOf?.[0]?.anyOf, intOrString), path, out);
  checkType(s, level, path, out);
  checkHead(s, level, path, out);
}

function checkExtensions(s: JsonSchema, path: string, out: FieldError[]): void {
  if (!s['x-kubernetes-int-or-string']) return;
  for (const key of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const) {
    if (s[key]) out.push(invalid(`${path}.${key}`, true, 'must be false if x-kubernetes-int-or-string is true'));
  }
}

function checkType(s: JsonSchema, level: Level, path: string, out: FieldError[]): void {
  const embedded = s['x-kubernetes-embedded-resource'] === true;
  const words = 'must be object if x-kubernetes-embedded-resource is true';
  if (embedded && s.type !== 'object') out.push(s.type ? invalid(`${path}.type`, s.type, words) : required(`${path}.type`, words));
  else if (!s.type && !s['x-kubernetes-int-or-string'] && !s['x-kubernetes-preserve-unknown-fields']) {
    out.push(required(`${path}.type`, { root: 'must not be empty at the root', item: 'must not be empty for specified array items', field: 'must not be empty for specified object fields' }[level]));
  }
  if (embedded && s.additionalProperties !== undefined) out.push(forbidden(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'));
  if (level === 'root' && s.type && s.type !== 'object') out.push(invalid(`${path}.type`, s.type, 'must be object at the root'));
  if (embedded && !s['x-kubernetes-preserve-unknown-fields'] && Object.keys(s.properties ?? {}).length === 0) {
    out.push(required(`${path}.properties`, 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'));
  }
}

/** Of apiVersion, kind and metadata a schema may say little. */
function checkHead(s: JsonSchema, level: Level, path: string, out: FieldError[]): void {
  const resource = level === 'root' || s['x-kubernetes-embedded-resource'] === true;
  if (resource) {
    for (const key of ['kind', 'apiVersion']) {
      const stated = propertyOf(s, key);
      if (stated && stated.type !== 'string') out.push(invalid(`${path}.properties[${key}].type`, stated.type ?? '', 'must be string'));
    }
  }
  const metadata = propertyOf(s, 'metadata');
  if (!metadata) return;
  const at = `${path}.properties[metadata]`;
  if (resource && metadata.type !== 'object') out.push(invalid(`${at}.type`, metadata.type ?? '', 'must be object'));
  if (level !== 'root') return;
  const { type: _type, default: _default, properties, ...rest } = metadata;
  const others = Object.keys(properties ?? {}).some((key) => key !== 'name' && key !== 'generateName');
  if (others || Object.keys(rest).length > 0) out.push(forbidden(at, 'must not specify anything other than name and generateName, but metadata is implicitly specified'));
}

/** What judges values, at a node or below an alternative. */
function checkValues(s: JsonSchema, skipAnyOf: boolean, skipFirstAllOf: boolean, path: string, out: FieldError[]): void {
  if (!skipAnyOf) for (const [i, v] of (s.anyOf ?? []).entries()) checkNested(v, false, `${path}.anyOf[${i}]`, out);
  for (const [i, v] of (s.allOf ?? []).entries()) checkNested(v, skipFirstAllOf && i === 0, `${path}.allOf[${i}]`, out);
  for (const [i, v] of (s.oneOf ?? []).entries()) checkNested(v, false, `${path}.oneOf[${i}]`, out);
  if (s.not) checkNested(s.not, false, `${path}.not`, out);
  if (!s.pattern) return;
  try {
    compilePattern(s.pattern);
  } catch (error) {
    out.push(invalid(`${path}.pattern`, s.pattern, `must be a valid regular expression, but isn't: ${(error as Error).message}`));
  }
}

const onlyStructural: readonly (readonly [keyof JsonSchema, string])[] = [
  ['type', 'must be empty to be structural'], ['additionalProperties', 'must be undefined to be structural'], ['default', 'must be undefined to be structural'], ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'], ['nullable', 'must be false to be structural'], ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'], ['x-kubernetes-int-or-string', 'must be false to be structural'], ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'], ['x-kubernetes-map-type', 'must be undefined to be structural'], ['x-kubernetes-validations', 'must be empty to be structural'],
];

function checkNested(v: JsonSchema, skipAnyOf: boolean, path: string, out: FieldError[]): void {
  checkValues(v, skipAnyOf, false, path, out);
  const items = itemsOf(v);
  if (items) checkNested(items, false, `${path}.items`, out);
  for (const [key, value] of Object.entries(v.properties ?? {})) checkNested(value, false, `${path}.properties[${key}]`, out);
  for (const [key, words] of onlyStructural) if (v[key] !== undefined && v[key] !== '' && v[key] !== false) out.push(forbidden(`${path}.${key}`, words));
  if (propertyOf(v, 'metadata')) out.push(forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context'));
}

/** What an alternative speaks of must be there outside of it as well. */
function complete(v: JsonSchema, s: JsonSchema | undefined, structuralPath: string, path: string, out: FieldError[]): void {
  const nested: (readonly [JsonSchema, string])[] = [
    ...(v.not ? [[v.not, `${path}.not`] as const] : []),
    ...(['allOf', 'anyOf', 'oneOf'] as const).flatMap((key) => (v[key] ?? []).map((alternative, i) => [alternative, `${path}.${key}[${i}]`] as const)),
  ];
  for (const [alternative, at] of nested) completeNested(alternative, s, structuralPath, at, out);
}

function completeNested(v: JsonSchema, s: JsonSchema | undefined, structuralPath: string, path: string, out: FieldError[]): void {
  if (s === undefined) {
    out.push(required(structuralPath, `because it is defined in ${path}`));
    return;
  }
  complete(v, s, structuralPath, path, out);
  const items = itemsOf(v);
  if (items) completeNested(items, itemsOf(s), `${structuralPath}.items`, `${path}.items`, out);
  for (const [key, value] of Object.entries(v.properties ?? {})) completeNested(value, propertyOf(s, key), `${structuralPath}.properties[${key}]`, `${path}.properties[${key}]`, out);
}
