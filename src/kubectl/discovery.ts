/** Which resources the server has, and how people name them. */
import type { JsonObject } from '../machinery/json.ts';
import { StatusError } from '../machinery/status.ts';
import { CommandError } from './errors.ts';
import type { Session } from './session.ts';

export interface Mapping {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
}

export interface DiscoveredGroup {
  readonly name: string;
  /** The first is preferred. */
  readonly versions: readonly string[];
}

export class Discovery {
  readonly groups: readonly DiscoveredGroup[];
  /** Preferred versions first, groups in the server's order. */
  readonly mappings: readonly Mapping[];
  /** What of discovery failed. */
  readonly failures: readonly string[];

  constructor(groups: readonly DiscoveredGroup[], mappings: readonly Mapping[], failures: readonly string[] = []) {
    this.groups = groups;
    this.mappings = mappings;
    this.failures = failures;
  }

  /** `pods`, `po`, `deployments.apps`, `deployments.v1.apps`, `Pod`. Throws in kubectl's words. */
  resolve(name: string): Mapping {
    const found = this.find(name);
    if (found === undefined) throw new CommandError(`the server doesn't have a resource type ${JSON.stringify(name)}`);
    return found;
  }

  find(name: string): Mapping | undefined {
    const lower = name.toLowerCase();
    const [resource, ...rest] = lower.split('.');
    const matches = (m: Mapping, text: string): boolean => m.resource === text || m.singular === text || m.kind.toLowerCase() === text;
    if (rest.length) {
      const group = rest.join('.');
      const version = rest[0]!;
      const versionGroup = rest.slice(1).join('.');
      return (
        this.mappings.find((m) => matches(m, resource!) && m.version === version && (m.group === versionGroup || (versionGroup !== '' && m.group.startsWith(versionGroup)))) ??
        this.mappings.find((m) => matches(m, resource!) && (m.group === group || m.group.startsWith(`${group}.`)))
      );
    }
    return this.mappings.find((m) => matches(m, lower)) ?? this.mappings.find((m) => m.shortNames.includes(lower));
  }

  /** Of an object's apiVersion and kind. */
  forKind(apiVersion: string, kind: string): Mapping {
    const slash = apiVersion.indexOf('/');
    const group = slash < 0 ? '' : apiVersion.slice(0, slash);
    const version = apiVersion.slice(slash + 1);
    const found = this.mappings.find((m) => m.group === group && m.version === version && m.kind === kind);
    if (!found) throw new NoKindMatch(apiVersion, kind);
    return found;
  }

  inCategory(category: string): readonly Mapping[] {
    const seen = new Set<string>();
    return this.mappings.filter((m) => m.categories.includes(category) && !seen.has(`${m.resource}.${m.group}`) && seen.add(`${m.resource}.${m.group}`));
  }
}

export class NoKindMatch extends CommandError {
  constructor(apiVersion: string, kind: string) {
    super(`no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`);
  }
}

export function apiVersionOf(m: { readonly group: string; readonly version: string }): string {
  return m.group ? `${m.group}/${m.version}` : m.version;
}

/** `/apis/apps/v1/namespaces/x/deployments`, with the name where there is one. */
export function pathOf(m: Mapping, namespace: string | undefined, name?: string, subresource?: string): string {
  const root = m.group ? `/apis/${m.group}/${m.version}` : `/api/${m.version}`;
  const scope = m.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${m.resource}${name === undefined ? '' : `/${encodeURIComponent(name)}`}${subresource ? `/${subresource}` : ''}`;
}

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

export async function discover(session: Session): Promise<Discovery> {
  const [core, named] = await Promise.all([session.json('/api', { accept: aggregated }), session.json('/apis', { accept: aggregated })]);
  if (core['kind'] === 'APIGroupDiscoveryList' && named['kind'] === 'APIGroupDiscoveryList') return fromAggregated([...(core['items'] as JsonObject[]), ...(named['items'] as JsonObject[])]);
  return fromLists(session, core, named);
}

interface AggregatedGroup {
  metadata: { name?: string };
  versions?: { version: string; freshness?: string; resources?: { resource: string; responseKind?: { kind: string }; scope: string; singularResource?: string; shortNames?: string[]; categories?: string[]; verbs?: string[] }[] }[];
}

function fromAggregated(items: readonly JsonObject[]): Discovery {
  const groups: DiscoveredGroup[] = [];
  const mappings: Mapping[] = [];
  const failures: string[] = [];
  for (const item of items as unknown as AggregatedGroup[]) {
    const name = item.metadata.name ?? '';
    groups.push({ name, versions: (item.versions ?? []).map((v) => v.version) });
    for (const { version, resources, freshness } of item.versions ?? []) {
      if (freshness === 'Stale') failures.push(`${name}/${version}: stale GroupVersion discovery: ${name}/${version}`);
      for (const r of resources ?? []) {
        mappings.push({
          group: name, version, resource: r.resource, kind: r.responseKind?.kind ?? '', singular: r.singularResource || (r.responseKind?.kind ?? '').toLowerCase(), namespaced: r.scope === 'Namespaced',
          shortNames: r.shortNames ?? [], categories: r.categories ?? [], verbs: r.verbs ?? [],
        });
      }
    }
  }
  return new Discovery(groups, mappings, failures);
}

interface LegacyResource {
  name: string;
  singularName?: string;
  kind: string;
  namespaced: boolean;
  shortNames?: string[];
  categories?: string[];
  verbs?: string[];
}

async function fromLists(session: Session, core: JsonObject, named: JsonObject): Promise<Discovery> {
  const groups: DiscoveredGroup[] = [{ name: '', versions: core['versions'] as string[] }];
  for (const g of (named['groups'] ?? []) as { name: string; versions: { version: string }[] }[] as { name: string; versions: { version: string }[] }[]) groups.push({ name: g.name, versions: g.versions.map((v) => v.version) });
  const failures: string[] = [];
  const pairs = groups.flatMap(({ name, versions }) => versions.map((version) => [name, version] as const));
  const lists = await Promise.all(
    pairs.map(async ([group, version]) => {
      try {
        const list = await session.json(group ? `/apis/${group}/${version}` : `/api/${version}`);
        return (list['resources'] ?? []) as unknown as LegacyResource[];
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        failures.push(`${group}/${version}: ${error.message}`);
        return [];
      }
    }),
  );
  const mappings = pairs.flatMap(([group, version], i) =>
    lists[i]!.filter((r) => !r.name.includes('/')).map((r): Mapping => ({ group, version, resource: r.name, kind: r.kind, singular: r.singularName || r.kind.toLowerCase(), namespaced: r.namespaced, shortNames: r.shortNames ?? [], categories: r.categories ?? [], verbs: r.verbs ?? [] })),
  );
  return new Discovery(groups, mappings, failures);
}
