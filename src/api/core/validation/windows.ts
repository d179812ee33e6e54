/** What only Windows nodes know, and what they do not know. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { forbidden, invalid } from '../../../machinery/fieldpath.ts';
import { subdomainComplaints } from '../../../machinery/names.ts';
import type { FieldError } from '../../../machinery/status.ts';
import type * as T from '../v1/types.ts';

type Spec = DeepReadonly<T.PodSpec>;
type Options = DeepReadonly<T.WindowsSecurityContextOptions> | undefined;

const specLimit = 64;
const netBiosName = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const dnsLabel = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const dnsName = new RegExp(`^${dnsLabel}(?:\\.${dnsLabel})*$`);

function userComplaints(name: string): string[] {
  const parts = name.split('\\');
  if (name === '') return ['runAsUserName cannot be an empty string'];
  // oxlint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(name)) return ['runAsUserName cannot contain control characters'];
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1)!;
  const domain = parts.length === 2 ? parts[0]! : undefined;
  const out: string[] = [];
  if ((domain ?? '').length >= 256) out.push("runAsUserName's Domain length must be under 256 characters");
  if (domain !== undefined && !netBiosName.test(domain) && !dnsName.test(domain)) out.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  if (user === '') out.push("runAsUserName's User cannot be empty");
  else if (user.length > 104) out.push("runAsUserName's User length must not be longer than 104 characters");
  if (/^[. ]+$/.test(user)) out.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) out.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  return out;
}

export function checkWindowsOptions(o: Options, path: string, out: FieldError[]): void {
  if (!o) return;
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = o;
  if (name !== undefined) for (const c of subdomainComplaints(name)) out.push(invalid(`${path}.gmsaCredentialSpecName`, name, c));
  if (spec === '') out.push(invalid(`${path}.gmsaCredentialSpec`, spec, 'gmsaCredentialSpec cannot be an empty string'));
  else if (spec !== undefined && spec.length > specLimit * 1024) out.push(invalid(`${path}.gmsaCredentialSpec`, spec, `gmsaCredentialSpec size must be under ${specLimit} KiB`));
  if (user !== undefined) for (const c of userComplaints(user)) out.push(invalid(`${path}.runAsUserName`, user, c));
}

function containers(spec: Spec, path: string): { container: DeepReadonly<T.Container | T.EphemeralContainer>; at: string }[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((key) => (spec[key] ?? []).map((container, i) => ({ container, at: `${path}.${key}[${i}]` })));
}

/** All containers are processes of the host, or none is. */
export function checkHostProcess(spec: Spec, path: string, out: FieldError[]): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  let count = 0;
  let hosted = 0;
  for (const { container, at } of containers(spec, path)) {
    count++;
    const own = container.securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && ofPod !== own) out.push(invalid(`${at}.securityContext.windowsOptions.hostProcess`, own, `pod hostProcess value must be identical if both are specified, was ${ofPod}`));
    if (own ?? ofPod) hosted++;
  }
  if (hosted === 0) return;
  if (hosted !== count) out.push(invalid(path, '', 'If pod contains any hostProcess containers then all containers must be HostProcess containers'));
  if (!spec.hostNetwork) out.push(invalid(`${path}.hostNetwork`, false, 'hostNetwork must be true if pod contains any hostProcess containers'));
}

function checkLinux(spec: Spec, path: string, out: FieldError[]): void {
  const words = 'windows options cannot be set for a linux pod';
  if (spec.securityContext?.windowsOptions) out.push(forbidden(`${path}.securityContext.windowsOptions`, words));
  for (const { container, at } of containers(spec, path)) if (container.securityContext?.windowsOptions) out.push(forbidden(`${at}.securityContext.windowsOptions`, words));
}

const ofPods = [
  'securityContext.appArmorProfile', 'securityContext.seLinuxOptions', 'hostUsers', 'hostPID', 'hostIPC', 'securityContext.seccompProfile', 'securityContext.fsGroup', 'securityContext.fsGroupChangePolicy',
  'securityContext.sysctls', 'shareProcessNamespace', 'securityContext.runAsUser', 'securityContext.runAsGroup', 'securityContext.supplementalGroups', 'securityContext.supplementalGroupsPolicy',
  'securityContext.seLinuxChangePolicy',
] as const;
const ofContainers = ['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'readOnlyRootFilesystem', 'privileged', 'allowPrivilegeEscalation', 'procMount', 'runAsUser', 'runAsGroup'] as const;

function checkWindows(spec: Spec, path: string, out: FieldError[]): void {
  const words = 'cannot be set for a windows pod';
  const own = spec as Readonly<Record<string, unknown>>;
  const context = spec.securityContext as Readonly<Record<string, unknown>> | undefined;
  for (const field of ofPods) {
    const value = field.startsWith('securityContext.') ? context?.[field.slice('securityContext.'.length)] : own[field];
    const isSet = value !== undefined && !(value === false && (field === 'hostPID' || field === 'hostIPC')) && !(Array.isArray(value) && value.length === 0);
    if (isSet) out.push(forbidden(`${path}.${field}`, words));
  }
  for (const { container, at } of containers(spec, path)) {
    for (const field of ofContainers) if (container.securityContext?.[field] !== undefined) out.push(forbidden(`${at}.securityContext.${field}`, words));
  }
}

/** What the pod's operating system, where it names one, does not have. */
export function checkOperatingSystem(spec: Spec, path: string, out: FieldError[]): void {
  if (spec.os?.name === 'linux') checkLinux(spec, path, out);
  else if (spec.os?.name === 'windows') checkWindows(spec, path, out);
}
