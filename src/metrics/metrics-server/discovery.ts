/** What clients and the aggregator ask before they ask for figures. */
import { group, version } from './api.ts';

const groupVersion = `${group}/${version}`;
const resources = [
  { name: 'nodes', kind: 'NodeMetrics', namespaced: false },
  { name: 'pods', kind: 'PodMetrics', namespaced: true },
] as const;

const groupEntry = { name: group, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };

/** The document at `path`, or undefined. `aggregated`: the client takes APIGroupDiscoveryList. */
export function discovery(path: string, aggregated: boolean): object | undefined {
  switch (path) {
    case '/':
      return { paths: ['/apis', `/apis/${group}`, `/apis/${groupVersion}`, '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/version'] };
    case '/apis':
      return aggregated ? aggregatedGroups() : { kind: 'APIGroupList', apiVersion: 'v1', groups: [groupEntry] };
    case '/api':
      return aggregated ? { ...aggregatedGroups(), items: [] } : undefined;
    case `/apis/${group}`:
      return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry };
    case `/apis/${groupVersion}`:
      return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: resources.map((r) => ({ name: r.name, singularName: '', namespaced: r.namespaced, kind: r.kind, verbs: ['get', 'list'] })) };
    case '/openapi/v3':
      return { paths: { [`apis/${groupVersion}`]: { serverRelativeURL: `/openapi/v3/apis/${groupVersion}` } } };
    case `/openapi/v3/apis/${groupVersion}`:
      return { openapi: '3.0.0', info: { title: 'metrics-server', version: 'v0' }, paths: openapiPaths(), components: { schemas: schemas('#/components/schemas/') } };
    case '/openapi/v2':
      return { swagger: '2.0', info: { title: 'metrics-server', version: 'v0' }, paths: {}, definitions: schemas('#/definitions/') };
    default:
      return undefined;
  }
}

function aggregatedGroups(): object {
  return {
    kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {},
    items: [{
      metadata: { name: group },
      versions: [{
        version, freshness: 'Current',
        resources: resources.map((r) => ({
          resource: r.name, responseKind: { group, version, kind: r.kind }, scope: r.namespaced ? 'Namespaced' : 'Cluster', singularResource: '', verbs: ['get', 'list'],
        })),
      }],
    }],
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

function openapiPaths(): object {
  const base = `/apis/${groupVersion}`;
  const get = (kind: string, action: string) => ({ get: { 'x-kubernetes-action': action, 'x-kubernetes-group-version-kind': { group, version, kind }, responses: { 200: { description: 'OK' } } } });
  return {
    [`${base}/nodes`]: get('NodeMetrics', 'list'), [`${base}/nodes/{name}`]: get('NodeMetrics', 'get'), [`${base}/pods`]: get('PodMetrics', 'list'),
    [`${base}/namespaces/{namespace}/pods`]: get('PodMetrics', 'list'), [`${base}/namespaces/{namespace}/pods/{name}`]: get('PodMetrics', 'get'),
  };
}
