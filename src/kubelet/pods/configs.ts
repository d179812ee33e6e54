/** What the runtime is told to make: a sandbox for a pod, a container in it. */
import { join } from 'node:path';
import type { Draft } from '../../machinery/json.ts';
import type { KubeletConfig } from '../config.ts';
import type { ContainerConfig, DNSConfig, Image, Mount, PodSandboxConfig } from '../cri/types.ts';
import { expand } from './environment.ts';
import { annotation, containerHash, label, type Container, type Pod } from './model.ts';
import { podLogDir, sandboxHostname } from './naming.ts';
import { containerResources } from './resources.ts';
import { containerSecurity, sandboxSecurity } from './security.ts';

function labelsOf(pod: Pod): Record<string, string> {
  return { [label.podName]: pod.metadata.name, [label.podNamespace]: pod.metadata.namespace ?? '', [label.podUid]: pod.metadata.uid };
}

export function sandboxConfig(pod: Pod, attempt: number, config: KubeletConfig, cgroupParent: string, dns: DNSConfig): Draft<PodSandboxConfig> {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const ports = containers.flatMap((c) => c.ports ?? []).filter((p) => !pod.spec.hostNetwork && p.hostPort);
  const sysctls = Object.fromEntries((pod.spec.securityContext?.sysctls ?? []).map((s) => [s.name.replaceAll('/', '.'), s.value]));
  return {
    metadata: { name: pod.metadata.name, uid: pod.metadata.uid, namespace: pod.metadata.namespace ?? '', attempt },
    hostname: sandboxHostname(pod, config),
    logDirectory: podLogDir(config, pod),
    dnsConfig: dns,
    portMappings: ports.map((p) => ({
      protocol: p.protocol === 'UDP' || p.protocol === 'SCTP' ? p.protocol : 'TCP',
      containerPort: p.containerPort, hostPort: p.hostPort ?? 0, hostIp: p.hostIP ?? '',
    })),
    labels: { ...pod.metadata.labels, ...labelsOf(pod) },
    annotations: { ...pod.metadata.annotations },
    linux: { cgroupParent, securityContext: sandboxSecurity(pod), sysctls },
  };
}

export interface ContainerParts {
  readonly restartCount: number;
  readonly image: Image;
  readonly environment: ReadonlyMap<string, string>;
  readonly mounts: readonly Draft<Mount>[];
  /** Container id whose process namespace an ephemeral container joins. */
  readonly targetId: string | undefined;
  readonly nodeMemory: number;
  /** Where profiles of the node's own lie. */
  readonly seccompRoot: string;
}

export function containerConfig(pod: Pod, container: Container, parts: ContainerParts): Draft<ContainerConfig> {
  const value = (name: string): string | undefined => parts.environment.get(name);
  const grace = pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds;
  const user = { uid: parts.image.uid?.value, username: parts.image.username };
  return {
    metadata: { name: container.name, attempt: parts.restartCount },
    image: { image: parts.image.id, userSpecifiedImage: container.image ?? '' },
    command: (container.command ?? []).map((text) => expand(text, value)),
    args: (container.args ?? []).map((text) => expand(text, value)),
    workingDir: container.workingDir ?? '',
    envs: [...parts.environment].map(([key, text]) => ({ key, value: text })),
    mounts: parts.mounts,
    labels: { ...labelsOf(pod), [label.containerName]: container.name },
    annotations: {
      [annotation.hash]: containerHash(container),
      [annotation.restartCount]: String(parts.restartCount),
      [annotation.terminationMessagePath]: container.terminationMessagePath ?? '/dev/termination-log',
      [annotation.terminationMessagePolicy]: container.terminationMessagePolicy ?? 'File',
      ...(grace === undefined ? {} : { [annotation.podGracePeriod]: String(grace) }),
    },
    logPath: join(container.name, `${parts.restartCount}.log`),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    linux: {
      resources: containerResources(pod, container, parts.nodeMemory),
      securityContext: containerSecurity(pod, container, user, parts.targetId, parts.seccompRoot),
    },
  };
}
