/** The adapter as a server: who asks, what for, and the answer in the version that was asked for. */
import { isAbort } from '../../base/abort.ts';
import { Metrics, metricsContentType } from '../../base/metrics.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { nodes as nodeResource, pods as podResource } from '../../api/core/v1/index.ts';
import { coreV1 } from '../../api/core/v1/package.ts';
import { custommetricsV1beta1 } from '../../api/custommetrics/v1beta1/package.ts';
import { custommetricsV1beta2 } from '../../api/custommetrics/v1beta2/package.ts';
import { externalmetricsV1beta1 } from '../../api/externalmetrics/v1beta1/package.ts';
import { metaV1 } from '../../api/meta/v1/package.ts';
import type { MetricValue } from '../../api/custommetrics/v1beta2/types.ts';
import type { Client } from '../../client/client.ts';
import { Informers } from '../../client/informer.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { parseLabelSelector, Selector } from '../../machinery/selectors.ts';
import { StatusError, type Status } from '../../machinery/status.ts';
import { encodeProtobufBody } from '../../schema/protobuf.ts';
import { Registry } from '../../schema/registry.ts';
import { delegatedAuthenticator, demand, subjectAccessReviewAuthorizer } from '../../serving/delegated.ts';
import { Health, ping } from '../../serving/health.ts';
import { allowPaths, union } from '../../serving/identity.ts';
import { json, negotiate, protobuf, yaml } from '../../serving/negotiation.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { requestInfo, type RequestInfo } from '../../serving/requestinfo.ts';
import { sendBytes, sendJson, sendText } from '../../serving/respond.ts';
import { serve, type Serving } from '../../serving/server.ts';
import { publishedTrust } from '../../serving/trust.ts';
import { versionInfo } from '../../serving/version.ts';
import { read, toTable, type Cluster } from '../metrics-server/api.ts';
import type { AdapterConfig } from './config.ts';
import { customGroup, document, externalGroup, resourceGroup, type Served } from './documents.ts';
import { ResourceMapper } from './mapper.ts';
import { prometheus as prometheusOf, type PrometheusOptions } from './prometheus.ts';
import { MetricsRegistry } from './registry.ts';
import { resourceSource, type ResourceSource } from './resource.ts';
import { compileRule } from './rules.ts';
import { customValues, externalValues, type Source } from './values.ts';

/** After a failed listing the next one follows this soon, unless the interval is shorter. */
const retryMs = 10_000;

export interface AdapterOptions {
  readonly config: AdapterConfig;
  readonly prometheus: Omit<PrometheusOptions, 'clock' | 'duration'>;
  readonly relistIntervalMs: number;
  readonly maxAgeMs: number;
  readonly discoveryIntervalMs: number;
  readonly listen: { readonly host: string; readonly port: number; readonly tls: { readonly cert: string; readonly key: string } };
}

export interface AdapterDependencies {
  /** For the objects that metrics describe. */
  readonly client: Client;
  /** Asked who may do what; `client` if absent. */
  readonly delegate?: Client;
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
}

interface Api {
  readonly served: Served;
  readonly source: Source;
  /** Of the kinds that are answered, for those who take protobuf. */
  readonly registry: () => Registry;
  readonly resource: { readonly source: ResourceSource; readonly cluster: Cluster } | undefined;
}

/** Serves until the signal fires. Resolves with the listening server; throws when the rules do not fit the cluster. */
export async function runAdapter(options: AdapterOptions, d: AdapterDependencies): Promise<Serving & { stopped: Promise<void> }> {
  const { clock, log } = d.surroundings;
  const { config } = options;
  const metrics = new Metrics();
  const duration = metrics.histogram({
    name: 'prometheus_adapter_prometheus_client_request_duration_seconds', labels: ['path', 'server'],
    help: 'Seconds that a query to Prometheus took, by path and server.',
  });
  const prometheus = prometheusOf({ ...options.prometheus, clock, duration });
  const mapper = new ResourceMapper();
  await mapper.refresh(d.client, d.signal);
  const rules = { custom: config.rules.map((rule) => compileRule(rule, mapper)), external: config.externalRules.map((rule) => compileRule(rule, mapper)) };
  const registry = new MetricsRegistry(rules, prometheus, options.maxAgeMs, d.surroundings);
  const source: Source = { registry, mapper, prometheus, client: d.client, now: () => clock.now() };
  let kinds: Registry | undefined;
  const api: Api = {
    source, registry: () => (kinds ??= new Registry([coreV1, metaV1, custommetricsV1beta1, custommetricsV1beta2, externalmetricsV1beta1])), resource: config.resourceRules ? { source: resourceSource(config.resourceRules, mapper, prometheus), cluster: clusterOf(new Informers(d.client, d.surroundings, d.signal)) } : undefined,
    served: { custom: rules.custom.length > 0, external: rules.external.length > 0, resource: config.resourceRules !== undefined },
  };

  const relisting = async (): Promise<void> => {
    for (;;) {
      await registry.relist(d.signal);
      await clock.sleep(registry.failure ? Math.min(retryMs, options.relistIntervalMs) : options.relistIntervalMs, d.signal);
    }
  };
  const discovering = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(options.discoveryIntervalMs, d.signal);
      // What was known stays when the API server is away for a while.
      await mapper.refresh(d.client, d.signal).catch((error: unknown) => {
        if (isAbort(error, d.signal)) throw error;
        log.error('Unable to refresh the resources of the cluster', error);
      });
    }
  };
  const untilAborted = (what: string, work: () => Promise<void>): Promise<void> =>
    work().catch((error: unknown) => {
      if (!isAbort(error, d.signal)) log.error(`${what} ended`, error);
    });
  const stopped = Promise.all([untilAborted('Listing of metrics', relisting), untilAborted('Discovery', discovering)]).then(() => {});

  const delegate = d.delegate ?? d.client;
  const authenticate = delegatedAuthenticator({ client: delegate, clock, ...(await publishedTrust(delegate)) });
  const authorize = union([allowPaths(['/healthz', '/livez', '/readyz']), subjectAccessReviewAuthorizer({ client: delegate, clock })]);
  const listed = { name: 'metrics-listed', check: () => void (registry.listed || failed('metrics are not listed yet')) };
  const health = new Health({ '/healthz': [ping], '/livez': [ping], '/readyz': [ping, listed] });
  const handler = async (request: ServingRequest): Promise<void> => {
    request.user = await authenticate(request);
    const { path } = request;
    const info = requestInfo(request.method, path, request.query.get('watch') === 'true');
    await demand(authorize, { ...info, user: request.user });
    if (await health.handle(request)) return;
    if (request.method !== 'GET') throw StatusError.methodNotAllowed({ group: info.group, resource: info.resource || 'paths' }, info.verb);
    if (path === '/metrics') return sendText(request, 200, metrics.expose(), metricsContentType);
    if (path === '/version') return sendJson(request, 200, versionInfo());
    const found = document(path.length > 1 ? path.replace(/\/$/, '') : '/', api.served, registry);
    if (found) return request.send(200, { 'content-type': json }, JSON.stringify(found));
    await answer(request, info, api, d.signal);
  };
  const serving = await serve({ ...options.listen, tls: { ...options.listen.tls, clientAuthorities: [] }, handler, surroundings: d.surroundings, signal: d.signal });
  log.info('Serving securely', { address: `${options.listen.host}:${serving.port}`, prometheus: prometheus.url });
  return { ...serving, stopped };
}

function failed(message: string): never {
  throw new Error(message);
}

function clusterOf(informers: Informers): Cluster {
  const nodes = informers.of(nodeResource);
  const pods = informers.metadata(podResource);
  return {
    nodes: () => nodes.list(), node: (name) => nodes.get(name),
    pods: (namespace) => pods.list(namespace === '' ? undefined : namespace), pod: (namespace, name) => pods.get(name, namespace),
  };
}

async function answer(request: ServingRequest, info: RequestInfo, api: Api, signal: AbortSignal): Promise<void> {
  if (!info.isResource) throw StatusError.pathNotFound();
  if (info.verb === 'watch') throw StatusError.methodNotAllowed({ group: info.group, resource: info.resource }, 'watch');
  const { group, version } = info;
  if (api.resource && group === resourceGroup && version === 'v1beta1') {
    const accepted = negotiate(request.headers.accept, { mediaTypes: [json, yaml], as: (kind) => kind === 'Table' });
    const storage = await api.resource.source.figures(info, api.resource.cluster, signal);
    const result = read({ storage, cluster: api.resource.cluster, nodeSelector: Selector.everything, now: api.source.now }, info, request.query);
    return sendJson(request, 200, accepted.as === 'Table' ? toTable(result, request.query.get('includeObject') ?? 'Metadata') : result);
  }
  const binary = formOf(request, info) === protobuf;
  const send = (type: string, list: JsonObject): Promise<void> | void =>
    binary ? sendBytes(request, 200, { 'content-type': protobuf }, encodeProtobufBody(api.registry(), type, list)) : sendJson(request, 200, list);
  if (api.served.external && group === externalGroup && version === 'v1beta1' && info.namespace !== '' && info.name === '') {
    const items = await externalValues(api.source, info.namespace, info.resource, selectorOf(request, 'labelSelector'), signal);
    return send(`externalmetrics.${version}.ExternalMetricValueList`, { kind: 'ExternalMetricValueList', apiVersion: `${group}/${version}`, metadata: {}, items: items as unknown as JsonObject[] });
  }
  if (api.served.custom && group === customGroup && (version === 'v1beta1' || version === 'v1beta2')) {
    const items = await customValues(api.source, customRequest(request, info), signal);
    const list = { kind: 'MetricValueList', apiVersion: `${group}/${version}`, metadata: {}, items: version === 'v1beta2' ? (items as unknown as JsonObject[]) : items.map(asV1beta1) };
    return send(`custommetrics.${version}.MetricValueList`, list);
  }
  throw StatusError.pathNotFound();
}

/** The media type. Metrics have no table of their own: who takes nothing else is told so. */
function formOf(request: ServingRequest, info: RequestInfo): string {
  const { accept } = request.headers;
  const mediaTypes = [json, yaml, protobuf];
  const accepted = negotiate(accept, { mediaTypes, as: (kind) => kind === 'Table' });
  if (accepted.as !== 'Table') return accepted.mediaType;
  const others = accept?.split(',').filter((clause) => !clause.includes('as=')).join(',');
  if (others) return negotiate(others, { mediaTypes }).mediaType;
  const resource = info.group ? `${info.resource}.${info.group}` : info.resource;
  throw new StatusError({ status: 'Failure', message: `the resource ${resource} does not support being converted to a Table`, reason: 'NotAcceptable', code: 406 } as Status);
}

function customRequest(request: ServingRequest, info: RequestInfo): Parameters<typeof customValues>[1] {
  const selectors = { selector: selectorOf(request, 'labelSelector'), metricSelector: selectorOf(request, 'metricLabelSelector') };
  // Metrics of a namespace itself have a path of their own, since its objects' paths begin the same.
  if (info.namespace !== '' && info.resource === 'metrics' && info.name !== '' && info.rest.length === 0) {
    return { group: '', resource: 'namespaces', namespace: '', name: info.namespace, metric: info.name, ...selectors };
  }
  if (info.name === '' || info.rest.length !== 1) throw StatusError.pathNotFound();
  const dot = info.resource.indexOf('.');
  const [resource, group] = dot < 0 ? [info.resource, ''] : [info.resource.slice(0, dot), info.resource.slice(dot + 1)];
  return { group, resource, namespace: info.namespace, name: info.name, metric: info.rest[0]!, ...selectors };
}

function selectorOf(request: ServingRequest, name: string): Selector {
  return parseLabelSelector(request.query.get(name) ?? '');
}

function asV1beta1({ describedObject, metric, windowSeconds, ...rest }: MetricValue): JsonObject {
  return { describedObject, metricName: metric.name, ...rest, ...(windowSeconds === undefined ? {} : { window: windowSeconds }), selector: metric.selector ?? null } as unknown as JsonObject;
}
