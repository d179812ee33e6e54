/** A whole cluster with real containers: time to Ready and to metrics, a restart, the age of samples, and what each process takes of the machine when nothing happens. */
import { readdirSync, readFileSync } from 'node:fs';
import { TestCluster, eventually, whyNoContainers } from '../test/e2e/profile.ts';

interface ProcessFigures {
  readonly what: string;
  readonly residentMib: number;
  /** Shared pages divided by those who share them; what the process adds to the machine. */
  readonly proportionalMib: number;
  readonly idleCpuPercentOfACore: number;
}

const profile = 'bench';
const ticksPerSecond = 100;

export async function benchCluster(options: { readonly quick?: boolean } = {}): Promise<unknown> {
  const missing = whyNoContainers();
  if (missing) return { skipped: missing };
  const began = performance.now();
  const cluster = await TestCluster.start(profile);
  try {
    const startToMetricsMs = Math.round(performance.now() - began);
    const restarts: number[] = [];
    for (let i = 0; i < (options.quick ? 1 : 3); i++) {
      const from = performance.now();
      await cluster.k7s(['stop']);
      await cluster.k7s(['start']);
      restarts.push(Math.round(performance.now() - from));
    }
    await eventually('everything Ready', async () => !/ 0\/1 /.test(await cluster.ok('get', 'pods', '-A')));
    await new Promise((resolve) => setTimeout(resolve, options.quick ? 5000 : 30_000));
    const sampleAgeSeconds = await sampleAges(cluster, options.quick ? 5 : 45);
    const processes = await measure(cluster.folder, options.quick ? 5 : 30);
    return {
      startToMetricsMs, stopAndStartToReadyMs: restarts, sampleAgeSeconds,
      totalProportionalMib: round(processes.reduce((sum, p) => sum + p.proportionalMib, 0)), processes,
    };
  } finally {
    await cluster.delete();
  }
}

/** How old the figures are that `kubectl top pods` would show at any moment: now less the time at which the kubelet read the cgroup. */
async function sampleAges(cluster: TestCluster, seconds: number): Promise<{ readonly least: number; readonly mean: number; readonly most: number }> {
  const ages: number[] = [];
  for (const until = performance.now() + seconds * 1000; performance.now() < until; ) {
    const { items } = JSON.parse(await cluster.ok('get', '--raw', '/apis/metrics.k8s.io/v1beta1/pods')) as { items: { timestamp: string }[] };
    ages.push(...items.map(({ timestamp }) => (Date.now() - Date.parse(timestamp)) / 1000));
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return { least: round(Math.min(...ages)), mean: round(ages.reduce((a, b) => a + b, 0) / ages.length), most: round(Math.max(...ages)) };
}

async function measure(folder: string, seconds: number): Promise<ProcessFigures[]> {
  const found = new Map<number, { what: string; ticks: number }>();
  for (const entry of readdirSync('/proc')) {
    const what = /^\d+$/.test(entry) ? name(Number(entry), folder) : undefined;
    if (what) found.set(Number(entry), { what, ticks: ticks(Number(entry)) });
  }
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return [...found].flatMap(([pid, { what, ticks: before }]) => {
    try {
      const kib = (file: string, key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1] ?? 0);
      const idle = round(((ticks(pid) - before) / ticksPerSecond / seconds) * 100);
      return [{ what, residentMib: round(kib('status', 'VmRSS') / 1024), proportionalMib: round(kib('smaps_rollup', 'Pss') / 1024), idleCpuPercentOfACore: idle }];
    } catch {
      // It ended in between.
      return [];
    }
  }).sort((a, b) => b.proportionalMib - a.proportionalMib);
}

/** Which part of the cluster a process is; undefined when it is none. */
function name(pid: number, folder: string): string | undefined {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const all = words.join(' ');
    const part = /k7s\.js (supervise|server|agent|dns|metrics-server)\b/.exec(all)?.[1];
    if (part && (all.includes(folder) || words[0] === '/opt/k7s/node')) return part;
    if (/containerd --config .*\/bench\//.test(all)) return 'containerd';
    return undefined;
  } catch {
    return undefined;
  }
}

function ticks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function round(n: number): number {
  return Math.round(n * 10) / 10;
}
