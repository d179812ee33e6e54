/** Pods and templates of pods. */
import { checkIP, familyOf } from '../../../machinery/addresses.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import { duplicate, forbidden, goForm, invalid, notSupported, quoted, required } from '../../../machinery/fieldpath.ts';
import { inclusiveRange, nameIsSubdomain, subdomainComplaints, underscoreSubdomainComplaints } from '../../../machinery/names.ts';
import { parseQuantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { checkAnnotations, checkLabel, checkLabelName, checkLabels } from '../../../schema/metadata.ts';
import { containerAmounts } from '../aggregate.ts';
import { appArmorAnnotation } from '../apparmor.ts';
import { dnsPolicies, preemptionPolicies, restartPolicies } from '../v1/enums.ts';
import type * as T from '../v1/types.ts';
import { checkContainers, checkEphemeralContainers, checkImageSpaces, checkInitContainers, type PodScope } from './container.ts';
import { checkResourceRequirements, isHugePages } from './resources.ts';
import { checkAffinity, checkSpreadConstraints, checkTolerations } from './scheduling.ts';
import { checkHostUsers, checkPodSecurityContext } from './security.ts';
import { checkVolumes } from './volumes.ts';
import { checkHostProcess, checkOperatingSystem } from './windows.ts';

type Spec = DeepReadonly<T.PodSpec>;

const maxInt32 = 2147483647;

function checkChoice(value: string | undefined, choices: readonly string[], path: string, out: FieldError[]): void {
  if (!value) out.push(required(path));
  else if (!choices.includes(value)) out.push(notSupported(path, value, choices));
}

function checkDnsConfig(spec: Spec, path: string, out: FieldError[]): void {
  const config = spec.dnsConfig;
  if (spec.dnsPolicy === 'None') {
    if (!config) return void out.push(required(path, 'must provide `dnsConfig` when `dnsPolicy` is None'));
    if (!config.nameservers?.length) return void out.push(required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'));
  }
  if (!config) return;
  const servers = config.nameservers ?? [];
  const searches = config.searches ?? [];
  if (servers.length > 3) out.push(invalid(`${path}.nameservers`, servers, 'must not have more than 3 nameservers'));
  for (const [i, s] of servers.entries()) checkIP(`${path}.nameservers[${i}]`, s, out);
  if (searches.length > 32) out.push(invalid(`${path}.searches`, searches, 'must not have more than 32 search paths'));
  if (searches.join(' ').length > 2048) out.push(invalid(`${path}.searches`, searches, 'must not have more than 2048 characters (including spaces) in the search list'));
  for (const [i, s] of searches.entries()) {
    if (s === '.') continue;
    const name = s.replace(/\.$/, '');
    for (const c of underscoreSubdomainComplaints(name)) out.push(invalid(`${path}.searches[${i}]`, name, c));
  }
  for (const [i, o] of (config.options ?? []).entries()) if (!o.name) out.push(required(`${path}.options[${i}]`, 'must not be empty'));
}

function checkGates(spec: Spec, path: string, out: FieldError[]): void {
  for (const [i, g] of (spec.readinessGates ?? []).entries()) checkLabelName(g.conditionType ?? '', `${path}.readinessGates[${i}].conditionType`, out);
  const seen = new Set<string>();
  for (const [i, g] of (spec.schedulingGates ?? []).entries()) {
    const at = `${path}.schedulingGates[${i}]`;
    checkLabelName(g.name, at, out);
    if (seen.has(g.name)) out.push(duplicate(at, g.name));
    seen.add(g.name);
  }
}

function checkClaims(spec: Spec, path: string, out: FieldError[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [i, c] of (spec.resourceClaims ?? []).entries()) {
    const at = `${path}[${i}]`;
    if (!c.name) out.push(required(`${at}.name`));
    else if (names.has(c.name)) out.push(duplicate(`${at}.name`, c.name));
    else checkLabel(c.name, `${at}.name`, out);
    if (c.name) names.add(c.name);
    if (c.resourceClaimName !== undefined && c.resourceClaimTemplateName !== undefined) out.push(invalid(at, goForm(c, { name: '', resourceClaimName: null, resourceClaimTemplateName: null }), 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'));
    if (c.resourceClaimName === undefined && c.resourceClaimTemplateName === undefined) out.push(invalid(at, goForm(c, { name: '', resourceClaimName: null, resourceClaimTemplateName: null }), 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'));
    for (const key of ['resourceClaimName', 'resourceClaimTemplateName'] as const) {
      const value = c[key];
      if (value !== undefined) for (const complaint of nameIsSubdomain(value, false)) out.push(invalid(`${at}.${key}`, value, complaint));
    }
  }
  return names;
}

function checkHostNetwork(spec: Spec, isPod: boolean, path: string, out: FieldError[]): void {
  if (!spec.hostNetwork) return;
  for (const [i, c] of (spec.containers ?? []).entries()) {
    for (const [j, p] of (c.ports ?? []).entries()) {
      const hostPort = p.hostPort ?? 0;
      if ((isPod || hostPort !== 0) && hostPort !== p.containerPort) out.push(invalid(`${path}.containers[${i}].ports[${j}].hostPort`, hostPort, 'must match `containerPort` when `hostNetwork` is true'));
    }
  }
}

function checkNames(spec: Spec, path: string, out: FieldError[]): void {
  for (const key of ['serviceAccountName', 'nodeName'] as const) if (spec[key]) for (const c of nameIsSubdomain(spec[key], false)) out.push(invalid(`${path}.${key}`, spec[key], c));
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > maxInt32)) out.push(invalid(`${path}.activeDeadlineSeconds`, deadline, inclusiveRange(1, maxInt32)));
  if (spec.hostname) checkLabel(spec.hostname, `${path}.hostname`, out);
  if (spec.subdomain) checkLabel(spec.subdomain, `${path}.subdomain`, out);
  checkTolerations(spec.tolerations, `${path}.tolerations`, out);
  for (const [i, a] of (spec.hostAliases ?? []).entries()) {
    checkIP(`${path}.hostAliases[${i}].ip`, a.ip, out);
    for (const [j, h] of (a.hostnames ?? []).entries()) for (const c of subdomainComplaints(h)) out.push(invalid(`${path}.hostAliases[${i}].hostnames[${j}]`, h, c));
  }
  if (spec.priorityClassName) for (const c of nameIsSubdomain(spec.priorityClassName, false)) out.push(invalid(`${path}.priorityClassName`, spec.priorityClassName, c));
  if (spec.runtimeClassName !== undefined) for (const c of nameIsSubdomain(spec.runtimeClassName, false)) out.push(invalid(`${path}.runtimeClassName`, spec.runtimeClassName, c));
  if (spec.preemptionPolicy !== undefined) checkChoice(spec.preemptionPolicy, preemptionPolicies, `${path}.preemptionPolicy`, out);
  if (spec.overhead) checkResourceRequirements({ limits: spec.overhead }, new Set(), `${path}.overhead`, out);
  if (spec.os && !spec.os.name) out.push(required(`${path}.os.name`));
  else if (spec.os && spec.os.name !== 'linux' && spec.os.name !== 'windows') out.push(notSupported(`${path}.os`, spec.os.name, ['linux', 'windows']));
  checkOperatingSystem(spec, path, out);
}

function checkPodResources(spec: Spec, claims: ReadonlySet<string>, path: string, out: FieldError[]): void {
  const own = spec.resources;
  if (!own) return;
  if (spec.os?.name === 'windows') return void out.push(forbidden(path, 'may not be set for a windows pod'));
  if (own.claims) out.push(forbidden(`${path}.claims`, 'claims may not be set for Resources at pod-level'));
  checkResourceRequirements(own, claims, path, out, true);
  for (const [name, total] of containerAmounts(spec, 'requests')) {
    const given = own.requests?.[name];
    if (given !== undefined && total.cmp(parseQuantity(given)) > 0) out.push(invalid(`${path}.requests[${name}]`, given, `must be greater than or equal to aggregate container requests of ${total.toString()}`));
  }
  for (const [name, total] of containerAmounts(spec, 'limits')) {
    const given = own.limits?.[name];
    if (isHugePages(name) && given !== undefined && total.cmp(parseQuantity(given)) > 0) out.push(invalid(`${path}.limits[${name}]`, given, `must be greater than or equal to aggregate container limits of ${total.toString()}`));
  }
  for (const [i, c] of (spec.containers ?? []).entries()) {
    for (const [name, limit] of Object.entries(c.resources?.limits ?? {})) {
      const given = own.limits?.[name];
      if (given !== undefined && parseQuantity(limit).cmp(parseQuantity(given)) > 0) out.push(invalid(`${path}.containers[${i}][${name}].limits`, limit, `must be less than or equal to pod limits of ${given}`));
    }
  }
}

/** The spec of a pod or of a template; `podName` where there is a real pod. */
export function checkPodSpec(spec: Spec, podName: string | undefined, isPod: boolean, path: string, out: FieldError[]): void {
  if (spec.terminationGracePeriodSeconds === undefined) out.push(required(`${path}.terminationGracePeriodSeconds`));
  const volumes = checkVolumes(spec.volumes, podName, `${path}.volumes`, out);
  const claims = checkClaims(spec, `${path}.resourceClaims`, out);
  const scope: PodScope = { volumes, claims, isPod, gracePeriod: spec.terminationGracePeriodSeconds, restartPolicy: spec.restartPolicy, hostUsers: spec.hostUsers !== false };
  checkContainers(spec.containers, scope, `${path}.containers`, out);
  checkInitContainers(spec.initContainers, spec.containers, scope, `${path}.initContainers`, out);
  checkEphemeralContainers(spec, scope, `${path}.ephemeralContainers`, out);
  checkPodResources(spec, claims, `${path}.resources`, out);
  checkHostNetwork(spec, isPod, path, out);
  checkChoice(spec.restartPolicy, restartPolicies, `${path}.restartPolicy`, out);
  checkChoice(spec.dnsPolicy, dnsPolicies, `${path}.dnsPolicy`, out);
  checkLabels(spec.nodeSelector, `${path}.nodeSelector`, out);
  checkPodSecurityContext(spec, `${path}.securityContext`, out);
  checkAffinity(spec.affinity, `${path}.affinity`, out);
  checkDnsConfig(spec, `${path}.dnsConfig`, out);
  checkGates(spec, path, out);
  checkSpreadConstraints(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`, out);
  checkHostProcess(spec, path, out);
  checkHostUsers(spec, path, out);
  checkNames(spec, path, out);
}

/** What every write of a pod checks, beside the metadata. */
export function checkPod(pod: DeepReadonly<T.Pod>, out: FieldError[]): void {
  const { spec } = pod;
  checkPodAnnotations(pod.metadata.annotations, spec, 'metadata.annotations', out);
  checkPodSpec(spec, pod.metadata.name, true, 'spec', out);
  if (!spec.serviceAccountName) {
    for (const [i, v] of (spec.volumes ?? []).entries()) {
      for (const [j, s] of (v.projected?.sources ?? []).entries()) {
        if (s.serviceAccountToken) out.push(forbidden(`spec.volumes[${i}].projected.sources[${j}].serviceAccountToken`, 'must not be specified when serviceAccountName is not set'));
      }
    }
  }
  for (const [i, c] of (spec.containers ?? []).entries()) checkImageSpaces(c, `spec.containers[${i}]`, out);
  for (const [i, c] of (spec.initContainers ?? []).entries()) checkImageSpaces(c, `spec.initContainers[${i}]`, out);
}

export function validatePod(pod: DeepReadonly<T.Pod>): FieldError[] {
  const out: FieldError[] = [];
  checkPod(pod, out);
  if (pod.spec.ephemeralContainers?.length) out.push(forbidden('spec.ephemeralContainers', 'cannot be set on create'));
  if (pod.spec.nodeName && pod.spec.schedulingGates?.length) out.push(forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  return out;
}

const mirror = 'kubernetes.io/config.mirror';
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';

function checkArmorAnnotation(key: string, profile: string, spec: Spec, path: string, out: FieldError[]): void {
  const name = key.slice(appArmorAnnotation.length);
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
  if (!all.some((c) => c.name === name)) out.push(invalid(`${path}[${key}]`, name, 'container not found'));
  if (profile !== '' && profile !== 'runtime/default' && profile !== 'unconfined' && !profile.startsWith('localhost/')) {
    out.push(invalid(`${path}[${key}]`, profile, `invalid AppArmor profile name: ${quoted(profile)}`));
  }
}

/** Annotations that upstream reads. */
export function checkPodAnnotations(annotations: Readonly<Record<string, string>> | undefined, spec: Spec, path: string, out: FieldError[]): void {
  if (!annotations) return;
  for (const [key, profile] of Object.entries(annotations)) if (key.startsWith(appArmorAnnotation)) checkArmorAnnotation(key, profile, spec, path, out);
  const value = annotations[mirror];
  if (value !== undefined && !spec.nodeName) out.push(invalid(`${path}[${mirror}]`, value, 'must set spec.nodeName if mirror pod annotation is set'));
  const cost = annotations[deletionCost];
  if (cost !== undefined && !(/^(0|-?[1-9][0-9]*)$/.test(cost) && Math.abs(Number(cost) + 0.5) < 2 ** 31)) out.push(invalid(`${path}[${deletionCost}]`, cost, 'must be a 32bit integer'));
}

export function checkPodTemplate(template: DeepReadonly<T.PodTemplateSpec>, path: string, out: FieldError[]): void {
  checkLabels(template.metadata?.labels, `${path}.labels`, out);
  checkAnnotations(template.metadata?.annotations, `${path}.annotations`, out);
  checkPodAnnotations(template.metadata?.annotations, template.spec, `${path}.annotations`, out);
  checkPodSpec(template.spec, undefined, false, `${path}.spec`, out);
  if (template.spec.ephemeralContainers?.length) out.push(forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
}

function checkAddresses(list: readonly { readonly ip?: string }[] | undefined, path: string, out: FieldError[]): void {
  const addresses = (list ?? []).map((x) => x.ip ?? '');
  for (const [i, ip] of addresses.entries()) checkIP(`${path}[${i}]`, ip, out);
  if (addresses.length < 2) return;
  const families = new Set(addresses.map(familyOf));
  if (addresses.length > 2 || families.size < 2) out.push(invalid(path, list!.map((x) => ({ IP: x.ip ?? '' })), 'may specify no more than one IP for each IP family'));
}

export function checkPodIPs(status: DeepReadonly<T.PodStatus>, out: FieldError[]): void {
  checkAddresses(status.podIPs, 'status.podIPs', out);
  const first = status.hostIPs?.[0]?.ip;
  if (status.hostIPs?.length && (status.hostIP ?? '') !== (first ?? '')) out.push(invalid('status.hostIPs[0].ip', first ?? '', 'must be equal to `hostIP`'));
  checkAddresses(status.hostIPs, 'status.hostIPs', out);
}
