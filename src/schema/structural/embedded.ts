/** Resources that stand inside custom resources: they say what they are. */
import { invalid, required } from '../../machinery/fieldpath.ts';
import { label1035Complaints, nameIsPathSegment } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { validateMetadata } from '../metadata.ts';
import { additionalOf, isMembers, itemsOf, propertyOf, type JsonSchema, type Members } from './schema.ts';

/** The resource itself is not looked at, only what its schema calls a resource. */
export function validateEmbedded(value: unknown, schema: JsonSchema | undefined, path = ''): FieldError[] {
  if (schema === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((item, i) => validateEmbedded(item, itemsOf(schema), `${path}[${i}]`));
  if (!isMembers(value)) return [];
  const additional = additionalOf(schema).schema;
  const below = Object.keys(value).flatMap((key) => {
    const declared = propertyOf(schema, key);
    return declared ? validateEmbedded(value[key], declared, path === '' ? key : `${path}.${key}`) : validateEmbedded(value[key], additional, `${path}[${key}]`);
  });
  if (!schema['x-kubernetes-embedded-resource'] || path === '') return below;
  const text = (key: 'apiVersion' | 'kind'): FieldError[] => {
    const at = `${path}.${key}`;
    if (!Object.hasOwn(value, key)) return [required(at)];
    const said = value[key];
    if (typeof said !== 'string') return [invalid(at, said, 'must be a string')];
    if (said === '') return [invalid(at, said, 'must not be empty')];
    if (key === 'apiVersion' && said.split('/').length > 2) return [invalid(at, said, `unexpected GroupVersion string: ${said}`)];
    const complaints = key === 'kind' ? label1035Complaints(said.toLowerCase()) : [];
    return complaints.length > 0 ? [invalid(at, said, `may have mixed case, but should otherwise match: ${complaints.join(',')}`)] : [];
  };
  return [...text('apiVersion'), ...text('kind'), ...metadataErrors(value['metadata'], `${path}.metadata`), ...below];
}

/** It may be without a name. */
function metadataErrors(metadata: unknown, path: string): FieldError[] {
  if (!isMembers(metadata)) return [];
  return validateMetadata({ ...metadata, name: metadata['name'] || 'unnamed' } as never, { namespaced: Boolean(metadata['namespace']), nameRule: nameIsPathSegment }, path);
}

/** Visits every resource below the root that has metadata. */
export function eachEmbedded(value: unknown, schema: JsonSchema | undefined, visit: (resource: Members, path: string) => void, path = ''): void {
  if (schema === undefined) return;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) eachEmbedded(item, itemsOf(schema), visit, `${path}[${i}]`);
    return;
  }
  if (!isMembers(value)) return;
  if (path !== '' && schema['x-kubernetes-embedded-resource'] && isMembers(value['metadata'])) visit(value, path);
  const additional = additionalOf(schema).schema;
  for (const key of Object.keys(value)) eachEmbedded(value[key], propertyOf(schema, key) ?? additional, visit, path === '' ? key : `${path}.${key}`);
}
