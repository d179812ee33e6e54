/**
 * Extension servers: APIService objects are followed, requests to their groups are handed on to a server behind their service, as
 * the user (X-Remote-*) and with the front proxy's certificate; what they serve is merged into discovery and OpenAPI.
 */
import { Agent } from 'node:https';
import type { APIService } from '../../api/apiregistration/v1/types.ts';
import { apiservices } from '../../api/apiregistration/v1/index.ts';
import { isAbort } from '../../base/abort.ts';
import { timestamp } from '../../base/clock.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import type { Client } from '../../client/client.ts';
import { thaw, type DeepReadonly, type JsonObject } from '../../machinery/json.ts';
import { hasReason, StatusError } from '../../machinery/status.ts';
import type { User } from '../../serving/identity.ts';
import type { ServingRequest } from '../../serving/request.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import { sendText } from '../../serving/respond.ts';
import type { ApiServerConfig } from '../config.ts';
import type { ForeignDiscovery } from '../discovery/handler.ts';
import type { ForeignOpenapi } from '../discovery/openapi.ts';
import { forward, type Target } from '../proxy/forward.ts';
import type { Resolver } from '../proxy/resolve.ts';
import { fetchJson } from './fetch.ts';
import type { AggregatorMetrics } from './metrics.ts';
import { compareVersions } from '../discovery/documents.ts';
import { discoveryOf, type ApiResourceList } from './merge.ts';

type Service = DeepReadonly<APIService>;

interface Extension {
  readonly service: Service;
  /** What the server said it serves, when it was last asked. */
  resources: ApiResourceList | undefined;
  openapi: string | undefined;
  available: boolean;
}

const checkMs = 10_000;
const impatientMs = 1_000;
const probeTimeoutMs = 5_000;

export interface AggregatorOptions {
  /** Made when first needed: the server is still being put together. */
  readonly client: () => Client;
  readonly resolver: Resolver;
  readonly frontProxy: ApiServerConfig['frontProxy'];
  readonly rejectRedirects: boolean;
  readonly metrics: AggregatorMetrics;
  readonly surroundings: Surroundings;
}

export class Aggregator implements ForeignDiscovery {
  readonly #options: AggregatorOptions;
  readonly #extensions = new Map<string, Extension>();
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });
  readonly #stop = new AbortController();
  #generation = 0;

  constructor(options: AggregatorOptions) {
    this.#options = options;
  }

  get generation(): number {
    return this.#generation;
  }

  start(): void {
    void this.#follow();
    void this.#check();
  }

  close(): void {
    this.#stop.abort();
    this.#agent.destroy();
  }

  /** Answers when the request belongs to an extension server. */
  async handle(request: ServingRequest, info: RequestInfo): Promise<boolean> {
    const [group, version] = info.isResource ? [info.group, info.version] : groupVersionIn(request.path);
    const extension = group ? this.#extensions.get(`${version}.${group}`) : undefined;
    if (!extension) return false;
    await this.#hand(request, extension);
    return true;
  }

  /** Failures between the servers are told as plain text, which is what clients know from upstream. */
  async #hand(request: ServingRequest, { service, available }: Extension): Promise<void> {
    const unavailable = (text: string): void => sendText(request, 503, `${text}\n`);
    if (!available) return unavailable('service unavailable');
    let target: Target;
    try {
      target = await this.#target(service, request.url, request.user);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return unavailable('service unavailable');
    }
    try {
      await forward(request, { ...target, rejectRedirects: this.#options.rejectRedirects, headers: { ...foreignHeaders(request), ...target.headers } });
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 503 || request.answered) throw error;
      unavailable(error.message);
    }
  }

  groups(): ReturnType<ForeignDiscovery['groups']> {
    const byGroup = new Map<string, Extension[]>();
    for (const extension of this.#extensions.values()) {
      const { group = '' } = extension.service.spec;
      byGroup.set(group, [...(byGroup.get(group) ?? []), extension]);
    }
    return [...byGroup].map(([name, extensions]) => {
      const ordered = extensions.sort((a, b) => b.service.spec.versionPriority - a.service.spec.versionPriority || compareVersions(a.service.spec.version ?? '', b.service.spec.version ?? ''));
      const versions = ordered.map(({ service: { spec } }) => ({ groupVersion: `${name}/${spec.version}`, version: spec.version ?? '' }));
      return {
        name,
        priority: Math.max(...ordered.map((e) => e.service.spec.groupPriorityMinimum)),
        group: { kind: 'APIGroup', apiVersion: 'v1', name, versions, preferredVersion: versions[0]! },
        discovery: { metadata: { name }, versions: ordered.map((e) => discoveryOf(name, e.service.spec.version ?? '', e.resources, e.available)) } as JsonObject,
      };
    });
  }

  readonly openapi: ForeignOpenapi = {
    generation: 0,
    paths: () => [...this.#extensions.values()].flatMap((e) => (e.openapi ? [{ path: pathOf(e.service), hash: e.openapi }] : [])),
    handle: async (path, request) => {
      const extension = [...this.#extensions.values()].find((e) => pathOf(e.service) === path && e.openapi);
      if (!extension) return false;
      await this.#hand(request, extension);
      return true;
    },
  };

  async #target(service: Service, path: string, user: User | undefined): Promise<Target> {
    const ref = service.spec.service!;
    const backend = await this.#options.resolver.pick(ref.namespace ?? '', ref.name ?? '', String(ref.port ?? 443));
    const { frontProxy } = this.#options;
    const { caBundle, insecureSkipTLSVerify } = service.spec;
    return {
      ...backend, path, agent: this.#agent, via: this.#options.resolver.via, headers: remoteHeaders(user),
      tls: {
        serverName: `${ref.name}.${ref.namespace}.svc`, insecure: insecureSkipTLSVerify === true,
        ...(caBundle ? { ca: Buffer.from(caBundle, 'base64').toString() } : {}),
        ...(frontProxy?.cert && frontProxy.key ? { cert: frontProxy.cert, key: frontProxy.key } : {}),
      },
    };
  }

  async #follow(): Promise<void> {
    const { surroundings } = this.#options;
    const client = this.#options.client();
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for await (const event of client.watch(apiservices, { signal })) {
          if (event.type === 'BOOKMARK') continue;
          const service = event.object;
          const known = this.#extensions.get(service.metadata.name);
          if (event.type === 'DELETED') this.#options.metrics.gone(service.metadata.name);
          else if (!service.spec.service) this.#options.metrics.judged(service.metadata.name, true, '');
          if (event.type === 'DELETED' || !service.spec.service) this.#extensions.delete(service.metadata.name);
          else this.#extensions.set(service.metadata.name, { service, resources: known?.resources, openapi: known?.openapi, available: known?.available ?? service.status?.conditions?.some((c) => c.type === 'Available' && c.status === 'True') === true });
          if (!known || event.type === 'DELETED') this.#generation++;
        }
      } catch (error) {
        if (isAbort(error, signal)) return;
        surroundings.log.error('Following APIServices failed', error);
      }
      await surroundings.clock.sleep(impatientMs, signal).catch(() => {});
    }
  }

  /** Asks each server now and then whether it answers; those that do not, more often. */
  async #check(): Promise<void> {
    const { clock, log } = this.#options.surroundings;
    const { signal } = this.#stop;
    const last = new Map<string, number>();
    while (!signal.aborted) {
      const now = clock.monotonic();
      const due = [...this.#extensions.values()].filter((e) => now - (last.get(e.service.metadata.name) ?? -Infinity) >= (e.available ? checkMs : impatientMs));
      await Promise.all(due.map(async (extension) => {
        last.set(extension.service.metadata.name, now);
        await this.#probe(extension).catch((error: unknown) => {
          if (!isAbort(error, signal)) log.error('Checking an extension server failed', error, { apiService: extension.service.metadata.name });
        });
      }));
      await clock.sleep(impatientMs / 4, signal).catch(() => {});
    }
  }

  async #probe(extension: Extension): Promise<void> {
    const verdict = await this.#verdict(extension);
    const available = verdict.status === 'True';
    const current = this.#extensions.get(extension.service.metadata.name);
    if (!current) return;
    if (verdict.resources) {
      const changed = JSON.stringify(verdict.resources) !== JSON.stringify(current.resources);
      current.resources = verdict.resources;
      current.openapi = verdict.openapi;
      if (changed) this.#generation++;
    }
    if (current.available !== available) this.#generation++;
    current.available = available;
    this.#options.metrics.judged(extension.service.metadata.name, available, verdict.reason);
    await this.#report(extension.service.metadata.name, verdict);
  }

  async #verdict({ service }: Extension): Promise<Verdict> {
    const ref = service.spec.service!;
    const { namespace = '', name = '', port = 443 } = ref;
    const { resolver } = this.#options;
    const object = await resolver.service(namespace, name);
    if (!object) return failed('ServiceNotFound', `service/${name} in ${JSON.stringify(namespace)} is not present`);
    if (object.spec.type !== 'ClusterIP') return this.#ask(service);
    const servicePort = object.spec.ports?.find((p) => p.port === port);
    if (!servicePort) return failed('ServicePortError', `service/${name} in ${JSON.stringify(namespace)} is not listening on port ${port}`);
    if (!(await resolver.hasSlices(namespace, name))) return failed('EndpointsNotFound', `cannot find endpointslices for service/${name} in ${JSON.stringify(namespace)}`);
    if ((await resolver.backends(namespace, name, servicePort.name ?? '')).length === 0) {
      return failed('MissingEndpoints', `endpointslices for service/${name} in ${JSON.stringify(namespace)} have no addresses with port name ${JSON.stringify(servicePort.name ?? '')}`);
    }
    return this.#ask(service);
  }

  async #ask(service: Service): Promise<Verdict> {
    const path = `/${pathOf(service)}`;
    const reached = await this.#target(service, path, prober);
    // Whether it answers is one thing; whether it is believed is found out with the first request.
    const target: Target = { ...reached, tls: { ...reached.tls, insecure: true } };
    try {
      const signal = AbortSignal.any([this.#stop.signal, timeout(this.#options.surroundings, probeTimeoutMs)]);
      const resources = (await fetchJson(target, signal)) as unknown as ApiResourceList;
      const index = await fetchJson({ ...target, path: '/openapi/v3' }, signal).catch(() => undefined);
      const url = (index?.['paths'] as Record<string, { serverRelativeURL?: string }> | undefined)?.[path.slice(1)]?.serverRelativeURL;
      return { status: 'True', reason: 'Passed', message: 'all checks passed', resources, openapi: url ? (/hash=([^&]*)/.exec(url)?.[1] ?? '') : undefined };
    } catch (error) {
      if (this.#stop.signal.aborted) throw error;
      return failed('FailedDiscoveryCheck', `failing or missing response from https://${target.host}:${target.port}${path}: ${(error as Error).message}`);
    }
  }

  async #report(name: string, verdict: Verdict): Promise<void> {
    const { surroundings } = this.#options;
    const client = this.#options.client();
    try {
      const present = await client.get(apiservices, name);
      const before = present.status?.conditions?.find((c) => c.type === 'Available');
      if (before?.status === verdict.status && before.reason === verdict.reason && before.message === verdict.message) return;
      const next = thaw<APIService>(present);
      const lastTransitionTime = before?.status === verdict.status ? before.lastTransitionTime : timestamp(surroundings.clock.now());
      const condition = { type: 'Available', status: verdict.status, reason: verdict.reason, message: verdict.message, ...(lastTransitionTime ? { lastTransitionTime } : {}) };
      next.status = { ...next.status, conditions: [...(next.status?.conditions ?? []).filter((c) => c.type !== 'Available'), condition] };
      await client.update(apiservices, next, { subresource: 'status' });
    } catch (error) {
      // Gone or just changed: the next round sees it.
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
    }
  }
}

interface Verdict {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  readonly resources?: ApiResourceList;
  readonly openapi?: string | undefined;
}

const prober: User = { name: 'system:kube-aggregator', groups: ['system:masters'] };

function failed(reason: string, message: string): Verdict {
  return { status: 'False', reason, message };
}

function timeout({ clock }: Surroundings, ms: number): AbortSignal {
  const abort = new AbortController();
  clock.after(ms, () => abort.abort(StatusError.timeout('no answer in time')));
  return abort.signal;
}

function pathOf({ spec }: Service): string {
  return `apis/${spec.group}/${spec.version}`;
}

/** What the client says of who it is, or wants to be, is not for others to hear. */
function foreignHeaders({ headers }: ServingRequest): Record<string, undefined> {
  return Object.fromEntries(Object.keys(headers).filter((name) => name.startsWith('x-remote-') || name.startsWith('impersonate-')).map((name) => [name, undefined]));
}

function groupVersionIn(path: string): [string, string] {
  const parts = path.split('/');
  return parts[1] === 'apis' && parts.length >= 4 ? [parts[2]!, parts[3]!] : ['', ''];
}

/** Who asks, told by the front proxy; what the client itself said of that is dropped. */
function remoteHeaders(user: User | undefined): Record<string, string | string[] | undefined> {
  const headers: Record<string, string | string[] | undefined> = { 'host': undefined, 'authorization': undefined, 'x-remote-user': user?.name, 'x-remote-uid': user?.uid, 'x-remote-group': user ? [...user.groups] : undefined };
  for (const [key, values] of Object.entries(user?.extra ?? {})) headers[`x-remote-extra-${encodeURIComponent(key)}`] = [...values];
  return headers;
}
