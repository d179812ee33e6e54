/** What the writer of a pod, or of a template of pods, is warned of. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { quoted, sameValue } from '../../../machinery/fieldpath.ts';
import { labelComplaints, labelValueComplaints } from '../../../machinery/names.ts';
import { appArmorProfile, appArmorAnnotation } from '../apparmor.ts';
import type * as T from '../v1/types.ts';
import { warnOfIP } from './addresses.ts';
import { warnOfFraction, warnOfVolumes } from './volumes.ts';

type Spec = DeepReadonly<T.PodSpec>;
type Container = DeepReadonly<T.Container | T.EphemeralContainer>;
type Annotations = Readonly<Record<string, string>>;
type Visited = readonly { readonly c: Container; readonly at: string }[];

const deprecatedLabels: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods': 'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
};

export function warnOfNodeTerm(term: DeepReadonly<T.NodeSelectorTerm>, withValues: boolean, path: string, out: string[]): void {
  for (const [i, e] of (term.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${i}]`;
    const words = deprecatedLabels[e.key];
    if (words) out.push(`${at}.key: ${e.key} is ${words}`);
    if (!withValues) continue;
    for (const [j, value] of (e.values ?? []).entries()) for (const c of labelValueComplaints(value)) out.push(`${at}.values[${j}]: ${value} is invalid, ${c}`);
  }
}

function warnOfPlacement(spec: Spec, path: string, out: string[]): void {
  for (const key in spec.nodeSelector) if (deprecatedLabels[key]) out.push(`${path}.nodeSelector[${key}]: ${deprecatedLabels[key]}`);
  const node = spec.affinity?.nodeAffinity;
  const at = `${path}.affinity.nodeAffinity`;
  for (const [i, t] of (node?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []).entries()) warnOfNodeTerm(t, false, `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`, out);
  for (const [i, t] of (node?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) warnOfNodeTerm(t.preference, true, `${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`, out);
  for (const [i, c] of (spec.topologySpreadConstraints ?? []).entries()) {
    const words = deprecatedLabels[c.topologyKey];
    if (words) out.push(`${path}.topologySpreadConstraints[${i}].topologyKey: ${c.topologyKey} is ${words}`);
    if (!c.labelSelector) out.push(`${path}.topologySpreadConstraints[${i}].labelSelector: ${nothingSelected}`);
  }
}

const nothingSelected = 'a null labelSelector results in matching no pod';

function warnOfPodAffinity(spec: Spec, path: string, out: string[]): void {
  if (!spec.affinity) return;
  for (const key of ['podAffinity', 'podAntiAffinity'] as const) {
    const a = spec.affinity?.[key];
    const at = `${path}.affinity.${key}`;
    for (const [i, t] of (a?.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) if (!t.labelSelector) out.push(`${at}.requiredDuringSchedulingIgnoredDuringExecution[${i}].labelSelector: ${nothingSelected}`);
    for (const [i, t] of (a?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      if (!t.podAffinityTerm.labelSelector) out.push(`${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}].podAffinityTerm.labelSelector: ${nothingSelected}`);
    }
  }
}

const deprecatedAnnotations: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};
const seccompAnnotation = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompOfContainer = 'container.seccomp.security.alpha.kubernetes.io/';
const useSeccomp = 'non-functional in v1.27+; use the "seccompProfile" field instead';

function warnOfDuplicates(spec: Spec, path: string, out: string[]): void {
  if (!spec.hostAliases && !spec.imagePullSecrets) return;
  const twice = (values: readonly string[], say: (i: number) => string): void => values.forEach((value, i) => values.indexOf(value) < i && out.push(say(i)));
  const hosts = (spec.hostAliases ?? []).map((a) => a.ip);
  const secrets = (spec.imagePullSecrets ?? []).map((s) => s.name ?? '');
  twice(hosts, (i) => `${path}.hostAliases[${i}].ip: duplicate ip ${quoted(hosts[i]!)}`);
  twice(secrets, (i) => `${path}.imagePullSecrets[${i}].name: duplicate name ${quoted(secrets[i]!)}`);
  secrets.forEach((name, i) => name === '' && out.push(`${path}.imagePullSecrets[${i}].name: invalid empty name ""`));
}

function warnOfEnv(c: Container, path: string, out: string[]): void {
  const env = c.env ?? [];
  if (env.length < 2) return;
  const seen = new Set<string>();
  for (const [i, e] of env.entries()) {
    const reference = `$(${e.name})`;
    const extends_ = e.valueFrom === undefined && e.value !== reference && (e.value ?? '').includes(reference);
    if (seen.has(e.name) && !extends_) out.push(`${path}.env[${i}]: hides previous definition of ${quoted(e.name)}, which may be dropped when using apply`);
    seen.add(e.name);
  }
}

/** Resources that are counted in bytes. */
const bytesOf = ['memory', 'ephemeral-storage'];

function warnOfContainers(spec: Spec, annotations: Annotations | undefined, visited: Visited, prefix: string, out: string[]): void {
  for (const { c, at } of visited) {
    if (annotations) {
      const seccomp = seccompOfContainer + c.name;
      if (!c.securityContext?.seccompProfile && annotations[seccomp] !== undefined) out.push(`${prefix}metadata.annotations[${seccomp}]: ${useSeccomp}`);
      const armor = appArmorAnnotation + c.name;
      const text = annotations[armor];
      // Of a pod, the field has been filled from the annotation by now.
      const derived = text === undefined ? undefined : appArmorProfile(text);
      const own = c.securityContext?.appArmorProfile;
      const ofPod = spec.securityContext?.appArmorProfile;
      const isSilent = prefix === '' ? derived !== undefined && !sameValue(own, derived) : own !== undefined || (ofPod !== undefined && sameValue(ofPod, derived));
      if (text !== undefined && !isSilent) out.push(`${prefix}metadata.annotations[${armor}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
    }
    for (const side of ['limits', 'requests'] as const) if (c.resources?.[side]) for (const name of bytesOf) warnOfFraction(c.resources[side][name], `${at}.resources.${side}[${name}]`, out);
    warnOfEnv(c, at, out);
  }
}

function warnOfPorts(visited: Visited, out: string[]): void {
  if (!visited.some(({ c }) => c.ports)) return;
  const all = new Map<string, { at: string; port: DeepReadonly<T.ContainerPort> }[]>();
  const names = new Map<string, string>();
  const ports = visited.flatMap(({ c, at }) => (c.ports ?? []).map((port, i) => ({ port, at: `${at}.ports[${i}]` })));
  for (const { port, at } of ports) {
    const [ip, host] = [port.hostIP ?? '', port.hostPort ?? 0];
    if (ip !== '' && host === 0) out.push(`${at}: hostIP set without hostPort: {Name:${port.name ?? ''} HostPort:0 ContainerPort:${port.containerPort} Protocol:${port.protocol ?? ''} HostIP:${ip}}`);
    const key = `${port.containerPort}/${port.protocol}`;
    const others = all.get(key) ?? [];
    for (const other of others) {
      const [otherIP, otherHost] = [other.port.hostIP ?? '', other.port.hostPort ?? 0];
      if (ip === otherIP && host === otherHost) out.push(`${at}: duplicate port definition with ${other.at}`);
      else if (host === 0 || otherHost === 0) out.push(`${at}: overlapping port definition with ${other.at}`);
      else if (host === otherHost && (ip === '') !== (otherIP === '')) out.push(`${at}: dangerously ambiguous port definition with ${other.at}`);
    }
    all.set(key, [...others, { at, port }]);
  }
  for (const { port, at } of ports) {
    if (!port.name) continue;
    const other = names.get(port.name);
    if (other !== undefined) out.push(`${at}: duplicate port name ${quoted(port.name)} with ${other}, services and probes that select ports by name will use ${other}`);
    else names.set(port.name, at);
  }
}

/** `path`: where the pod stands, empty for a pod itself. */
export function podSpecWarnings(spec: Spec, annotations: Annotations | undefined, path: string): string[] {
  const out: string[] = [];
  const prefix = path === '' ? '' : `${path}.`;
  const at = `${prefix}spec`;
  warnOfPlacement(spec, at, out);
  for (const key in annotations) if (deprecatedAnnotations[key]) out.push(`${prefix}metadata.annotations[${key}]: ${deprecatedAnnotations[key]}`);
  warnOfVolumes(spec.volumes, `${at}.volumes`, out);
  warnOfDuplicates(spec, at, out);
  if (spec.overhead) for (const name of bytesOf) warnOfFraction(spec.overhead[name], `${at}.overhead[${name}]`, out);
  if (!spec.securityContext?.seccompProfile && annotations?.[seccompAnnotation] !== undefined) out.push(`${prefix}metadata.annotations[${seccompAnnotation}]: ${useSeccomp}`);
  const visited = (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((key) => (spec[key] ?? []).map((c, i) => ({ c, at: `${at}.${key}[${i}]` })));
  warnOfContainers(spec, annotations, visited, prefix, out);
  warnOfPorts(visited, out);
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) out.push(`${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`);
  warnOfPodAffinity(spec, at, out);
  for (const [i, s] of (spec.dnsConfig?.nameservers ?? []).entries()) warnOfIP(`${at}.dnsConfig.nameservers[${i}]`, s, out);
  for (const [i, a] of (spec.hostAliases ?? []).entries()) warnOfIP(`${at}.hostAliases[${i}].ip`, a.ip, out);
  return out;
}

export function templateWarnings(template: DeepReadonly<T.PodTemplateSpec> | undefined, path: string): string[] {
  return template ? podSpecWarnings(template.spec, template.metadata?.annotations, path) : [];
}

/** Names that end up in names of hosts. */
export function hostnameWarnings(name: string, what: string): string[] {
  const complaints = labelComplaints(name);
  return complaints.length === 0 ? [] : [`metadata.name: this is used in ${what}, which can result in surprising behavior; a DNS label is recommended: [${complaints.join(' ')}]`];
}

interface Templated {
  readonly metadata: { readonly name?: string; readonly generation?: number };
}

/** For a kind that makes pods from a template: on create, and when an update changed what is wanted. */
export function templateRule<K>(templateOf: (object: DeepReadonly<K>) => DeepReadonly<T.PodTemplateSpec> | undefined, path: string, named: boolean): (object: DeepReadonly<K>, old: DeepReadonly<K> | undefined) => string[] {
  return (object, old) => {
    const [now, before] = [object as Templated, old as Templated | undefined];
    if (before && before.metadata.generation === now.metadata.generation) return [];
    const ofName = before || !named ? [] : hostnameWarnings(now.metadata.name ?? '', 'Pod names and hostnames');
    return [...ofName, ...templateWarnings(templateOf(object), path)];
  };
}
