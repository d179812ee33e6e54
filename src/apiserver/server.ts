/** Puts an API server together and starts it. */
import { packages as catalogPackages, resources as catalogResources } from '../api/catalog.ts';
import { Metrics, metricsContentType } from '../base/metrics.ts';
import type { Surroundings } from '../base/surroundings.ts';
import { StatusError } from '../machinery/status.ts';
import { Schema } from './registry/engines.ts';
import { allowMasters, alwaysAllow, union } from '../serving/identity.ts';
import { Health, ping, type HealthCheck } from '../serving/health.ts';
import type { ServingRequest } from '../serving/request.ts';
import type { RequestInfo } from '../serving/requestinfo.ts';
import { sendJson, sendText } from '../serving/respond.ts';
import { serve } from '../serving/server.ts';
import { versionInfo } from '../serving/version.ts';
import { AdmissionChain } from './admission/chain.ts';
import { authenticator } from './authn/authenticate.ts';
import { ServiceAccountTokens } from './authn/serviceaccount.ts';
import { bootstrapTokens, staticTokens, type TokenAuthenticator } from './authn/tokens.ts';
import { Feed } from './cacher/feed.ts';
import type { ApiServerConfig } from './config.ts';
import { Discovery, noForeign } from './discovery/handler.ts';
import { findServed, serveResource, type ResourceServer } from './http/resource.ts';
import { loopbackClient, type LoopbackServer } from './loopback/client.ts';
import type { Client } from '../client/client.ts';
import { install } from './install.ts';
import { requestMetrics } from './metrics.ts';
import { handle, type Pipeline } from './pipeline.ts';

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** In-process access as this user, who counts as authenticated. */
  client(user: { readonly name: string; readonly groups?: readonly string[]; readonly uid?: string }, userAgent?: string): Client;
  close(): Promise<void>;
}

export async function startApiServer(config: ApiServerConfig, surroundings: Surroundings): Promise<ApiServer> {
  const { clock, random } = surroundings;
  const log = surroundings.log.named('apiserver');
  const registry = new Schema(catalogPackages);
  const metrics = new Metrics();
  const feed = await Feed.start(config.store, surroundings);
  const admission = new AdmissionChain([]);
  const installed = install({
    registry, feed, admission, surroundings,
    definitions: catalogResources.filter((r) => !r.offByDefault),
    packages: new Map(catalogPackages.map((p) => [p.name, p])),
  });
  const { table } = installed;

  const tokens: TokenAuthenticator[] = [];
  if (config.tokenFile) tokens.push(staticTokens(config.tokenFile));
  const secrets = installed.storage('secrets');
  tokens.push(bootstrapTokens((namespace, name) => secrets.find(namespace, name, 0), clock));
  if (config.serviceAccounts) {
    const accounts = new ServiceAccountTokens(config.serviceAccounts, { find: (kind, namespace, name) => installed.storage(kind).find(namespace, name, 0) }, clock, random);
    tokens.push(async (token) => (await accounts.verify(token))?.user);
  }

  const presenter = { registry, now: () => clock.now() };
  const server: ResourceServer = { ...presenter, table, surroundings };
  const checks: HealthCheck[] = [ping, { name: 'etcd', check: () => { if (!feed.ready) throw new Error('not connected'); } }];
  const health = new Health({ '/healthz': checks, '/livez': checks, '/readyz': [...checks, { name: 'informer-sync', check: () => checkCaches(installed.table) }] });
  const discovery = new Discovery(registry, table, noForeign, () => `${config.advertiseAddress ?? serving.host}:${serving.port}`);
  const route = async (request: ServingRequest, info: RequestInfo): Promise<void> => {
    if (info.isResource) {
      const served = findServed(server, info);
      if (served) return serveResource(server, request, info, served);
      throw StatusError.pathNotFound();
    }
    if (await discovery.handle(request)) return;
    if (await health.handle(request)) return;
    if (request.path === '/version' || request.path === '/version/') return sendJson(request, 200, versionInfo());
    if (request.path === '/metrics') return sendText(request, 200, metrics.expose(), metricsContentType);
    throw StatusError.pathNotFound();
  };
  const pipeline: Pipeline = {
    ...presenter, log, route,
    metrics: requestMetrics(metrics, clock),
    authenticate: authenticator({
      clock, tokens, anonymous: config.anonymous ?? true,
      ...(config.clientAuthority ? { clientAuthority: config.clientAuthority } : {}),
      ...(config.frontProxy ? { frontProxyAuthority: config.frontProxy.authority } : {}),
    }),
    authorize: union([allowMasters, alwaysAllow]),
  };
  const loopback: LoopbackServer = { ...server, authorize: pipeline.authorize, handle: (request, user) => handle(pipeline, request, user) };
  const authorities = [config.clientAuthority, config.frontProxy?.authority].filter((a) => a !== undefined);
  const serving = await serve({
    host: config.bindAddress ?? '127.0.0.1', port: config.port ?? 0, surroundings,
    tls: { ...config.tls, clientAuthorities: authorities },
    handler: (request) => handle(pipeline, request),
  });
  return {
    url: serving.url,
    port: serving.port,
    client: (user, userAgent) => loopbackClient(loopback, { groups: [], ...user }, userAgent),
    close: async () => {
      await serving.close();
      await feed.close();
    },
  };
}

function checkCaches(table: ReturnType<typeof install>['table']): void {
  for (const served of table.all()) if (served.storage && !served.storage.cacher.ready) throw new Error(`${served.resource} not loaded`);
}
