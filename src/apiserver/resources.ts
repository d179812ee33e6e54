/** What is served: the dynamic table of groups, versions and resources. Custom resources come and go in it. */
import type { KindRules, ResourceDefinition, Subresource } from '../schema/vocabulary.ts';
import type { ServingRequest } from '../serving/request.ts';
import type { RequestInfo } from '../serving/requestinfo.ts';
import type { ApiObject, ReadonlyObject } from './objects.ts';
import type { Selectable } from './registry/selection.ts';
import type { Storage, WriteScope } from './registry/storage.ts';
import type { View } from './registry/views.ts';

/** A POST that makes something other than a stored object of this kind: reviews, bindings, tokens. */
export type Creator = (object: ApiObject, target: { readonly namespace: string; readonly name: string }, scope: WriteScope) => Promise<ApiObject>;

/** Answers the request itself: logs, exec, proxy. `options`: what the query asks for, as the object of its kind. */
export type Connector = (request: ServingRequest, info: RequestInfo, options: ReadonlyObject) => Promise<void>;

export interface ServedSubresource {
  readonly definition: Subresource;
  readonly view: View;
  readonly create?: Creator;
  readonly connect?: Connector;
}

export interface Served extends Selectable {
  readonly definition: ResourceDefinition;
  readonly group: string;
  readonly view: View;
  readonly storage?: Storage;
  /** Rules of the stored kind; its columns are what tables show. */
  readonly rules: KindRules<ApiObject>;
  readonly create?: Creator;
  /** What every request to a deprecated version is warned with. */
  readonly deprecation?: string;
  /** For what is not stored but can be listed. */
  readonly listVirtual?: () => Promise<readonly ReadonlyObject[]>;
  readonly subresources: ReadonlyMap<string, ServedSubresource>;
}

export class ResourceTable {
  readonly #byKey = new Map<string, Served>();
  /** group -> versions in the order of preference -> resources in the order of discovery. */
  readonly #groups = new Map<string, Map<string, Served[]>>();
  #generation = 0;

  /** Changes with every change of the table. */
  get generation(): number {
    return this.#generation;
  }

  add(served: Served): void {
    const { group, version, resource } = served.definition;
    this.#byKey.set(`${group}/${version}/${resource}`, served);
    let versions = this.#groups.get(group);
    if (!versions) this.#groups.set(group, (versions = new Map()));
    const list = versions.get(version);
    if (list) list.push(served);
    else versions.set(version, [served]);
    this.#generation++;
  }

  /** Gives a resource, or one of its subresources, behaviour of its own. */
  extend(group: string, version: string, resource: string, parts: Partial<Pick<Served, 'create' | 'listVirtual'>>, subresource?: { readonly name: string } & Partial<Omit<ServedSubresource, 'definition'>>): void {
    const served = this.find(group, version, resource);
    if (!served) return;
    Object.assign(served, parts);
    if (!subresource) return;
    const { name, ...behaviour } = subresource;
    const present = served.subresources.get(name);
    if (present) (served.subresources as Map<string, ServedSubresource>).set(name, { ...present, ...behaviour });
  }

  remove(group: string, version: string, resource: string): void {
    const versions = this.#groups.get(group);
    const list = versions?.get(version);
    const at = list?.findIndex((s) => s.definition.resource === resource) ?? -1;
    if (!versions || !list || at < 0) return;
    list.splice(at, 1);
    if (list.length === 0) versions.delete(version);
    if (versions.size === 0) this.#groups.delete(group);
    this.#byKey.delete(`${group}/${version}/${resource}`);
    this.#generation++;
  }

  find(group: string, version: string, resource: string): Served | undefined {
    return this.#byKey.get(`${group}/${version}/${resource}`);
  }

  hasVersion(group: string, version: string): boolean {
    return this.#groups.get(group)?.has(version) === true;
  }

  groups(): string[] {
    return [...this.#groups.keys()];
  }

  versions(group: string): string[] {
    return [...(this.#groups.get(group)?.keys() ?? [])];
  }

  resources(group: string, version: string): readonly Served[] {
    return this.#groups.get(group)?.get(version) ?? [];
  }

  all(): Iterable<Served> {
    return this.#byKey.values();
  }
}
