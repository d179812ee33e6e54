/** The small kinds of the core group. */
import { canonicalIP, checkCIDR, checkIP, familyOf, parseCIDR } from '../../../machinery/addresses.ts';
import { parseJson } from '../../../machinery/jsontext.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import { duplicate, forbidden, goForm, immutable, invalid, nonNegative, notSupported, required, sameValue, tooLong } from '../../../machinery/fieldpath.ts';
import { configKeyComplaints, portNumberComplaints, qualifiedNameComplaints, subdomainComplaints } from '../../../machinery/names.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { checkLabel } from '../../../schema/metadata.ts';
import { protocols } from '../v1/enums.ts';
import type * as T from '../v1/types.ts';
import { checkPodTemplate } from './pod.ts';
import { checkAmount } from './resources.ts';
import { checkTaints } from './scheduling.ts';

const sizeLimit = 1024 * 1024;

export function validateNamespace(n: DeepReadonly<T.Namespace>): FieldError[] {
  const out: FieldError[] = [];
  for (const f of n.spec.finalizers ?? []) {
    for (const c of qualifiedNameComplaints(f)) out.push(invalid('spec.finalizers', f, c));
    if (!f.includes('/') && !['kubernetes', 'orphan', 'foregroundDeletion'].includes(f)) out.push(invalid('spec.finalizers', f, 'name is neither a standard finalizer name nor is it fully qualified'));
  }
  return out;
}

export function validateNamespaceUpdate(n: DeepReadonly<T.Namespace>, _old: unknown, subresource: string): FieldError[] {
  if (subresource === 'finalize') return validateNamespace(n);
  if (subresource !== 'status') return [];
  const phase = n.status?.phase ?? '';
  if (!n.metadata.deletionTimestamp) return phase === 'Active' ? [] : [invalid('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty")];
  return phase === 'Terminating' ? [] : [invalid('status.Phase', phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")];
}

export function validateNode(n: DeepReadonly<T.Node>): FieldError[] {

  const out: FieldError[] = [];
  checkTaints(n.spec.taints, 'metadata.taints', out);
  for (const key of ['capacity', 'allocatable'] as const) for (const [name, amount] of Object.entries(n.status?.[key] ?? {})) checkAmount(name, amount, `status.${key}.${name}`, out);
  const ranges = n.spec.podCIDRs ?? [];
  for (const [i, c] of ranges.entries()) checkCIDR(`spec.podCIDRs[${i}]`, c, out);
  const broken = ranges.length > 1 ? ranges.findIndex((c) => parseCIDR(c) === undefined) : -1;
  if (broken >= 0) {
    const detail = `Internal error: invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[${broken}]: <nil> (invalid CIDR address: ${ranges[broken]})`;
    out.push({ type: 'InternalError', field: 'spec.podCIDRs', detail });
  }
  if (ranges.length > 2 || (ranges.length === 2 && familyOf(ranges[0]!.split('/')[0]!) === familyOf(ranges[1]!.split('/')[0]!))) {
    out.push(invalid('spec.podCIDRs', ranges, 'may specify no more than one CIDR for each IP family'));
  }
  return out;
}

export function validateNodeUpdate(n: DeepReadonly<T.Node>, old: DeepReadonly<T.Node>): FieldError[] {
  const out = validateNode(n);
  if (n.spec.externalID && n.spec.externalID !== old.spec.externalID) out.push(forbidden('spec.externalID', 'may not be updated'));
  const seen = new Set<string>();
  for (const [i, a] of (n.status?.addresses ?? []).entries()) {
    const key = `${a.type}/${a.address}`;
    if (seen.has(key)) out.push(duplicate(`status.addresses[${i}]`, goForm(a, { type: '', address: '' })));
    seen.add(key);
  }
  if (old.spec.podCIDRs?.length && !sameValue(n.spec.podCIDRs, old.spec.podCIDRs)) out.push(forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  checkTaints(n.spec.taints, 'metadata.taints', out);
  if (old.spec.providerID && n.spec.providerID !== old.spec.providerID) out.push(forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  return out;
}

function checkData(data: Readonly<Record<string, string>> | undefined, path: string, out: FieldError[], size: (value: string) => number): number {
  let total = 0;
  for (const [key, value] of Object.entries(data ?? {})) {
    for (const c of configKeyComplaints(key)) out.push(invalid(`${path}[${key}]`, key, c));
    total += size(value);
  }
  return total;
}

function base64Size(text: string): number {
  return Buffer.byteLength(text, 'base64');
}

export function validateConfigMap(m: DeepReadonly<T.ConfigMap>): FieldError[] {
  const out: FieldError[] = [];
  const total = checkData(m.data, 'data', out, (v) => Buffer.byteLength(v)) + checkData(m.binaryData, 'binaryData', out, base64Size);
  for (const key of Object.keys(m.data ?? {})) if (m.binaryData?.[key] !== undefined) out.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
  if (total > sizeLimit) out.push(tooLong('', sizeLimit));
  return out;
}

/** What is marked immutable stays so, with its data. */
function checkSealed<K extends string>(now: { readonly immutable?: boolean } & { readonly [P in K]?: unknown }, old: { readonly immutable?: boolean } & { readonly [P in K]?: unknown }, keys: readonly K[]): FieldError[] {
  if (!old.immutable) return [];
  const words = 'field is immutable when `immutable` is set';
  const out: FieldError[] = now.immutable ? [] : [forbidden('immutable', words)];
  for (const key of keys) if (!sameValue(now[key], old[key])) out.push(forbidden(key, words));
  return out;
}

export function validateConfigMapUpdate(m: DeepReadonly<T.ConfigMap>, old: DeepReadonly<T.ConfigMap>): FieldError[] {
  return [...checkSealed(m, old, ['data', 'binaryData']), ...validateConfigMap(m)];
}

const secretKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

export function validateSecret(s: DeepReadonly<T.Secret>): FieldError[] {
  const out: FieldError[] = [];
  const total = checkData(s.data, 'data', out, base64Size);
  if (total > sizeLimit) out.push(tooLong('data', sizeLimit));
  const account = 'kubernetes.io/service-account.name';
  if (s.type === 'kubernetes.io/service-account-token' && !s.metadata.annotations?.[account]) out.push(required(`metadata.annotations[${account}]`));
  if (s.type === 'kubernetes.io/basic-auth' && s.data?.['username'] === undefined && s.data?.['password'] === undefined) out.push(required('data[username]'), required('data[password]'));
  for (const key of secretKeys[s.type ?? ''] ?? []) {
    const value = s.data?.[key];
    if (value === undefined) out.push(required(`data[${key}]`));
    else if (key.startsWith('.docker')) checkJson(value, `data[${key}]`, out);
  }
  return out;
}

function checkJson(base64: string, path: string, out: FieldError[]): void {
  try {
    parseJson(Buffer.from(base64, 'base64').toString());
  } catch (error) {
    out.push(invalid(path, '<secret contents redacted>', (error as Error).message));
  }
}

export function validateSecretUpdate(s: DeepReadonly<T.Secret>, old: DeepReadonly<T.Secret>): FieldError[] {
  return [...immutable('type', s.type, old.type), ...checkSealed(s, old, ['data']), ...validateSecret(s)];
}

function checkAddress(a: DeepReadonly<T.EndpointAddress>, path: string, out: FieldError[]): void {
  checkIP(`${path}.ip`, a.ip, out);
  if (canonicalIP(a.ip) === undefined) out.push(invalid(`${path}.ip`, a.ip, 'must be a valid IP address'));
  const ip = canonicalIP(a.ip) ?? '';
  if (ip === '0.0.0.0' || ip === '::') out.push(invalid(`${path}.ip`, a.ip, `may not be unspecified (${ip})`));
  if (ip.startsWith('127.') || ip === '::1') out.push(invalid(`${path}.ip`, a.ip, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'));
  if (ip.startsWith('169.254.')) out.push(invalid(`${path}.ip`, a.ip, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'));
  if (a.hostname) checkLabel(a.hostname, `${path}.hostname`, out);
  if (a.nodeName !== undefined) for (const c of subdomainComplaints(a.nodeName)) out.push(invalid(`${path}.nodeName`, a.nodeName, c));
}

export function validateEndpoints(e: DeepReadonly<T.Endpoints>): FieldError[] {
  const out: FieldError[] = [];
  for (const [i, s] of (e.subsets ?? []).entries()) {
    const path = `subsets[${i}]`;
    if (!s.addresses?.length && !s.notReadyAddresses?.length) out.push(required(path, 'must specify `addresses` or `notReadyAddresses`'));
    for (const [j, a] of (s.addresses ?? []).entries()) checkAddress(a, `${path}.addresses[${j}]`, out);
    for (const [j, a] of (s.notReadyAddresses ?? []).entries()) checkAddress(a, `${path}.notReadyAddresses[${j}]`, out);
    for (const [j, p] of (s.ports ?? []).entries()) {
      const at = `${path}.ports[${j}]`;
      if (!p.name && (s.ports ?? []).length > 1) out.push(required(`${at}.name`));
      else if (p.name) checkLabel(p.name, `${at}.name`, out);
      for (const c of portNumberComplaints(p.port)) out.push(invalid(`${at}.port`, p.port, c));
      if (!p.protocol) out.push(required(`${at}.protocol`));
      else if (!protocols.includes(p.protocol)) out.push(notSupported(`${at}.protocol`, p.protocol, protocols));
      if (p.appProtocol !== undefined) for (const c of qualifiedNameComplaints(p.appProtocol)) out.push(invalid(`${at}.appProtocol`, p.appProtocol, c));
    }
  }
  return out;
}

export function validateReplicationController(r: DeepReadonly<T.ReplicationController>): FieldError[] {
  const { spec } = r;
  const out: FieldError[] = [...nonNegative('spec.minReadySeconds', spec.minReadySeconds)];
  if (Object.keys(spec.selector ?? {}).length === 0) out.push(required('spec.selector'));
  out.push(...nonNegative('spec.replicas', spec.replicas));
  const { template } = spec;
  if (!template) return [...out, required('spec.template')];
  const labels = template.metadata?.labels;
  if (Object.entries(spec.selector ?? {}).some(([k, v]) => labels?.[k] !== v)) out.push(invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  checkPodTemplate(template, 'spec.template', out);
  if (template.spec.restartPolicy !== 'Always') out.push(notSupported('spec.template.spec.restartPolicy', template.spec.restartPolicy, ['Always']));
  if (template.spec.activeDeadlineSeconds !== undefined) out.push(forbidden('spec.template.spec.activeDeadlineSeconds', 'activeDeadlineSeconds in ReplicationController is not Supported'));
  return out;
}

/** Upstream judges the new one twice, but for what it declares. */
export function validateReplicationControllerUpdate(r: DeepReadonly<T.ReplicationController>): FieldError[] {
  const found = validateReplicationController(r);
  return [...found, ...found.filter(({ field }) => field !== 'spec.replicas' && field !== 'spec.minReadySeconds')];
}

export function validatePodTemplate(t: DeepReadonly<T.PodTemplate>): FieldError[] {
  const out: FieldError[] = [];
  checkPodTemplate(t.template, 'template', out);
  return out;
}
