/** What resources the cluster has, by the names that rules and paths use for them. */
import type { Client } from '../../client/client.ts';
import { discover, type Discovered } from '../../client/discovery.ts';
import { qualified } from '../../machinery/status.ts';

export interface MappedResource {
  readonly group: string;
  readonly version: string;
  /** Plural. */
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** `pods`, `deployments.apps` */
export function resourceKey(r: { readonly group: string; readonly resource: string }): string {
  return qualified(r);
}

/** The metrics APIs describe other objects; their own entries are none. */
const metricsGroups = /^(custom|external)\.metrics\.k8s\.io$/;

export class ResourceMapper {
  /** By plural and by singular name, in the order of discovery: the core group is first. */
  #byName = new Map<string, MappedResource[]>();

  constructor(discovered: readonly Discovered[] = []) {
    this.replace(discovered);
  }

  replace(discovered: readonly Discovered[]): void {
    const byName = new Map<string, MappedResource[]>();
    for (const { ref, singular } of discovered) {
      if (metricsGroups.test(ref.group) || ref.resource.includes('/')) continue;
      const { group, version, resource, kind, namespaced } = ref;
      const mapped = { group, version, resource, singular, kind, namespaced };
      for (const name of new Set([resource, singular])) {
        const present = byName.get(name);
        if (present) present.push(mapped);
        else byName.set(name, [mapped]);
      }
    }
    this.#byName = byName;
  }

  async refresh(client: Client, signal: AbortSignal): Promise<void> {
    this.replace((await discover(client, signal)).resources);
  }

  all(): MappedResource[] {
    return [...new Set([...this.#byName.values()].flat())];
  }

  /** Singular or plural; a group may be left out, or be only the beginning of one. */
  find(group: string, resource: string): MappedResource | undefined {
    const candidates = this.#byName.get(resource.toLowerCase());
    if (!candidates) return undefined;
    return candidates.find((r) => r.group === group) ?? candidates.find((r) => r.group.startsWith(group));
  }

  /** Throws in upstream's words. */
  require(group: string, resource: string): MappedResource {
    const found = this.find(group, resource);
    if (!found) throw new Error(`no matches for ${group}/, Resource=${resource}`);
    return found;
  }
}
