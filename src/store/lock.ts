import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from './store.ts';

/** Who holds a lock. A process number alone is not enough: it is used again, after a restart of the machine surely. */
interface Holder {
  readonly pid: number;
  readonly started: string;
  readonly boot: string;
}

/**
 * Takes the folder for this process and returns what gives it back. A lock whose process is gone is taken over.
 * The file appears with its content by a hard link, so that nobody reads a half-written one.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'lock');
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid), boot: bootId() } satisfies Holder);
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  await writeFile(temporary, mine);
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      if (await tryLink(temporary, path)) return () => rm(path, { force: true });
      const text = await readFile(path, 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      const holder = parse(text);
      if (holder && alive(holder)) {
        throw new StoreError('unavailable', `${folder} is in use by process ${holder.pid}; stop it first, or choose another folder`);
      }
      await takeAway(path, text, temporary);
    }
    throw new StoreError('unavailable', `${folder} is being taken by another process; try again`);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Only one of those who see the same stale lock removes it: the one who first makes the grave for it. */
async function takeAway(path: string, stale: string, temporary: string): Promise<void> {
  const grave = `${path}.stale`;
  if (!(await tryLink(temporary, grave))) {
    const digger = parse(await readFile(grave, 'utf8').catch(() => ''));
    if (!digger || !alive(digger)) await rm(grave, { force: true });
    return;
  }
  try {
    if ((await readFile(path, 'utf8').catch(() => '')) === stale) await rm(path, { force: true });
  } finally {
    await rm(grave, { force: true });
  }
}

function parse(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Holder>;
    return typeof value.pid === 'number' ? { pid: value.pid, started: String(value.started), boot: String(value.boot) } : undefined;
  } catch {
    return undefined;
  }
}

function alive(holder: Holder): boolean {
  if (holder.boot !== bootId()) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return holder.started === startOf(holder.pid);
}

/** When the process began, in the kernel's ticks; empty where there is no /proc, and then the pid alone decides. */
function startOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
