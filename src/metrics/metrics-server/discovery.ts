/** What clients and the aggregator ask before they ask for figures. */
import { group, version } from './api.ts';
import { historyGroup } from '../history/discovery.ts';

interface ServedResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** One group of one version, whose resources can be got and listed. */
export interface ServedGroup {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly ServedResource[];
  /** Definitions by name; `ref` stands before the names that they refer to. */
  schemas(ref: string): object;
}

const metricsGroup: ServedGroup = {
  group, version,
  resources: [{ name: 'nodes', kind: 'NodeMetrics', namespaced: false }, { name: 'pods', kind: 'PodMetrics', namespaced: true }],
  schemas,
};
const groups = [metricsGroup, historyGroup];

const groupVersion = (g: ServedGroup): string => `${g.group}/${g.version}`;
const entry = (g: ServedGroup) => ({ name: g.group, versions: [{ groupVersion: groupVersion(g), version: g.version }], preferredVersion: { groupVersion: groupVersion(g), version: g.version } });
const info = { title: 'metrics-server', version: 'v0' };

/** The document at `path`, or undefined. `aggregated`: the client takes APIGroupDiscoveryList. */
export function discovery(path: string, aggregated: boolean): object | undefined {
  switch (path) {
    case '/':
      return { paths: ['/apis', ...groups.flatMap((g) => [`/apis/${g.group}`, `/apis/${groupVersion(g)}`]), '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/version'] };
    case '/apis':
      return aggregated ? aggregatedGroups() : { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(entry) };
    case '/api':
      return aggregated ? { ...aggregatedGroups(), items: [] } : undefined;
    case '/openapi/v3':
      return { paths: Object.fromEntries(groups.map((g) => [`apis/${groupVersion(g)}`, { serverRelativeURL: `/openapi/v3/apis/${groupVersion(g)}` }])) };
    case '/openapi/v2':
      return { swagger: '2.0', info, paths: {}, definitions: Object.assign({}, ...groups.map((g) => g.schemas('#/definitions/'))) as object };
    default:
      for (const g of groups) {
        const document = ofGroup(g, path);
        if (document) return document;
      }
      return undefined;
  }
}

function ofGroup(g: ServedGroup, path: string): object | undefined {
  switch (path) {
    case `/apis/${g.group}`:
      return { kind: 'APIGroup', apiVersion: 'v1', ...entry(g) };
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
    items: groups.map((g) => ({
      metadata: { name: g.group },
      versions: [{
        version: g.version, freshness: 'Current',
        resources: g.resources.map((r) => ({
          resource: r.name, responseKind: { group: g.group, version: g.version, kind: r.kind }, scope: r.namespaced ? 'Namespaced' : 'Cluster', singularResource: '', verbs: ['get', 'list'],
        })),
      }],
    })),
  };
}

const prefix = 'io.k8s.metrics.pkg.apis.metrics.v1beta1.';

function schemas(ref: string): object {
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
