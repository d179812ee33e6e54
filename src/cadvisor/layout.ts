import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from './files.ts';

/** Where the controllers are. `hybrid` machines (v1 controllers beside an empty v2 mount) count as v1. */
export type CgroupLayout =
  | { readonly version: 2; readonly root: string }
  | { readonly version: 1; readonly root: string; readonly controllers: Readonly<Record<string, string>> };

/** `root` is /sys/fs/cgroup, or a recorded tree in tests. */
export function detectLayout(root = '/sys/fs/cgroup'): CgroupLayout {
  const controllers: Record<string, string> = {};
  for (const entry of readdirSync(root)) {
    if (entry === 'unified' || entry === 'systemd') continue;
    for (const name of entry.split(',')) {
      if (name === 'memory' && existsSync(join(root, entry, 'memory.usage_in_bytes'))) controllers[name] = join(root, entry);
      else if (['cpu', 'cpuacct', 'cpuset', 'pids', 'blkio', 'freezer', 'devices', 'hugetlb'].includes(name) && existsSync(join(root, entry, 'cgroup.procs'))) controllers[name] ??= join(root, entry);
    }
  }
  if (controllers['memory'] !== undefined || controllers['cpuacct'] !== undefined) return { version: 1, root, controllers };
  if (existsSync(join(root, 'cgroup.controllers'))) return { version: 2, root };
  throw new Error(`no cgroup controllers under ${root}: mount cgroup2 (or the v1 controllers) there`);
}

/** Folders in which the cgroup `name` (`/`, `/kubepods/…`) shows itself; the first is used for discovery and processes. */
export function folders(layout: CgroupLayout, name: string): string[] {
  if (layout.version === 2) return [join(layout.root, name)];
  const order = ['memory', 'cpuacct', 'cpu', 'pids', 'blkio'];
  return order.flatMap((c) => (layout.controllers[c] === undefined ? [] : [join(layout.controllers[c], name)]));
}

/** Names of the cgroups directly below `name`. */
export function children(layout: CgroupLayout, name: string): string[] {
  const out = new Set<string>();
  for (const folder of folders(layout, name)) {
    try {
      for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) out.add(name === '/' ? `/${entry.name}` : `${name}/${entry.name}`);
    } catch (error) {
      if (!['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  return [...out].sort();
}

export function exists(layout: CgroupLayout, name: string): boolean {
  return folders(layout, name).some((folder) => existsSync(folder));
}

/** The cgroup of a process, as /proc/PID/cgroup tells it: by the memory controller on v1. */
export function cgroupOf(text: string, version: 1 | 2): string | undefined {
  for (const line of text.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (version === 2 ? controllers === '' : controllers?.split(',').includes('memory')) return path;
  }
  return undefined;
}

/** Process ids in the cgroup itself, not in its children. */
export function processIds(layout: CgroupLayout, name: string): number[] {
  for (const folder of folders(layout, name)) {
    const text = readText(join(folder, 'cgroup.procs'));
    if (text) return text.trim().split('\n').map(Number);
  }
  return [];
}
