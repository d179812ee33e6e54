import { join } from 'node:path';
import { parseFlat, readNumber, readText } from './files.ts';
import type { CgroupLayout } from './layout.ts';
import { workingSet, type CpuSample, type DeviceIo, type MemorySample, type ProcessSample } from './sample.ts';

type LayoutV1 = Extract<CgroupLayout, { version: 1 }>;

/** Above this a v1 limit means "none" (the kernel writes LONG_MAX rounded down to pages). */
const unlimited = 2 ** 62;
/** USER_HZ: the unit of cpuacct.stat on every architecture that Linux supports for user space. */
const ticksPerSecond = 100;

export function cpuV1(layout: LayoutV1, name: string): CpuSample | undefined {
  const folder = layout.controllers['cpuacct'];
  if (folder === undefined) return undefined;
  const usage = readNumber(join(folder, name, 'cpuacct.usage'));
  if (usage === undefined) return undefined;
  const stat = parseFlat(readText(join(folder, name, 'cpuacct.stat')) ?? '');
  const perCpu = readText(join(folder, name, 'cpuacct.usage_percpu'))?.trim().split(/\s+/).map(Number);
  const cpu = layout.controllers['cpu'];
  const throttle = parseFlat((cpu && readText(join(cpu, name, 'cpu.stat'))) ?? '');
  return {
    usage,
    user: ((stat.get('user') ?? 0) * 1e9) / ticksPerSecond,
    system: ((stat.get('system') ?? 0) * 1e9) / ticksPerSecond,
    ...(perCpu ? { perCpu } : {}),
    ...(throttle.has('nr_periods')
      ? { periods: throttle.get('nr_periods')!, throttledPeriods: throttle.get('nr_throttled') ?? 0, throttledTime: throttle.get('throttled_time') ?? 0 }
      : {}),
  };
}

export function memoryV1(layout: LayoutV1, name: string): MemorySample | undefined {
  const root = layout.controllers['memory'];
  if (root === undefined) return undefined;
  const folder = join(root, name);
  const usage = readNumber(join(folder, 'memory.usage_in_bytes'));
  const text = readText(join(folder, 'memory.stat'));
  if (usage === undefined || text === undefined) return undefined;
  const stat = parseFlat(text);
  // The total_ lines include the cgroup's children; they are missing where use_hierarchy is off.
  const total = (key: string): number => stat.get(`total_${key}`) ?? stat.get(key) ?? 0;
  const limit = readNumber(join(folder, 'memory.limit_in_bytes'));
  const maxUsage = readNumber(join(folder, 'memory.max_usage_in_bytes'));
  const kernel = readNumber(join(folder, 'memory.kmem.usage_in_bytes'));
  const failcnt = readNumber(join(folder, 'memory.failcnt'));
  const oom = parseFlat(readText(join(folder, 'memory.oom_control')) ?? '').get('oom_kill');
  return {
    usage,
    workingSet: workingSet(usage, total('inactive_file')),
    rss: total('rss'),
    cache: total('cache'),
    swap: total('swap'),
    shmem: total('shmem'),
    mappedFile: total('mapped_file'),
    inactiveFile: total('inactive_file'),
    activeFile: total('active_file'),
    inactiveAnon: total('inactive_anon'),
    activeAnon: total('active_anon'),
    unevictable: total('unevictable'),
    dirty: total('dirty'),
    writeback: total('writeback'),
    pageFaults: total('pgfault'),
    majorPageFaults: total('pgmajfault'),
    own: { pageFaults: stat.get('pgfault') ?? 0, majorPageFaults: stat.get('pgmajfault') ?? 0 },
    ...(maxUsage !== undefined ? { maxUsage } : {}),
    ...(kernel !== undefined ? { kernel } : {}),
    ...(failcnt !== undefined ? { failcnt } : {}),
    ...(limit !== undefined && limit < unlimited ? { limit } : {}),
    ...(oom !== undefined ? { oomKills: oom } : {}),
  };
}

export function processesV1(layout: LayoutV1, name: string): ProcessSample | undefined {
  const root = layout.controllers['pids'];
  if (root === undefined) return undefined;
  const threads = readNumber(join(root, name, 'pids.current'));
  if (threads === undefined) return undefined;
  const threadsMax = readNumber(join(root, name, 'pids.max'));
  return { threads, ...(threadsMax !== undefined ? { threadsMax } : {}) };
}

export function ioV1(layout: LayoutV1, name: string): readonly DeviceIo[] | undefined {
  const root = layout.controllers['blkio'];
  if (root === undefined) return undefined;
  const folder = join(root, name);
  const bytes = readText(join(folder, 'blkio.throttle.io_service_bytes_recursive')) ?? readText(join(folder, 'blkio.throttle.io_service_bytes'));
  const counts = readText(join(folder, 'blkio.throttle.io_serviced_recursive')) ?? readText(join(folder, 'blkio.throttle.io_serviced'));
  if (bytes === undefined) return undefined;
  const devices = new Map<string, { readBytes: number; writeBytes: number; reads: number; writes: number }>();
  const take = (text: string, read: 'readBytes' | 'reads', write: 'writeBytes' | 'writes'): void => {
    for (const line of text.split('\n')) {
      const [device, operation, value] = line.split(' ');
      if (value === undefined || !device?.includes(':')) continue;
      const entry = devices.get(device) ?? { readBytes: 0, writeBytes: 0, reads: 0, writes: 0 };
      devices.set(device, entry);
      if (operation === 'Read') entry[read] = Number(value);
      else if (operation === 'Write') entry[write] = Number(value);
    }
  };
  take(bytes, 'readBytes', 'writeBytes');
  take(counts ?? '', 'reads', 'writes');
  return [...devices].map(([device, entry]) => {
    const [major, minor] = device.split(':').map(Number);
    return { major: major!, minor: minor!, ...entry };
  });
}
