/** The annotation in which client-side apply remembers what it applied. */
import type { JsonObject } from '../machinery/json.ts';
import { jsonText } from '../machinery/jsontext.ts';
import { sortedKeys } from './printers/output.ts';
import { metadataOf } from './resources.ts';

export const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** The object's text without the annotation itself. */
export function configurationText(object: JsonObject): string {
  const { annotations, ...metadata } = metadataOf(object);
  const { [lastApplied]: _, ...others } = annotations ?? {};
  return `${jsonText(sortedKeys({ ...object, metadata: { ...metadata, annotations: others } as JsonObject }))}\n`;
}

/** The object with its own text in the annotation. */
export function annotated(object: JsonObject): JsonObject {
  const metadata = metadataOf(object);
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, [lastApplied]: configurationText(object) } } as JsonObject };
}
