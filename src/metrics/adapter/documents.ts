/** Discovery and OpenAPI: every metric is a resource, so these change with what Prometheus has. */
import { createHash } from 'node:crypto';
import { resourceKey } from './mapper.ts';
import type { MetricsRegistry } from './registry.ts';

export const customGroup = 'custom.metrics.k8s.io';
export const externalGroup = 'external.metrics.k8s.io';
export const resourceGroup = 'metrics.k8s.io';

/** What is served; a group without rules is absent. */
export interface Served {
  readonly custom: boolean;
  readonly external: boolean;
  readonly resource: boolean;
}

interface Version {
  readonly group: string;
  readonly version: string;
}

function versionsOf(served: Served): Version[] {
  return [
    ...(served.custom ? [{ group: customGroup, version: 'v1beta2' }, { group: customGroup, version: 'v1beta1' }] : []),
    ...(served.external ? [{ group: externalGroup, version: 'v1beta1' }] : []),
    ...(served.resource ? [{ group: resourceGroup, version: 'v1beta1' }] : []),
  ];
}

const pathOf = ({ group, version }: Version): string => `apis/${group}/${version}`;

function groupEntry(name: string, versions: readonly Version[]): object {
  const entries = versions.filter((v) => v.group === name).map(({ version }) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: entries, preferredVersion: entries[0] };
}

/** The document at `path`; undefined when there is none. */
export function document(path: string, served: Served, registry: MetricsRegistry): object | undefined {
  const versions = versionsOf(served);
  const groups = [...new Set(versions.map((v) => v.group))];
  if (path === '/') return { paths: ['/apis', ...groups.map((g) => `/apis/${g}`), ...versions.map((v) => `/${pathOf(v)}`), '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/version'].sort() };
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map((g) => groupEntry(g, versions)) };
  if (path === '/openapi/v3') return { paths: Object.fromEntries(versions.map((v) => [pathOf(v), { serverRelativeURL: `/openapi/v3/${pathOf(v)}?hash=${hashOf(v)}` }])) };
  if (path === '/openapi/v2') return { swagger: '2.0', info, paths: {}, definitions: Object.assign({}, ...versions.map((v) => schemas(v, '#/definitions/'))) as object };
  const group = groups.find((g) => path === `/apis/${g}`);
  if (group) return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group, versions) };
  for (const v of versions) {
    if (path === `/${pathOf(v)}`) return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${v.group}/${v.version}`, resources: resourcesOf(v, registry) };
    if (path === `/openapi/v3/${pathOf(v)}`) return openapi(v);
  }
  return undefined;
}

function resourcesOf({ group }: Version, registry: MetricsRegistry): object[] {
  const verbs = ['get'];
  if (group === customGroup) {
    return [...registry.customMetrics()].map(([, { name, resource }]) => ({ name: `${resourceKey(resource)}/${name}`, singularName: '', namespaced: resource.namespaced, kind: 'MetricValueList', verbs }));
  }
  if (group === externalGroup) return [...registry.externalMetrics()].map((name) => ({ name, singularName: '', namespaced: true, kind: 'ExternalMetricValueList', verbs }));
  return [
    { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
    { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
  ];
}

const info = { title: 'prometheus-metrics-adapter', version: '1.0.0' };

function openapi(v: Version): object {
  return { openapi: '3.0.0', info, paths: paths(v), components: { schemas: schemas(v, '#/components/schemas/') } };
}

/** Clients and the aggregator ask for the document only when this changes. */
function hashOf(v: Version): string {
  return createHash('sha256').update(JSON.stringify(openapi(v))).digest('hex').slice(0, 32).toUpperCase();
}

function paths(v: Version): object {
  const base = `/${pathOf(v)}`;
  const path = (list: string, where: string, ...parameters: readonly string[]): object => ({
    [`${base}/${where}`]: {
      get: { 'x-kubernetes-action': 'list', 'x-kubernetes-group-version-kind': { ...v, kind: list.replace(/List$/, '') }, responses: { 200: { description: 'OK', content: { 'application/json': { schema: { $ref: `#/components/schemas/${prefixOf(v)}${list}` } } } } } },
      parameters: [
        ...[...where.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
        ...parameters.map((name) => ({ name, in: 'query', schema: { type: 'string' } })),
      ],
    },
  });
  if (v.group === customGroup) {
    const selectors = ['labelSelector', 'metricLabelSelector'];
    return {
      ...path('MetricValueList', 'namespaces/{namespace}/metrics/{name}', ...selectors),
      ...path('MetricValueList', 'namespaces/{namespace}/{resource}/{name}/{subresource}', ...selectors),
      ...path('MetricValueList', '{resource}/{name}/{subresource}', ...selectors),
    };
  }
  if (v.group === externalGroup) return path('ExternalMetricValueList', 'namespaces/{namespace}/{resource}', 'labelSelector');
  return { ...path('NodeMetricsList', 'nodes', 'labelSelector'), ...path('PodMetricsList', 'pods', 'labelSelector'), ...path('PodMetricsList', 'namespaces/{namespace}/pods', 'labelSelector') };
}

function prefixOf({ group, version }: Version): string {
  const own = { [customGroup]: 'custom_metrics', [externalGroup]: 'external_metrics', [resourceGroup]: 'metrics' }[group]!;
  return `io.k8s.metrics.pkg.apis.${own}.${version}.`;
}

function schemas(v: Version, ref: string): Record<string, object> {
  const string = { type: 'string' };
  const time = { type: 'string', format: 'date-time' };
  const selector = { type: 'object', properties: { matchLabels: { type: 'object', additionalProperties: string }, matchExpressions: { type: 'array', items: { type: 'object' } } } };
  const reference = { type: 'object', properties: Object.fromEntries(['apiVersion', 'fieldPath', 'kind', 'name', 'namespace', 'resourceVersion', 'uid'].map((field) => [field, string])) };
  const prefix = prefixOf(v);
  const pair = (kind: string, properties: object): Record<string, object> => ({
    [`${prefix}${kind}`]: { type: 'object', properties: { apiVersion: string, kind: string, ...properties }, 'x-kubernetes-group-version-kind': [{ ...v, kind }] },
    [`${prefix}${kind}List`]: {
      type: 'object', properties: { apiVersion: string, kind: string, metadata: { type: 'object' }, items: { type: 'array', items: { $ref: `${ref}${prefix}${kind}` } } },
      'x-kubernetes-group-version-kind': [{ ...v, kind: `${kind}List` }],
    },
  });
  if (v.group === externalGroup) return pair('ExternalMetricValue', { metricName: string, metricLabels: { type: 'object', additionalProperties: string }, timestamp: time, window: { type: 'integer', format: 'int64' }, value: string });
  if (v.group === resourceGroup) return { ...pair('NodeMetrics', { metadata: { type: 'object' }, timestamp: time, window: string, usage: { type: 'object' } }), ...pair('PodMetrics', { metadata: { type: 'object' }, timestamp: time, window: string, containers: { type: 'array', items: { type: 'object' } } }) };
  if (v.version === 'v1beta1') return pair('MetricValue', { describedObject: reference, metricName: string, timestamp: time, window: { type: 'integer', format: 'int64' }, value: string, selector });
  return {
    ...pair('MetricValue', { describedObject: reference, metric: { $ref: `${ref}${prefix}MetricIdentifier` }, timestamp: time, windowSeconds: { type: 'integer', format: 'int64' }, value: string }),
    [`${prefix}MetricIdentifier`]: { type: 'object', properties: { name: string, selector } },
  };
}
