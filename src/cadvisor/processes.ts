/** The processes of a cgroup: how many, what they hold open, what they may. Each open file costs a look, so this is read when asked for. */
import { readdirSync, readlinkSync } from 'node:fs';
import { readText } from './files.ts';
import { processIds, type CgroupLayout } from './layout.ts';

export interface ProcessDetail {
  readonly processes: number;
  readonly fileDescriptors: number;
  readonly sockets: number;
  /** Of the first process; Infinity where there is none. */
  readonly openFiles?: { readonly soft: number; readonly hard: number };
}

/** Those in the cgroup itself, not in its children; a process that ends meanwhile counts without its files. */
export function readProcesses(layout: CgroupLayout, name: string, proc = '/proc'): ProcessDetail {
  // 0 stands for a process that this PID namespace cannot see.
  const pids = processIds(layout, name).filter((pid) => pid > 0);
  let [fileDescriptors, sockets] = [0, 0];
  for (const pid of pids) {
    const folder = `${proc}/${pid}/fd`;
    for (const entry of orGone(() => readdirSync(folder)) ?? []) {
      fileDescriptors++;
      if (orGone(() => readlinkSync(`${folder}/${entry}`))?.startsWith('socket')) sockets++;
    }
  }
  const openFiles = pids[0] === undefined ? undefined : openFilesLimit(readText(`${proc}/${pids[0]}/limits`) ?? '');
  return { processes: pids.length, fileDescriptors, sockets, ...(openFiles ? { openFiles } : {}) };
}

export function openFilesLimit(limits: string): { soft: number; hard: number } | undefined {
  const found = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits);
  const number = (text: string): number => (text === 'unlimited' ? Infinity : Number(text));
  return found ? { soft: number(found[1]!), hard: number(found[2]!) } : undefined;
}

function orGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'ENOTDIR', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
