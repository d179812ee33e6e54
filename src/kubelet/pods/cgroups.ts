/** The cgroups of pods: `<root>/kubepods[/burstable|/besteffort]/pod<uid>`, on v1, hybrid and v2 hierarchies. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cpuPeriod, podLimits, qosClass, type PodCgroupLimits } from './resources.ts';
import type { Pod } from './model.ts';

export interface PodCgroups {
  /** Path below the mount point, as the runtime takes it. */
  pathOf(pod: Pod): string;
  ensure(pod: Pod): Promise<void>;
  remove(path: string): Promise<void>;
  /** uid and path of every pod cgroup there is. */
  list(): Promise<{ uid: string; path: string }[]>;
  /** How much the burstable pods together weigh against the rest. */
  setBurstableShares(shares: number): Promise<void>;
}

const limitControllers = ['cpu', 'memory', 'pids'];
const v2Controllers = '+cpu +memory +pids +cpuset +io';

function gone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENODEV';
}

/** Weight of v2 for shares of v1: 2…262144 onto 1…10000. */
function weight(shares: number): number {
  return 1 + Math.floor(((shares - 2) * 9999) / 262142);
}

export function podCgroups(root: string, mount = '/sys/fs/cgroup'): PodCgroups {
  const unified = existsSync(join(mount, 'cgroup.controllers'));
  const base = join(root, 'kubepods');
  const tiers = [base, join(base, 'burstable'), join(base, 'besteffort')];

  const pathOf = (pod: Pod): string => {
    const qos = qosClass(pod);
    return join(qos === 'Guaranteed' ? base : join(base, qos.toLowerCase()), `pod${pod.metadata.uid}`);
  };

  const controllerDirs = async (): Promise<string[]> => {
    if (unified) return [mount];
    const names = await readdir(mount);
    return names.map((n) => join(mount, n)).filter((d) => existsSync(join(d, 'cgroup.procs')));
  };

  const makeV2 = async (path: string): Promise<void> => {
    const parent = dirname(path);
    if (parent !== '/' && parent !== '.' && !existsSync(join(mount, parent))) await makeV2(parent);
    await writeFile(join(mount, parent, 'cgroup.subtree_control'), v2Controllers).catch(async () => {
      // Not every controller may be there: take those that are.
      for (const one of v2Controllers.split(' ')) {
        await writeFile(join(mount, parent, 'cgroup.subtree_control'), one).catch(() => undefined);
      }
    });
    await mkdir(join(mount, path), { recursive: true });
  };

  const limit = async (path: string, { shares, quota, memory }: PodCgroupLimits): Promise<void> => {
    if (unified) {
      await makeV2(path);
      await writeFile(join(mount, path, 'cpu.weight'), String(weight(shares)));
      await writeFile(join(mount, path, 'cpu.max'), quota > 0 ? `${quota} ${cpuPeriod}` : `max ${cpuPeriod}`);
      await writeFile(join(mount, path, 'memory.max'), memory > 0 ? String(memory) : 'max');
      return;
    }
    for (const controller of limitControllers) {
      if (existsSync(join(mount, controller))) await mkdir(join(mount, controller, path), { recursive: true });
    }
    await writeFile(join(mount, 'cpu', path, 'cpu.shares'), String(shares));
    if (quota > 0) await writeFile(join(mount, 'cpu', path, 'cpu.cfs_quota_us'), String(quota));
    if (memory > 0) await writeFile(join(mount, 'memory', path, 'memory.limit_in_bytes'), String(memory));
  };

  /** Deepest first: what a dead runtime left below goes too, unless a process lives there. */
  const removeTree = async (dir: string): Promise<void> => {
    try {
      for (const entry of await readdir(dir, { withFileTypes: true })) if (entry.isDirectory()) await removeTree(join(dir, entry.name));
      await rmdir(dir);
    } catch (error) {
      if (!gone(error)) throw error;
    }
  };

  return {
    pathOf,
    ensure: async (pod) => {
      await limit(pathOf(pod), podLimits(pod));
    },
    remove: async (path) => {
      for (const dir of await controllerDirs()) await removeTree(join(dir, path));
    },
    list: async () => {
      const found = new Map<string, string>();
      for (const dir of await controllerDirs()) {
        for (const tier of tiers) {
          const names = await readdir(join(dir, tier)).catch((error: unknown) => {
            if (gone(error)) return [];
            throw error;
          });
          for (const name of names) if (name.startsWith('pod')) found.set(name.slice(3), join(tier, name));
        }
      }
      return [...found].map(([uid, path]) => ({ uid, path }));
    },
    setBurstableShares: async (shares) => {
      const [, burstable, besteffort] = tiers as [string, string, string];
      await limit(burstable, { shares, quota: 0, memory: 0 });
      await limit(besteffort, { shares: 2, quota: 0, memory: 0 });
    },
  };
}

