/**
 * The names of a cluster, as the DNS-based service discovery specification has them. Pure: a question and the catalog give
 * the records, or tell that there is no such name.
 */
import type { Service, ServicePort } from '../../api/core/v1/types.ts';
import type { EndpointSlice } from '../../api/discovery/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { clusterIPs, type Catalog } from './catalog.ts';
import { types, type Record } from './wire.ts';

export interface Outcome {
  /** False: no such name. True without records: the name is there, but has nothing of that type. */
  readonly exists: boolean;
  readonly records: readonly Record[];
  readonly additionals?: readonly Record[];
  /** The name stands for this one, of whatever type was asked for. */
  readonly alias?: string;
}

const missing: Outcome = { exists: false, records: [] };
const nothing: Outcome = { exists: true, records: [] };
export const ttl = 30;

export interface Zone {
  /** Without dots at its ends. */
  readonly domain: string;
  readonly catalog: Catalog;
  /** Changes with time, as secondary servers would want it. */
  readonly serial: () => number;
}

/** `name` in lower case, within the zone. */
export function lookup(zone: Zone, name: string, type: number): Outcome {
  const { domain, catalog } = zone;
  if (name === domain) return apex(zone, type);
  const labels = name.slice(0, -domain.length - 1).split('.');
  const area = labels.pop();
  const namespace = labels.pop();
  if (area === 'svc') {
    if (namespace === undefined) return nothing;
    const service = labels.pop();
    if (service === undefined) return catalog.hasNamespace(namespace) ? nothing : missing;
    return serviceRecords(zone, name, type, { namespace, service, labels });
  }
  if (area === 'pod') {
    if (namespace === undefined) return nothing;
    if (!catalog.hasNamespace(namespace) || labels.length > 1) return missing;
    return labels[0] === undefined ? nothing : podRecords(name, type, labels[0]);
  }
  if (area === 'dns-version' && namespace === undefined) {
    return type === types.TXT ? { exists: true, records: [{ name, ttl, type: 'TXT', text: '1.1.0' }] } : nothing;
  }
  if (area === 'dns' && (namespace === undefined || (namespace === 'ns' && labels.length === 0))) {
    const server = catalog.service('kube-system', 'kube-dns');
    return namespace === undefined ? nothing : { exists: true, records: addresses(name, type, server ? clusterIPs(server) : []) };
  }
  return missing;
}

/** The record that tells how long an absence may be believed. */
export function authority({ domain, serial }: Zone): Record {
  return { name: domain, ttl, type: 'SOA', primary: `ns.dns.${domain}`, mailbox: `hostmaster.${domain}`, serial: serial(), minimum: ttl };
}

function apex(zone: Zone, type: number): Outcome {
  if (type === types.SOA) return { exists: true, records: [authority(zone)] };
  if (type === types.NS) return { exists: true, records: [{ name: zone.domain, ttl, type: 'NS', target: `ns.dns.${zone.domain}` }] };
  return nothing;
}

interface ServiceQuestion {
  readonly namespace: string;
  readonly service: string;
  /** What stands before the service's name: an endpoint, or `_port._protocol`. */
  readonly labels: readonly string[];
}

function serviceRecords(zone: Zone, name: string, type: number, { namespace, service: serviceName, labels }: ServiceQuestion): Outcome {
  const { catalog } = zone;
  const service = catalog.service(namespace, serviceName);
  if (!service || labels.length > 2) return missing;
  const base = `${serviceName}.${namespace}.svc.${zone.domain}`;
  const ofPort = labels.length === 2;
  if (ofPort && !labels.every((label) => label.startsWith('_'))) return missing;
  if (service.spec.type === 'ExternalName') return labels.length === 0 ? externalName(name, type, service) : missing;
  const ips = clusterIPs(service);
  const wanted = ofPort ? { port: labels[0]!.slice(1), protocol: labels[1]!.slice(1) } : undefined;
  if (labels.length === 1 || ips.length === 0) {
    return endpointRecords(name, type, catalog.slices(namespace, serviceName), { base, wanted, hostname: labels.length === 1 ? labels[0]! : undefined });
  }
  const ports = (service.spec.ports ?? []).filter((port) => matches(port, wanted));
  if (wanted && ports.length === 0) return missing;
  if (type !== types.SRV) return { exists: true, records: addresses(name, type, ips) };
  return {
    exists: true,
    records: ports.map((port) => ({ name, ttl, type: 'SRV', priority: 0, weight: share(ports.length), port: port.port, target: base })),
    additionals: ips.map((ip) => addressRecord(base, ip)),
  };
}

function externalName(name: string, type: number, service: DeepReadonly<Service>): Outcome {
  const target = (service.spec.externalName ?? '').replace(/\.$/, '');
  const records: Record[] = [{ name, ttl, type: 'CNAME', target }];
  return type === types.CNAME ? { exists: true, records } : { exists: true, records, alias: target };
}

interface Wanted {
  readonly port: string;
  readonly protocol: string;
}

function matches(port: Pick<DeepReadonly<ServicePort>, 'name' | 'protocol'>, wanted: Wanted | undefined): boolean {
  return !wanted || ((port.name ?? '').toLowerCase() === wanted.port && (port.protocol ?? 'TCP').toLowerCase() === wanted.protocol);
}

/** Headless services answer with their endpoints, each of which has a name of its own. */
function endpointRecords(name: string, type: number, slices: readonly DeepReadonly<EndpointSlice>[], asked: { base: string; wanted: Wanted | undefined; hostname: string | undefined }): Outcome {
  const found = new Map<string, { ip: string; target: string }>();
  const services = new Map<string, Record>();
  for (const slice of slices) {
    const ports = (slice.ports ?? []).filter((port) => matches(port as ServicePort, asked.wanted));
    if (asked.wanted && ports.length === 0) continue;
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.conditions?.ready === false) continue;
      for (const ip of endpoint.addresses) {
        const hostname = (endpoint.hostname ?? ip.replaceAll(/[.:]/g, '-')).toLowerCase();
        if (asked.hostname !== undefined && asked.hostname !== hostname) continue;
        const target = `${hostname}.${asked.base}`;
        found.set(ip, { ip, target });
        for (const { port } of ports) {
          if (port !== undefined && port !== null) services.set(`${target} ${port}`, { name, ttl, type: 'SRV', priority: 0, weight: 0, port, target });
        }
      }
    }
  }
  // A headless service without endpoints is not found, so that a client goes on searching.
  if (found.size === 0) return missing;
  if (type !== types.SRV) return { exists: true, records: addresses(name, type, [...found.keys()]) };
  const weight = share(services.size);
  return {
    exists: true,
    records: [...services.values()].map((record) => ({ ...record, weight })),
    additionals: [...found.values()].map(({ ip, target }) => addressRecord(target, ip)),
  };
}

/** All records of an answer together weigh 100. */
function share(count: number): number {
  return Math.max(1, Math.floor(100 / Math.max(1, count)));
}

/** `10-244-0-5.default.pod.…`: the name holds the address, and whether there is such a pod is not looked up. */
function podRecords(name: string, type: number, label: string): Outcome {
  const ip = label.split('-').length === 4 && !label.includes('--') ? label.replaceAll('-', '.') : label.replaceAll('-', ':');
  const valid = ip.includes(':') ? /^[0-9a-f:]{2,39}$/.test(ip) && ip.split(':').length > 2 : ip.split('.').every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  return valid ? { exists: true, records: addresses(name, type, [ip]) } : missing;
}

function addresses(name: string, type: number, ips: readonly string[]): Record[] {
  return ips.filter((ip) => (type === types.AAAA ? ip.includes(':') : type === types.A && !ip.includes(':'))).map((ip) => addressRecord(name, ip));
}

function addressRecord(name: string, address: string): Record {
  return { name, ttl, type: address.includes(':') ? 'AAAA' : 'A', address };
}

/** Names for an address, for questions below in-addr.arpa and ip6.arpa; undefined when it is not the cluster's. */
export function reverseLookup(zone: Zone, name: string): readonly Record[] | undefined {
  const ip = reversedAddress(name);
  if (!ip) return undefined;
  const service = zone.catalog.serviceAt(ip);
  const targets = service
    ? [`${service.metadata.name}.${service.metadata.namespace}.svc.${zone.domain}`]
    : zone.catalog.endpointsAt(ip).map((endpoint) => `${endpoint.hostname}.${endpoint.service}.${endpoint.namespace}.svc.${zone.domain}`);
  return targets.length > 0 ? targets.map((target) => ({ name, ttl, type: 'PTR', target })) : undefined;
}

function reversedAddress(name: string): string | undefined {
  const four = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name);
  if (four) return four.slice(1).toReversed().join('.');
  const six = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name);
  if (!six) return undefined;
  const digits = six[1]!.split('.').filter(Boolean).toReversed().join('');
  const text = digits.replace(/(.{4})(?=.)/g, '$1:');
  // The form in which the API has addresses.
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}
