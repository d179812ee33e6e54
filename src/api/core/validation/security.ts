/** Security contexts of pods and containers. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { duplicate, forbidden, goForm, invalid, notSupported, required, tooLong } from '../../../machinery/fieldpath.ts';
import { inclusiveRange } from '../../../machinery/names.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { fsGroupChangePolicies, procMounts, profileTypes, supplementalGroupsPolicies } from '../v1/enums.ts';
import type * as T from '../v1/types.ts';
import { checkRelativePath } from './paths.ts';
import { checkWindowsOptions } from './windows.ts';

const maxId = 2147483647;
const sysctlFormat = '([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const sysctl = new RegExp(`^${sysctlFormat}$`);

function checkId(id: number | undefined, path: string, out: FieldError[]): void {
  if (id !== undefined && (id < 0 || id > maxId)) out.push(invalid(path, id, inclusiveRange(0, maxId)));
}

export function checkSeccomp(p: DeepReadonly<T.SeccompProfile> | undefined, path: string, out: FieldError[]): void {
  if (!p) return;
  if (!p.type) out.push(required(`${path}.type`, 'type is required when seccompProfile is set'));
  else if (!profileTypes.includes(p.type)) out.push(notSupported(`${path}.type`, p.type, profileTypes));
  if (p.type === 'Localhost') {
    if (p.localhostProfile === undefined) out.push(required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost'));
    else checkRelativePath(p.localhostProfile, `${path}.localhostProfile`, out);
  } else if (p.localhostProfile !== undefined) {
    out.push(invalid(`${path}.localhostProfile`, goForm(p, { type: '', localhostProfile: null }), 'can only be set when seccomp type is Localhost'));
  }
}

export function checkAppArmor(p: DeepReadonly<T.AppArmorProfile> | undefined, path: string, out: FieldError[]): void {
  if (!p) return;
  const at = `${path}.localhostProfile`;
  if (!p.type) return void out.push(required(`${path}.type`, 'type is required when appArmorProfile is set'));
  if (!profileTypes.includes(p.type)) return void out.push(notSupported(`${path}.type`, p.type, profileTypes));
  if (p.type !== 'Localhost') {
    if (p.localhostProfile !== undefined) out.push(invalid(at, p.localhostProfile, 'can only be set when AppArmor type is Localhost'));
    return;
  }
  const name = p.localhostProfile;
  if (name === undefined || name === '') out.push(required(at, 'must be set when AppArmor type is Localhost'));
  else if (name.trim() !== name) out.push(invalid(at, name, 'must not be padded with whitespace'));
  if ((name ?? '').length > 4095) out.push(tooLong(at, 4095));
}

export function checkSecurityContext(s: DeepReadonly<T.SecurityContext> | undefined, path: string, hostUsers: boolean, out: FieldError[]): void {
  if (!s) return;
  checkId(s.runAsUser, `${path}.runAsUser`, out);
  checkId(s.runAsGroup, `${path}.runAsGroup`, out);
  if (s.procMount !== undefined) {
    if (!procMounts.includes(s.procMount)) out.push(notSupported(`${path}.procMount`, s.procMount, procMounts));
    if (hostUsers && s.procMount === 'Unmasked') out.push(invalid(`${path}.procMount`, s.procMount, '`hostUsers` must be false to use `Unmasked`'));
  }
  checkSeccomp(s.seccompProfile, `${path}.seccompProfile`, out);
  if (s.allowPrivilegeEscalation === false) {
    if (s.privileged) out.push(invalid(path, s, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'));
    if (s.capabilities?.add?.includes('CAP_SYS_ADMIN')) out.push(invalid(path, s, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'));
  }
  checkWindowsOptions(s.windowsOptions, `${path}.windowsOptions`, out);
  checkAppArmor(s.appArmorProfile, `${path}.appArmorProfile`, out);
}

function checkSysctls(list: DeepReadonly<T.Sysctl[]>, spec: DeepReadonly<T.PodSpec>, path: string, out: FieldError[]): void {
  const seen = new Set<string>();
  for (const [i, s] of list.entries()) {
    const at = `${path}[${i}].name`;
    if (!s.name) out.push(required(at));
    else if (s.name.length > 253 || !sysctl.test(s.name)) out.push(invalid(at, s.name, `must have at most 253 characters and match regex ^${sysctlFormat}$`));
    else if (seen.has(s.name)) out.push(duplicate(at, s.name));
    const name = (s.name ?? '').replaceAll('/', '.');
    if (spec.hostNetwork && name.startsWith('net.')) out.push(invalid(at, s.name, "may not be specified when 'hostNetwork' is true"));
    else if (spec.hostIPC && /^(kernel\.(shm|msg|sem)|fs\.mqueue\.)/.test(name)) out.push(invalid(at, s.name, "may not be specified when 'hostIPC' is true"));
    seen.add(s.name);
  }
}

function checkChoice(value: string | undefined, choices: readonly string[], path: string, out: FieldError[]): void {
  if (value !== undefined && !choices.includes(value)) out.push(notSupported(path, value, choices));
}

export function checkPodSecurityContext(spec: DeepReadonly<T.PodSpec>, path: string, out: FieldError[]): void {
  const s = spec.securityContext;
  if (spec.shareProcessNamespace && spec.hostPID) {
    out.push(invalid(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  }
  if (!s) return;
  checkId(s.fsGroup, `${path}.fsGroup`, out);
  checkId(s.runAsUser, `${path}.runAsUser`, out);
  checkId(s.runAsGroup, `${path}.runAsGroup`, out);
  for (const [i, g] of (s.supplementalGroups ?? []).entries()) checkId(g, `${path}.supplementalGroups[${i}]`, out);
  checkSysctls(s.sysctls ?? [], spec, `${path}.sysctls`, out);
  checkChoice(s.fsGroupChangePolicy, fsGroupChangePolicies, `${path}.fsGroupChangePolicy`, out);
  checkSeccomp(s.seccompProfile, `${path}.seccompProfile`, out);
  checkWindowsOptions(s.windowsOptions, `${path}.windowsOptions`, out);
  checkAppArmor(s.appArmorProfile, `${path}.appArmorProfile`, out);
  checkChoice(s.supplementalGroupsPolicy, supplementalGroupsPolicies, `${path}.supplementalGroupsPolicy`, out);
  checkChoice(s.seLinuxChangePolicy, ['Recursive'], `${path}.seLinuxChangePolicy`, out);
}

/** A pod with users of its own shares no other namespace with the host. */
export function checkHostUsers(spec: DeepReadonly<T.PodSpec>, path: string, out: FieldError[]): void {
  if (spec.hostUsers !== false) return;
  const why = 'when `hostUsers` is false';
  if (spec.hostNetwork) out.push(forbidden(`${path}.hostNetwork`, why));
  if (spec.hostPID) out.push(forbidden(`${path}.HostPID`, why));
  if (spec.hostIPC) out.push(forbidden(`${path}.HostIPC`, why));
}
