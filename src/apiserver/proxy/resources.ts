/** The proxy subresources of pods, services and nodes. */
import { lookup } from 'node:dns/promises';
import type { Endpoints, Pod } from '../../api/core/v1/types.ts';
import type { Random } from '../../base/ids.ts';
import { isGlobalUnicast } from '../../machinery/addresses.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { decoded } from '../../serving/requestinfo.ts';
import type { ReadonlyObject } from '../objects.ts';
import type { Storage } from '../registry/storage.ts';
import type { Connector } from '../resources.ts';
import { forward, type Target, type Way } from './forward.ts';
import type { Kubelets } from './kubelet.ts';
import { hostAndPort, noSuchHost } from './unreachable.ts';

interface ProxyName {
  readonly scheme: string;
  readonly name: string;
  readonly port: string;
}

/** `[scheme:]name[:port]` */
function splitName(text: string, what: string): ProxyName {
  const parts = text.split(':');
  const [scheme, name, port] = parts.length === 1 ? ['', text, ''] : parts.length === 2 ? ['', parts[0]!, parts[1]!] : (parts as [string, string, string]);
  if (parts.length > 3 || name === '' || (scheme !== 'http' && scheme !== 'https' && scheme !== '')) throw StatusError.badRequest(`invalid ${what} request ${JSON.stringify(text)}`);
  return { scheme, name, port };
}

/** Names that a number stands for wherever there are services. */
const wellKnown: Readonly<Record<string, number>> = { http: 80, https: 443, domain: 53, ssh: 22, ftp: 21, smtp: 25 };

function portNumber(port: string): number {
  if (/^\d+$/.test(port) && Number(port) <= 65_535) return Number(port);
  if (Object.hasOwn(wellKnown, port)) return wellKnown[port]!;
  const why = /^\d+$/.test(port) ? `address ${port}: invalid port` : `lookup tcp/${port}: unknown port`;
  throw StatusError.serviceUnavailable(`error trying to reach service: dial tcp: ${why}`);
}

/** What may stand in a path as it is, beside letters and digits. */
const plainInPath = /[^A-Za-z0-9\-_.~$&+,/:;=@]/gu;
const escaped = (path: string): string => path.replace(plainInPath, (c) => [...Buffer.from(c)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''));

/** Hands on to the server behind; the answer's links come back here. Who asks for the root without its slash is told to ask with it. */
async function proxied(request: ServingRequest, target: Omit<Target, 'path'>, options: ReadonlyObject): Promise<void> {
  const path = (options['path'] as string | undefined) ?? '';
  const search = request.url.slice(request.path.length);
  if (path === '' && (request.method === 'GET' || request.method === 'HEAD') && !request.wantsUpgrade) return request.send(301, { location: `${request.path}/${search}` }, '');
  const own = decoded(request.path);
  const prefix = own.endsWith(path) ? own.slice(0, own.length - path.length) : own;
  const host = request.headers[':authority'] ?? request.headers.host;
  const front = typeof host === 'string' ? host : '';
  return forward(request, {
    ...target, path: (escaped(path) || '/') + search, rewriting: { prefix, hosts: [hostAndPort(target), front] },
    headers: { authorization: undefined, ...(front === '' ? {} : { host: front }), 'x-forwarded-uri': escaped(prefix) + escaped(path), ...target.headers },
  });
}

const tlsOf = (scheme: string): Pick<Target, 'tls'> => (scheme === 'https' ? { tls: { insecure: true } } : {});

export function podProxy(pods: Storage, way: Way): Connector {
  return async (request, info, options) => {
    const { scheme, name, port } = splitName(info.name, 'pod');
    const pod = (await pods.get(info.namespace, name)).object as unknown as DeepReadonly<Pod>;
    const ip = pod.status.podIPs?.[0]?.ip ?? pod.status.podIP ?? '';
    if (!isGlobalUnicast(ip)) throw StatusError.badRequest('address not allowed');
    const first = pod.spec.containers.flatMap((c) => c.ports ?? [])[0]?.containerPort;
    const number = port === '' ? (first ?? (scheme === 'https' ? 443 : 80)) : portNumber(port);
    return proxied(request, { host: ip, port: number, ...way, ...tlsOf(scheme) }, options);
  };
}

/** Addresses come from the service's Endpoints, and only those of pods count: nobody gets somewhere else by way of this server. */
export function serviceProxy({ services, endpoints, pods, random, way }: { readonly services: Storage; readonly endpoints: Storage; readonly pods: Storage; readonly random: Random; readonly way: Way }): Connector {
  return async (request, info, options) => {
    const { namespace } = info;
    const { scheme, name, port } = splitName(info.name, 'service');
    const portName = /^[+-]?\d+$/.test(port) ? await nameOfPort(namespace, name, Number(port)) : port;
    const found = await endpoints.find(namespace, name);
    if (!found) throw StatusError.notFound(services.resource, name);
    const subsets = (found.object as unknown as DeepReadonly<Endpoints>).subsets ?? [];
    if (subsets.length === 0) throw StatusError.serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
    for (const subset of shuffled(subsets)) {
      for (const number of (subset.ports ?? []).flatMap((p) => ((p.name ?? '') === portName ? [p.port] : []))) {
        for (const { ip, targetRef } of shuffled(subset.addresses ?? [])) {
          if (targetRef?.namespace === namespace && (await isOfPod(namespace, targetRef.name ?? '', ip))) return proxied(request, { host: ip, port: number, ...way, ...tlsOf(scheme) }, options);
        }
      }
    }
    throw StatusError.serviceUnavailable(`no endpoints available for service ${JSON.stringify(info.name)}`);
  };

  async function nameOfPort(namespace: string, name: string, number: number): Promise<string> {
    const { spec } = (await services.get(namespace, name)).object as unknown as { spec: { ports?: readonly { port: number; name?: string }[] } };
    const found = spec.ports?.find((p) => p.port === number);
    if (!found) throw StatusError.serviceUnavailable(`no service port ${number} found for service ${JSON.stringify(name)}`);
    return found.name ?? '';
  }

  async function isOfPod(namespace: string, name: string, ip: string): Promise<boolean> {
    const pod = (await pods.find(namespace, name))?.object as unknown as DeepReadonly<Pod> | undefined;
    return pod?.status.podIPs?.some((p) => p.ip === ip) === true;
  }

  /** From a random one on, around. */
  function shuffled<T>(list: readonly T[]): readonly T[] {
    const start = Math.floor(random.next() * list.length);
    return [...list.slice(start), ...list.slice(0, start)];
  }
}

async function mustBeProxyable(host: string): Promise<void> {
  const found = await lookup(host, { all: true }).catch(() => {
    throw StatusError.badRequest(noSuchHost(host));
  });
  if (!found.every(({ address }) => isGlobalUnicast(address))) throw StatusError.badRequest('address not allowed');
}

export function nodeProxy(kubelets: Kubelets): Connector {
  return async (request, info, options) => {
    const { scheme, name, port } = splitName(info.name, 'node');
    const kubelet = await kubelets.target(name, '');
    await mustBeProxyable(kubelet.host);
    if (port === '' || port === String(kubelet.port)) return proxied(request, kubelet, options);
    return proxied(request, { host: kubelet.host, port: portNumber(port), through: kubelet.through, via: kubelet.via, ...tlsOf(scheme) }, options);
  };
}
