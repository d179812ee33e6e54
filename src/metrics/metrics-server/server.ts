import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAbort } from '../../base/abort.ts';
import { defaultBuckets, Metrics, metricsContentType, type Histogram } from '../../base/metrics.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { nodes as nodeResource, pods as podResource } from '../../api/core/v1/index.ts';
import { coreV1 } from '../../api/core/v1/package.ts';
import { metaV1 } from '../../api/meta/v1/package.ts';
import { metricsV1beta1 } from '../../api/metrics/v1beta1/package.ts';
import type { Client } from '../../client/client.ts';
import { Informers } from '../../client/informer.ts';
import { parseLabelSelector } from '../../machinery/selectors.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { encodeProtobufBody } from '../../schema/protobuf.ts';
import { Registry } from '../../schema/registry.ts';
import { delegatedAuthenticator, demand, subjectAccessReviewAuthorizer } from '../../serving/delegated.ts';
import { allowPaths, union } from '../../serving/identity.ts';
import { Health, ping } from '../../serving/health.ts';
import { json, negotiate, protobuf, yaml } from '../../serving/negotiation.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { requestInfo } from '../../serving/requestinfo.ts';
import { sendBytes, sendJson, sendText } from '../../serving/respond.ts';
import { serve, type Serving } from '../../serving/server.ts';
import { publishedTrust } from '../../serving/trust.ts';
import { versionInfo } from '../../serving/version.ts';
import { createAuthority, issue } from '../../wire/certificates.ts';
import { group as historyGroup, historyTable, readHistory, version as historyVersion } from '../history/api.ts';
import { History } from '../history/history.ts';
import { group, read, toTable, versions, type ApiDependencies } from './api.ts';
import { discovery } from './discovery.ts';
import type { MetricsServerOptions } from './options.ts';
import { kubeletScraper, scrapedPart, type KubeletCredentials } from './scraper.ts';
import { Storage } from './storage.ts';

/** Until there are figures rounds follow this soon (for half a minute at most), so that a new cluster has them in seconds; then the resolution rules. */
const secondRoundMs = 2000;

export interface MetricsServerDependencies {
  readonly client: Client;
  readonly kubelets: KubeletCredentials;
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
}

/** Serves until the signal fires. Resolves with the listening server. */
export async function runMetricsServer(options: MetricsServerOptions, d: MetricsServerDependencies): Promise<Serving & { stopped: Promise<void> }> {
  const { clock, log } = d.surroundings;
  const informers = new Informers(d.client, d.surroundings, d.signal);
  const nodes = informers.of(nodeResource, {}, scrapedPart);
  const pods = informers.metadata(podResource);
  const storage = new Storage(options.metricResolutionMs);
  const history = new History(options.history);
  const metrics = new Metrics();
  historyGauges(metrics, history);
  const points = metrics.gauge({ name: 'metrics_server_storage_points', help: 'Points that are kept of nodes and of containers.', labels: ['type'] });
  metrics.onCollect(() => {
    points.set(storage.pointsStored.nodes, 'node');
    points.set(storage.pointsStored.containers, 'container');
  });
  const nodeSelector = parseLabelSelector(options.nodeSelector);
  const scrape = kubeletScraper(options, d.kubelets, d.surroundings, metrics);

  /** When the last round began; before the first nothing is late. */
  let lastRound: number | undefined;
  const { tick, freshness } = ownHistograms(metrics, options.metricResolutionMs);
  const rounds = async (): Promise<void> => {
    await informers.synced();
    for (let round = 0; !d.signal.aborted; round++) {
      const started = clock.monotonic();
      lastRound = started;
      const chosen = [...nodes.values()].filter((n) => nodeSelector.matches(n.metadata.labels ?? {}));
      await scrape(chosen, (name, reading) => storage.store(name, reading), d.signal);
      storage.endRound();
      history.record(clock.now(), (to) => storage.visit(to));
      tick.observe((clock.monotonic() - started) / 1000);
      const wait = !storage.ready && round < 15 ? secondRoundMs : options.metricResolutionMs;
      await clock.sleep(Math.max(0, wait - (clock.monotonic() - started)), d.signal);
    }
  };
  const running = rounds().catch((error: unknown) => {
    if (!isAbort(error, d.signal)) log.error('Scraping ended', error);
  });

  const api: ApiDependencies = {
    storage, nodeSelector, now: () => clock.now(), shown: (time) => freshness.observe((clock.now() - time) / 1000),
    cluster: { nodes: () => nodes.list(), node: (name) => nodes.get(name), pods: (namespace) => pods.list(namespace === '' ? undefined : namespace), pod: (namespace, name) => pods.get(name, namespace) },
  };
  const fail = (message: string): never => {
    throw new Error(message);
  };
  const longestRoundMs = 1.5 * options.metricResolutionMs;
  const synced = { name: 'metadata-informer-sync', check: () => void (pods.hasSynced || fail('cache for pod informer has not synced')) };
  const health = new Health({
    '/healthz': [ping, synced],
    '/livez': [ping, { name: 'metric-collection-timely', check: () => void (lastRound !== undefined && clock.monotonic() - lastRound > longestRoundMs && fail("metric collection didn't finish on time")) }, synced],
    '/readyz': [
      ping,
      { name: 'metric-storage-ready', check: () => void (storage.ready || fail('no metrics to serve')) },
      { name: 'metric-informer-sync', check: () => void ((nodes.hasSynced && pods.hasSynced) || fail('caches of the informers have not synced')) },
      synced,
    ],
  });
  const authenticate = delegatedAuthenticator({ client: d.client, clock, ...(await publishedTrust(d.client)) });
  const authorize = union([allowPaths(options.authorizationAlwaysAllowPaths), subjectAccessReviewAuthorizer({ client: d.client, clock })]);

  const handler = async (request: ServingRequest): Promise<void> => {
    request.user = await authenticate(request);
    const info = requestInfo(request.method, request.path);
    await demand(authorize, { ...info, user: request.user });
    if (await health.handle(request)) return;
    if (request.method !== 'GET') throw StatusError.methodNotAllowed({ group: info.group, resource: info.resource || 'paths' }, info.verb);
    if (request.path === '/metrics') return sendText(request, 200, metrics.expose(), metricsContentType);
    if (request.path === '/version') return sendJson(request, 200, versionInfo());
    const aggregated = (request.headers.accept ?? '').includes('as=APIGroupDiscoveryList');
    const document = discovery(request.path.length > 1 ? request.path.replace(/\/$/, '') : '/', aggregated);
    if (document) {
      const type = aggregated && request.path.startsWith('/api') ? { 'content-type': 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' } : {};
      return request.send(200, { 'content-type': json, ...type }, JSON.stringify(document));
    }
    if (info.isResource && info.group === group && versions.includes(info.version)) return answer(request, read(api, info, request.query), toTable, kinds);
    if (!info.isResource || info.group !== historyGroup || info.version !== historyVersion) throw StatusError.pathNotFound();
    return answer(request, readHistory({ ...api, history, enabled: options.history.spanMs > 0 }, info, request.query), historyTable);
  };
  let registry: Registry | undefined;
  const kinds = (): Registry => (registry ??= new Registry([coreV1, metaV1, metricsV1beta1]));
  const tls = await servingCertificate(options);
  const serving = await serve({ host: options.bindAddress, port: options.securePort, tls: { ...tls, clientAuthorities: [] }, handler, surroundings: d.surroundings, signal: d.signal });
  log.info('Serving securely', { address: `${options.bindAddress}:${serving.port}` });
  return { ...serving, stopped: running };
}

/** In the form that the client asks for; `kinds` describes the objects of those that have a protobuf form. */
async function answer(request: ServingRequest, object: JsonObject, table: typeof toTable, kinds?: () => Registry): Promise<void> {
  const accepted = negotiate(request.headers.accept, { mediaTypes: kinds ? [json, yaml, protobuf] : [json, yaml], as: (kind) => kind === 'Table' });
  if (accepted.as === 'Table') return sendJson(request, 200, table(object, request.query.get('includeObject') ?? 'Metadata'));
  if (accepted.mediaType !== protobuf || !kinds) return sendJson(request, 200, object);
  // Both versions have the messages of the first; which it is stands in the envelope.
  await sendBytes(request, 200, { 'content-type': protobuf }, encodeProtobufBody(kinds(), `${metricsV1beta1.name}.${object['kind'] as string}`, object));
}

/** Upstream's: how long rounds take, and how old the figures are that go out. */
function ownHistograms(metrics: Metrics, resolutionMs: number): { tick: Histogram; freshness: Histogram } {
  const [seconds, last] = [resolutionMs / 1000, defaultBuckets.at(-1)!];
  const beyond = seconds > last ? [(last + seconds) / 2, seconds, seconds * 1.5, seconds * 2] : [];
  return {
    tick: metrics.histogram({ name: 'metrics_server_manager_tick_duration_seconds', help: 'Seconds that asking all nodes and keeping what they said took.', buckets: [...defaultBuckets, ...beyond] }),
    freshness: metrics.histogram({ name: 'metrics_server_api_metric_freshness_seconds', help: 'Seconds since figures were taken, when they are handed out.', buckets: Array.from({ length: 20 }, (_, i) => 1.364 ** i) }),
  };
}

function historyGauges(metrics: Metrics, history: History): void {
  const gauge = (name: string, help: string) => metrics.gauge({ name: `metrics_server_history_${name}`, help });
  const bytes = gauge('bytes', 'Memory that the history takes, estimated.');
  const series = gauge('series', 'Nodes and containers with a history.');
  const step = gauge('step_seconds', 'The shortest time between two points of the history.');
  const refused = metrics.counter({ name: 'metrics_server_history_refused_total', help: 'Figures that found no room in the history.' });
  let told = 0;
  metrics.onCollect(() => {
    bytes.set(history.bytes);
    series.set(history.series);
    step.set(history.stepMs / 1000);
    refused.inc(history.refused - told);
    told = history.refused;
  });
}

/** The files that flags name, else a self-signed certificate, kept in --cert-dir where one is given. */
async function servingCertificate(options: MetricsServerOptions): Promise<{ cert: string; key: string }> {
  const files = options.tlsCertFile && options.tlsPrivateKeyFile
    ? { cert: options.tlsCertFile, key: options.tlsPrivateKeyFile }
    : options.certDir ? { cert: join(options.certDir, 'apiserver.crt'), key: join(options.certDir, 'apiserver.key') } : undefined;
  if (files && existsSync(files.cert) && existsSync(files.key)) return { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
  const authority = await createAuthority({ commonName: 'metrics-server-ca' });
  const pair = await issue(authority, { commonName: 'metrics-server', dnsNames: ['localhost', 'metrics-server', 'metrics-server.kube-system.svc'], ipAddresses: ['127.0.0.1'], usages: ['server'] });
  if (files && options.certDir) {
    mkdirSync(options.certDir, { recursive: true });
    writeFileSync(files.cert, pair.certPem);
    writeFileSync(files.key, pair.keyPem, { mode: 0o600 });
  }
  return { cert: pair.certPem, key: pair.keyPem };
}
