/**
 * The processes of a profile are recognised by their command lines, which name the profile's folder. So there are no pid files to go stale:
 * what runs is found, whoever started it and whatever was killed in between.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';

export interface ProcessIdentity {
  readonly pid: number;
  /** Tells a process from a later one that was given the same pid. */
  readonly startTime: string;
}

const hasProc = process.platform === 'linux';

export function identityOf(pid: number): ProcessIdentity | undefined {
  if (!hasProc) {
    const startTime = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim();
    return startTime ? { pid, startTime } : undefined;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything; the state and the numbers come after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : { pid, startTime: fields[19]! };
  } catch {
    return undefined;
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startTime === identity.startTime;
}

/** The processes that run exactly this command. */
export function findProcesses(argv: readonly string[]): ProcessIdentity[] {
  return commandLines()
    .filter(({ command }) => command === argv.join(hasProc ? '\0' : ' '))
    .flatMap(({ pid }) => identityOf(pid) ?? []);
}

function commandLines(): { pid: number; command: string }[] {
  if (!hasProc) {
    const lines = spawnSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8' }).stdout.split('\n');
    return lines.map((line) => ({ pid: Number.parseInt(line), command: line.trim().replace(/^\d+\s+/, '') }));
  }
  return readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry);
    if (!(pid > 0) || pid === process.pid) return [];
    try {
      return [{ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0$/, '') }];
    } catch {
      return [];
    }
  });
}

/** Asks, waits, then kills. True when it went by itself. */
export async function endProcess(identity: ProcessIdentity, clock: Clock, options: { graceMs: number; signal?: NodeJS.Signals }): Promise<boolean> {
  send(identity, options.signal ?? 'SIGTERM');
  if (await gone(identity, clock, options.graceMs)) return true;
  send(identity, 'SIGKILL');
  await gone(identity, clock, 5000);
  return false;
}

function send(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export async function gone(identity: ProcessIdentity, clock: Clock, withinMs: number): Promise<boolean> {
  const deadline = clock.monotonic() + withinMs;
  for (let pause = 2; isAlive(identity); pause = Math.min(pause * 2, 50)) {
    if (clock.monotonic() >= deadline) return false;
    await clock.sleep(pause);
  }
  return true;
}
