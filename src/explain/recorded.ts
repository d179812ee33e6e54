/** Facts from files as people save them: the cgroup's own, `ps aux`, docker's stats answer, kubectl's line. Pure: texts in, facts out. */
import type { MemoryFacts, ProcessFacts } from './facts.ts';

/** By file name: memory.usage_in_bytes or memory.current, memory.stat, and what there is of the rest. Throws when the first two are missing. */
export function recordedFacts(files: ReadonlyMap<string, string>): MemoryFacts {
  const number = (name: string): number | undefined => {
    const text = files.get(name)?.trim();
    return text && /^\d+$/.test(text) ? Number(text) : undefined;
  };
  const v1 = number('memory.usage_in_bytes');
  const usage = v1 ?? number('memory.current');
  const stat = files.get('memory.stat');
  if (usage === undefined || stat === undefined) throw new Error('memory.stat and one of memory.usage_in_bytes, memory.current are needed: copy them from /sys/fs/cgroup of the container');
  const parsed = parseStat(stat);
  // On v1 the kernel also says the least of the limits above.
  const limits = [number(v1 === undefined ? 'memory.max' : 'memory.limit_in_bytes'), parsed.get('hierarchical_memory_limit')].filter((n) => n !== undefined);
  const limit = limits.length ? Math.min(...limits) : undefined;
  const kernel = number('memory.kmem.usage_in_bytes');
  const maxUsage = number(v1 === undefined ? 'memory.peak' : 'memory.max_usage_in_bytes');
  const withSwap = number('memory.memsw.usage_in_bytes');
  const swap = number('memory.swap.current') ?? (withSwap === undefined ? undefined : Math.max(0, withSwap - usage));
  const meminfo = files.has('meminfo') ? parseMeminfo(files.get('meminfo')!) : undefined;
  const processes = files.has('ps.txt') ? parsePs(files.get('ps.txt')!) : undefined;
  const docker = files.has('docker-stats.json') ? parseDocker(files.get('docker-stats.json')!) : undefined;
  const top = files.has('top.txt') ? parseTop(files.get('top.txt')!) : undefined;
  return {
    cgroupVersion: v1 === undefined ? 2 : 1, usage, stat: parsed,
    ...(limit !== undefined && limit < 2 ** 62 ? { limit } : {}), ...(kernel !== undefined ? { kernel } : {}),
    ...(maxUsage !== undefined ? { maxUsage } : {}), ...(swap !== undefined ? { swap } : {}), ...(meminfo ? { meminfo } : {}),
    ...(processes ? { processes } : {}), ...(docker ? { docker } : {}), ...(top ? { top } : {}),
  };
}

export function parseStat(text: string): Map<string, number> {
  return new Map(text.split('\n').map((l) => l.trim().split(/\s+/)).filter((p) => p.length === 2 && /^\d+$/.test(p[1]!)).map(([k, v]) => [k!, Number(v)]));
}

export function parseMeminfo(text: string): Map<string, number> {
  return new Map([...text.matchAll(/^(\S+):\s+(\d+)( kB)?$/gm)].map(([, key, value, unit]) => [key!, Number(value) * (unit ? 1024 : 1)]));
}

/** `ps aux`: RSS is the sixth column, in KiB. */
export function parsePs(text: string): ProcessFacts[] {
  const out: ProcessFacts[] = [];
  for (const line of text.split('\n')) {
    const p = line.trim().split(/\s+/);
    if (p.length >= 11 && /^\d+$/.test(p[1]!) && /^\d+$/.test(p[5]!)) out.push({ pid: Number(p[1]), command: p.slice(10).join(' '), rss: Number(p[5]) * 1024 });
  }
  return out;
}

function parseDocker(text: string): NonNullable<MemoryFacts['docker']> {
  const stats = JSON.parse(text) as { memory_stats?: { usage: number; stats: Record<string, number> } };
  if (!stats.memory_stats) throw new Error('docker-stats.json has no memory_stats: save the answer of /containers/ID/stats?stream=false');
  return { usage: stats.memory_stats.usage, stat: new Map(Object.entries(stats.memory_stats.stats)) };
}

/** The last column of kubectl's line, `5039Mi`. */
function parseTop(text: string): NonNullable<MemoryFacts['top']> | undefined {
  const match = /(\d+)(Ki|Mi|Gi)?\s*$/m.exec(text.trim());
  if (!match) return undefined;
  const unit = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }[match[2] ?? ''] ?? 1;
  return { workingSet: Number(match[1]) * unit };
}
