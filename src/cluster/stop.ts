/** `k7s stop`: ends everything of a cluster and keeps its data. */
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Context } from './context.ts';
import { withLock } from './lock.ts';
import { hierarchies } from './machine/cgroup.ts';
import { destroyNode } from './machine/node.ts';
import { processesIn } from './machine/processes.ts';
import { nodeCgroup } from './machine/profile.ts';
import { progress } from './output.ts';
import { readParts } from './parts.ts';
import { findProcesses } from './processes.ts';
import { profilePaths, requireProfile, type ProfileConfig, type ProfilePaths } from './profile.ts';
import { endParts } from './supervisor.ts';

export async function stop(flags: { profile: string; gracePeriod: number }, context: Context): Promise<void> {
  const { clock } = context.surroundings;
  const paths = profilePaths(flags.profile);
  const config = requireProfile(paths);
  const report = progress(context, clock);
  await withLock(paths, 'stop', clock, () => report.step(`Stopping "${flags.profile}"`, () => stopProfile(paths, config, clock, flags.gracePeriod * 1000)));
  report.say(`${config.nodes.length} node${config.nodes.length === 1 ? '' : 's'} stopped.`);
}

/** The agents first, so that nobody starts again what is being ended; then the containers, then the rest. */
export async function stopProfile(paths: ProfilePaths, config: ProfileConfig, clock: Clock, graceMs: number): Promise<void> {
  const parts = readParts(paths);
  if (parts) {
    await endParts([parts.supervisor], clock);
    const agents = parts.supervised.filter((part) => part.name.startsWith('agent-'));
    const server = parts.supervised.filter((part) => part.name === 'server');
    const ending = endParts(server, clock);
    await endParts(agents, clock, { graceMs: 2000 });
    await Promise.all([ending, endContainers(paths, config, clock, graceMs)]);
    await endParts(parts.supervised, clock, { graceMs: 500 });
  }
  if (config.runtime === 'containerd') for (const { name } of config.nodes) await destroyNode(paths, name, { clock });
}

/** Asks the first process of every container to end, and waits a little. What is left is killed with the node. */
async function endContainers(paths: ProfilePaths, config: ProfileConfig, clock: Clock, graceMs: number): Promise<void> {
  if (config.runtime !== 'containerd' || graceMs <= 0) return;
  const folders = config.nodes.map(({ name }) => join(cgroupMount(), nodeCgroup(paths, name), 'kubepods'));
  const running = async (): Promise<number[]> => (await Promise.all(folders.map((folder) => processesIn(folder)))).flat().map((found) => found.pid);
  for (const pid of await running()) {
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      // gone by itself
    }
  }
  const deadline = clock.monotonic() + graceMs;
  while (clock.monotonic() < deadline && (await running()).length > 0) await clock.sleep(20);
}

/** Any hierarchy tells which processes belong to the containers. */
function cgroupMount(): string {
  const all = hierarchies();
  return (all.find((hierarchy) => hierarchy.controllers.includes('memory')) ?? all[0])?.mountPoint ?? '/sys/fs/cgroup';
}

export function isRunning(paths: ProfilePaths): boolean {
  const parts = readParts(paths);
  return parts !== undefined && [parts.supervisor, ...parts.supervised].some((part) => findProcesses(part.argv).length > 0);
}
