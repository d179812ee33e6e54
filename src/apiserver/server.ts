/** Puts an API server together and starts it. */
import { packages as catalogPackages, resources as catalogResources } from '../api/catalog.ts';
import { secondsOf, timestamp, type Clock, type Timer } from '../base/clock.ts';
import { Metrics } from '../base/metrics.ts';
import { processMetrics } from '../base/processmetrics.ts';
import type { Surroundings } from '../base/surroundings.ts';
import type { Client } from '../client/client.ts';
import type { ServingRequest } from '../serving/request.ts';
import { sendText } from '../serving/respond.ts';
import { serve } from '../serving/server.ts';
import { aggregatorMetrics } from './aggregator/metrics.ts';
import { Aggregator } from './aggregator/aggregator.ts';
import { AdmissionChain } from './admission/chain.ts';
import { admissionMetrics } from './admission/metrics.ts';
import { admissionPlugins } from './admission/plugins.ts';
import { Caller } from './admission/webhooks/call.ts';
import { authenticator } from './authn/authenticate.ts';
import { boundObjectsOf, tokensOf } from './authn/assemble.ts';
import { ServiceAccountTokens } from './authn/serviceaccount.ts';
import { authorizationChain } from './authz/chain.ts';
import { Rbac } from './authz/rbac.ts';
import { bootstrap, type GroupVersion } from './bootstrap/objects.ts';
import { conversionMeter } from './crd/metrics.ts';
import { CustomResources } from './crd/controller.ts';
import { localComponents, type Component } from './registry/core/components.ts';
import { Feed } from './cacher/feed.ts';
import type { ApiServerConfig } from './config.ts';
import { priorityOf, versionPriorityOf, versionsInOrder } from './discovery/documents.ts';
import type { ResourceServer } from './http/resource.ts';
import { auditCounters, auditing } from './audit/audit.ts';
import { encryptionFamilies } from './encryption/metrics.ts';
import { Deadlines } from './deadlines.ts';
import { flowControl } from './fairness/start.ts';
import { install, type Installed } from './install.ts';
import { wireKinds } from './kinds.ts';
import { loopbackClient, type LoopbackServer } from './loopback/client.ts';
import { begun, front } from './front.ts';
import { certificateMeter, countedAuthentication, countedAuthorization } from './authmetrics.ts';
import { cacheMetrics } from './cachemetrics.ts';
import { requestMetrics } from './metrics.ts';
import { selfMetrics } from './selfmetrics.ts';
import { defaultLimits } from './limits.ts';
import { handle, type Pipeline } from './pipeline.ts';
import { Kubelets } from './proxy/kubelet.ts';
import { x509Meter } from './proxy/webhook.ts';
import { egress } from './proxy/egress.ts';
import { throttle } from './proxy/throttle.ts';
import { Resolver } from './proxy/resolve.ts';
import { parseRange } from './registry/core/addresses.ts';
import { EventExpiry } from './registry/core/eventexpiry.ts';
import { ServiceAllocator } from './registry/core/services.ts';
import { Schema } from './registry/engines.ts';
import { router } from './routes.ts';
import { measured, objectMetrics, watchMeter } from './storagemetrics.ts';
import { Watches } from './watchdrain.ts';
import { servedResources } from './runtimeconfig.ts';

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** What /metrics tells; other parts of the process may add to it. */
  readonly metrics: Metrics;
  /** In-process access as this user, who counts as authenticated. */
  client(user: { readonly name: string; readonly groups?: readonly string[]; readonly uid?: string }, userAgent?: string): Client;
  close(): Promise<void>;
}

const repairMs = 180_000;
const defaultEventTtlMs = 3_600_000;
const defaultRange = '10.96.0.0/12';
const defaultNodePorts = { from: 30_000, to: 32_767 };

/** Resolves when the server serves and everything that must exist from the start does. */
export async function startApiServer(config: ApiServerConfig, surroundings: Surroundings): Promise<ApiServer> {
  const { clock, random } = surroundings;
  const log = surroundings.log.named('apiserver');
  const registry = new Schema(catalogPackages);
  const metrics = new Metrics(config.metrics);
  processMetrics(metrics);
  selfMetrics(metrics, config.gates);
  auditCounters(metrics);
  encryptionFamilies(metrics);
  config.instruments?.forEach((instrument) => instrument(metrics));
  const feed = await Feed.start(measured(config.store, metrics, clock, config.storeCare?.tellsSize !== false), surroundings);
  const others = await otherFeeds(config, metrics, surroundings);
  const admission = new AdmissionChain();
  const installed = install({
    registry, feed, feeds: others.byPrefix, admission, surroundings, storesJson: config.storesJson === true,
    definitions: servedResources(catalogResources, config.runtimeConfig ?? [], config.features ?? []),
    packages: new Map(catalogPackages.map((p) => [p.name, p])),
  });
  const { table, storage } = installed;

  const rbac = new Rbac();
  const { authorize, rulesOf } = authorizationChain(config.authorization ?? ['Node', 'RBAC'], rbac, storage, metrics);
  const boundObjects = boundObjectsOf(storage, () => system(), log);
  const accounts = config.serviceAccounts && new ServiceAccountTokens(config.serviceAccounts, boundObjects, clock, random);
  const tokens = tokensOf(config, accounts, storage, clock, metrics);
  accounts?.instrument(metrics);
  const range = parseRange(config.serviceCidr ?? defaultRange);
  const services = new ServiceAllocator({
    services: storage('services'), addresses: storage('ipaddresses.networking.k8s.io'), range, nodePorts: config.nodePorts ?? defaultNodePorts, surroundings, metrics,
  });
  const way = {
    through: config.connectionBytesPerSecond ? throttle(config.connectionBytesPerSecond, clock) : undefined,
    via: config.egress && egress(config.egress, metrics, clock),
  };
  const kubelets = new Kubelets(storage('nodes'), storage('pods'), config.kubelet, way);
  const resolver = new Resolver(storage('services'), storage('endpointslices.discovery.k8s.io'), random, way.via);
  const caller = new Caller(resolver, clock, x509Meter(metrics, 'webhooks'));
  const timing = admissionMetrics(metrics, clock);
  admission.use(admissionPlugins({ installed, authorize, surroundings: { ...surroundings, log }, config, registry, caller, metrics, timing }), timing);
  wireKinds({
    kubelets, random, admission, clock, way, allowPrivileged: config.allowPrivileged ?? true,
    components: [...(config.components ?? localComponents), storeComponent(feed)],
    installed, rbac, authorize, services, tokens: accounts, tokenLimits: config.serviceAccounts ?? {}, boundObjects,
    reviews: {
      authorize,
      rulesOf,
      authenticate: (token, audiences) => tokens.authenticate(token, audiences),
    },
  });

  const client = (user: { readonly name: string; readonly groups?: readonly string[]; readonly uid?: string }, userAgent?: string): Client =>
    loopbackClient(loopback, { groups: [], ...user }, userAgent);
  const system = (): Client => client({ name: 'system:apiserver', groups: ['system:masters'] }, 'kube-apiserver');

  const custom = new CustomResources({
    registry, feed, admission, resolver, conversions: conversionMeter(metrics, clock), surroundings: { ...surroundings, log }, table, definitions: storage('customresourcedefinitions.apiextensions.k8s.io'),
    client: system,
  });

  let ready = false;
  let ending = false;
  let turningAway = false;
  const watches = new Watches(clock);
  const expiry = new EventExpiry(storage('events'), config.eventTtlMs ?? defaultEventTtlMs, { ...surroundings, log });
  const presenter = { registry, now: () => clock.now() };
  const server: ResourceServer = { ...presenter, table, surroundings, second: secondsOf(clock), features: new Set(config.features), minWatchMs: config.limits?.minRequestTimeoutMs || defaultLimits.minRequestTimeoutMs, meter: watchMeter(metrics), watches, deleteWorkers: config.deleteWorkers };
  const aggregator = new Aggregator({ client: system, resolver, frontProxy: config.frontProxy, rejectRedirects: config.rejectRedirects ?? true, metrics: aggregatorMetrics(metrics), surroundings: { ...surroundings, log } });
  const flow = flowControl({ installed, metrics, surroundings: { ...surroundings, log }, limits: config.limits ?? {} });
  cacheMetrics(metrics, table);
  if (config.storeCare?.countsObjects !== false) objectMetrics(metrics, table);
  const counted = requestMetrics(metrics, clock, (info) => table.find(info.group, info.version, info.resource));
  const deadlines = new Deadlines(clock, config.limits?.requestTimeoutMs || defaultLimits.requestTimeoutMs, (request, info) => counted.terminated(request, info, 504));
  const audit = config.audit && auditing(config.audit, registry, metrics, { ...surroundings, log });
  const profiles = profilesOf(config, clock);
  const pipeline: Pipeline = {
    ...presenter, log, authorize, random, audit, clock, begun: (request, user) => ready || config.limits?.notReadyOnce !== true || begun(request, user), gate: flow.gate, deadlines, goawayChance: config.limits?.goawayChance ?? 0,
    route: router({ server, feed, metrics, accounts, aggregator, paths: flow.paths, profiles, pages: { flags: server.features.has('ComponentFlagz') ? config.shownFlags : undefined, status: server.features.has('ComponentStatusz') }, care: config.storeCare ?? {}, checks: config.healthChecks ?? [], livezGraceMs: config.limits?.livezGraceMs ?? 0, address: () => `${config.externalHost || (config.advertiseAddress ?? serving.host)}:${serving.port}`, ready: () => ready, ending: () => ending }),
    metrics: counted,
    authorizeRequest: countedAuthorization(metrics, clock, counted, authorize),
    authenticate: countedAuthentication(metrics, clock, counted, authenticator({
      clock, tokens, certificateShown: certificateMeter(metrics, clock), anonymous: config.anonymous ?? true,
      ...(config.clientAuthority ? { clientAuthority: config.clientAuthority } : {}),
      ...(config.frontProxy ? { frontProxy: config.frontProxy } : {}),
    })),
  };
  const loopback: LoopbackServer = { ...server, authorize, handle: (request, user) => handle(pipeline, request, user) };
  const handshakes = metrics.counter({ name: 'apiserver_tls_handshake_errors_total', help: '[ALPHA] Connections that ended before TLS was agreed on.' });
  const passes = front(config.front ?? {}, { turningAway: () => turningAway });
  const { profileSocket, byName, minVersion, ciphers, ...listening } = config.listening ?? {};
  const named = { ...(byName ? { byName } : {}), ...(minVersion ? { minVersion } : {}), ...(ciphers ? { ciphers } : {}) };
  const serving = await serve({
    host: config.bindAddress ?? '127.0.0.1', port: config.port ?? 0, surroundings,
    ...listening, handshakeFailed: () => handshakes.inc(), tls: { ...config.tls, ...named, clientAuthorities: [config.clientAuthority, config.frontProxy?.authority].filter((a) => a !== undefined) },
    handler: async (request) => {
      if (passes(request)) await handle(pipeline, request);
    },
  });
  const profiler = profileSocket && profiles ? await serve({ port: 0, path: profileSocket, surroundings, handler: async (request) => {
    if (!(await profiles(request))) sendText(request, 404, '404 page not found\n');
  } }) : undefined;

  const timers: Timer[] = [];
  /** Load balancers see /readyz fail before anything else does; then nobody new is let in or is told to come again, and what is under way is finished. */
  const end = async (): Promise<void> => {
    ending = true;
    const { shutdownDelayMs = 0, drainMs = 0, watchGraceMs = 0, sendRetryAfter = false } = config.limits ?? {};
    if (shutdownDelayMs > 0) await clock.sleep(shutdownDelayMs);
    if (drainMs <= 0 && watchGraceMs <= 0) return;
    turningAway = sendRetryAfter;
    if (!sendRetryAfter) serving.stopListening();
    await Promise.all([deadlines.drained(drainMs), watchGraceMs > 0 ? watches.drain(watchGraceMs) : undefined]);
    if (sendRetryAfter) serving.stopListening();
  };
  const close = async (): Promise<void> => {
    await end();
    for (const timer of timers) timer.cancel();
    rbac.close();
    flow.close();
    expiry.close();
    deadlines.close();
    aggregator.close();
    caller.close();
    custom.close();
    kubelets.close();
    way.via?.http.destroy();
    way.via?.https.destroy();
    await serving.close();
    await profiler?.close();
    await audit?.close();
    await feed.close();
    await others.close();
  };
  try {
    await services.start();
    await custom.start();
    const policy = {
      roles: storage('roles.rbac.authorization.k8s.io'), clusterroles: storage('clusterroles.rbac.authorization.k8s.io'),
      rolebindings: storage('rolebindings.rbac.authorization.k8s.io'), clusterrolebindings: storage('clusterrolebindings.rbac.authorization.k8s.io'),
    };
    await Promise.all([
      rbac.start(policy, clock, log),
      flow.start(system()),
      bootstrap({
        client: system(), serviceRange: range, groupVersions: localGroupVersions(installed),
        advertiseAddress: config.advertiseAddress ?? config.bindAddress ?? '127.0.0.1', port: serving.port, serviceNodePort: config.serviceNodePort, publishEndpoints: config.publishEndpoints,
        clientAuthority: config.clientAuthority, frontProxy: config.frontProxy, now: timestamp(clock.now()),
      }),
    ]);
    await rbac.caughtUp(policy);
  } catch (error) {
    await close();
    throw error;
  }
  timers.push(clock.every(repairMs, () => void services.repair().catch((error: unknown) => log.error('Repair of service addresses failed', error))));
  aggregator.start();
  expiry.start();
  ready = true;
  return {
    url: serving.url,
    port: serving.port,
    metrics,
    client,
    close,
  };
}

/** The aggregator's own group is not behind itself; those of custom resources come and go. */
function localGroupVersions({ table }: Installed): GroupVersion[] {
  return table.groups().filter((group) => group !== 'apiregistration.k8s.io').flatMap((group) =>
    versionsInOrder(table, group).filter((version) => !table.resources(group, version).every((s) => s.definition.custom)).map((version) => ({ group, version, groupPriority: priorityOf(group), versionPriority: versionPriorityOf(group, version) })));
}

/** The store, under the name that its counterpart has. */
function storeComponent(feed: Feed): Component {
  return {
    name: 'etcd-0',
    check: async () => {
      if (!feed.ready) throw new Error('the store cannot be read');
      return 'ok';
    },
  };
}

/** Follows the stores of resources that are kept elsewhere. */
async function otherFeeds({ otherStores = [] }: ApiServerConfig, metrics: Metrics, surroundings: Surroundings): Promise<{ readonly byPrefix: ReadonlyMap<string, Feed>; close(): Promise<void> }> {
  const byPrefix = new Map<string, Feed>();
  const feeds: Feed[] = [];
  for (const { resources, store } of otherStores) {
    const feed = await Feed.start(measured(store, metrics, surroundings.clock, false), surroundings);
    feeds.push(feed);
    for (const { group, resource, storage } of catalogResources) if (storage && resources.includes(`${group}/${resource}`)) byPrefix.set(storage.prefix, feed);
  }
  return {
    byPrefix,
    close: async () => {
      for (const feed of feeds) await feed.close();
    },
  };
}

/** The profiler is loaded when somebody asks for a profile. */
function profilesOf({ profiling = true }: ApiServerConfig, clock: Clock): ((request: ServingRequest) => Promise<boolean>) | undefined {
  if (!profiling) return undefined;
  return async (request) => request.path.startsWith('/debug/pprof') && (await import('../serving/profiles.ts')).serveProfiles(request, clock);
}
