/** What a cgroup is allowed, and since when it is there. Limits that are not set are absent. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { readNumber, readText } from './files.ts';
import { folders, type CgroupLayout } from './layout.ts';

export interface ContainerSpec {
  readonly cpuShares?: number;
  /** Microseconds of CPU in each period. */
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  /** `0-3,6`. */
  readonly cpus?: string;
  readonly memoryLimit?: number;
  readonly memoryReservation?: number;
  /** v1: of memory and swap together; v2: of swap alone. */
  readonly swapLimit?: number;
  readonly threadsMax?: number;
  /** Milliseconds since the epoch: when the cgroup was made, as well as its folders tell. */
  readonly createdAt?: number;
}

/** Above this a v1 limit means "none" (the kernel writes LONG_MAX rounded down to pages). */
const unlimited = 2 ** 62;

type Numbers = { [K in keyof ContainerSpec]: ContainerSpec[K] | undefined };

export function readSpec(layout: CgroupLayout, name: string): ContainerSpec {
  const found: Numbers = { ...(layout.version === 2 ? specV2(join(layout.root, name)) : specV1(layout, name)), createdAt: createdAt(layout, name) };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

function specV2(folder: string): Numbers {
  const weight = readNumber(join(folder, 'cpu.weight'));
  const [quota, period] = (readText(join(folder, 'cpu.max')) ?? '').trim().split(' ');
  return {
    // The inverse of the conversion that runtimes use (shares 2..262144 to weight 1..10000), in whole numbers as upstream has it.
    cpuShares: weight === undefined ? undefined : 2 + Math.floor(((weight - 1) * 262_142) / 9999),
    cpuQuota: quota && quota !== 'max' ? Number(quota) : undefined,
    cpuPeriod: period ? Number(period) : undefined,
    cpus: readText(join(folder, 'cpuset.cpus.effective'))?.trim(),
    memoryLimit: readNumber(join(folder, 'memory.max')),
    memoryReservation: readNumber(join(folder, 'memory.min')),
    swapLimit: readNumber(join(folder, 'memory.swap.max')),
    threadsMax: readNumber(join(folder, 'pids.max')),
  };
}

function specV1(layout: Extract<CgroupLayout, { version: 1 }>, name: string): Numbers {
  const number = (controller: string, file: string): number | undefined => {
    const folder = layout.controllers[controller];
    return folder === undefined ? undefined : readNumber(join(folder, name, file));
  };
  const limit = (file: string): number | undefined => {
    const value = number('memory', file);
    return value !== undefined && value < unlimited ? value : undefined;
  };
  const quota = number('cpu', 'cpu.cfs_quota_us');
  const set = layout.controllers['cpuset'];
  return {
    cpuShares: number('cpu', 'cpu.shares'),
    cpuQuota: quota !== undefined && quota > 0 ? quota : undefined,
    cpuPeriod: number('cpu', 'cpu.cfs_period_us'),
    cpus: set === undefined ? undefined : readText(join(set, name, 'cpuset.cpus'))?.trim(),
    memoryLimit: limit('memory.limit_in_bytes'),
    memoryReservation: limit('memory.soft_limit_in_bytes'),
    swapLimit: limit('memory.memsw.limit_in_bytes'),
    threadsMax: number('pids', 'pids.max'),
  };
}

/** How much the cgroup may swap; absent where nothing limits it. v1 limits memory and swap together. */
export function readSwapLimit(layout: CgroupLayout, name: string): number | undefined {
  if (layout.version === 2) return readNumber(join(layout.root, name, 'memory.swap.max'));
  const folder = layout.controllers['memory'];
  const [both, memory] = ['memory.memsw.limit_in_bytes', 'memory.limit_in_bytes'].map((file) => (folder === undefined ? undefined : readNumber(join(folder, name, file))));
  return both === undefined || memory === undefined || both >= unlimited ? undefined : Math.max(0, both - memory);
}

/** A folder's time moves when a cgroup is made below it; that of a file in it seldom does. The earliest is the best guess. */
function createdAt(layout: CgroupLayout, name: string): number | undefined {
  const witness = layout.version === 2 ? 'cgroup.events' : 'cgroup.clone_children';
  const times = folders(layout, name).flatMap((folder) => [folder, join(folder, witness)]).map(modified).filter((time) => time !== undefined);
  return times.length > 0 ? Math.min(...times) : undefined;
}

function modified(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
