import { statfsSync, statSync } from 'node:fs';
import { readText } from './files.ts';

export interface MachineInfo {
  readonly cores: number;
  readonly physicalCores: number;
  readonly sockets: number;
  readonly memoryBytes: number;
  readonly swapBytes: number;
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  /** Milliseconds since the epoch. */
  readonly bootTime: number;
}

/** `proc` is /proc, or a recorded tree in tests. */
export function readMachine(proc = '/proc'): MachineInfo {
  const meminfo = readText(`${proc}/meminfo`) ?? '';
  const kib = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;
  const stat = readText(`${proc}/stat`) ?? '';
  const cores = (stat.match(/^cpu\d+ /gm) ?? []).length;
  return {
    cores, ...topology(readText(`${proc}/cpuinfo`) ?? '', cores),
    memoryBytes: kib('MemTotal'),
    swapBytes: kib('SwapTotal'),
    machineId: (readText('/etc/machine-id') ?? '').trim(),
    systemUuid: (readText('/sys/class/dmi/id/product_uuid') ?? '').trim(),
    bootId: (readText(`${proc}/sys/kernel/random/boot_id`) ?? '').trim(),
    bootTime: Number(/^btime (\d+)/m.exec(stat)?.[1] ?? 0) * 1000,
  };
}

/** Machines whose kernel does not tell (ARM) count each logical core as one of its own, in one socket. */
function topology(cpuinfo: string, cores: number): { physicalCores: number; sockets: number } {
  const sockets = new Set<string>();
  const physical = new Set<string>();
  for (const block of cpuinfo.split('\n\n')) {
    const socket = /^physical id\s*:\s*(\d+)/m.exec(block)?.[1];
    const core = /^core id\s*:\s*(\d+)/m.exec(block)?.[1];
    if (socket === undefined || core === undefined) continue;
    sockets.add(socket);
    physical.add(`${socket}/${core}`);
  }
  return sockets.size > 0 ? { physicalCores: physical.size, sockets: sockets.size } : { physicalCores: cores, sockets: 1 };
}

export interface FilesystemSample {
  readonly device: string;
  /** `major:minor`, which finds it among the disks. */
  readonly deviceId: string;
  readonly capacity: number;
  readonly available: number;
  readonly used: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

/** What statfs says of the file system that holds `path`; undefined when the path is gone. */
export function readFilesystem(path: string): FilesystemSample | undefined {
  try {
    const s = statfsSync(path);
    const { dev } = statSync(path);
    return {
      device: deviceName(dev),
      deviceId: deviceId(dev),
      capacity: s.blocks * s.bsize,
      available: s.bavail * s.bsize,
      used: (s.blocks - s.bfree) * s.bsize,
      inodes: s.files,
      inodesFree: s.ffree,
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function deviceId(dev: number): string {
  return `${Math.floor(dev / 256) & 0xfff}:${(dev & 0xff) | ((dev >>> 12) & 0xfff00)}`;
}

function deviceName(dev: number): string {
  const id = deviceId(dev);
  const line = (readText('/proc/self/mountinfo') ?? '').split('\n').find((l) => l.split(' ')[2] === id);
  return line?.split(' - ')[1]?.split(' ')[1] ?? id;
}
