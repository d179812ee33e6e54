/** Reads a container's log as `kubectl logs` asks for it. */
import { open, stat, type FileHandle } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import { parseLine } from './line.ts';
import { startOfTail } from './tail.ts';

export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly stream?: 'stdout' | 'stderr';
}

export interface LogSource {
  readonly path: string;
  /** While true, more may come. */
  readonly isLive: () => boolean;
}

const block = 64 * 1024;
const pollMs = 100;
const newline = 0x0a;

/** Pieces of the file from a place on; with `follow` through rotation until the container has ended. */
async function* bytesOf(source: LogSource, from: number, follow: boolean, clock: Clock, signal: AbortSignal): AsyncGenerator<Buffer> {
  let file = await open(source.path, 'r');
  let at = from;
  try {
    for (;;) {
      // Asked before reading: what ends in between has been written already.
      const live = source.isLive();
      const buffer = Buffer.allocUnsafe(block);
      const { bytesRead } = await file.read(buffer, 0, block, at);
      if (bytesRead > 0) {
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
        continue;
      }
      const next = follow ? await successor(file, source.path) : undefined;
      if (next) {
        await file.close();
        file = next;
        at = 0;
        continue;
      }
      if (!follow || !live || signal.aborted) return;
      await clock.sleep(pollMs, signal).catch(() => undefined);
    }
  } finally {
    await file.close();
  }
}

/** The file that took this one's name, if another has. */
async function successor(file: FileHandle, path: string): Promise<FileHandle | undefined> {
  const [now, ours] = [await stat(path).catch(() => undefined), await file.stat()];
  return now && now.ino !== ours.ino ? open(path, 'r') : undefined;
}

export async function* readLog(source: LogSource, options: LogOptions, clock: Clock, signal: AbortSignal): AsyncGenerator<Buffer> {
  const from = options.tailLines === undefined ? 0 : await startOfTail(source.path, options.tailLines);
  let left = options.limitBytes ?? Infinity;
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of bytesOf(source, from, options.follow, clock, signal)) {
    const data = rest.length > 0 ? Buffer.concat([rest, piece]) : piece;
    const out: Buffer[] = [];
    let at = 0;
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, at)) {
      const line = parseLine(data.subarray(at, end + 1));
      at = end + 1;
      if (!line || (options.stream && line.stream !== options.stream)) continue;
      if (options.since !== undefined && Date.parse(line.time) < options.since) continue;
      if (options.timestamps) out.push(Buffer.from(`${line.time} `));
      out.push(line.content);
    }
    rest = data.subarray(at);
    if (out.length === 0) continue;
    const chunk = Buffer.concat(out);
    if (chunk.length >= left) {
      yield chunk.subarray(0, left);
      return;
    }
    left -= chunk.length;
    yield chunk;
  }
}
