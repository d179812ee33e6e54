/** Making, emptying and removing cgroups in whatever hierarchies the machine has: v1, hybrid or v2. */
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { killAll, processesIn, subdirectories } from './processes.ts';

export interface Hierarchy {
  readonly mountPoint: string;
  readonly unified: boolean;
  readonly controllers: readonly string[];
}

/** The cgroup mounts of this machine, each hierarchy once. */
export function hierarchies(mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8')): Hierarchy[] {
  const found = new Map<string, Hierarchy>();
  for (const line of mountinfo.trimEnd().split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , device = '', root = '', mountPoint = ''] = before.split(' ');
    const [type = '', , options = ''] = after.split(' ');
    if ((type !== 'cgroup' && type !== 'cgroup2') || root !== '/' || found.has(device)) continue;
    const controllers = type === 'cgroup' ? options.split(',').filter((option) => option !== 'rw' && option !== 'ro') : [];
    found.set(device, { mountPoint, unified: type === 'cgroup2', controllers });
  }
  return [...found.values()];
}

/** Makes the cgroup and its parents everywhere, with every controller handed down. */
export async function createCgroup(path: string, all: readonly Hierarchy[] = hierarchies()): Promise<void> {
  for (const hierarchy of all) {
    let directory = hierarchy.mountPoint;
    for (const part of path.split('/').filter(Boolean)) {
      const parent = directory;
      directory = join(directory, part);
      if (hierarchy.unified) await handDown(parent);
      await mkdir(directory).catch(ignoring('EEXIST'));
      if (hierarchy.controllers.includes('cpuset')) await inheritCpuset(parent, directory);
    }
    if (hierarchy.unified) await handDown(directory);
  }
}

async function handDown(directory: string): Promise<void> {
  const controllers = (await readFile(join(directory, 'cgroup.controllers'), 'utf8')).trim();
  for (const controller of controllers.split(' ').filter(Boolean)) {
    // One by one: a controller that cannot be handed down (rdma, hugetlb on some machines) must not hold up the others.
    await writeFile(join(directory, 'cgroup.subtree_control'), `+${controller}`).catch(ignoring('EBUSY', 'EINVAL', 'ENOENT', 'EOPNOTSUPP'));
  }
}

/** A v1 cpuset accepts no process before it has CPUs and memory nodes. */
async function inheritCpuset(parent: string, directory: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const own = (await readFile(join(directory, file), 'utf8')).trim();
    if (own === '') await writeFile(join(directory, file), await readFile(join(parent, file), 'utf8'));
  }
}

/** Kills every process below the cgroup and waits until none is left. */
export async function killCgroup(path: string, clock: Clock): Promise<void> {
  for (const hierarchy of hierarchies()) {
    const directory = join(hierarchy.mountPoint, path);
    await thaw(directory);
    await killAll(clock, () => processesIn(directory));
  }
}

/** A frozen process does not die. */
async function thaw(directory: string): Promise<void> {
  for (const inner of await subdirectories(directory)) {
    await writeFile(join(inner, 'freezer.state'), 'THAWED').catch(ignoring('ENOENT', 'EACCES', 'EPERM', 'ENODEV'));
    await writeFile(join(inner, 'cgroup.freeze'), '0').catch(ignoring('ENOENT', 'EACCES', 'EPERM', 'ENODEV'));
  }
}

/** Removes the cgroup with all below it, or with `onlyEmpty` only when nothing is below it. */
export async function removeCgroup(path: string, clock: Clock, options: { onlyEmpty?: boolean } = {}): Promise<void> {
  for (const hierarchy of hierarchies()) {
    const directory = join(hierarchy.mountPoint, path);
    const targets = options.onlyEmpty ? [directory] : (await subdirectories(directory)).toReversed();
    for (const target of targets) await removeDirectory(target, clock, options.onlyEmpty ?? false);
  }
}

/** The kernel lets go of a cgroup a moment after its last process. */
async function removeDirectory(directory: string, clock: Clock, once: boolean): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await rmdir(directory);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOENT' || (once && (code === 'EBUSY' || code === 'ENOTEMPTY'))) return;
      if (code !== 'EBUSY' || attempt >= 100) throw error;
      await clock.sleep(20);
    }
  }
}

function ignoring(...codes: string[]): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (!codes.includes(error.code ?? '')) throw error;
  };
}
