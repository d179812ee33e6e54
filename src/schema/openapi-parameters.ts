/** Parameters of a version 2 document that many operations take: said once, under a name with a hash, and referred to. */
import { createHash } from 'node:crypto';
import type { Json } from './openapi-operations.ts';

/** Clients look for these two in the operation itself. */
const lookedFor: ReadonlySet<unknown> = new Set(['dryRun', 'fieldValidation']);

export class SharedParameters {
  readonly #names = new Map<string, string>();
  readonly #out = new Map<string, Json>();

  /** The parameter itself, or the reference to it. */
  place(parameter: Json): Json {
    if (!isShared(parameter)) return parameter;
    const text = JSON.stringify(parameter);
    let name = this.#names.get(text);
    if (name === undefined) {
      name = `${String(parameter['name'])}-${createHash('sha256').update(text).digest('base64url').slice(0, 8)}`;
      this.#names.set(text, name);
      this.#out.set(name, parameter);
    }
    return { $ref: `#/parameters/${name}` };
  }

  sorted(): Json {
    return Object.fromEntries([...this.#out].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** Names are those of one kind, and bodies its objects, except for those of the machinery. */
function isShared({ name, in: place, schema }: Json): boolean {
  if (place === 'body') return String((schema as Json)['$ref']).startsWith('#/definitions/io.k8s.apimachinery');
  return name !== 'name' && !lookedFor.has(name);
}
