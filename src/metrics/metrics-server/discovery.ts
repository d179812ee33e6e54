/** What clients and the aggregator ask before they ask for figures. */
import { group, versions } from './api.ts';
import { historyGroup } from '../history/discovery.ts';

interface ServedResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** One version of a group, whose resources can be got and listed. */
export interface ServedGroup {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly ServedResource[];
  /** Definitions by name; `ref` stands before the names that they refer to. */
  schemas(ref: string): object;
}

const metricsGroups = versions.map((version): ServedGroup => ({
  group, version,
  resources: [{ name: 'nodes', kind: 'NodeMetrics', namespaced: false }, { name: 'pods', kind: 'PodMetrics', namespaced: true }],
  schemas: (ref) => schemas(version, ref),
}));
/** Of one group the preferred version is first. */
const groups = [...metricsGroups, historyGroup];
const names = [...new Set(groups.map((g) => g.group))];
const versionsOf = (name: string): ServedGroup[] => groups.filter((g) => g.group === name);

const groupVersion = (g: ServedGroup): string => `${g.group}/${g.version}`;
const entry = (name: string) => {
  const all = versionsOf(name).map((g) => ({ groupVersion: groupVersion(g), version: g.version }));
  return { name, versions: all, preferredVersion: all[0] };
};
const info = { title: 'metrics-server', version: 'v0' };

/** The document at `path`, or undefined. `aggregated`: the client takes APIGroupDiscoveryList. */
export function discovery(path: string, aggregated: boolean): object | undefined {
  switch (path) {
    case '/':
      return { paths: ['/apis', ...names.flatMap((name) => [`/apis/${name}`, ...versionsOf(name).map((g) => `/apis/${groupVersion(g)}`)]), '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/version'] };
    case '/apis':
      return aggregated ? aggregatedGroups() : { kind: 'APIGroupList', apiVersion: 'v1', groups: names.map(entry) };
    case '/api':
      return aggregated ? { ...aggregatedGroups(), items: [] } : undefined;
    case '/openapi/v3':
      return { paths: Object.fromEntries(groups.map((g) => [`apis/${groupVersion(g)}`, { serverRelativeURL: `/openapi/v3/apis/${groupVersion(g)}` }])) };
    case '/openapi/v2':
      return { swagger: '2.0', info, paths: {}, definitions: Object.assign({}, ...groups.map((g) => g.schemas('#/definitions/'))) as object };
    default:
      for (const name of names) if (path === `/apis/${name}`) return { kind: 'APIGroup', apiVersion: 'v1', ...entry(name) };
      for (const g of groups) {
        const document = ofGroup(g, path);
        if (document) return document;
      }
      return undefined;
  }
}

function ofGroup(g: ServedGroup, path: string): object | undefined {
  switch (path) {
    case `/apis/${groupVersion(g)}`:
      return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: groupVersion(g), resources: g.resources.map((r) => ({ name: r.name, singularName: '', namespaced: r.namespaced, kind: r.kind, verbs: ['get', 'list'] })) };
    case `/openapi/v3/apis/${groupVersion(g)}`:
      return { openapi: '3.0.0', info, paths: openapiPaths(g), components: { schemas: g.schemas('#/components/schemas/') } };
    default:
      return undefined;
  }
}

function aggregatedGroups(): object {
  return {
    kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {},
    items: names.map((name) => ({
      metadata: { name },
      versions: versionsOf(name).map((g) => ({
        version: g.version, freshness: 'Current',
        resources: g.resources.map((r) => ({
          resource: r.name, responseKind: { group: g.group, version: g.version, kind: r.kind }, scope: r.namespaced ? 'Namespaced' : 'Cluster', singularResource: '', verbs: ['get', 'list'],
        })),
      })),
    })),
  };
}

function schemas(version: string, ref: string): object {
  const prefix = `io.k8s.metrics.pkg.apis.metrics.${version}.`;
  const string = (description: string, format?: string) => ({ type: 'string', description, ...(format ? { format } : {}) });
  const usage = { type: 'object', description: 'What is used of each resource.', additionalProperties: { type: 'string' } };
  const common = {
    apiVersion: string('Version of this form of the object.'), kind: string('Kind of the object.'), metadata: { type: 'object' },
    timestamp: string('End of the window.', 'date-time'), window: string('Length of the window over which CPU was averaged.'),
  };
  const object = (properties: object, kind?: string) => ({ type: 'object', properties, ...(kind ? { 'x-kubernetes-group-version-kind': [{ group, version, kind }] } : {}) });
  const list = (kind: string) => object({ apiVersion: common.apiVersion, kind: common.kind, metadata: common.metadata, items: { type: 'array', items: { $ref: `${ref}${prefix}${kind}` } } }, `${kind}List`);
  return {
    [`${prefix}ContainerMetrics`]: object({ name: string('Name of the container.'), usage }),
    [`${prefix}NodeMetrics`]: object({ ...common, usage }, 'NodeMetrics'),
    [`${prefix}NodeMetricsList`]: list('NodeMetrics'),
    [`${prefix}PodMetrics`]: object({ ...common, containers: { type: 'array', items: { $ref: `${ref}${prefix}ContainerMetrics` } } }, 'PodMetrics'),
    [`${prefix}PodMetricsList`]: list('PodMetrics'),
  };
}

function openapiPaths(g: ServedGroup): object {
  const get = (kind: string, action: string) => ({ get: { 'x-kubernetes-action': action, 'x-kubernetes-group-version-kind': { group: g.group, version: g.version, kind }, responses: { 200: { description: 'OK' } } } });
  return Object.fromEntries(g.resources.flatMap(({ name, kind, namespaced }) => {
    const all = `/apis/${groupVersion(g)}/${name}`;
    const own = namespaced ? `/apis/${groupVersion(g)}/namespaces/{namespace}/${name}` : all;
    return [...new Set([all, own])].map((path): [string, object] => [path, get(kind, 'list')]).concat([[`${own}/{name}`, get(kind, 'get')]]);
  }));
}
