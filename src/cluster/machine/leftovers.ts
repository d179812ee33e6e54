/** What a profile still has on the machine, found by names and namespaces and not by any record. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hierarchies, killCgroup, removeCgroup } from './cgroup.ts';
import type { Clock } from '../../base/clock.ts';
import { attempt } from '../../base/command.ts';
import { destroyNetwork, linksOf } from './network.ts';
import { destroyNode, destroyRunDirectory, listNodes } from './node.ts';
import { processesIn, processesInNamespaces, type Process } from './processes.ts';
import { hostTable, nodeRunDirectory, profileCgroup, runDirectory, type Profile } from './profile.ts';

export interface Leftovers {
  readonly processes: readonly Process[];
  readonly mounts: readonly string[];
  readonly links: readonly string[];
  readonly tables: readonly string[];
  readonly cgroups: readonly string[];
  readonly directories: readonly string[];
}

export async function inspectLeftovers(profile: Profile): Promise<Leftovers> {
  const processes = new Map<number, Process>();
  for (const node of await listNodes(profile)) {
    const pins = ['net', 'uts', 'mnt'].map((kind) => `${nodeRunDirectory(profile, node)}/ns/${kind}`);
    for (const found of await processesInNamespaces(pins)) processes.set(found.pid, found);
  }
  const cgroups = hierarchies().map(({ mountPoint }) => join(mountPoint, profileCgroup(profile))).filter((path) => existsSync(path));
  for (const cgroup of cgroups) for (const found of await processesIn(cgroup)) processes.set(found.pid, found);
  const directory = runDirectory(profile);
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8');
  const mounts = mountinfo.split('\n').map((line) => line.split(' ')[4] ?? '').filter((path) => path === directory || path.startsWith(`${directory}/`));
  const table = hostTable(profile);
  return {
    processes: [...processes.values()],
    mounts,
    links: (await linksOf(profile)).map((link) => link.ifname),
    tables: (await attempt(['nft', 'list', 'table', 'inet', table])) === undefined ? [] : [`inet ${table}`],
    cgroups,
    directories: existsSync(directory) ? [directory] : [],
  };
}

export function isClean(leftovers: Leftovers): boolean {
  return Object.values(leftovers).every((found: readonly unknown[]) => found.length === 0);
}

/** Ends and removes all of a profile's nodes and its network. With `data` their directories go as well. */
export async function destroyMachine(profile: Profile, options: { clock: Clock; data?: boolean }): Promise<void> {
  for (const node of await listNodes(profile)) await destroyNode(profile, node, options);
  await killCgroup(profileCgroup(profile), options.clock);
  await removeCgroup(profileCgroup(profile), options.clock);
  await destroyNetwork(profile);
  await destroyRunDirectory(profile, options.clock);
}
