/** What the agent knows of a pod from the runtime, and the labels by which it finds its own things there. */
import type { DeepReadonly } from '../../machinery/json.ts';
import type * as core from '../../api/core/v1/types.ts';
import type { ContainerState } from '../cri/types.ts';

export type Pod = DeepReadonly<core.Pod>;
export type Container = DeepReadonly<core.Container>;

export const label = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const;

export const annotation = {
  hash: 'io.kubernetes.container.hash',
  restartCount: 'io.kubernetes.container.restartCount',
  terminationMessagePath: 'io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
  podGracePeriod: 'io.kubernetes.pod.terminationGracePeriod',
  source: 'kubernetes.io/config.source',
  mirror: 'kubernetes.io/config.mirror',
  configHash: 'kubernetes.io/config.hash',
} as const;

export interface SandboxView {
  readonly id: string;
  readonly ready: boolean;
  readonly attempt: number;
  /** Milliseconds since the epoch, as all times here; 0 is never. */
  readonly createdAt: number;
  readonly ips: readonly string[];
}

export interface ContainerView {
  readonly id: string;
  readonly name: string;
  readonly sandboxId: string;
  readonly state: ContainerState;
  readonly restartCount: number;
  readonly hash: string;
  readonly image: string;
  readonly imageRef: string;
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly logPath: string;
}

/** Both newest first. */
export interface PodRuntime {
  readonly sandboxes: readonly SandboxView[];
  readonly containers: readonly ContainerView[];
}

export const nothingRunning: PodRuntime = { sandboxes: [], containers: [] };

export type ContainerKind = 'init' | 'regular' | 'ephemeral';

export interface ContainerSpec {
  readonly kind: ContainerKind;
  readonly container: Container;
}

/** An init container that keeps running beside the others. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

export function containerSpecs(pod: Pod): ContainerSpec[] {
  return [
    ...(pod.spec.initContainers ?? []).map((container) => ({ kind: 'init' as const, container })),
    ...pod.spec.containers.map((container) => ({ kind: 'regular' as const, container })),
    ...(pod.spec.ephemeralContainers ?? []).map((container) => ({ kind: 'ephemeral' as const, container })),
  ];
}

/** Path of the field, as events name it. */
export function fieldPathOf(pod: Pod, name: string): string {
  if (pod.spec.initContainers?.some((c) => c.name === name)) return `spec.initContainers{${name}}`;
  if (pod.spec.ephemeralContainers?.some((c) => c.name === name)) return `spec.ephemeralContainers{${name}}`;
  return `spec.containers{${name}}`;
}

/** `name_namespace(uid)`: how messages name a pod. */
export function podFullName(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid})`;
}

export function newest(runtime: PodRuntime, name: string): ContainerView | undefined {
  return runtime.containers.find((c) => c.name === name);
}

/** A change of it restarts the container. */
export function containerHash(container: Container): string {
  let hash = 0x811c9dc5;
  for (const char of `${container.name}\0${container.image ?? ''}`) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193) >>> 0;
  return hash.toString(16);
}

export function restartPolicyOf(pod: Pod): string {
  return pod.spec.restartPolicy ?? 'Always';
}

export function isStaticMirror(pod: Pod): boolean {
  return pod.metadata.annotations?.[annotation.mirror] !== undefined;
}
