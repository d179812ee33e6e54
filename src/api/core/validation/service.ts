/** Services. */
import { canonicalIP, checkCIDR, checkIP, familyOf } from '../../../machinery/addresses.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import { duplicate, forbidden, immutable, invalid, notSupported, required } from '../../../machinery/fieldpath.ts';
import { portNumberComplaints, qualifiedNameComplaints, subdomainComplaints } from '../../../machinery/names.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { checkLabel, checkLabels } from '../../../schema/metadata.ts';
import { isHeadless, needsClusterIP, needsHealthCheckNodePort } from '../service-facts.ts';
import { ipFamilyPolicies, protocols, serviceTypes, sessionAffinities, trafficPolicies } from '../v1/enums.ts';
import type * as T from '../v1/types.ts';
import { checkPortOrName } from './handlers.ts';

type Service = DeepReadonly<T.Service>;

const ipModes = ['Proxy', 'VIP'];


function checkPort(p: DeepReadonly<T.ServicePort>, needsName: boolean, names: Set<string>, path: string, out: FieldError[]): void {
  if (!p.name) {
    if (needsName) out.push(required(`${path}.name`));
  } else {
    checkLabel(p.name, `${path}.name`, out);
    if (names.has(p.name)) out.push(duplicate(`${path}.name`, p.name));
    names.add(p.name);
  }
  for (const c of portNumberComplaints(p.port)) out.push(invalid(`${path}.port`, p.port, c));
  if (!p.protocol) out.push(required(`${path}.protocol`));
  else if (!protocols.includes(p.protocol)) out.push(notSupported(`${path}.protocol`, p.protocol, protocols));
  checkPortOrName(p.targetPort, `${path}.targetPort`, out);
  if (p.appProtocol !== undefined) for (const c of qualifiedNameComplaints(p.appProtocol)) out.push(invalid(`${path}.appProtocol`, p.appProtocol, c));
}

function checkPorts(s: Service, out: FieldError[]): void {
  const ports = s.spec.ports ?? [];
  if (ports.length === 0 && !isHeadless(s) && s.spec.type !== 'ExternalName') out.push(required('spec.ports'));
  const names = new Set<string>();
  const nodePorts = new Set<string>();
  const pairs = new Set<string>();
  for (const [i, p] of ports.entries()) {
    const path = `spec.ports[${i}]`;
    checkPort(p, ports.length > 1, names, path, out);
    if (p.nodePort && s.spec.type === 'ClusterIP') out.push(forbidden(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
    const nodeKey = `${p.protocol}/${p.nodePort}`;
    if (p.nodePort && nodePorts.has(nodeKey)) out.push(duplicate(`${path}.nodePort`, p.nodePort));
    nodePorts.add(nodeKey);
    const key = `${p.protocol}/${p.port}`;
    if (pairs.has(key)) out.push(duplicate(path, { Name: '', Protocol: p.protocol, AppProtocol: null, Port: p.port, TargetPort: 0, NodePort: 0 }));
    pairs.add(key);
  }
}

function checkType(s: Service, out: FieldError[]): void {
  const { spec } = s;
  if (!spec.type) out.push(required('spec.type'));
  else if (!serviceTypes.includes(spec.type)) out.push(notSupported('spec.type', spec.type, serviceTypes));
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && isHeadless(s)) out.push(invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`));
  if (spec.type !== 'ExternalName') return;
  for (const key of ['clusterIPs', 'ipFamilies'] as const) if (spec[key]?.length) out.push(forbidden(`spec.${key}`, 'may not be set for ExternalName services'));
  if (spec.ipFamilyPolicy !== undefined) out.push(forbidden('spec.ipFamilyPolicy', 'may not be set for ExternalName services'));
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name === '') out.push(required('spec.externalName'));
  else for (const c of subdomainComplaints(name)) out.push(invalid('spec.externalName', name, c));
}

function checkAffinity(s: Service, out: FieldError[]): void {
  const { sessionAffinity, sessionAffinityConfig } = s.spec;
  if (!sessionAffinity) out.push(required('spec.sessionAffinity'));
  else if (!sessionAffinities.includes(sessionAffinity)) out.push(notSupported('spec.sessionAffinity', sessionAffinity, sessionAffinities));
  const path = 'spec.sessionAffinityConfig';
  if (sessionAffinity === 'None' && sessionAffinityConfig) out.push(forbidden(path, 'must not be set when session affinity is None'));
  if (sessionAffinity !== 'ClientIP') return;
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (!sessionAffinityConfig) out.push(required(path, 'when session affinity type is ClientIP'));
  else if (!sessionAffinityConfig.clientIP) out.push(required(`${path}.clientIP`, 'when session affinity type is ClientIP'));
  else if (seconds === undefined) out.push(required(`${path}.clientIP.timeoutSeconds`, 'when session affinity type is ClientIP'));
  else if (seconds <= 0 || seconds > 86400) out.push(invalid(`${path}.clientIP.timeoutSeconds`, seconds, 'must be greater than 0 and less than 86400'));
}

/** clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy must tell one story. */
export function checkClusterIPs(s: Service, out: FieldError[]): void {
  const { spec } = s;
  if (spec.type === 'ExternalName') return;
  const ips = spec.clusterIPs ?? [];
  const families = spec.ipFamilies ?? [];
  if (ips.length === 0) {
    if (spec.clusterIP) out.push(required('spec.clusterIPs'));
  } else if (!spec.clusterIP) {
    out.push(invalid('spec.clusterIPs', ips, 'must be empty when `clusterIP` is not specified'));
  } else if (spec.clusterIP !== ips[0]) {
    out.push(invalid('spec.clusterIPs', ips, 'first value must match `clusterIP`'));
  }
  for (const [i, f] of families.entries()) {
    if (f !== 'IPv4' && f !== 'IPv6') out.push(notSupported(`spec.ipFamilies[${i}]`, f, ['IPv4', 'IPv6']));
    if (families.indexOf(f) !== i) out.push(duplicate(`spec.ipFamilies[${i}]`, f));
  }
  const policy = spec.ipFamilyPolicy;
  if (policy !== undefined && !ipFamilyPolicies.includes(policy)) out.push(notSupported('spec.ipFamilyPolicy', policy, ipFamilyPolicies));
  // Of what is no address no more can be said.
  if (!checkEachIP(ips, out)) return;
  if (ips.length > 1 && (ips.length > 2 || familyOf(ips[0]!) === familyOf(ips[1]!))) out.push(invalid('spec.clusterIPs', ips, 'may specify no more than one IP for each IP family'));
  if (isHeadless(s)) return;
  for (const [i, ip] of ips.entries()) {
    const family = families[i];
    if ((family === 'IPv4' || family === 'IPv6') && family !== familyOf(ip)) out.push(invalid(`spec.clusterIPs[${i}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``));
  }
}

/** Answers whether all of them are addresses, or `None` alone. */
function checkEachIP(ips: readonly string[], out: FieldError[]): boolean {
  let holds = true;
  for (const [i, ip] of ips.entries()) {
    if (i === 0 && ip === 'None') {
      if (ips.length > 1) out.push(invalid('spec.clusterIPs', ips, "'None' must be the first and only value"));
      holds = ips.length === 1;
      continue;
    }
    if (canonicalIP(ip) !== undefined) continue;
    checkIP(`spec.clusterIPs[${i}]`, ip, out);
    holds = false;
  }
  if (ips.length > 2) out.push(invalid('spec.clusterIPs', ips, 'may only hold up to 2 values'));
  return holds;
}

function checkTraffic(s: Service, out: FieldError[]): void {
  const { spec } = s;
  const outside = spec.type === 'LoadBalancer' || spec.type === 'NodePort' || (needsClusterIP(s) && (spec.externalIPs ?? []).length > 0);
  const policy = spec.externalTrafficPolicy;
  if (!outside) {
    if (policy) out.push(invalid('spec.externalTrafficPolicy', policy, 'may only be set for externally-accessible services'));
  } else if (!policy) {
    out.push(required('spec.externalTrafficPolicy'));
  } else if (!trafficPolicies.includes(policy)) {
    out.push(notSupported('spec.externalTrafficPolicy', policy, trafficPolicies));
  }
  const health = spec.healthCheckNodePort ?? 0;
  if (!needsHealthCheckNodePort(s) && health !== 0) {
    out.push(invalid('spec.healthCheckNodePort', health, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"));
  }
  const internal = spec.internalTrafficPolicy;
  if (internal === undefined) {
    if (spec.type !== 'ExternalName') out.push(required('spec.internalTrafficPolicy'));
  } else if (!trafficPolicies.includes(internal)) {
    out.push(notSupported('spec.internalTrafficPolicy', internal, trafficPolicies));
  }
  const distribution = spec.trafficDistribution;
  const known = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
  if (distribution !== undefined && !known.includes(distribution)) out.push(notSupported('spec.trafficDistribution', distribution, known));
}

/** How ranges were said before there was a field. */
const rangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';

function checkRangesAnnotation({ metadata, spec }: Service, out: FieldError[]): void {
  const text = metadata.annotations?.[rangesAnnotation];
  if (text === undefined) return;
  const path = `metadata.annotations[${rangesAnnotation}]`;
  if (spec.type !== 'LoadBalancer') return void out.push(forbidden(path, "may only be used when `type` is 'LoadBalancer'"));
  // None at all is allowed, and all of them.
  const trimmed = text.trim();
  if (trimmed !== '') for (const range of trimmed.split(',')) checkCIDR(path, range.trim(), out);
}

function checkLoadBalancer(s: Service, out: FieldError[]): void {
  const { spec } = s;
  const ranges = spec.loadBalancerSourceRanges ?? [];
  const only = "may only be used when `type` is 'LoadBalancer'";
  if (ranges.length > 0) {
    if (spec.type !== 'LoadBalancer') out.push(forbidden('spec.LoadBalancerSourceRanges', only));
    for (const [i, r] of ranges.entries()) checkCIDR(`spec.LoadBalancerSourceRanges[${i}]`, r.trim(), out);
  } else checkRangesAnnotation(s, out);
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer') out.push(forbidden('spec.allocateLoadBalancerNodePorts', only));
  if (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts === undefined) out.push(required('allocateLoadBalancerNodePorts'));
  checkLoadBalancerClass(s, out);
}

function checkLoadBalancerClass({ spec }: Service, out: FieldError[]): void {
  if (spec.loadBalancerClass === undefined) return;
  if (spec.type !== 'LoadBalancer') out.push(forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'"));
  else for (const c of qualifiedNameComplaints(spec.loadBalancerClass)) out.push(invalid('spec.loadBalancerClass', spec.loadBalancerClass, c));
}

/** Addresses that lead to the node itself, or to nobody. */
export function checkNotSpecial(ip: string, path: string, out: FieldError[]): void {
  const canonical = canonicalIP(ip);
  if (canonical === undefined) return;
  if (canonical === '0.0.0.0' || canonical === '::') out.push(invalid(path, ip, `may not be unspecified (${canonical})`));
  if (canonical.startsWith('127.') || canonical === '::1') out.push(invalid(path, ip, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'));
  if (canonical.startsWith('169.254.') || /^fe[89ab]/.test(canonical)) out.push(invalid(path, ip, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'));
  if (/^224\.0\.0\.|^ff02:/.test(canonical)) out.push(invalid(path, ip, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'));
}

export function validateService(s: Service): FieldError[] {
  const out: FieldError[] = [];
  checkPorts(s, out);
  checkLabels(s.spec.selector, 'spec.selector', out);
  checkAffinity(s, out);
  checkClusterIPs(s, out);
  for (const [i, ip] of (s.spec.externalIPs ?? []).entries()) {
    checkIP(`spec.externalIPs[${i}]`, ip, out);
    checkNotSpecial(ip, `spec.externalIPs[${i}]`, out);
  }
  checkType(s, out);
  checkLoadBalancer(s, out);
  checkTraffic(s, out);
  return out;
}

export function validateServiceUpdate(s: Service, old: Service, subresource: string): FieldError[] {
  if (subresource === 'status') {
    const out: FieldError[] = [];
    const points = s.status?.loadBalancer?.ingress ?? [];
    if (points.length > 0 && s.spec.type !== 'LoadBalancer') return [forbidden('status.loadBalancer.ingress', "may only be used when `spec.type` is 'LoadBalancer'")];
    const known = new Set((old.status?.loadBalancer?.ingress ?? []).map((p) => p.ip));
    for (const [i, p] of points.entries()) {
      const path = `status.loadBalancer.ingress[${i}]`;
      if (p.ip && !known.has(p.ip)) checkIP(`${path}.ip`, p.ip, out);
      if (p.ipMode === undefined) {
        if (p.ip) out.push(required(`${path}.ipMode`, 'must be specified when `ip` is set'));
      } else if (!p.ip) out.push(forbidden(`${path}.ipMode`, 'may not be specified when `ip` is not set'));
      else if (!ipModes.includes(p.ipMode)) out.push(notSupported(`${path}.ipMode`, p.ipMode, ipModes));
      if (!p.hostname) continue;
      for (const c of subdomainComplaints(p.hostname)) out.push(invalid(`${path}.hostname`, p.hostname, c));
      if (familyOf(p.hostname)) out.push(invalid(`${path}.hostname`, p.hostname, 'must be a DNS name, not an IP address'));
    }
    return out;
  }
  const out: FieldError[] = [];
  if (needsClusterIP(s) && needsClusterIP(old)) {
    const [now, before] = [s.spec.clusterIPs ?? [], old.spec.clusterIPs ?? []];
    for (let i = 0; i < Math.min(now.length, before.length); i++) {
      if (now[i] === before[i]) continue;
      out.push(invalid(`spec.clusterIPs[${i}]`, now, i === 0 ? 'may not change once set' : 'may not change once set'));
    }
    if (before.length > 0 && now.length === 0) out.push(invalid('spec.clusterIPs[0]', now, 'primary clusterIP can not be unset'));
    const [families, familiesBefore] = [s.spec.ipFamilies ?? [], old.spec.ipFamilies ?? []];
    if (familiesBefore.length > 0 && families[0] !== familiesBefore[0]) out.push(invalid('spec.ipFamilies[0]', families, families.length === 0 ? 'primary ipFamily can not be unset' : 'may not change once set'));
  }
  checkLoadBalancerClass(s, out);
  if (s.spec.type === 'LoadBalancer' && old.spec.type === 'LoadBalancer') out.push(...immutable('spec.loadBalancerClass', s.spec.loadBalancerClass, old.spec.loadBalancerClass, 'may not change once set'));
  if (needsHealthCheckNodePort(s) && needsHealthCheckNodePort(old) && s.spec.healthCheckNodePort !== old.spec.healthCheckNodePort) out.push(forbidden('spec.healthCheckNodePort', 'field is immutable'));
  return [...out, ...validateService(s)];
}
