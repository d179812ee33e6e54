/** The proxy subresources of pods, services and nodes. */
import type { Pod } from '../../api/core/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import type { ServingRequest } from '../../serving/request.ts';
import type { Storage } from '../registry/storage.ts';
import type { Connector } from '../resources.ts';
import { forward, type Target } from './forward.ts';
import type { Kubelets } from './kubelet.ts';
import type { Resolver } from './resolve.ts';

interface ProxyName {
  readonly scheme: 'http' | 'https';
  readonly name: string;
  readonly port: string;
}

/** `[scheme:]name[:port]` */
function splitName(text: string): ProxyName {
  const parts = text.split(':');
  if (parts.length === 1) return { scheme: 'http', name: text, port: '' };
  if (parts.length === 2) return { scheme: 'http', name: parts[0]!, port: parts[1]! };
  const [scheme, name, port] = parts as [string, string, string];
  if (parts.length > 3 || (scheme !== 'http' && scheme !== 'https' && scheme !== '')) throw StatusError.badRequest(`invalid proxy request ${JSON.stringify(text)}`);
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

/** What follows `/proxy`, as it was sent, with the query. */
function rest(request: ServingRequest): string {
  const at = request.path.indexOf('/proxy');
  const path = request.path.slice(at + '/proxy'.length) || '/';
  return path + request.url.slice(request.path.length);
}

const plain = { authorization: undefined, host: undefined };
const tlsOf = (scheme: string): Pick<Target, 'tls'> => (scheme === 'https' ? { tls: { insecure: true } } : {});

export function podProxy(pods: Storage, through?: Target['through']): Connector {
  return async (request, info) => {
    const { scheme, name, port } = splitName(info.name);
    const pod = (await pods.get(info.namespace, name)).object as unknown as DeepReadonly<Pod>;
    const ip = pod.status.podIP;
    if (!ip) throw StatusError.badRequest('address not allowed');
    const first = pod.spec.containers.flatMap((c) => c.ports ?? []);
    const number = Number(port) || first.find((p) => p.name === port)?.containerPort || first[0]?.containerPort || 80;
    return forward(request, { host: ip, port: number, path: rest(request), headers: plain, through, ...tlsOf(scheme) });
  };
}

export function serviceProxy(resolver: Resolver, through?: Target['through']): Connector {
  return async (request, info) => {
    const { scheme, name, port } = splitName(info.name);
    const backend = await resolver.pick(info.namespace, name, port);
    return forward(request, { ...backend, path: rest(request), headers: plain, through, ...tlsOf(scheme) });
  };
}

export function nodeProxy(kubelets: Kubelets): Connector {
  return async (request, info) => {
    const { name, port } = splitName(info.name);
    return forward(request, await kubelets.target(name, rest(request), Number(port) || undefined));
  };
}
