/** Ends containers: the hook, the signal, the grace period, the kill; sidecars after the others. */
import { isNotFound } from '../cri/client.ts';
import type { Agent } from './agent.ts';
import { runHook } from './hooks.ts';
import { containerSpecs, type ContainerView, type Pod, type PodRuntime } from './model.ts';
import { stopOrder } from './plan.ts';
import { errorText } from './start.ts';

/** The runtime gets this long at least. */
const minimumGraceSeconds = 2;

export interface StopRequest {
  readonly graceSeconds: number;
  /** Shown in the event. */
  readonly message?: string;
  readonly reason?: string;
  /** Cuts hooks short when the grace period is shortened. */
  readonly signal?: AbortSignal;
}

export async function stopContainer(agent: Agent, pod: Pod, view: ContainerView, ip: string, request: StopRequest): Promise<void> {
  const { clock } = agent.surroundings;
  const container = containerSpecs(pod).find((s) => s.container.name === view.name)?.container;
  agent.note(pod, 'Normal', 'Killing', request.message ?? `Stopping container ${view.name}`, view.name);
  let remaining = request.graceSeconds;
  const hook = container?.lifecycle?.preStop;
  if (container && hook && remaining > 0) {
    const began = clock.monotonic();
    const limit = new AbortController();
    const timer = clock.after(remaining * 1000, () => limit.abort());
    const signal = request.signal ? AbortSignal.any([request.signal, limit.signal]) : limit.signal;
    const result = await runHook({ runtime: agent.runtime, clock, pod, container, containerId: view.id, ip, signal }, hook, remaining);
    timer.cancel();
    if (!result.ok && !signal.aborted) agent.note(pod, 'Warning', 'FailedPreStopHook', `PreStopHook failed${result.output ? `: ${result.output}` : ''}`, view.name);
    remaining -= Math.floor((clock.monotonic() - began) / 1000);
    if (request.signal?.aborted) remaining = 0;
  }
  const timeout = request.graceSeconds <= 0 ? 0 : Math.max(minimumGraceSeconds, Math.ceil(remaining));
  try {
    await agent.runtime.call('StopContainer', { containerId: view.id, timeout }, { timeoutMs: (timeout + 60) * 1000 });
  } catch (error) {
    if (!isNotFound(error)) throw new Error(`stopping container ${view.name}: ${errorText(error)}`);
  }
}

/** Everything of the pod that runs, then its sandboxes. */
export async function stopPod(agent: Agent, pod: Pod, runtime: PodRuntime, request: StopRequest): Promise<void> {
  const { clock } = agent.surroundings;
  const began = clock.monotonic();
  const ip = runtime.sandboxes[0]?.ips[0] ?? '';
  const running = runtime.containers.filter((c) => c.state === 'CONTAINER_RUNNING' || c.state === 'CONTAINER_UNKNOWN');
  for (const group of stopOrder(pod, running)) {
    const left = Math.max(0, request.graceSeconds - (clock.monotonic() - began) / 1000);
    await Promise.all(group.map((view) => stopContainer(agent, pod, view, ip, { ...request, graceSeconds: left })));
  }
  await stopSandboxes(agent, runtime);
}

export async function stopSandboxes(agent: Agent, runtime: PodRuntime): Promise<void> {
  await Promise.all(
    runtime.sandboxes.map((s) =>
      agent.runtime.call('StopPodSandbox', { podSandboxId: s.id }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      }),
    ),
  );
}

export async function removeSandboxes(agent: Agent, runtime: PodRuntime): Promise<void> {
  for (const { id } of runtime.sandboxes) {
    await agent.runtime.call('RemovePodSandbox', { podSandboxId: id }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}
