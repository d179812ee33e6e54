/** What this kubectl knows of the built-in kinds without asking a server. */
import { packages } from '../api/catalog.ts';
import type { JsonObject } from '../machinery/json.ts';
import { normalise } from '../schema/json.ts';
import { Registry, type StructType } from '../schema/registry.ts';
import type { Mapping } from './discovery.ts';

export class Builtins {
  readonly #registry = new Registry(packages);

  /** Undefined for custom resources. */
  struct(mapping: Pick<Mapping, 'group' | 'version' | 'kind'>): StructType | undefined {
    const type = this.#registry.typeOf(mapping.group, mapping.version, mapping.kind);
    return type === undefined ? undefined : this.#registry.struct(type);
  }

  /** The object as it looks after a round trip through its type: what a dry run prints. */
  complete(object: JsonObject): JsonObject {
    const apiVersion = String(object['apiVersion']);
    const slash = apiVersion.indexOf('/');
    const type = this.#registry.typeOf(slash < 0 ? '' : apiVersion.slice(0, slash), apiVersion.slice(slash + 1), String(object['kind']));
    return type === undefined ? object : normalise(this.#registry, type, object);
  }
}
