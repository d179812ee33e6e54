/** What the statistics of 100 cgroups cost, read every 10 s in a process of their own: share of a core and resident memory. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../src/base/clock.ts';
import { serveCadvisor } from '../src/cadvisor/rest/server.ts';

const recorded = join(import.meta.dirname, '../test/golden/cgroup/v1');
const intervalMs = 10_000;

export async function benchCadvisor(options: { readonly cgroups: number; readonly seconds: number }): Promise<unknown> {
  const root = mkdtempSync(join(tmpdir(), 'k7s-bench-cgroup-'));
  try {
    cpSync(recorded, root, { recursive: true });
    // The recorded tree has the root and two; copies of the inner one make up the rest.
    for (const controller of ['memory', 'cpu,cpuacct', 'pids', 'blkio']) {
      for (let i = 3; i < options.cgroups; i++) cpSync(join(root, controller, 'pod/c1'), join(root, controller, `pod/x${i}`), { recursive: true });
    }
    const child = spawn(process.execPath, [import.meta.filename, 'serve', root, String(options.seconds)], { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: child.stdout })) return { cgroups: options.cgroups, intervalSeconds: intervalMs / 1000, ...(JSON.parse(line) as object) };
    throw new Error('the process ended without an answer');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function serve(root: string, seconds: number): Promise<void> {
  const stop = new AbortController();
  const residentMib = (): number => Math.round(process.memoryUsage.rss() / 2 ** 20);
  const baseMib = residentMib();
  const { monitor } = await serveCadvisor({ port: 0, clock: systemClock, signal: stop.signal, intervalMs, cgroupRoot: root });
  await systemClock.sleep(intervalMs + 1000);
  const before = process.cpuUsage();
  await systemClock.sleep(seconds * 1000);
  const used = process.cpuUsage(before);
  const watched = monitor.watchedNames().length;
  process.stdout.write(`${JSON.stringify({ watched, coreShare: (used.user + used.system) / 1e6 / seconds, residentMib: residentMib(), ofWhichNodeMib: baseMib, heapMib: Math.round(process.memoryUsage().heapUsed / 2 ** 20) })}\n`);
  stop.abort();
}

if (import.meta.main) {
  const [mode, root = '', seconds] = process.argv.slice(2);
  if (mode === 'serve') await serve(root, Number(seconds));
  else process.stdout.write(`${JSON.stringify(await benchCadvisor({ cgroups: 100, seconds: 30 }))}\n`);
}
