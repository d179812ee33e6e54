/** Fills in the defaults that a custom resource's schema declares. */
import { thaw } from '../../machinery/json.ts';
import { additionalOf, isMembers, itemsOf, propertyOf, type JsonSchema } from './schema.ts';

function isForeignNull(value: unknown, schema: JsonSchema | undefined): boolean {
  return value === null && schema !== undefined && schema.nullable !== true;
}

/** A null where none may be counts as absent. Changes `value`. */
export function applyStructuralDefaults(value: unknown, schema: JsonSchema | undefined): void {
  if (schema === undefined) return;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    for (const [i, item] of value.entries()) {
      if (isForeignNull(item, items) && items?.default !== undefined) value[i] = thaw(items.default);
      applyStructuralDefaults(value[i], items);
    }
    return;
  }
  if (!isMembers(value)) return;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.default === undefined || property.default === null) continue;
    if (!Object.hasOwn(value, key) || isForeignNull(value[key], property)) value[key] = thaw(property.default);
  }
  const additional = additionalOf(schema).schema;
  for (const key of Object.keys(value)) {
    const below = propertyOf(schema, key) ?? additional;
    if (below === additional && isForeignNull(value[key], additional) && additional?.default !== undefined) value[key] = thaw(additional.default);
    applyStructuralDefaults(value[key], below);
  }
}

/** Nulls where none may be, and for which there is no default, are dropped, as if they had not been sent. */
export function dropForeignNulls(value: unknown, schema: JsonSchema | undefined): void {
  if (Array.isArray(value)) {
    for (const item of value) dropForeignNulls(item, itemsOf(schema));
    return;
  }
  if (!isMembers(value)) return;
  for (const key of Object.keys(value)) {
    const below = propertyOf(schema, key) ?? additionalOf(schema).schema;
    if (isForeignNull(value[key], below) && below?.default === undefined) delete value[key];
    else dropForeignNulls(value[key], below);
  }
}
