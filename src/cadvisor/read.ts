import { join } from 'node:path';
import { readText } from './files.ts';
import { exists, type CgroupLayout } from './layout.ts';
import { parsePressure } from './pressure.ts';
import type { ContainerSample } from './sample.ts';
import { cpuV1, ioV1, memoryV1, processesV1 } from './v1.ts';
import { cpuV2, ioV2, memoryV2, pressureV2, processesV2 } from './v2.ts';

/** One reading of the cgroup `name`; undefined when it is not there (any more). `proc` serves recorded trees. */
export function readCgroup(layout: CgroupLayout, name: string, now: number, proc = '/proc'): ContainerSample | undefined {
  const parts = layout.version === 1 ? readV1(layout, name, proc) : readV2(layout, name, proc);
  if (parts.cpu === undefined && parts.memory === undefined && !exists(layout, name)) return undefined;
  const present = Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
  return { timestamp: now, ...present };
}

type Parts = { [K in keyof Omit<ContainerSample, 'timestamp'>]?: ContainerSample[K] | undefined };

function readV1(layout: Extract<CgroupLayout, { version: 1 }>, name: string, proc: string): Parts {
  return {
    cpu: cpuV1(layout, name),
    memory: memoryV1(layout, name),
    processes: processesV1(layout, name),
    io: ioV1(layout, name),
    // v1 keeps no pressure by cgroup; the machine's own is in /proc/pressure.
    pressure: name === '/' ? machinePressure(proc) : undefined,
  };
}

function readV2(layout: Extract<CgroupLayout, { version: 2 }>, name: string, proc: string): Parts {
  const folder = join(layout.root, name);
  return {
    cpu: cpuV2(folder),
    memory: memoryV2(folder, name === '/' ? (readText(`${proc}/meminfo`) ?? '') : ''),
    processes: processesV2(folder),
    io: ioV2(folder),
    pressure: pressureV2(folder) ?? (name === '/' ? machinePressure(proc) : undefined),
  };
}

function machinePressure(proc: string): ContainerSample['pressure'] {
  const of = (name: string) => {
    const text = readText(`${proc}/pressure/${name}`);
    return text === undefined ? undefined : parsePressure(text);
  };
  const [cpu, memory, io] = [of('cpu'), of('memory'), of('io')];
  if (!cpu && !memory && !io) return undefined;
  return { ...(cpu ? { cpu } : {}), ...(memory ? { memory } : {}), ...(io ? { io } : {}) };
}
