/** Whose business a request is: a resource, discovery, documents, health, metrics. */
import { metricsContentType, Metrics } from '../base/metrics.ts';
import type { Clock } from '../base/clock.ts';
import { processStart } from '../base/processmetrics.ts';
import { StatusError } from '../machinery/status.ts';
import { afterGrace, Health, ping, type HealthCheck, type Observe } from '../serving/health.ts';
import type { ServingRequest } from '../serving/request.ts';
import type { RequestInfo } from '../serving/requestinfo.ts';
import { sendJson, sendText } from '../serving/respond.ts';
import { versionInfo } from '../serving/version.ts';
import { flagzPage, statuszPage } from '../serving/zpages.ts';
import type { ServiceAccountTokens } from './authn/serviceaccount.ts';
import type { Aggregator } from './aggregator/aggregator.ts';
import type { Feed } from './cacher/feed.ts';
import type { StoreCare } from './config.ts';
import { Discovery } from './discovery/handler.ts';
import { Openapi } from './discovery/openapi.ts';
import { findServed, serveResource, type ResourceServer } from './http/resource.ts';
import type { ResourceTable } from './resources.ts';

export interface RouterOptions {
  readonly server: ResourceServer;
  readonly feed: Feed;
  readonly metrics: Metrics;
  readonly aggregator: Aggregator;
  readonly accounts: ServiceAccountTokens | undefined;
  /** host:port under which clients reach this server. */
  readonly address: () => string;
  readonly checks: readonly HealthCheck[];
  readonly care: StoreCare;
  /** For so long after the start /livez does not mind that it is unfinished. */
  readonly livezGraceMs: number;
  /** Paths of parts of the server, which `/` does not list. */
  readonly paths: Readonly<Record<string, (request: ServingRequest) => void>>;
  /** Of profiles; false: somebody else's path. */
  readonly profiles?: ((request: ServingRequest) => Promise<boolean>) | undefined;
  /** Those for people who look for what is wrong: what the program was told (absent: not shown), how it is. */
  readonly pages: { readonly flags?: readonly (readonly [string, string])[] | undefined; readonly status: boolean };
  /** Everything that must exist from the start does. */
  readonly ready: () => boolean;
  /** It has been told to end. */
  readonly ending: () => boolean;
}

/** Throws where the store does not. */
function answersWithin(feed: Feed, clock: Clock, ms: number): void | Promise<void> {
  if (!feed.ready) throw new Error('the store is not followed');
  const revision = feed.store.revision();
  if (typeof revision === 'number') return undefined;
  const late = new AbortController();
  const patience = clock.sleep(ms, late.signal).then(() => {
    throw new Error('the store did not answer in time');
  });
  return Promise.race([revision, patience]).then(() => undefined).finally(() => {
    late.abort();
    patience.catch(() => {});
  });
}

function health({ server, feed, ready, ending, checks, livezGraceMs, care }: RouterOptions, observe: Observe): Health {
  const must = (name: string, holds: () => boolean): HealthCheck => ({
    name,
    check: () => {
      if (!holds()) throw new Error(`${name} does not hold`);
    },
  });
  const answers = (name: string, ms: number): HealthCheck => ({ name, check: () => answersWithin(feed, server.surroundings.clock, ms) });
  const [first, hook] = [[ping, answers('etcd', care.healthTimeoutMs ?? usualPatienceMs)], must('poststarthook/rbac/bootstrap-roles', ready)];
  const alive = [...first, hook];
  const caches = must('informer-sync', () => [...server.table.all()].every((s) => s.storage?.cacher.ready !== false));
  return new Health({ '/healthz': [...alive, ...checks], '/livez': [...first, afterGrace(hook, server.surroundings.clock, livezGraceMs)], '/readyz': [...alive, answers('etcd-readiness', care.readyTimeoutMs ?? usualPatienceMs), ...checks, caches, must('shutdown', () => !ending())] }, observe);
}

function healthMetrics(metrics: Metrics): Observe {
  const last = metrics.gauge({ name: 'kubernetes_healthcheck', labels: ['name', 'type'], help: '[STABLE] 1 where a check went well when it was made last, else 0.' });
  const total = metrics.counter({ name: 'kubernetes_healthchecks_total', labels: ['name', 'type', 'status'], help: '[STABLE] Checks that were made, by result.' });
  return (name, type, holds) => {
    last.set(holds ? 1 : 0, name, type);
    total.inc(1, name, type, holds ? 'success' : 'error');
  };
}

export function router(options: RouterOptions): (request: ServingRequest, info: RequestInfo) => Promise<void> {
  const { server, accounts, metrics, aggregator } = options;
  const slis = new Metrics();
  const checks = health(options, healthMetrics(slis));
  const discovery = new Discovery(server.registry, server.table, aggregator, options.address);
  const issuer = accounts && isIssuerUrl(accounts.issuer) ? issuerDiscovery(accounts, options.address) : undefined;
  const openapi = new Openapi(server.registry, server.table, issuer !== undefined, aggregator.openapi);
  const plain: Readonly<Record<string, (request: ServingRequest) => void>> = {
    '/version': (request) => sendJson(request, 200, versionInfo()),
    '/metrics/slis': (request) => sendText(request, 200, slis.expose(), metricsContentType),
    '/metrics': (request) => sendText(request, 200, metrics.expose(), metricsContentType),
    '/': (request) => sendJson(request, 200, { paths: listed() }),
    ...zpages(options, () => listed()),
    ...issuer,
  };
  const listed = (): string[] => [...rootPaths, ...groupPaths(server.table), ...checks.paths(), ...Object.keys(plain).filter((path) => path !== '/')].sort();
  /** Only a group that there is says it as the API does. */
  const nothingAt = (request: ServingRequest): void => {
    const group = /^\/apis\/([^/]+)/.exec(request.path)?.[1];
    if (request.path.startsWith('/api/') || (group !== undefined && server.table.versions(group).length > 0)) throw StatusError.pathNotFound();
    sendText(request, 404, '404 page not found\n');
  };
  return async (request, info) => {
    if (info.isResource) {
      const served = findServed(server, info);
      if (served) return serveResource(server, request, info, served);
      if (await aggregator.handle(request, info)) return;
      return nothingAt(request);
    }
    if (await discovery.handle(request)) return;
    if (await aggregator.handle(request, info)) return;
    if (await checks.handle(request)) return;
    if (await openapi.handle(request)) return;
    const path = request.path.length > 1 && request.path.endsWith('/') ? request.path.slice(0, -1) : request.path;
    const answer = Object.hasOwn(plain, path) ? plain[path] : Object.hasOwn(options.paths, path) ? options.paths[path] : undefined;
    if (!answer && (await options.profiles?.(request))) return;
    if (!answer) return nothingAt(request);
    // Of these there is nothing to change.
    if (Object.hasOwn(plain, path) && request.method !== 'GET' && request.method !== 'HEAD') throw StatusError.methodNotAllowedHere();
    answer(request);
  };
}

function zpages({ pages: { flags, status }, server: { surroundings: { clock, random } } }: RouterOptions, listed: () => readonly string[]): Record<string, (request: ServingRequest) => void> {
  const chance = (): number => random.next();
  return {
    ...(flags ? { '/flagz': flagzPage(flags, { component: 'kube-apiserver', random: chance }) } : {}),
    ...(status ? { '/statusz': statuszPage(processStart() * 1000, () => clock.now(), listed, { component: 'apiserver', random: chance }) } : {}),
  };
}

const usualPatienceMs = 2_000;
const publicForAnHour = 'public, max-age=3600';
const rootPaths = ['/api', '/api/v1', '/apis', '/apis/', '/openapi/v2', '/openapi/v3', '/openapi/v3/'];

function groupPaths(table: ResourceTable): string[] {
  return table.groups().filter((group) => group !== '').flatMap((group) => [`/apis/${group}`, ...table.versions(group).map((version) => `/apis/${group}/${version}`)]);
}

/** Others are names only: there is nowhere to ask about them. */
function isIssuerUrl(issuer: string): boolean {
  return /^https:\/\/[^?#]+$/.test(issuer);
}

function issuerDiscovery(accounts: ServiceAccountTokens, address: () => string): Record<string, (request: ServingRequest) => void> {
  return {
    '/.well-known/openid-configuration': (request) =>
      request.send(200, { 'content-type': 'application/json', 'cache-control': publicForAnHour }, JSON.stringify({
        issuer: accounts.issuer, jwks_uri: accounts.keySetUrl ?? `https://${address()}/openid/v1/jwks`, response_types_supported: ['id_token'],
        subject_types_supported: ['public'], id_token_signing_alg_values_supported: accounts.signingAlgorithms(),
      })),
    '/openid/v1/jwks': (request) => request.send(200, { 'content-type': 'application/jwk-set+json', 'cache-control': publicForAnHour }, JSON.stringify(accounts.keySet())),
  };
}
