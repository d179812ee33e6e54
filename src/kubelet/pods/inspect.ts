/** Reads what the runtime has of pods. */
import { isNotFound, type Runtime } from '../cri/client.ts';
import type { ContainerStatus, PodSandboxStatus } from '../cri/types.ts';
import { annotation, label, type ContainerView, type PodRuntime, type SandboxView } from './model.ts';

const ms = (nanoseconds: number): number => (nanoseconds > 0 ? nanoseconds / 1e6 : 0);

export function sandboxView(status: PodSandboxStatus): SandboxView {
  const ips = status.network?.ip ? [status.network.ip, ...status.network.additionalIps.map((p) => p.ip)] : [];
  return {
    id: status.id, ready: status.state === 'SANDBOX_READY', attempt: status.metadata?.attempt ?? 0, createdAt: ms(status.createdAt), ips,
  };
}

export function containerView(status: ContainerStatus, sandboxId: string): ContainerView {
  return {
    id: status.id,
    name: status.labels[label.containerName] ?? status.metadata?.name ?? '',
    sandboxId,
    state: status.state,
    restartCount: Number(status.annotations[annotation.restartCount] ?? status.metadata?.attempt ?? 0),
    hash: status.annotations[annotation.hash] ?? '',
    image: status.image?.userSpecifiedImage || status.image?.image || '',
    imageRef: status.imageRef,
    createdAt: ms(status.createdAt),
    startedAt: ms(status.startedAt),
    finishedAt: ms(status.finishedAt),
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
    logPath: status.logPath,
  };
}

/** `undefined` for what vanished between the list and the question. */
async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export async function inspectPod(runtime: Runtime, uid: string): Promise<PodRuntime> {
  const filter = { labelSelector: { [label.podUid]: uid } };
  const [listed, containers] = await Promise.all([
    runtime.call('ListPodSandbox', { filter }),
    runtime.call('ListContainers', { filter }),
  ]);
  const [sandboxes, views] = await Promise.all([
    Promise.all(listed.items.map((s) => unlessGone(runtime.call('PodSandboxStatus', { podSandboxId: s.id })))),
    Promise.all(
      containers.containers.map(async (c) => {
        const answer = await unlessGone(runtime.call('ContainerStatus', { containerId: c.id }));
        return answer?.status ? containerView(answer.status, c.podSandboxId) : undefined;
      }),
    ),
  ]);
  return {
    sandboxes: sandboxes.flatMap((s) => (s?.status ? [sandboxView(s.status)] : [])).sort((a, b) => b.createdAt - a.createdAt),
    containers: views.filter((c) => c !== undefined).sort((a, b) => b.createdAt - a.createdAt),
  };
}
