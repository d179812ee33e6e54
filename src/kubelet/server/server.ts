/** The agent's API on port 10250: who asks is found out by the API server, and so is whether they may. */
import type { Surroundings } from '../../base/surroundings.ts';
import { metricsContentType } from '../../base/metrics.ts';
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
import { configz } from './configz.ts';
import { serveLogs } from './logs.ts';
import { podMetrics, volumeMetrics } from './metrics.ts';
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
  if (under('/checkpoint')) return ['checkpoint'];
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
  podMetrics(agent.measures, manager);
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

  /** What both ports serve. Answers false where the path is none of these. */
  const tell = async (request: ServingRequest): Promise<boolean> => {
    const { path } = request;
    if (await health.handle(request)) return true;
    if (path === '/pods' || path === '/pods/') sendJson(request, 200, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: manager.allPods() });
    else if (path === '/metrics') sendText(request, 200, agent.measures.registry.expose() + volumeMetrics(statistics.claims()), metricsContentType);
    else if (path === '/metrics/probes') sendText(request, 200, probeMetrics(agent.probes, manager), metricsContentType);
    else {
      const answer = statistics.handle(path, request.query);
      if (answer) sendText(request, 200, answer.body, answer.contentType);
      return answer !== undefined;
    }
    return true;
  };

  const handler = async (request: ServingRequest): Promise<void> => {
    await admit(request);
    if (await tell(request)) return;
    switch (request.path.split('/')[1]) {
      case 'configz':
        return sendJson(request, 200, configz(agent.config));
      case 'runningpods':
        return sendJson(request, 200, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: runningPods(manager) });
      case 'containerLogs':
        return serveLogs(request, manager, agent.config.staticParts ?? [], agent.config.nodeName, clock);
      case 'exec':
      case 'attach':
      case 'portForward':
        return serveStreaming(request, options);
      case 'run':
        return serveRun(request, options);
      default:
        throw StatusError.pathNotFound();
    }
  };

  if (server.readOnlyPort) {
    // Nobody is asked who they are here: it is open only where its flag says so, and only for reading.
    await serve({
      host: server.host, port: server.readOnlyPort, surroundings, signal,
      handler: async (request) => {
        if (request.method !== 'GET' && request.method !== 'HEAD') return sendText(request, 405, '405: Method Not Allowed');
        if (!(await tell(request))) throw StatusError.pathNotFound();
      },
    });
  }
  return serve({
    host: server.host, port: server.port, handler, surroundings, signal,
    tls: { cert: server.cert, key: server.key, clientAuthorities: [server.clientAuthority].filter(Boolean) },
  });
}

/** As the runtime has them: names and images of what runs, nothing of what the API wants. */
function runningPods(manager: PodManager): object[] {
  return [...manager.workers].flatMap(({ pod: { metadata: { name, namespace, uid } }, runtime }) => {
    const containers = runtime.containers.filter((c) => c.state === 'CONTAINER_RUNNING').map((c) => ({ name: c.name, image: c.image, resources: {} }));
    return containers.length > 0 ? [{ metadata: { name, namespace, uid }, spec: { containers }, status: {} }] : [];
  });
}

function attributes(user: User, request: ServingRequest, name: string, subresource: string): Attributes {
  return {
    user, verb: verbs[request.method] ?? request.method.toLowerCase(), isResource: true, group: '', version: 'v1', resource: 'nodes', subresource,
    namespace: '', name, path: request.path,
  };
}
