/** The checks of the baseline level, in the order of upstream's names. */
import { containersNamed, containersOf, namesWhere, plural, quoted, setters, sorted, type AnyContainer, type Finding, type PodView } from './words.ts';

export interface Check {
  readonly id: string;
  /** Minor version of the standard from which it counts. */
  readonly since: number;
  /** Not asked at the restricted level, where a stricter one takes its place. */
  readonly replaced?: true;
  find(pod: PodView, minor: number): Finding | undefined;
}

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';

function appArmor(pod: PodView): Finding | undefined {
  const allowed = (type: string | undefined): boolean => type === undefined || type === '' || type === 'RuntimeDefault' || type === 'Localhost';
  const podType = pod.spec.securityContext?.appArmorProfile?.type;
  const bad = containersOf(pod).filter((c) => !allowed(c.securityContext?.appArmorProfile?.type));
  const types = sorted([...(allowed(podType) ? [] : [podType!]), ...bad.map((c) => c.securityContext!.appArmorProfile!.type)]);
  const annotations = Object.entries(pod.metadata.annotations ?? {})
    .filter(([key, value]) => key.startsWith(appArmorPrefix) && value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/'))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`).sort();
  const details: string[] = [];
  if (types.length > 0) details.push(`${setters(!allowed(podType), bad.map((c) => c.name))} must not set AppArmor profile type to ${quoted(types)}`);
  if (annotations.length > 0) details.push(`${plural('annotation', 'annotations', annotations.length)} ${annotations.join(', ')}`);
  const count = types.length + annotations.length;
  return count > 0 ? { reason: plural('forbidden AppArmor profile', 'forbidden AppArmor profiles', count), detail: details.join('; ') } : undefined;
}

const defaultCapabilities = new Set([
  'AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT',
]);

/** Containers that add capabilities beyond these, and which. */
export function addedBeyond(pod: PodView, allowed: ReadonlySet<string>): string | undefined {
  const beyond = (c: AnyContainer): string[] => (c.securityContext?.capabilities?.add ?? []).filter((name) => !allowed.has(name));
  const bad = containersOf(pod).filter((c) => beyond(c).length > 0);
  if (bad.length === 0) return undefined;
  return `${containersNamed(bad.map((c) => c.name))} must not include ${quoted(sorted(bad.flatMap(beyond)))} in securityContext.capabilities.add`;
}

function hostNamespaces({ spec }: PodView): Finding | undefined {
  const set = [spec.hostNetwork && 'hostNetwork=true', spec.hostPID && 'hostPID=true', spec.hostIPC && 'hostIPC=true'].filter((x) => x);
  return set.length > 0 ? { reason: 'host namespaces', detail: set.join(', ') } : undefined;
}

function hostPaths({ spec }: PodView): Finding | undefined {
  const names = (spec.volumes ?? []).filter((v) => v.hostPath).map((v) => v.name);
  return names.length > 0 ? { reason: 'hostPath volumes', detail: `${plural('volume', 'volumes', names.length)} ${quoted(names)}` } : undefined;
}

/** Containers that use something with a value that is forbidden. */
function uses(pod: PodView, one: string, many: string, valuesOf: (container: AnyContainer) => string[], show: (values: string[]) => string): Finding | undefined {
  const names = namesWhere(pod, (c) => valuesOf(c).length > 0);
  if (names.length === 0) return undefined;
  const values = sorted(containersOf(pod).flatMap(valuesOf));
  const what = plural(one, many, values.length);
  return { reason: what, detail: `${containersNamed(names)} ${plural('uses', 'use', names.length)} ${what} ${show(values)}` };
}

const hostPorts = (pod: PodView): Finding | undefined =>
  uses(pod, 'hostPort', 'hostPorts', (c) => (c.ports ?? []).filter((p) => p.hostPort).map((p) => String(p.hostPort)), (values) => values.join(', '));

function hosts(c: AnyContainer): string[] {
  const { postStart, preStop } = c.lifecycle ?? {};
  return [c.livenessProbe, c.readinessProbe, c.startupProbe, postStart, preStop]
    .flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host]).filter((host): host is string => !!host);
}

const probeHosts = (pod: PodView): Finding | undefined => uses(pod, 'probe or lifecycle host', 'probe or lifecycle hosts', hosts, quoted);

/** Containers that set something they must not. */
function mustNotSet(pod: PodView, reason: string, test: (container: AnyContainer) => boolean, what: string): Finding | undefined {
  const names = namesWhere(pod, test);
  return names.length > 0 ? { reason, detail: `${containersNamed(names)} must not set ${what}` } : undefined;
}

function seLinux(pod: PodView, minor: number): Finding | undefined {
  const types = ['', 'container_t', 'container_init_t', 'container_kvm_t', ...(minor >= 31 ? ['container_engine_t'] : [])];
  type Options = { readonly type?: string; readonly user?: string; readonly role?: string } | undefined;
  const bad = (o: Options): boolean => !types.includes(o?.type ?? '') || !!o?.user || !!o?.role;
  const ofPod = pod.spec.securityContext?.seLinuxOptions;
  const containers = containersOf(pod).filter((c) => bad(c.securityContext?.seLinuxOptions));
  if (!bad(ofPod) && containers.length === 0) return undefined;
  const all: Options[] = [ofPod, ...containers.map((c) => c.securityContext?.seLinuxOptions)];
  const badTypes = sorted(all.map((o) => o?.type ?? '').filter((t) => !types.includes(t)));
  const data = [
    ...(badTypes.length > 0 ? [`${plural('type', 'types', badTypes.length)} ${quoted(badTypes)}`] : []),
    ...(all.some((o) => o?.user) ? ['user may not be set'] : []), ...(all.some((o) => o?.role) ? ['role may not be set'] : []),
  ];
  return { reason: 'seLinuxOptions', detail: `${setters(bad(ofPod), containers.map((c) => c.name))} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}` };
}

/** Explicitly set to something other than these. */
export function badSeccomp(pod: PodView): Finding | undefined {
  const bad = (type: string | undefined): boolean => type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
  const ofPod = pod.spec.securityContext?.seccompProfile?.type;
  const containers = containersOf(pod).filter((c) => bad(c.securityContext?.seccompProfile?.type));
  if (!bad(ofPod) && containers.length === 0) return undefined;
  const values = sorted([...(bad(ofPod) ? [ofPod!] : []), ...containers.map((c) => c.securityContext!.seccompProfile!.type)]);
  return { reason: 'seccompProfile', detail: `${setters(bad(ofPod), containers.map((c) => c.name))} must not set securityContext.seccompProfile.type to ${quoted(values)}` };
}

const safeSysctls: readonly (readonly [since: number, names: readonly string[]])[] = [
  [0, ['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start']],
  [27, ['net.ipv4.ip_local_reserved_ports']],
  [29, ['net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes']],
  [32, ['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']],
];

function sysctls({ spec }: PodView, minor: number): Finding | undefined {
  const safe = new Set(safeSysctls.flatMap(([since, names]) => (minor >= since ? names : [])));
  const bad = (spec.securityContext?.sysctls ?? []).map((s) => s.name).filter((name) => !safe.has(name));
  return bad.length > 0 ? { reason: 'forbidden sysctls', detail: bad.join(', ') } : undefined;
}

function windowsHostProcess(pod: PodView): Finding | undefined {
  const ofPod = pod.spec.securityContext?.windowsOptions?.hostProcess === true;
  const names = namesWhere(pod, (c) => c.securityContext?.windowsOptions?.hostProcess === true);
  if (!ofPod && names.length === 0) return undefined;
  return { reason: 'hostProcess', detail: `${setters(ofPod, names)} must not set securityContext.windowsOptions.hostProcess=true` };
}

export const baseline: readonly Check[] = [
  { id: 'appArmorProfile', since: 0, find: appArmor },
  {
    id: 'capabilities_baseline', since: 0, replaced: true,
    find: (pod) => {
      const detail = addedBeyond(pod, defaultCapabilities);
      return detail === undefined ? undefined : { reason: 'non-default capabilities', detail };
    },
  },
  { id: 'hostNamespaces', since: 0, find: hostNamespaces },
  { id: 'hostPathVolumes', since: 0, replaced: true, find: hostPaths },
  { id: 'hostPorts', since: 0, find: hostPorts },
  { id: 'hostProbesAndhostLifecycle', since: 34, find: probeHosts },
  { id: 'privileged', since: 0, find: (pod) => mustNotSet(pod, 'privileged', (c) => c.securityContext?.privileged === true, 'securityContext.privileged=true') },
  { id: 'procMount', since: 0, find: (pod) => mustNotSet(pod, 'procMount', (c) => (c.securityContext?.procMount ?? 'Default') !== 'Default', 'securityContext.procMount to "Unmasked"') },
  { id: 'seLinuxOptions', since: 0, find: seLinux },
  { id: 'seccompProfile_baseline', since: 19, replaced: true, find: badSeccomp },
  { id: 'sysctls', since: 0, find: sysctls },
  { id: 'windowsHostProcess', since: 0, find: windowsHostProcess },
];
