/** Everything the server serves, by its own word: built-in, custom and aggregated resources alike. */
import type { ResourceRef } from '../api/reference.ts';
import type { Client } from './client.ts';
import type { KubeObject } from './informer.ts';

export interface Discovered {
  readonly ref: ResourceRef<KubeObject>;
  readonly verbs: ReadonlySet<string>;
  readonly singular: string;
}

export interface Discovery {
  /** Each resource once, in its preferred version. */
  readonly resources: readonly Discovered[];
  /** Groups that could not be asked, with why. */
  readonly failures: readonly string[];
}

interface Aggregated {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly freshness?: string;
      readonly resources?: readonly { readonly resource: string; readonly responseKind?: { readonly kind?: string }; readonly scope?: string; readonly singularResource?: string; readonly verbs?: readonly string[] }[];
    }[];
  }[];
}

const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

export async function discover(client: Client, signal: AbortSignal): Promise<Discovery> {
  const resources: Discovered[] = [];
  const failures: string[] = [];
  for (const path of ['/api', '/apis']) {
    const response = await client.raw({ method: 'GET', path, headers: { accept }, signal });
    const parts: Uint8Array[] = [];
    for await (const part of response.body) parts.push(part);
    if (response.status !== 200) throw new Error(`discovery of ${path} answered with status ${response.status}`);
    const { items = [] } = JSON.parse(Buffer.concat(parts).toString()) as Aggregated;
    for (const item of items) {
      const group = item.metadata?.name ?? '';
      const seen = new Set<string>();
      for (const { version, freshness, resources: list = [] } of item.versions ?? []) {
        if (freshness === 'Stale') failures.push(`${group}/${version}: stale GroupVersion discovery`);
        for (const { resource, responseKind, scope, singularResource, verbs = [] } of list) {
          if (seen.has(resource)) continue;
          seen.add(resource);
          resources.push({ ref: { group, version, resource, kind: responseKind?.kind ?? '', namespaced: scope === 'Namespaced' }, verbs: new Set(verbs), singular: singularResource || (responseKind?.kind ?? '').toLowerCase() });
        }
      }
    }
  }
  return { resources, failures };
}
