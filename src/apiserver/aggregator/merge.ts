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
  const resources = list?.resources ?? [];
  const kindOf = (r: ApiResource): JsonObject => ({ group: r.group || group, version: r.version || version, kind: r.kind });
  return {
    version,
    resources: resources.filter((r) => !r.name.includes('/')).map((r): JsonObject => {
      const subresources = resources.filter((s) => s.name.startsWith(`${r.name}/`)).map((s): JsonObject => ({ subresource: s.name.slice(r.name.length + 1), responseKind: kindOf(s), verbs: [...s.verbs] }));
      return {
        resource: r.name, responseKind: kindOf(r), scope: r.namespaced ? 'Namespaced' : 'Cluster', singularResource: r.singularName ?? '', verbs: [...r.verbs],
        ...(r.shortNames?.length ? { shortNames: [...r.shortNames] } : {}),
        ...(r.categories?.length ? { categories: [...r.categories] } : {}),
        ...(subresources.length > 0 ? { subresources } : {}),
      };
    }),
    freshness: current ? 'Current' : 'Stale',
  };
}
