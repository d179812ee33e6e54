/**
 * What the statistics of 100 cgroups cost, read every 10 s in a process of their own: share of a core and memory. The process runs a
 * bundle, as users do: one that reads TypeScript itself takes 25 MiB more.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';

const recorded = join(import.meta.dirname, '../test/golden/cgroup/v1');

export async function benchCadvisor(options: { readonly cgroups: number; readonly seconds: number }): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'k7s-bench-cgroup-'));
  try {
    const root = join(folder, 'cgroup');
    cpSync(recorded, root, { recursive: true });
    // The recorded tree has the root and two; copies of the inner one make up the rest.
    for (const controller of ['memory', 'cpu,cpuacct', 'pids', 'blkio']) {
      for (let i = 3; i < options.cgroups; i++) cpSync(join(root, controller, 'pod/c1'), join(root, controller, `pod/x${i}`), { recursive: true });
    }
    const outdir = join(folder, 'program');
    await build({
      entryPoints: [join(import.meta.dirname, 'cadvisorserve.ts')], bundle: true, splitting: true, platform: 'node', format: 'esm', target: 'node24',
      outdir, outExtension: { '.js': '.mjs' }, logLevel: 'error',
    });
    const program = join(outdir, 'cadvisorserve.mjs');
    const bareNode = await answerOf([program, 'bare']);
    return { cgroups: options.cgroups, intervalSeconds: 10, bareNode, ...(await answerOf(['--expose-gc', program, 'serve', root, String(options.seconds)])) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The one line of JSON that a process of Node.js writes. */
async function answerOf(argv: readonly string[]): Promise<object> {
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as object;
  throw new Error('the process ended without an answer');
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(await benchCadvisor({ cgroups: 100, seconds: 30 }))}\n`);
