import { join } from 'node:path';
import { parseFlat, readNumber, readText } from './files.ts';
import { parsePressure } from './pressure.ts';
import { workingSet, type ContainerSample, type CpuSample, type DeviceIo, type MemorySample, type Pressure, type ProcessSample } from './sample.ts';

export function cpuV2(folder: string): CpuSample | undefined {
  const text = readText(join(folder, 'cpu.stat'));
  if (text === undefined) return undefined;
  const stat = parseFlat(text);
  const usage = stat.get('usage_usec');
  if (usage === undefined) return undefined;
  return {
    usage: usage * 1000,
    user: (stat.get('user_usec') ?? 0) * 1000,
    system: (stat.get('system_usec') ?? 0) * 1000,
    ...(stat.has('nr_periods')
      ? { periods: stat.get('nr_periods')!, throttledPeriods: stat.get('nr_throttled') ?? 0, throttledTime: (stat.get('throttled_usec') ?? 0) * 1000 }
      : {}),
  };
}

export function memoryV2(folder: string, meminfo: string): MemorySample | undefined {
  const text = readText(join(folder, 'memory.stat'));
  if (text === undefined) return undefined;
  const stat = parseFlat(text);
  const of = (key: string): number => stat.get(key) ?? 0;
  // The root has no memory.current: its usage is what is mapped and cached (kubelet v1.34), its swap is the machine's.
  const current = readNumber(join(folder, 'memory.current'));
  const usage = current ?? of('anon') + of('file');
  const swap = current === undefined ? rootSwap(meminfo) : readNumber(join(folder, 'memory.swap.current'));
  const limit = readNumber(join(folder, 'memory.max'));
  const maxUsage = readNumber(join(folder, 'memory.peak'));
  const events = parseFlat(readText(join(folder, 'memory.events')) ?? '');
  const kernel = stat.get('kernel') ?? (stat.has('slab') ? of('kernel_stack') + of('slab') + of('pagetables') + of('percpu') + of('sock') : undefined);
  return {
    usage,
    workingSet: workingSet(usage, of('inactive_file')),
    rss: of('anon'),
    cache: of('file'),
    swap: swap ?? 0,
    shmem: of('shmem'),
    mappedFile: of('file_mapped'),
    inactiveFile: of('inactive_file'),
    activeFile: of('active_file'),
    inactiveAnon: of('inactive_anon'),
    activeAnon: of('active_anon'),
    unevictable: of('unevictable'),
    dirty: of('file_dirty'),
    writeback: of('file_writeback'),
    pageFaults: of('pgfault'),
    majorPageFaults: of('pgmajfault'),
    ...(kernel !== undefined ? { kernel } : {}),
    ...(maxUsage !== undefined ? { maxUsage } : {}),
    ...(limit !== undefined ? { limit } : {}),
    ...(events.has('max') ? { failcnt: events.get('max')! } : {}),
    ...(events.has('oom_kill') ? { oomKills: events.get('oom_kill')! } : {}),
  };
}

function rootSwap(meminfo: string): number | undefined {
  const total = /^SwapTotal:\s+(\d+)/m.exec(meminfo);
  const free = /^SwapFree:\s+(\d+)/m.exec(meminfo);
  return total && free ? (Number(total[1]) - Number(free[1])) * 1024 : undefined;
}

export function processesV2(folder: string): ProcessSample | undefined {
  const threads = readNumber(join(folder, 'pids.current'));
  if (threads === undefined) return undefined;
  const threadsMax = readNumber(join(folder, 'pids.max'));
  return { threads, ...(threadsMax !== undefined ? { threadsMax } : {}) };
}

export function ioV2(folder: string): readonly DeviceIo[] | undefined {
  const text = readText(join(folder, 'io.stat'));
  if (text === undefined) return undefined;
  const out: DeviceIo[] = [];
  for (const line of text.split('\n')) {
    const [device, ...pairs] = line.split(' ');
    if (!device?.includes(':') || pairs.length === 0) continue;
    const [major, minor] = device.split(':').map(Number);
    const values = new Map(pairs.map((p) => p.split('=') as [string, string]));
    const of = (key: string): number => Number(values.get(key) ?? 0);
    out.push({ major: major!, minor: minor!, readBytes: of('rbytes'), writeBytes: of('wbytes'), reads: of('rios'), writes: of('wios') });
  }
  return out;
}

export function pressureV2(folder: string): ContainerSample['pressure'] {
  const of = (name: string): Pressure | undefined => {
    const text = readText(join(folder, `${name}.pressure`));
    return text === undefined ? undefined : parsePressure(text);
  };
  const [cpu, memory, io] = [of('cpu'), of('memory'), of('io')];
  if (!cpu && !memory && !io) return undefined;
  return { ...(cpu ? { cpu } : {}), ...(memory ? { memory } : {}), ...(io ? { io } : {}) };
}
