/** Validation of the networking kinds. */
import { canonicalIP, checkCIDR, checkIP, cidrContains, familyOf, parseCIDR } from '../../machinery/addresses.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { forbidden, goForm, immutable, invalid, notSupported, required, tooLong } from '../../machinery/fieldpath.ts';
import { isHttpPath, labelComplaints, nameIsLabel1035, nameIsSubdomain, portNameComplaints, portNumberComplaints, subdomainComplaints, wildcardSubdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabelSelector } from '../../schema/metadata.ts';
import { checkPortOrName } from '../core/validation/handlers.ts';
import { pathTypes, policyProtocols, policyTypes } from './v1/enums.ts';
import type * as T from './v1/types.ts';

function checkPolicyPorts(ports: DeepReadonly<T.NetworkPolicyPort[]> | undefined, path: string, out: FieldError[]): void {
  for (const [i, p] of (ports ?? []).entries()) {
    const at = `${path}[${i}]`;
    if (p.protocol !== undefined && !policyProtocols.includes(p.protocol)) out.push(notSupported(`${at}.protocol`, p.protocol, policyProtocols));
    if (p.port === undefined) {
      if (p.endPort !== undefined) out.push(invalid(`${at}.endPort`, p.endPort, 'may not be specified when `port` is not specified'));
      continue;
    }
    if (p.endPort === undefined || typeof p.port !== 'string') checkPortOrName(p.port, `${at}.port`, out);
    if (p.endPort === undefined) continue;
    if (typeof p.port === 'string') out.push(invalid(`${at}.endPort`, p.endPort, 'may not be specified when `port` is non-numeric'));
    if (typeof p.port === 'string') checkPortOrName(p.port, `${at}.port`, out);
    else {
      if (p.endPort < p.port) out.push(invalid(`${at}.endPort`, p.endPort, 'must be greater than or equal to `port`'));
      for (const c of portNumberComplaints(p.endPort)) out.push(invalid(`${at}.endPort`, p.endPort, c));
    }
  }
}

function checkPeers(peers: DeepReadonly<T.NetworkPolicyPeer[]> | undefined, path: string, out: FieldError[]): void {
  for (const [i, p] of (peers ?? []).entries()) {
    const at = `${path}[${i}]`;
    checkLabelSelector(p.podSelector, `${at}.podSelector`, out);
    checkLabelSelector(p.namespaceSelector, `${at}.namespaceSelector`, out);
    if (p.ipBlock) {
      checkBlock(p.ipBlock, `${at}.ipBlock`, out);
      if (p.podSelector || p.namespaceSelector) out.push(forbidden(at, 'may not specify both ipBlock and another peer'));
    } else if (!p.podSelector && !p.namespaceSelector) {
      out.push(required(at, 'must specify a peer'));
    }
  }
}

function checkBlock(b: DeepReadonly<T.IPBlock>, path: string, out: FieldError[]): void {
  if (!b.cidr) return void out.push(required(`${path}.cidr`));
  checkCIDR(`${path}.cidr`, b.cidr, out);
  const outer = parseCIDR(b.cidr);
  for (const [i, e] of (b.except ?? []).entries()) {
    const at = `${path}.except[${i}]`;
    const inner = parseCIDR(e);
    if (!inner) checkCIDR(at, e, out);
    else if (outer && (!cidrContains(b.cidr, inner.address) || inner.prefix <= outer.prefix)) out.push(invalid(at, e, 'must be a strict subset of `cidr`'));
  }
}

export function validateNetworkPolicy(p: DeepReadonly<T.NetworkPolicy>): FieldError[] {
  const out: FieldError[] = [];
  const { spec } = p;
  checkLabelSelector(spec.podSelector, 'spec.podSelector', out);
  for (const [i, r] of (spec.ingress ?? []).entries()) {
    checkPolicyPorts(r.ports, `spec.ingress[${i}].ports`, out);
    checkPeers(r.from, `spec.ingress[${i}].from`, out);
  }
  for (const [i, r] of (spec.egress ?? []).entries()) {
    checkPolicyPorts(r.ports, `spec.egress[${i}].ports`, out);
    checkPeers(r.to, `spec.egress[${i}].to`, out);
  }
  const types = spec.policyTypes ?? [];
  if (types.length > 2) out.push(invalid('spec.policyTypes', types, 'may not specify more than two policyTypes'));
  else for (const [i, t] of types.entries()) if (!policyTypes.includes(t)) out.push(notSupported(`spec.policyTypes[${i}]`, t, policyTypes));
  return out;
}

function checkBackend(b: DeepReadonly<T.IngressBackend>, path: string, out: FieldError[]): void {
  if (b.resource && b.service) return void out.push(invalid(path, '', 'cannot set both resource and service backends'));
  if (b.resource) {
    if (b.resource.apiGroup !== undefined && b.resource.apiGroup !== null) for (const c of subdomainComplaints(b.resource.apiGroup)) out.push(invalid(`${path}.resource.apiGroup`, b.resource.apiGroup, c));
    if (!b.resource.kind) out.push(required(`${path}.resource.kind`));
    if (!b.resource.name) out.push(required(`${path}.resource.name`));
    return;
  }
  if (!b.service) return void out.push(invalid(path, '', 'resource or service backend is required'));
  if (!b.service.name) out.push(required(`${path}.service.name`));
  else for (const c of nameIsLabel1035(b.service.name, false)) out.push(invalid(`${path}.service.name`, b.service.name, c));
  const { name, number } = b.service.port ?? {};
  if (name && number) out.push(invalid(path, '', 'cannot set both port name & port number'));
  else if (name) for (const c of portNameComplaints(name)) out.push(invalid(`${path}.service.port.name`, name, c));
  else if (number) for (const c of portNumberComplaints(number)) out.push(invalid(`${path}.service.port.number`, number, c));
  else out.push(required(path, 'port name or number is required'));
}

function checkPath(p: DeepReadonly<T.HTTPIngressPath>, path: string, out: FieldError[]): void {
  const text = p.path ?? '';
  switch (p.pathType ?? undefined) {
    case undefined:
      return void out.push(required(`${path}.pathType`, 'pathType must be specified'));
    case 'Exact':
    case 'Prefix':
      if (!text.startsWith('/')) out.push(invalid(`${path}.path`, text, 'must be an absolute path'));
      for (const bad of ['//', '/./', '/../', '%2f', '%2F']) if (text.includes(bad)) out.push(invalid(`${path}.path`, text, `must not contain '${bad}'`));
      for (const bad of ['/..', '/.']) if (text.endsWith(bad)) out.push(invalid(`${path}.path`, text, `cannot end with '${bad}'`));
      break;
    case 'ImplementationSpecific':
      if (text !== '' && !text.startsWith('/')) out.push(invalid(`${path}.path`, text, 'must be an absolute path'));
      break;
    default:
      out.push(notSupported(`${path}.pathType`, p.pathType, pathTypes));
  }
  checkBackend(p.backend, `${path}.backend`, out);
}

function checkHost(host: string, path: string, out: FieldError[]): void {
  if (familyOf(host)) out.push(invalid(path, host, 'must be a DNS name, not an IP address'));
  const complaints = host.includes('*') ? wildcardSubdomainComplaints(host) : subdomainComplaints(host);
  for (const c of complaints) out.push(invalid(path, host, c));
}

export function validateIngressStatus(i: DeepReadonly<T.Ingress>, old: DeepReadonly<T.Ingress>): FieldError[] {
  const out: FieldError[] = [];
  const known = new Set((old.status?.loadBalancer?.ingress ?? []).map((p) => p.ip));
  for (const [j, { ip, hostname }] of (i.status?.loadBalancer?.ingress ?? []).entries()) {
    const path = `status.loadBalancer.ingress[${j}]`;
    if (ip && !known.has(ip)) checkIP(`${path}.ip`, ip, out);
    if (!hostname) continue;
    for (const c of subdomainComplaints(hostname)) out.push(invalid(`${path}.hostname`, hostname, c));
    if (familyOf(hostname)) out.push(invalid(`${path}.hostname`, hostname, 'must be a DNS name, not an IP address'));
  }
  return out;
}

export function validateIngress(i: DeepReadonly<T.Ingress>): FieldError[] {
  const out: FieldError[] = [];
  const { spec } = i;
  const rules = spec.rules ?? [];
  if (rules.length === 0 && !spec.defaultBackend) out.push(invalid('spec', spec.rules, 'either `defaultBackend` or `rules` must be specified'));
  if (spec.defaultBackend) checkBackend(spec.defaultBackend, 'spec.defaultBackend', out);
  for (const [j, r] of rules.entries()) {
    if (r.host) checkHost(r.host, `spec.rules[${j}].host`, out);
    if (!r.http) continue;
    if (!r.http.paths?.length) out.push(required(`spec.rules[${j}].http.paths`));
    for (const [k, p] of (r.http.paths ?? []).entries()) checkPath(p, `spec.rules[${j}].http.paths[${k}]`, out);
  }
  for (const [j, t] of (spec.tls ?? []).entries()) {
    for (const [k, h] of (t.hosts ?? []).entries()) checkHost(h, `spec.tls[${j}].hosts[${k}]`, out);
    if (t.secretName) for (const c of nameIsSubdomain(t.secretName, false)) out.push(invalid(`spec.tls[${j}].secretName`, t.secretName, c));
  }
  if (spec.ingressClassName !== undefined) for (const c of nameIsSubdomain(spec.ingressClassName, false)) out.push(invalid('spec.ingressClassName', spec.ingressClassName, c));
  return out;
}

export function validateIngressClass(c: DeepReadonly<T.IngressClass>): FieldError[] {
  const out: FieldError[] = [];
  const controller = c.spec?.controller ?? '';
  if (controller.length > 250) out.push(tooLong('spec.controller', 250));
  const slash = controller.indexOf('/');
  if (controller === '') out.push(required('spec.controller'));
  else if (slash <= 0 || slash === controller.length - 1) out.push(invalid('spec.controller', controller, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  else {
    for (const complaint of subdomainComplaints(controller.slice(0, slash))) out.push(invalid('spec.controller', controller.slice(0, slash), complaint));
    if (!isHttpPath(controller.slice(slash + 1))) out.push(invalid('spec.controller', controller.slice(slash + 1), 'Invalid path'));
  }
  const p = c.spec?.parameters;
  if (!p) return out;
  if (p.apiGroup !== undefined) for (const complaint of subdomainComplaints(p.apiGroup)) out.push(invalid('spec.parameters.apiGroup', p.apiGroup, complaint));
  if (!p.kind) out.push(required('spec.parameters.kind'));
  if (!p.name) out.push(required('spec.parameters.name'));
  if (p.scope !== 'Cluster' && p.scope !== 'Namespace') out.push(notSupported('spec.parameters.scope', p.scope ?? '', ['Cluster', 'Namespace']));
  if (p.scope === 'Namespace' && p.namespace === undefined) out.push(required('spec.parameters.namespace', '`parameters.scope` is set to \'Namespace\''));
  if (p.scope === 'Namespace' && p.namespace !== undefined) for (const complaint of labelComplaints(p.namespace)) out.push(invalid('spec.parameters.namespace', p.namespace, complaint));
  if (p.scope === 'Cluster' && p.namespace !== undefined) out.push(forbidden('spec.parameters.namespace', '`parameters.scope` is set to \'Cluster\''));
  return out;
}

export function validateIngressClassUpdate(c: DeepReadonly<T.IngressClass>, old: DeepReadonly<T.IngressClass>): FieldError[] {
  return [...immutable('spec.controller', c.spec?.controller ?? '', old.spec?.controller), ...validateIngressClass(c)];
}

export function validateServiceCIDR(s: DeepReadonly<T.ServiceCIDR>): FieldError[] {
  const out: FieldError[] = [];
  const ranges = s.spec?.cidrs ?? [];
  if (ranges.length === 0) return [required('spec.cidrs', 'at least one CIDR required')];
  if (ranges.length > 2) return [invalid('spec.cidrs', { CIDRs: ranges }, 'may only hold up to 2 values')];
  for (const [i, r] of ranges.entries()) checkCIDR(`spec.cidrs[${i}]`, r, out, true);
  if (ranges.length === 2 && parseCIDR(ranges[0]!)?.family === parseCIDR(ranges[1]!)?.family) out.push(invalid('spec', s.spec, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/96'));
  return out;
}

/** The name of an IPAddress is the address. */
export function addressNameComplaints(name: string): string[] {
  const canonical = canonicalIP(name);
  if (canonical === undefined) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
  return canonical === name ? [] : [`must be in canonical form ("${canonical}")`];
}

export function validateIPAddress(a: DeepReadonly<T.IPAddress>): FieldError[] {
  const p = a.spec?.parentRef;
  if (!p) return [required('spec.parentRef')];
  const out: FieldError[] = [];
  if (p.group) for (const c of subdomainComplaints(p.group)) out.push(invalid('spec.parentRef.group', p.group, c));
  if (!p.resource) out.push(required('spec.parentRef.resource'));
  if (!p.name) out.push(required('spec.parentRef.name'));
  return out;
}


export function sameParent(now: DeepReadonly<T.ParentReference> | undefined, old: DeepReadonly<T.ParentReference> | undefined): FieldError[] {
  return immutable('spec.parentRef', now && goForm(now, { group: '', resource: '', namespace: '', name: '' }), old && goForm(old, { group: '', resource: '', namespace: '', name: '' }));
}

/** A second range may come or go; those that stay are the same. */
export function validateServiceCIDRUpdate(s: DeepReadonly<T.ServiceCIDR>, old: DeepReadonly<T.ServiceCIDR>): FieldError[] {
  const [now, before] = [s.spec?.cidrs ?? [], old.spec?.cidrs ?? []];
  if (now.length === before.length) return now.flatMap((r, i) => immutable(`spec.cidrs[${i}]`, r, before[i]));
  if (now.length === 0 || now.length > 2 || before.length === 2) return immutable('spec.cidrs', s.spec?.cidrs, old.spec?.cidrs);
  return [...immutable('spec.cidrs[0]', now[0], before[0]), ...validateServiceCIDR(s)];
}
