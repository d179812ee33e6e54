import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { systemSurroundings } from '../base/surroundings.ts';
import { findProcesses } from './processes.ts';
import type { Part } from './parts.ts';
import { endParts, supervise } from './supervisor.ts';

const folder = mkdtempSync(join(tmpdir(), 'k7s-supervisor-'));
const part: Part = {
  name: 'sleeper',
  argv: [process.execPath, '-e', 'console.log("up"); setInterval(() => {}, 1000)', folder],
  prefix: ['/bin/sh', '-c', 'exec "$@"', 'k7s'],
  log: join(folder, 'sleeper.log'),
  graceMs: 2000,
};
after(async () => {
  await endParts([part], systemClock);
  rmSync(folder, { recursive: true });
});

async function eventually<T>(what: string, probe: () => T | undefined | false): Promise<T> {
  for (const end = performance.now() + 10_000; performance.now() < end; await systemClock.sleep(20)) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
  }
  return assert.fail(`${what}: not in time`);
}

test('what dies is started again; what outlives its supervisor is watched over by the next, never doubled', async () => {
  const surroundings = { ...systemSurroundings({ write: () => {} }) };
  const ups = (): number => readFileSync(part.log, 'utf8').split('up\n').length - 1;
  const pid = (): number | undefined => findProcesses(part.argv)[0]?.pid;

  const first = new AbortController();
  const running = supervise([part], surroundings, first.signal);
  const original = await eventually('started', pid);
  await eventually('printed', () => ups() === 1);
  process.kill(original, 'SIGKILL');
  const second = await eventually('started again', () => pid() !== original && pid());
  first.abort();
  await running;
  assert.equal(pid(), second);

  const next = new AbortController();
  const watching = supervise([part], surroundings, next.signal);
  await systemClock.sleep(300);
  assert.deepEqual(findProcesses(part.argv).map((found) => found.pid), [second]);
  process.kill(second, 'SIGKILL');
  const third = await eventually('noticed and started again', () => pid() !== second && pid());
  next.abort();
  await watching;

  await endParts([part], systemClock);
  assert.deepEqual(findProcesses(part.argv), []);
  assert.ok(third);
});
