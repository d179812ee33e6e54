/**
 * Keeps the processes of a profile alive. It owns nothing: its children write to their logs themselves and go on when it is killed,
 * and the next supervisor finds them by their command lines and watches over them as if it had started them.
 */
import { spawn } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { isAbort } from '../base/abort.ts';
import { backoffDelay } from '../base/backoff.ts';
import type { Surroundings } from '../base/surroundings.ts';
import { endProcess, findProcesses, gone, identityOf, type ProcessIdentity } from './processes.ts';
import type { Part } from './parts.ts';

const backoff = { initialMs: 200, maxMs: 10_000, factor: 2 };
/** A process that ran this long gets a fresh start. */
const healthyMs = 10_000;
const logLimit = 10 << 20;

/** What the processes get of the environment of whoever starts them: nothing that would make two starts differ. */
const inherited = /^(PATH|HOME|USER|LANG|LC_.*|TZ|TMPDIR|SSL_CERT_.*|NODE_EXTRA_CA_CERTS|.*_proxy|.*_PROXY|K7S_.*)$/;

function environment(part: Part): NodeJS.ProcessEnv {
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => inherited.test(name))), ...part.env };
}

/** Starts a process that outlives this one; it writes to its log itself. */
export function launch(part: Part): { identity: ProcessIdentity | undefined; ended: Promise<string> } {
  mkdirSync(dirname(part.log), { recursive: true });
  const log = openSync(part.log, 'a', 0o600);
  try {
    const [command, ...args] = [...part.prefix, ...part.argv];
    const child = spawn(command!, args, { stdio: ['ignore', log, log], cwd: '/', detached: true, env: environment(part) });
    const ended = new Promise<string>((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    child.unref();
    return { identity: child.pid === undefined ? undefined : identityOf(child.pid), ended };
  } finally {
    closeSync(log);
  }
}

/** Keeps all parts running until the signal fires; then leaves them as they are. */
export async function supervise(parts: readonly Part[], surroundings: Surroundings, signal: AbortSignal): Promise<void> {
  try {
    await Promise.all([keepShort(parts, surroundings.clock, signal), ...parts.map((part) => keepAlive(part, surroundings, signal))]);
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  }
}

async function keepShort(parts: readonly Part[], clock: Surroundings['clock'], signal: AbortSignal): Promise<void> {
  for (;;) {
    await clock.sleep(10_000, signal);
    for (const part of parts) rotate(part.log);
  }
}

async function keepAlive(part: Part, { clock, log }: Surroundings, signal: AbortSignal): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    const start = clock.monotonic();
    const [running, ...doubles] = findProcesses(part.argv);
    for (const double of doubles) await endProcess(double, clock, { graceMs: part.graceMs });
    let how: string;
    if (running) {
      log.info('Watching over a process that was already there', { part: part.name, pid: running.pid });
      how = await watched(running, clock, signal);
    } else {
      const { identity, ended } = launch(part);
      log.info('Started', { part: part.name, pid: identity?.pid });
      how = await Promise.race([ended, stopped(signal)]);
    }
    failures = clock.monotonic() - start >= healthyMs ? 0 : failures + 1;
    const pause = failures === 0 ? 0 : backoffDelay(backoff, failures - 1);
    log.warn('Ended', { part: part.name, how, pauseMs: pause });
    await clock.sleep(pause, signal);
  }
}

/** A process that is not our child can only be looked at. */
async function watched(identity: ProcessIdentity, clock: Surroundings['clock'], signal: AbortSignal): Promise<string> {
  while (!(await gone(identity, clock, 0))) await clock.sleep(250, signal);
  return 'unknown';
}

function stopped(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Writers have the file open for appending, so that it can be cut beneath them. */
function rotate(log: string): void {
  if (!existsSync(log) || statSync(log).size < logLimit) return;
  copyFileSync(log, `${log}.1`);
  truncateSync(log, 0);
}

/** Ends the processes that there are, those of one rank together. */
export async function endParts(parts: readonly Part[], clock: Surroundings['clock'], options: { graceMs?: number } = {}): Promise<void> {
  await Promise.all(
    parts.flatMap((part) => findProcesses(part.argv).map((found) => endProcess(found, clock, { graceMs: options.graceMs ?? part.graceMs }))),
  );
}
