/** One command at a time changes a profile. */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { CliError } from './output.ts';
import { identityOf, isAlive, type ProcessIdentity } from './processes.ts';
import type { ProfilePaths } from './profile.ts';

interface Holder extends ProcessIdentity {
  readonly command: string;
}

/** Runs `work` with the profile's lock. A lock whose holder is dead is taken over. */
export async function withLock<T>(paths: ProfilePaths, command: string, clock: Clock, work: () => Promise<T>): Promise<T> {
  const file = join(dirname(paths.directory), `.${paths.name}.lock`);
  mkdirSync(dirname(file), { recursive: true });
  await acquire(file, { ...identityOf(process.pid)!, command }, paths, clock);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

async function acquire(file: string, self: Holder, paths: ProfilePaths, clock: Clock): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      const fd = openSync(file, 'wx', 0o600);
      writeSync(fd, JSON.stringify(self));
      closeSync(fd);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readHolder(file);
    if (holder && isAlive(holder)) {
      throw new CliError(`"k7s ${holder.command}" (process ${holder.pid}) is working on the profile "${paths.name}"`, {
        mend: `Wait for it, or end it with: kill ${holder.pid}`,
      });
    }
    // Empty for an instant while its holder writes it; after that, a leftover.
    if (!holder && attempt < 10) await clock.sleep(20);
    else rmSync(file, { force: true });
  }
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}
