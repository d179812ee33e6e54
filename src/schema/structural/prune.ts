/** Takes out of a custom resource what its schema does not know. */
import { additionalOf, asResource, isMembers, itemsOf, propertyOf, resourceFields, type JsonSchema } from './schema.ts';

/** Changes `object`, and answers the paths of what went, in order: `spec.list[0].x`. */
export function pruneResource(object: unknown, schema: JsonSchema | undefined): string[] {
  const unknown: string[] = [];
  prune(object, asResource(schema), '', unknown);
  return unknown.sort();
}

/** The same for a value inside a resource, such as a default. */
export function pruneValue(value: unknown, schema: JsonSchema): void {
  prune(value, schema, '', []);
}

function member(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function prune(value: unknown, schema: JsonSchema | undefined, path: string, unknown: string[]): void {
  const keeps = schema?.['x-kubernetes-preserve-unknown-fields'] === true;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    if (keeps && !items) return;
    for (const [i, item] of value.entries()) prune(item, items, `${path}[${i}]`, unknown);
    return;
  }
  if (!isMembers(value)) return;
  const additional = additionalOf(schema);
  for (const key of Object.keys(value)) {
    if (schema?.['x-kubernetes-embedded-resource'] && resourceFields.has(key)) continue;
    const declared = propertyOf(schema, key);
    if (declared) prune(value[key], declared, member(path, key), unknown);
    else if (additional.allowed) prune(value[key], additional.schema, member(path, key), unknown);
    else if (!keeps) {
      unknown.push(member(path, key));
      delete value[key];
    }
  }
}
