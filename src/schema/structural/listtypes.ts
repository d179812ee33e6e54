/** Items of sets, and keys of lists that are maps, may stand only once. */
import { jsonText } from '../../machinery/jsontext.ts';
import { duplicate, invalid } from '../../machinery/fieldpath.ts';
import type { FieldError } from '../../machinery/status.ts';
import { additionalOf, isMembers, itemsOf, propertyOf, type JsonSchema } from './schema.ts';

export function validateListTypes(value: unknown, schema: JsonSchema | undefined, path = ''): FieldError[] {
  if (schema === undefined) return [];
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    return [...validateList(value, schema, path), ...(items ? value.flatMap((item, i) => validateListTypes(item, items, `${path}[${i}]`)) : [])];
  }
  if (!isMembers(value)) return [];
  const additional = additionalOf(schema).schema;
  return Object.keys(value).flatMap((key) => {
    const declared = propertyOf(schema, key);
    if (declared) return validateListTypes(value[key], declared, path === '' ? key : `${path}.${key}`);
    return additional ? validateListTypes(value[key], additional, `${path}[${key}]`) : [];
  });
}

function validateList(list: readonly unknown[], schema: JsonSchema, path: string): FieldError[] {
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return repeated(list).map((i) => duplicate(`${path}[${i}]`, list[i]));
    case 'map': {
      const stray = list.findIndex((item) => item !== null && !isMembers(item));
      if (stray >= 0) return [invalid(`${path}[${stray}]`, list[stray], 'must be an object for an array of list-type map')];
      const names = list.map((item) => Object.fromEntries((schema['x-kubernetes-list-map-keys'] ?? []).flatMap((key) => (isMembers(item) && Object.hasOwn(item, key) ? [[key, item[key]]] : []))));
      return repeated(names).map((i) => duplicate(`${path}[${i}]`, names[i]));
    }
    default:
      return [];
  }
}

/** Where each value that stands more than once stands for the second time. */
function repeated(values: readonly unknown[]): number[] {
  const times = new Map<string, number>();
  return values.flatMap((value, i) => {
    const text = jsonText(value);
    const seen = (times.get(text) ?? 0) + 1;
    times.set(text, seen);
    return seen === 2 ? [i] : [];
  });
}
