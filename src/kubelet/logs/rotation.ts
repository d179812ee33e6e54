/** Keeps logs small, and takes away dead containers that nobody will ask for. */
import { rm } from 'node:fs/promises';
import { isNotFound } from '../cri/client.ts';
import { defaults } from '../config.ts';
import type { Agent } from '../pods/agent.ts';
import type { PodManager } from '../pods/manager.ts';
import type { PodWorker } from '../pods/worker.ts';
import { rotateLog } from './files.ts';

const periodMs = 10_000;
/** Of each container, besides the one that counts: enough for `logs --previous`. */
const keptDead = 1;

export async function keepLogsSmall(agent: Agent, manager: PodManager, signal: AbortSignal): Promise<void> {
  const { config, surroundings } = agent;
  const { clock, log } = surroundings;
  while (!signal.aborted) {
    await clock.sleep(periodMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    for (const worker of manager.workers) {
      try {
        const stamp = new Date(clock.now()).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
        for (const view of worker.runtime.containers.filter((c) => c.state === 'CONTAINER_RUNNING')) {
          await rotateLog(agent.runtime, view, config.containerLogMaxSize ?? defaults.containerLogMaxSize, config.containerLogMaxFiles ?? defaults.containerLogMaxFiles, stamp);
        }
        await removeDead(agent, worker);
      } catch (error) {
        log.debug('Tidying a pod failed', { pod: worker.pod.metadata.name, err: String(error) });
      }
    }
  }
}

async function removeDead(agent: Agent, worker: PodWorker): Promise<void> {
  const names = new Set(worker.runtime.containers.map((c) => c.name));
  for (const name of names) {
    const dead = worker.runtime.containers.filter((c) => c.name === name).slice(1).filter((c) => c.state === 'CONTAINER_EXITED');
    for (const view of dead.slice(keptDead)) {
      await rm(view.logPath, { force: true });
      await agent.runtime.call('RemoveContainer', { containerId: view.id }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
  }
  const [current, ...old] = worker.runtime.sandboxes;
  const used = new Set(worker.runtime.containers.map((c) => c.sandboxId));
  for (const sandbox of old) {
    if (sandbox.id !== current?.id && !sandbox.ready && !used.has(sandbox.id)) await agent.runtime.call('RemovePodSandbox', { podSandboxId: sandbox.id });
  }
}
