/** Finding and ending processes by where they are: in namespaces, or below a cgroup. */
import { access, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';

export interface Process {
  readonly pid: number;
  readonly command: string;
}

/**
 * Processes that are in any of the namespaces pinned at these paths, and their descendants: the processes of a container
 * are in namespaces of their own, but children of a shim that is in the node's.
 */
export async function processesInNamespaces(pins: readonly string[]): Promise<Process[]> {
  const own = await stat('/proc/self/ns/mnt');
  const wanted = new Set<string>();
  for (const pin of pins) {
    const info = await stat(pin).catch(() => undefined);
    // A file that is no namespace (the mount is gone) lies on another device and matches nothing.
    if (info && info.dev === own.dev) wanted.add(String(info.ino));
  }
  if (wanted.size === 0) return [];
  const found = new Set<number>();
  const children = new Map<number, number[]>();
  for (const pid of await pids()) {
    if (await isIn(pid, wanted)) found.add(pid);
    const parent = await parentOf(pid);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child);
  return Promise.all([...found].map(async (pid) => ({ pid, command: await commandLine(pid) })));
}

async function isIn(pid: number, namespaces: ReadonlySet<string>): Promise<boolean> {
  for (const kind of ['mnt', 'net', 'uts']) {
    const info = await stat(`/proc/${pid}/ns/${kind}`).catch(() => undefined);
    if (info && namespaces.has(String(info.ino))) return true;
  }
  return false;
}

async function parentOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The command may hold spaces and parentheses; the fields are counted from its end.
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
}

/** Processes of the cgroup directory and of all below it. */
export async function processesIn(directory: string): Promise<Process[]> {
  const found: Process[] = [];
  for (const inner of await subdirectories(directory)) {
    const text = await readFile(join(inner, 'cgroup.procs'), 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      const pid = Number(line);
      // Zero stands for a process of another pid namespace that cannot be seen from here.
      if (pid > 0) found.push({ pid, command: await commandLine(pid) });
    }
  }
  return found;
}

/** The directory and all below it, parents first; empty when it is not there. */
export async function subdirectories(directory: string): Promise<string[]> {
  if (!(await access(directory).then(() => true, () => false))) return [];
  const found = [directory];
  for (const parent of found) {
    const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) if (entry.isDirectory()) found.push(join(parent, entry.name));
  }
  return found;
}

export async function pids(): Promise<number[]> {
  return (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
}

export async function commandLine(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.replace(/\0$/, '').replaceAll('\0', ' ');
}

/** Kills what `find` finds until it finds nothing more: a process may start another one in the meantime. */
export async function killAll(clock: Clock, find: () => Promise<readonly Process[]>): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const found = (await find()).filter((process_) => process_.pid !== process.pid);
    if (found.length === 0) return;
    for (const { pid } of found) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // gone by itself
      }
    }
    await clock.sleep(attempt < 20 ? 5 : 20);
  }
  const rest = (await find()).map(({ pid, command }) => `${pid} (${command})`);
  if (rest.length > 0) throw new Error(`processes that cannot be ended: ${rest.join(', ')}`);
}
