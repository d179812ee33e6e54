/** What metrics-server costs in a large cluster: every node is an address of its own, all in one simulating process on this machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { leanHeap, leanMalloc } from '../src/metrics/metrics-server/manifests.ts';
import { podsPerNode, type BenchKubelets } from './kubelets.ts';

const here = import.meta.dirname;

async function firstLine<T>(stream: NodeJS.ReadableStream): Promise<T> {
  for await (const line of createInterface({ input: stream })) return JSON.parse(line) as T;
  throw new Error('the process ended without an answer');
}

export async function benchMetricsServer(options: { readonly nodes: number; readonly rounds: number; readonly resolutionSeconds: number }): Promise<unknown> {
  const kubelets = spawn(process.execPath, [join(here, 'kubelets.ts'), 'serve'], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const { port } = await firstLine<BenchKubelets>(kubelets.stdout);
    const scraping = spawn(process.execPath, [...process.execArgv, ...leanHeap, join(here, 'scraping.ts'), String(port), String(options.nodes), String(options.rounds), String(options.resolutionSeconds)], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, [leanMalloc.name]: leanMalloc.value } });
    return { nodes: options.nodes, podsPerNode, resolutionSeconds: options.resolutionSeconds, ...(await firstLine<object>(scraping.stdout)) };
  } finally {
    kubelets.stdin.end();
    await once(kubelets, 'exit');
  }
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(await benchMetricsServer({ nodes: Number(process.argv[2] ?? 5000), rounds: Number(process.argv[3] ?? 4), resolutionSeconds: Number(process.argv[4] ?? 15) }))}\n`);
