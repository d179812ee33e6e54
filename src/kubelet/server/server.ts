/** The agent's API on port 10250: who asks is found out by the API server, and so is whether they may. */
import type { Surroundings } from '../../base/surroundings.ts';
import { Metrics, metricsContentType } from '../../base/metrics.ts';
import type { Client } from '../../client/client.ts';
import { StatusError } from '../../machinery/status.ts';
import { delegatedAuthenticator, demand, subjectAccessReviewAuthorizer } from '../../serving/delegated.ts';
import { Health, ping } from '../../serving/health.ts';
import { allowMasters, union, type Attributes, type User } from '../../serving/identity.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { sendJson, sendText } from '../../serving/respond.ts';
import { serve, type Serving } from '../../serving/server.ts';
import type { KubeletServerConfig } from '../config.ts';
import type { Runtime } from '../cri/client.ts';
import type { Agent } from '../pods/agent.ts';
import type { PodManager } from '../pods/manager.ts';
import type { NodeReporter } from '../status/node.ts';
import { serveLogs } from './logs.ts';
import { probeMetrics } from './probemetrics.ts';
import { kubeletStatistics } from './statistics.ts';
import { serveRun, serveStreaming } from './streaming.ts';

export interface KubeletServerOptions {
  readonly agent: Agent;
  readonly manager: PodManager;
  readonly runtime: Runtime;
  readonly node: NodeReporter;
  readonly server: KubeletServerConfig;
  readonly client: Client;
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
}

const verbs: Readonly<Record<string, string>> = { POST: 'create', GET: 'get', HEAD: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** The subresources of the node that guard a path: any of them will do. */
export function guards(path: string): readonly string[] {
  const under = (prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);
  if (under('/stats')) return ['stats'];
  if (under('/metrics')) return ['metrics'];
  if (under('/logs')) return ['log'];
  if (under('/pods') || under('/runningpods')) return ['pods', 'proxy'];
  if (under('/healthz')) return ['healthz', 'proxy'];
  if (under('/configz')) return ['configz', 'proxy'];
  return ['proxy'];
}

export async function serveKubelet(options: KubeletServerOptions): Promise<Serving> {
  const { agent, manager, server, client, surroundings, signal } = options;
  const { clock } = surroundings;
  const authenticate = delegatedAuthenticator({ client, clock, clientAuthority: () => server.clientAuthority });
  const authorize = union([allowMasters, subjectAccessReviewAuthorizer({ client, clock })]);
  const statistics = kubeletStatistics(agent, manager, surroundings, signal);
  const metrics = kubeletMetrics(manager);
  const health = new Health({
    '/healthz': [ping, { name: 'syncloop', check: () => undefined }, { name: 'runtime', check: async () => void (await options.runtime.call('Version', {}, { timeoutMs: 5_000 })) }],
  });

  const admit = async (request: ServingRequest): Promise<void> => {
    const user = await authenticate(request);
    request.user = user;
    let refusal: unknown;
    for (const subresource of guards(request.path)) {
      try {
        await demand(authorize, attributes(user, request, agent.config.nodeName, subresource));
        return;
      } catch (error) {
        refusal = error;
      }
    }
    throw refusal;
  };

  const handler = async (request: ServingRequest): Promise<void> => {
    await admit(request);
    const { path } = request;
    if (await health.handle(request)) return;
    const first = path.split('/')[1] ?? '';
    switch (first) {
      case 'pods':
        return sendJson(request, 200, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: manager.allPods() });
      case 'containerLogs':
        return serveLogs(request, manager, agent.config.staticParts ?? [], agent.config.nodeName, clock);
      case 'exec':
      case 'attach':
      case 'portForward':
        return serveStreaming(request, options);
      case 'run':
        return serveRun(request, options);
      default:
    }
    if (path === '/metrics') return sendText(request, 200, metrics.expose(), metricsContentType);
    if (path === '/metrics/probes') return sendText(request, 200, probeMetrics(agent.probes, manager), metricsContentType);
    const answer = statistics.handle(path, request.query);
    if (!answer) throw StatusError.pathNotFound();
    sendText(request, 200, answer.body, answer.contentType);
  };

  return serve({
    host: server.host, port: server.port, handler, surroundings, signal,
    tls: { cert: server.cert, key: server.key, clientAuthorities: [server.clientAuthority].filter(Boolean) },
  });
}

function attributes(user: User, request: ServingRequest, name: string, subresource: string): Attributes {
  return {
    user, verb: verbs[request.method] ?? request.method.toLowerCase(), isResource: true, group: '', version: 'v1', resource: 'nodes', subresource,
    namespace: '', name, path: request.path,
  };
}

function kubeletMetrics(manager: PodManager): Metrics {
  const metrics = new Metrics();
  const running = metrics.gauge({ name: 'kubelet_running_pods', help: 'Pods that have a running sandbox' });
  const containers = metrics.gauge({ name: 'kubelet_running_containers', help: 'Containers by state', labels: ['container_state'] });
  metrics.onCollect(() => {
    let sandboxes = 0;
    const states = new Map([['running', 0], ['exited', 0], ['created', 0], ['unknown', 0]]);
    for (const worker of manager.workers) {
      if (worker.runtime.sandboxes.some((s) => s.ready)) sandboxes++;
      for (const view of worker.runtime.containers) {
        const state = view.state.slice('CONTAINER_'.length).toLowerCase();
        states.set(state, (states.get(state) ?? 0) + 1);
      }
    }
    running.set(sandboxes);
    for (const [state, count] of states) containers.set(count, state);
  });
  return metrics;
}
