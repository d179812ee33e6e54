/**
 * From one service port to nftables: chains with their rules, sets, and elements of the shared maps. Pure.
 *
 * A packet is looked up once, by address, protocol and port, and jumps to the chain of its service:
 *   service-…   for the cluster IP and whatever may go to any endpoint
 *   external-…  for node ports, external and load balancer addresses: masquerades, or keeps to local endpoints
 *   firewall-…  drops what loadBalancerSourceRanges does not allow
 * The service chain translates to a random endpoint in one rule. Only session affinity needs a chain for each endpoint.
 */
import { createHash } from 'node:crypto';
import type { Backend, Family, PortRules } from './model.ts';

/** Shared maps and sets of the table, by name. */
export type Container = 'cluster-ips' | 'service-ips' | 'service-nodeports' | 'no-endpoint-services' | 'no-endpoint-nodeports' | 'firewall-ips' | 'hairpin';

export interface Element {
  readonly container: Container;
  readonly key: string;
  /** The verdict, for maps. */
  readonly value?: string;
}

/** All that one service has in the table. */
export interface Fragment {
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** Sets of the service's own: name to definition. */
  readonly sets: ReadonlyMap<string, string>;
  readonly elements: readonly Element[];
  /** UDP destinations (`ip:port`, or `:port` for node ports) and the endpoint addresses behind each. */
  readonly udp: ReadonlyMap<string, ReadonlySet<string>>;
}

export const markForMasquerade = 'jump mark-for-masquerade';

interface Draft {
  readonly chains: Map<string, string[]>;
  readonly sets: Map<string, string>;
  readonly elements: Element[];
  readonly udp: Map<string, Set<string>>;
  /** Endpoints on this node: only those can meet themselves through their own service. */
  readonly localIPs: Set<string>;
}

export function compileService(ports: readonly PortRules[], family: Family, clusterCIDR: string | undefined): Fragment {
  const draft: Draft = { chains: new Map(), sets: new Map(), elements: [], udp: new Map(), localIPs: new Set() };
  const first = ports[0];
  if (first) draft.elements.push({ container: 'cluster-ips', key: first.clusterIP });
  for (const port of ports) compilePort(draft, port, family, clusterCIDR);
  for (const ip of draft.localIPs) draft.elements.push({ container: 'hairpin', key: `${ip} . ${ip}` });
  return draft;
}

function compilePort(draft: Draft, port: PortRules, family: Family, clusterCIDR: string | undefined): void {
  const name = chainSuffix(port);
  const serviceChain = `service-${name}`;
  const externalChain = `external-${name}`;
  const internal = port.internalLocal ? port.local : port.cluster;
  const external = port.externalLocal ? port.local : port.cluster;
  const key = (ip: string): string => `${ip} . ${port.protocol} . ${port.port}`;
  const verdict = (container: Container, elementKey: string, value: string): void => void draft.elements.push({ container, key: elementKey, value });
  /** A service that has endpoints elsewhere only is silent here, so that a client tries again; one without any refuses. */
  const none = port.anywhere ? 'drop' : 'goto reject-chain';

  if (internal.length > 0) verdict('service-ips', key(port.clusterIP), `goto ${port.internalLocal ? `local-${name}` : serviceChain}`);
  else verdict('no-endpoint-services', key(port.clusterIP), none);
  countUdp(draft, port, `${port.clusterIP}:${port.port}`, internal);

  const outsideIPs = [...new Set([...port.externalIPs, ...port.loadBalancerIPs])];
  for (const ip of outsideIPs) {
    const reachable = external.length > 0 || (port.externalLocal && port.cluster.length > 0);
    if (reachable) verdict('service-ips', key(ip), `goto ${externalChain}`);
    if (external.length === 0) verdict('no-endpoint-services', key(ip), none);
    countUdp(draft, port, `${ip}:${port.port}`, external);
  }
  if (port.nodePort) {
    const nodeKey = `${port.protocol} . ${port.nodePort}`;
    if (external.length > 0 || (port.externalLocal && port.cluster.length > 0)) verdict('service-nodeports', nodeKey, `goto ${externalChain}`);
    if (external.length === 0) verdict('no-endpoint-nodeports', nodeKey, none);
    countUdp(draft, port, `:${port.nodePort}`, external);
  }
  if (port.loadBalancerSourceRanges.length > 0 && port.loadBalancerIPs.length > 0) {
    const firewall = `firewall-${name}`;
    draft.chains.set(firewall, [`${family} saddr != { ${port.loadBalancerSourceRanges.join(', ')} } drop`]);
    for (const ip of port.loadBalancerIPs) verdict('firewall-ips', key(ip), `goto ${firewall}`);
  }

  const isExternal = outsideIPs.length > 0 || port.nodePort !== undefined;
  const usesCluster = (!port.internalLocal || isExternal) && port.cluster.length > 0;
  const usesLocal = (port.internalLocal || (isExternal && port.externalLocal)) && port.local.length > 0;
  const masquerade = clusterCIDR ? [`${family} daddr ${port.clusterIP} ${family} saddr != ${clusterCIDR} ${markForMasquerade}`] : [];
  if (usesCluster) draft.chains.set(serviceChain, [...masquerade, ...balance(draft, port, port.cluster, family)]);
  if (usesLocal) draft.chains.set(`local-${name}`, [...masquerade, ...balance(draft, port, port.local, family)]);
  if (isExternal && (external.length > 0 || (port.externalLocal && port.cluster.length > 0))) {
    draft.chains.set(externalChain, externalRules(port, name, family, clusterCIDR));
  }
  for (const { ip, local } of [...(usesCluster ? port.cluster : []), ...(usesLocal ? port.local : [])]) if (local) draft.localIPs.add(ip);
}

function externalRules(port: PortRules, name: string, family: Family, clusterCIDR: string | undefined): string[] {
  if (!port.externalLocal) return [markForMasquerade, `goto service-${name}`];
  const rules: string[] = [];
  // Pods and the node itself are inside, and may go to any endpoint even through an outside address.
  if (port.cluster.length > 0) {
    if (clusterCIDR) rules.push(`${family} saddr ${clusterCIDR} goto service-${name}`);
    rules.push(`fib saddr type local ${markForMasquerade}`, `fib saddr type local goto service-${name}`);
  }
  if (port.local.length > 0) rules.push(`goto local-${name}`);
  return rules;
}

/** Rules that translate to one of the endpoints, each as likely as the others. */
function balance(draft: Draft, port: PortRules, backends: readonly Backend[], family: Family): string[] {
  if (port.affinitySeconds !== undefined) return balanceWithAffinity(draft, port, backends, family, port.affinitySeconds);
  const [first] = backends;
  const translate = `meta l4proto ${port.protocol} dnat ${family} to`;
  if (first && backends.length === 1) return [`${translate} ${destination(first)}`];
  const choices = backends.map((backend, i) => `${i} : ${backend.ip} . ${backend.port}`);
  return [`${translate} numgen random mod ${backends.length} map { ${choices.join(', ')} }`];
}

function balanceWithAffinity(draft: Draft, port: PortRules, backends: readonly Backend[], family: Family, seconds: number): string[] {
  const rules: string[] = [];
  const choices: string[] = [];
  const type = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
  backends.forEach((backend, i) => {
    const name = endpointSuffix(port, backend);
    const [chain, set] = [`endpoint-${name}`, `affinity-${name}`];
    draft.sets.set(set, `type ${type} ; flags dynamic,timeout ; timeout ${seconds}s ;`);
    draft.chains.set(chain, [`update @${set} { ${family} saddr }`, `meta l4proto ${port.protocol} dnat ${family} to ${destination(backend)}`]);
    rules.push(`${family} saddr @${set} goto ${chain}`);
    choices.push(`${i} : goto ${chain}`);
  });
  return [...rules, `numgen random mod ${backends.length} vmap { ${choices.join(', ')} }`];
}

function destination({ ip, port }: Backend): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function countUdp(draft: Draft, port: PortRules, target: string, backends: readonly Backend[]): void {
  if (port.protocol !== 'udp') return;
  draft.udp.set(target, new Set(backends.map((backend) => backend.ip)));
}

/** Readable, unique (by the hash) and within what the kernel allows. */
function chainSuffix(port: PortRules): string {
  const text = `${port.service}/${port.protocol}/${port.portName}`;
  return `${hash(text)}-${text}`.slice(0, 200);
}

function endpointSuffix(port: PortRules, backend: Backend): string {
  const text = `${port.service}/${port.protocol}/${port.portName}__${backend.ip.replaceAll(':', '.')}/${backend.port}`;
  return `${hash(text)}-${text}`.slice(0, 200);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8).toUpperCase();
}
