/** Security contexts of pod and container as the runtime takes them. */
import { join } from 'node:path';
import type { DeepReadonly, Draft } from '../../machinery/json.ts';
import type * as core from '../../api/core/v1/types.ts';
import type { LinuxContainerSecurityContext, LinuxSandboxSecurityContext, NamespaceOption, SecurityProfile, SELinuxOption } from '../cri/types.ts';
import { ConfigError } from './environment.ts';
import type { Container, Pod } from './model.ts';

const masked = [
  '/proc/asound', '/proc/acpi', '/proc/interrupts', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/timer_list', '/proc/timer_stats',
  '/proc/sched_debug', '/proc/scsi', '/sys/firmware', '/sys/devices/virtual/powercap',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

export function namespaceOptions(pod: Pod): NamespaceOption {
  return {
    network: pod.spec.hostNetwork ? 'NODE' : 'POD',
    pid: pod.spec.hostPID ? 'NODE' : pod.spec.shareProcessNamespace ? 'POD' : 'CONTAINER',
    ipc: pod.spec.hostIPC ? 'NODE' : 'POD',
    targetId: '',
  };
}

function seccomp(profile: DeepReadonly<core.SeccompProfile> | undefined, root: string): SecurityProfile {
  if (profile?.type === 'RuntimeDefault') return { profileType: 'RuntimeDefault', localhostRef: '' };
  if (profile?.type === 'Localhost') return { profileType: 'Localhost', localhostRef: join(root, profile.localhostProfile ?? '') };
  return { profileType: 'Unconfined', localhostRef: '' };
}

function selinux(options: DeepReadonly<core.SELinuxOptions> | undefined): SELinuxOption | undefined {
  return options && { user: options.user ?? '', role: options.role ?? '', type: options.type ?? '', level: options.level ?? '' };
}

const number = (value: number | undefined): { value: number } | undefined => (value === undefined ? undefined : { value });

function supplementalGroups(pod: Pod): number[] {
  const { supplementalGroups: groups = [], fsGroup } = pod.spec.securityContext ?? {};
  return [...new Set([...groups, ...(fsGroup === undefined ? [] : [fsGroup])])];
}

export function isPrivileged(pod: Pod): boolean {
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].some((c) => c.securityContext?.privileged === true);
}

export function sandboxSecurity(pod: Pod): Draft<LinuxSandboxSecurityContext> {
  const context = pod.spec.securityContext ?? {};
  return {
    namespaceOptions: namespaceOptions(pod),
    privileged: isPrivileged(pod),
    seccomp: { profileType: 'RuntimeDefault', localhostRef: '' },
    runAsUser: number(context.runAsUser),
    runAsGroup: context.runAsUser === undefined ? undefined : number(context.runAsGroup),
    supplementalGroups: supplementalGroups(pod),
    supplementalGroupsPolicy: context.supplementalGroupsPolicy === 'Strict' ? 'Strict' : 'Merge',
    selinuxOptions: selinux(context.seLinuxOptions),
  };
}

export interface ImageUser {
  readonly uid: number | undefined;
  readonly username: string;
}

/** Throws ConfigError where runAsNonRoot forbids the user that would run. */
export function containerSecurity(
  pod: Pod, container: Container, imageUser: ImageUser, targetId: string | undefined, seccompRoot: string,
): Draft<LinuxContainerSecurityContext> {
  const ofPod = pod.spec.securityContext ?? {};
  const own = container.securityContext ?? {};
  const runAsUser = own.runAsUser ?? ofPod.runAsUser;
  const runAsGroup = own.runAsGroup ?? ofPod.runAsGroup;
  if (own.runAsNonRoot ?? ofPod.runAsNonRoot) checkNonRoot(pod, container, runAsUser, imageUser);
  const privileged = own.privileged === true;
  const unmasked = own.procMount === 'Unmasked';
  return {
    capabilities: {
      addCapabilities: [...(own.capabilities?.add ?? [])], dropCapabilities: [...(own.capabilities?.drop ?? [])], addAmbientCapabilities: [],
    },
    privileged,
    namespaceOptions: targetId ? { ...namespaceOptions(pod), pid: 'TARGET', targetId } : namespaceOptions(pod),
    runAsUser: runAsUser === undefined ? number(imageUser.username === '' ? (imageUser.uid ?? 0) : undefined) : number(runAsUser),
    runAsUsername: runAsUser === undefined ? imageUser.username : '',
    runAsGroup: number(runAsGroup),
    readonlyRootfs: own.readOnlyRootFilesystem === true,
    supplementalGroups: supplementalGroups(pod),
    supplementalGroupsPolicy: ofPod.supplementalGroupsPolicy === 'Strict' ? 'Strict' : 'Merge',
    noNewPrivs: own.allowPrivilegeEscalation === false,
    seccomp: privileged ? { profileType: 'Unconfined', localhostRef: '' } : seccomp(own.seccompProfile ?? ofPod.seccompProfile, seccompRoot),
    selinuxOptions: selinux(own.seLinuxOptions ?? ofPod.seLinuxOptions),
    maskedPaths: privileged || unmasked ? [] : masked,
    readonlyPaths: privileged || unmasked ? [] : readonlyPaths,
  };
}

function checkNonRoot(pod: Pod, container: Container, runAsUser: number | undefined, image: ImageUser): void {
  const where = `pod: "${pod.metadata.name}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid})", container: ${container.name}`;
  if (runAsUser !== undefined) {
    if (runAsUser === 0) throw new ConfigError(`container's runAsUser breaks non-root policy (${where})`);
  } else if (image.username !== '') {
    throw new ConfigError(`container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root (${where})`);
  } else if ((image.uid ?? 0) === 0) {
    throw new ConfigError(`container has runAsNonRoot and image will run as root (${where})`);
  }
}
