/** Beyond upstream: `--history`, from what metrics-server keeps (history.metrics.k7s.io). */
import { parseGoDuration } from '../../machinery/goduration.ts';
import { hasReason, StatusError } from '../../machinery/status.ts';
import { CommandError } from '../errors.ts';
import type { Session } from '../session.ts';
import type { Columns, ColumnSource, Scene, Subject } from './scene.ts';
import { sparkline, sparkWidth } from './sparkline.ts';

const historyPath = '/apis/history.metrics.k7s.io/v1alpha1';

interface Usage {
  /** Nanocores and bytes; null where nothing was measured. */
  readonly cpu: readonly (number | null)[];
  readonly memory: readonly (number | null)[];
}

interface Entry {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly step: string;
  /** Seconds since the epoch. */
  readonly times: readonly number[];
  readonly cpu?: Usage['cpu'];
  readonly memory?: Usage['memory'];
  readonly containers?: readonly ({ readonly name: string } & Usage)[];
}

export interface Spread {
  readonly last: number;
  readonly min: number;
  readonly avg: number;
  readonly max: number;
}

export function historyColumns(session: Session, of: 'pod' | 'node'): ColumnSource {
  const since = session.flags.text('since');
  const sinceMs = since ? positive(since) : undefined;
  const terminal = session.io.stdout.isTTY === true;
  return async (scene) => {
    const entries = new Map((await read(session, of, scene, since)).map((e) => [key(e.metadata), e]));
    const now = session.now / 1000;
    const from = sinceMs === undefined ? Math.min(now, ...[...entries.values()].map((e) => e.times[0] ?? now)) : now - sinceMs / 1000;
    const found = (of: Subject): (Usage & { times: readonly number[]; step: string }) | undefined => {
      const entry = entries.get(key(of));
      const usage = entry && usageOf(entry, of.container);
      return usage && { ...usage, times: entry.times, step: entry.step };
    };
    const headersOf = (name: string): string[] => [...(terminal ? [`${name}(history)`] : []), ...['min', 'avg', 'max'].map((what) => `${name}(${what})`)];
    const headers = [...headersOf('CPU'), ...headersOf('MEMORY')];
    return {
      headers,
      cells: (of) => {
        const usage = found(of);
        if (!usage) return headers.map(() => '-');
        const part = (values: readonly (number | null)[], text: (n: number) => string): string[] => {
          const spread = spreadOf(values);
          return [...(terminal ? [sparkline(usage.times, values, { from, to: now, width: sparkWidth })] : []), ...(spread ? [text(spread.min), text(spread.avg), text(spread.max)] : ['-', '-', '-'])];
        };
        return [...part(usage.cpu, (n) => `${Math.ceil(n / 1e6)}m`), ...part(usage.memory, (n) => `${Math.floor(n / 2 ** 20)}Mi`)];
      },
      data: (of) => {
        const usage = found(of);
        if (!usage) return {};
        return { history: { step: usage.step, times: usage.times, cpuNanoCores: { ...spreadOf(usage.cpu), values: usage.cpu }, memoryBytes: { ...spreadOf(usage.memory), values: usage.memory } } };
      },
    } satisfies Columns;
  };
}

function positive(text: string): number {
  let ms = 0;
  try {
    ms = parseGoDuration(text);
  } catch {
    // Said below.
  }
  if (ms <= 0) throw new CommandError(`--since should be a positive duration such as 10m, not "${text}"`);
  return ms;
}

function key(of: { readonly name: string; readonly namespace?: string }): string {
  return `${of.namespace ?? ''}/${of.name}`;
}

async function read(session: Session, of: 'pod' | 'node', scene: Scene, since: string): Promise<readonly Entry[]> {
  const path = `${historyPath}${of === 'pod' ? scene.scope : ''}/${of}s`;
  try {
    if (scene.name) return [(await session.json(`${path}/${scene.name}`, { query: { since } })) as unknown as Entry];
    return ((await session.json(path, { query: { ...scene.query, since } }))['items'] ?? []) as unknown as Entry[];
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    // The object has no history yet: its columns are empty. A path that is not served has no details.
    if (hasReason(error, 'NotFound') && error.status.details?.name) return [];
    if (hasReason(error, 'NotFound')) throw new CommandError("History API not available: --history reads history.metrics.k7s.io, which the metrics-server of k7s serves (APIService v1alpha1.history.metrics.k7s.io)");
    throw error;
  }
}

/** A container's, or the sum of a pod's. */
function usageOf(entry: Entry, container: string | undefined): Usage | undefined {
  if (entry.cpu && entry.memory) return { cpu: entry.cpu, memory: entry.memory };
  const tracks = (entry.containers ?? []).filter((c) => container === undefined || c.name === container);
  if (tracks.length === 0) return undefined;
  const total = (of: (usage: Usage) => readonly (number | null)[]): (number | null)[] =>
    entry.times.map((_, at) => tracks.reduce<number | null>((sum, track) => ((of(track)[at] ?? null) === null ? sum : (sum ?? 0) + of(track)[at]!), null));
  return { cpu: total((u) => u.cpu), memory: total((u) => u.memory) };
}

export function spreadOf(values: readonly (number | null)[]): Spread | undefined {
  const present = values.filter((v) => v !== null);
  if (present.length === 0) return undefined;
  const avg = Math.round(present.reduce((sum, v) => sum + v, 0) / present.length);
  return { last: present.at(-1)!, min: Math.min(...present), avg, max: Math.max(...present) };
}
