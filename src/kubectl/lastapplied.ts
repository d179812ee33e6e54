/** The annotation in which client-side apply remembers what it applied. */
import type { JsonObject, JsonValue } from '../machinery/json.ts';
import { compareBytes, jsonText } from '../machinery/jsontext.ts';
import { metadataOf } from './resources.ts';

export const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.keys(value).sort(compareBytes).map((key) => [key, sorted(value[key]!)]));
}

/** The object's text without the annotation itself. */
export function configurationText(object: JsonObject): string {
  const { annotations, ...metadata } = metadataOf(object);
  const { [lastApplied]: _, ...others } = annotations ?? {};
  return `${jsonText(sorted({ ...object, metadata: { ...metadata, annotations: others } as JsonObject }))}\n`;
}

/** The object with its own text in the annotation. */
export function annotated(object: JsonObject): JsonObject {
  const metadata = metadataOf(object);
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, [lastApplied]: configurationText(object) } } as JsonObject };
}
