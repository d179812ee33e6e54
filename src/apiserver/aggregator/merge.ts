/** What an extension server says of its resources, in the aggregated form of discovery. */
import type { JsonObject } from '../../machinery/json.ts';

export interface ApiResource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced?: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

export interface ApiResourceList {
  readonly resources?: readonly ApiResource[];
}

export function discoveryOf(group: string, version: string, list: ApiResourceList | undefined, current: boolean): JsonObject {
  const kindOf = (r: ApiResource): JsonObject => ({ group: r.group || group, version: r.version || version, kind: r.kind });
  const scopeOf = (r: ApiResource): string => (r.namespaced ? 'Namespaced' : 'Cluster');
  const resources = new Map<string, JsonObject>();
  const subresources = new Map<string, JsonObject[]>();
  for (const r of list?.resources ?? []) {
    if (r.name.includes('/')) continue;
    resources.set(r.name, {
      resource: r.name, responseKind: kindOf(r), scope: scopeOf(r), singularResource: r.singularName ?? '', verbs: [...r.verbs],
      ...(r.shortNames?.length ? { shortNames: [...r.shortNames] } : {}),
      ...(r.categories?.length ? { categories: [...r.categories] } : {}),
    });
  }
  for (const r of list?.resources ?? []) {
    const slash = r.name.indexOf('/');
    if (slash < 0) continue;
    const parent = r.name.slice(0, slash);
    // Metrics APIs have subresources only: what they are of stands there without a kind and without verbs.
    if (!resources.has(parent)) resources.set(parent, { resource: parent, responseKind: { group: '', version: '', kind: '' }, scope: scopeOf(r), singularResource: '', verbs: [] });
    const entry = { subresource: r.name.slice(slash + 1), responseKind: kindOf(r), verbs: [...r.verbs] };
    const present = subresources.get(parent);
    if (present) present.push(entry);
    else subresources.set(parent, [entry]);
  }
  return {
    version, freshness: current ? 'Current' : 'Stale',
    resources: [...resources].map(([name, resource]): JsonObject => ({ ...resource, ...(subresources.has(name) ? { subresources: subresources.get(name)! } : {}) })),
  };
}
