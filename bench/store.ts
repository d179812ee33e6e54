/** Durable commits a second of the embedded engine, by number of writers; the folder decides which disk is measured. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemSurroundings } from '../src/base/surroundings.ts';
import { embeddedStore } from '../src/store/embedded.ts';

export interface StoreFigures {
  readonly writers: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMsPerWrite: number;
}

export async function benchStore(options: { readonly seconds?: number; readonly valueBytes?: number } = {}): Promise<StoreFigures[]> {
  const surroundings = systemSurroundings();
  const { clock } = surroundings;
  const folder = await mkdtemp(join(process.env['K7S_BENCH_DIR'] ?? tmpdir(), 'k7s-bench-'));
  const store = await embeddedStore({ folder, surroundings });
  const figures: StoreFigures[] = [];
  try {
    for (const writers of [1, 16, 64]) {
      const value = Buffer.alloc(options.valueBytes ?? 2048, 'x');
      const times: number[] = [];
      const cpu = process.cpuUsage();
      const start = clock.monotonic();
      const end = start + (options.seconds ?? 2) * 1000;
      await Promise.all(
        Array.from({ length: writers }, async (_, w) => {
          for (let i = 0; clock.monotonic() < end; i++) {
            const before = clock.monotonic();
            await store.commit([{ type: 'put', key: `/bench/${w}/${i % 1000}`, value }]);
            times.push(clock.monotonic() - before);
          }
        }),
      );
      const used = process.cpuUsage(cpu);
      times.sort((a, b) => a - b);
      figures.push({
        writers,
        perSecond: Math.round((times.length * 1000) / (clock.monotonic() - start)),
        p50Ms: rounded(times[times.length >> 1]!),
        p99Ms: rounded(times[Math.floor(times.length * 0.99)]!),
        cpuMsPerWrite: rounded((used.user + used.system) / 1000 / times.length),
      });
    }
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
  return figures;
}

function rounded(n: number): number {
  return Math.round(n * 1000) / 1000;
}

if (import.meta.main) process.stdout.write(`${JSON.stringify({ store: await benchStore() }, null, 2)}\n`);
