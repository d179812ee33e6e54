/** Brings up a sandbox, and a container in it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runtimeclasses } from '../../api/node/v1/index.ts';
import type { Draft } from '../../machinery/json.ts';
import { RuntimeError } from '../cri/client.ts';
import type { PodSandboxConfig } from '../cri/types.ts';
import { StartError, type Note } from '../images/manager.ts';
import { containerMounts } from '../volumes/containermounts.ts';
import type { MountedVolumes } from '../volumes/manager.ts';
import type { Agent } from './agent.ts';
import { containerConfig, sandboxConfig } from './configs.ts';
import { ConfigError, environment } from './environment.ts';
import { runHook } from './hooks.ts';
import type { Container, Pod, PodRuntime, SandboxView } from './model.ts';
import { hostsFile, parseResolvConf, podDir, podDns, podLogDir } from './naming.ts';
import type { StartStep } from './plan.ts';

export function errorText(error: unknown): string {
  if (error instanceof RuntimeError) return error.full;
  return error instanceof Error ? error.message : String(error);
}

export async function sandboxConfigOf(agent: Agent, pod: Pod, attempt: number): Promise<Draft<PodSandboxConfig>> {
  const { config } = agent;
  const outside = parseResolvConf(await readFile(config.resolvConf ?? '/etc/resolv.conf', 'utf8').catch(() => ''));
  return sandboxConfig(pod, attempt, config, agent.cgroups.pathOf(pod), podDns(pod, config, outside));
}

export async function createSandbox(agent: Agent, pod: Pod, attempt: number): Promise<void> {
  await mkdir(podLogDir(agent.config, pod), { recursive: true });
  const config = await sandboxConfigOf(agent, pod, attempt);
  const name = pod.spec.runtimeClassName;
  // Read when it is needed: hardly any pod names one.
  const runtimeHandler = name ? (await agent.client.get(runtimeclasses, name)).handler : '';
  await agent.runtime.call('RunPodSandbox', { config, runtimeHandler }, { timeoutMs: 240_000 });
}

export function podIPsOf(agent: Agent, pod: Pod, sandbox: SandboxView | undefined): readonly string[] {
  return pod.spec.hostNetwork ? agent.config.nodeIPs : (sandbox?.ips ?? []);
}

async function writeHosts(agent: Agent, pod: Pod, ips: readonly string[]): Promise<void> {
  const ofNode = pod.spec.hostNetwork ? await readFile('/etc/hosts', 'utf8').catch(() => '') : '';
  await mkdir(podDir(agent.config, pod.metadata.uid), { recursive: true });
  await writeFile(join(podDir(agent.config, pod.metadata.uid), 'etc-hosts'), hostsFile(pod, agent.config, ips, ofNode));
}

/** Whose processes an ephemeral container sees. */
function targetOf(container: Container, runtime: PodRuntime): string | undefined {
  const name = (container as { targetContainerName?: string }).targetContainerName;
  if (!name) return undefined;
  const found = runtime.containers.find((c) => c.name === name && c.state === 'CONTAINER_RUNNING');
  if (!found) throw new ConfigError(`target container ${JSON.stringify(name)} is not running`);
  return found.id;
}

/** Throws StartError, whose reason then shows in the container's status. */
export async function startContainer(
  agent: Agent, pod: Pod, step: StartStep, runtime: PodRuntime, volumes: MountedVolumes, signal: AbortSignal,
): Promise<void> {
  const { container, last } = step;
  const sandbox = runtime.sandboxes[0]!;
  const note: Note = (type, reason, message) => agent.note(pod, type, reason, message, container.name);
  const restartCount = last ? last.restartCount + 1 : (priorRestarts(pod, container.name) ?? 0);
  const failed = (reason: string, error: unknown): StartError => {
    const message = errorText(error);
    note('Warning', 'Failed', `Error: ${message}`);
    return new StartError(reason, message);
  };

  const sandboxSpec = await sandboxConfigOf(agent, pod, sandbox.attempt);
  const image = await agent.images.ensure(pod, container, sandboxSpec, note, signal).catch((error: unknown) => {
    if (error instanceof StartError) note('Warning', 'Failed', `Error: ${error.reason}`);
    throw error;
  });

  const ips = podIPsOf(agent, pod, sandbox);
  let id: string;
  try {
    await writeHosts(agent, pod, ips);
    await mkdir(join(podLogDir(agent.config, pod), container.name), { recursive: true });
    const facts = { hostIPs: agent.config.nodeIPs, podIPs: ips, allocatable: agent.allocatable() };
    const variables = await environment(pod, container, agent.services(pod), agent.lookup, facts);
    const mounts = await containerMounts(agent.config, pod, container, volumes, variables, restartCount);
    const config = containerConfig(pod, container, {
      restartCount, image, environment: variables, mounts, targetId: targetOf(container, runtime), nodeMemory: agent.nodeMemory,
      seccompRoot: join(agent.config.rootDir, 'seccomp'),
    });
    id = (await agent.runtime.call('CreateContainer', { podSandboxId: sandbox.id, config, sandboxConfig: sandboxSpec })).containerId;
  } catch (error) {
    throw failed(error instanceof ConfigError ? 'CreateContainerConfigError' : 'CreateContainerError', error);
  }
  note('Normal', 'Created', `Created container: ${container.name}`);
  try {
    await agent.runtime.call('StartContainer', { containerId: id });
  } catch (error) {
    throw failed('RunContainerError', error);
  }
  note('Normal', 'Started', `Started container ${container.name}`);
  await afterStart(agent, pod, container, id, ips[0] ?? '', note, signal);
}

async function afterStart(agent: Agent, pod: Pod, container: Container, id: string, ip: string, note: Note, signal: AbortSignal): Promise<void> {
  const hook = container.lifecycle?.postStart;
  if (!hook) return;
  const { runtime, surroundings } = agent;
  const result = await runHook({ runtime, clock: surroundings.clock, pod, container, containerId: id, ip, signal }, hook, 0);
  if (result.ok) return;
  note('Warning', 'FailedPostStartHook', `PostStartHook failed${result.output ? `: ${result.output}` : ''}`);
  note('Normal', 'Killing', `Stopping container ${container.name}: FailedPostStartHook`);
  const grace = pod.spec.terminationGracePeriodSeconds ?? 30;
  await runtime.call('StopContainer', { containerId: id, timeout: grace }, { timeoutMs: (grace + 60) * 1000 });
  throw new StartError('PostStartHookError', `PostStartHook failed${result.output ? `: ${result.output}` : ''}`);
}

/** Where the runtime has forgotten earlier runs, the API has not. */
function priorRestarts(pod: Pod, name: string): number | undefined {
  const all = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const old = all.find((s) => s.name === name);
  return old?.containerID ? old.restartCount + 1 : undefined;
}
