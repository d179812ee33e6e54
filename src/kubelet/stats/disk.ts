/** How much a folder holds. Walking is slow, so it happens beside the requests: one folder at a time, the last answer is served. */
import { lstat, readdir } from 'node:fs/promises';
import { readText } from '../../cadvisor/files.ts';
import { timestamp } from '../../base/clock.ts';
import type { Surroundings } from '../../base/surroundings.ts';

interface Usage { bytes: number; inodes: number }

export class DiskUsage {
  readonly #known = new Map<string, { usage: Usage | undefined; at: number; askedAt: number }>();
  readonly #surroundings: Surroundings;
  readonly #intervalMs: number;
  #walking = false;

  constructor(surroundings: Surroundings, intervalMs = 60_000) {
    this.#surroundings = surroundings;
    this.#intervalMs = intervalMs;
  }

  /** The last known use; undefined until the first walk is through. Folders that nobody asks for are dropped. */
  usage(path: string): Usage | undefined {
    const now = this.#surroundings.clock.now();
    const entry = this.#known.get(path) ?? { usage: undefined, at: -Infinity, askedAt: now };
    entry.askedAt = now;
    this.#known.set(path, entry);
    if (!this.#walking && now - entry.at > this.#intervalMs) void this.#walkStale();
    return entry.usage;
  }

  /** Highest process id and how many threads run, from /proc/loadavg. */
  processes(now: number): { time: string; maxpid?: number; curproc?: number } {
    const running = /^\S+ \S+ \S+ \d+\/(\d+)/.exec(readText('/proc/loadavg') ?? '')?.[1];
    const max = readText('/proc/sys/kernel/pid_max');
    return { time: timestamp(now), ...(max ? { maxpid: Number(max) } : {}), ...(running ? { curproc: Number(running) } : {}) };
  }

  async #walkStale(): Promise<void> {
    this.#walking = true;
    try {
      for (const [path, entry] of this.#known) {
        const now = this.#surroundings.clock.now();
        if (now - entry.askedAt > 10 * this.#intervalMs) this.#known.delete(path);
        else if (now - entry.at > this.#intervalMs) {
          entry.at = now;
          entry.usage = await walk(path, new Set());
        }
      }
    } catch (error) {
      this.#surroundings.log.error('Measuring a folder failed', error);
    } finally {
      this.#walking = false;
    }
  }
}

async function walk(path: string, seen: Set<number>): Promise<Usage | undefined> {
  const info = await lstat(path).catch(gone);
  if (!info) return undefined;
  // A file with several names counts once.
  if (info.nlink > 1 && !info.isDirectory()) {
    if (seen.has(info.ino)) return { bytes: 0, inodes: 0 };
    seen.add(info.ino);
  }
  const total = { bytes: info.blocks * 512, inodes: 1 };
  if (!info.isDirectory()) return total;
  for (const entry of (await readdir(path).catch(gone)) ?? []) {
    const inner = await walk(`${path}/${entry}`, seen);
    total.bytes += inner?.bytes ?? 0;
    total.inodes += inner?.inodes ?? 0;
  }
  return total;
}

function gone(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EACCES') return undefined;
  throw error;
}
