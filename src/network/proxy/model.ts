/** What the rules are made of: every port of every service with the endpoints that this node may send to. Pure. */
import type { Endpoint, EndpointSlice } from '../../api/discovery/v1/types.ts';
import type { Service, ServicePort } from '../../api/core/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';

export type Family = 'ip' | 'ip6';

/** What is the same for all services on one node. */
export interface NodeContext {
  readonly nodeName: string;
  readonly family: Family;
  /** Sources outside of it are rewritten when they use a cluster IP. */
  readonly clusterCIDR?: string;
  /** The node's labels, for endpoints that are meant for one zone. */
  readonly zone?: string;
}

export interface Backend {
  readonly ip: string;
  readonly port: number;
  readonly local: boolean;
}

export interface PortRules {
  /** namespace/name */
  readonly service: string;
  readonly portName: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
  readonly clusterIP: string;
  readonly nodePort: number | undefined;
  readonly externalIPs: readonly string[];
  readonly loadBalancerIPs: readonly string[];
  readonly loadBalancerSourceRanges: readonly string[];
  /** Seconds; undefined without session affinity. */
  readonly affinitySeconds: number | undefined;
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  /** For traffic that may go anywhere. */
  readonly cluster: readonly Backend[];
  /** For traffic that must stay on this node. */
  readonly local: readonly Backend[];
  /** False when no node has an endpoint: refused then, instead of dropped. */
  readonly anywhere: boolean;
}

const defaultAffinitySeconds = 10_800;

type ReadonlyService = DeepReadonly<Service>;
type ReadonlySlice = DeepReadonly<EndpointSlice>;
type ReadonlyEndpoint = DeepReadonly<Endpoint>;

/** Empty for services that have no address in the context's family. */
export function portRules(service: ReadonlyService, slices: readonly ReadonlySlice[], context: NodeContext): PortRules[] {
  const { spec } = service;
  const clusterIP = (spec.clusterIPs ?? [spec.clusterIP ?? '']).find((ip) => ip !== 'None' && isOfFamily(ip, context.family));
  if (!clusterIP || spec.type === 'ExternalName') return [];
  const addressType = context.family === 'ip' ? 'IPv4' : 'IPv6';
  const own = slices.filter((slice) => slice.addressType === addressType);
  const ofFamily = (ips: readonly string[] | undefined): string[] => (ips ?? []).filter((ip) => isOfFamily(ip, context.family));
  const externallyReachable = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
  const ingress = (service.status?.loadBalancer?.ingress ?? []).filter((entry) => entry.ip && (entry.ipMode ?? 'VIP') === 'VIP');
  return (spec.ports ?? []).map((port) => ({
    service: `${service.metadata.namespace ?? ''}/${service.metadata.name ?? ''}`,
    portName: port.name ?? '',
    protocol: (port.protocol ?? 'TCP').toLowerCase() as PortRules['protocol'],
    port: port.port,
    clusterIP,
    nodePort: externallyReachable && port.nodePort ? port.nodePort : undefined,
    externalIPs: ofFamily(spec.externalIPs),
    loadBalancerIPs: spec.type === 'LoadBalancer' ? ofFamily(ingress.map((entry) => entry.ip!)) : [],
    loadBalancerSourceRanges: ofFamily(spec.loadBalancerSourceRanges?.map((range) => range.trim())),
    affinitySeconds: spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds) : undefined,
    internalLocal: spec.internalTrafficPolicy === 'Local',
    externalLocal: spec.externalTrafficPolicy === 'Local',
    ...choose(own, port, context),
  }));
}

function isOfFamily(address: string, family: Family): boolean {
  return address !== '' && address.includes(':') === (family === 'ip6');
}

interface Candidate extends Backend {
  readonly endpoint: ReadonlyEndpoint;
}

function choose(slices: readonly ReadonlySlice[], port: DeepReadonly<ServicePort>, context: NodeContext): Pick<PortRules, 'cluster' | 'local' | 'anywhere'> {
  const all = candidates(slices, port, context);
  const ready = all.filter(({ endpoint }) => endpoint.conditions?.ready !== false);
  const hinted = topologyOf(ready, context);
  const cluster = ready.length > 0 ? hinted : serving(all);
  const localReady = ready.filter((candidate) => candidate.local);
  const local = localReady.length > 0 ? localReady : serving(all.filter((candidate) => candidate.local));
  const plain = (list: readonly Candidate[]): Backend[] => list.map(({ ip, port: number, local: here }) => ({ ip, port: number, local: here }));
  return { cluster: plain(cluster), local: plain(local), anywhere: ready.length > 0 || cluster.length > 0 };
}

/** While all endpoints of a rollout are ending, those that still serve are better than none. */
function serving(all: readonly Candidate[]): Candidate[] {
  return all.filter(({ endpoint: { conditions } }) => conditions?.serving !== false && conditions?.terminating === true);
}

function candidates(slices: readonly ReadonlySlice[], port: DeepReadonly<ServicePort>, context: NodeContext): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const slice of slices) {
    const target = slice.ports?.find((candidate) => (candidate.name ?? '') === (port.name ?? '') && (candidate.protocol ?? 'TCP') === (port.protocol ?? 'TCP'));
    if (target?.port === undefined || target.port === null) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const ip = endpoint.addresses[0];
      if (!ip) continue;
      // An endpoint may be in two slices while it moves between them.
      found.set(`${ip} ${target.port}`, { ip, port: target.port, local: endpoint.nodeName === context.nodeName, endpoint });
    }
  }
  return [...found.values()].sort((a, b) => (a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : a.port - b.port));
}

/** Hints count only when every endpoint has them and at least one is meant for here; same node goes before same zone. */
function topologyOf(ready: readonly Candidate[], { nodeName, zone }: NodeContext): readonly Candidate[] {
  if (ready.length === 0) return ready;
  if (ready.every(({ endpoint }) => endpoint.hints?.forNodes?.length)) {
    const here = ready.filter(({ endpoint }) => endpoint.hints?.forNodes?.some((hint) => hint.name === nodeName));
    if (here.length > 0) return here;
  }
  if (zone && ready.every(({ endpoint }) => endpoint.hints?.forZones?.length)) {
    const near = ready.filter(({ endpoint }) => endpoint.hints?.forZones?.some((hint) => hint.name === zone));
    if (near.length > 0) return near;
  }
  return ready;
}
