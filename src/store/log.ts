import type { AppendFile, Files } from './files.ts';
import { decide, History } from './history.ts';
import { decodeCommit, decodeEntries, encodeCommits, encodeEntries, encodeHeader, records } from './record.ts';
import { StoreError, type StoreBatch } from './store.ts';

export interface LogLimits {
  /** A segment that has grown to this is closed and the next one begun. */
  readonly segmentBytes: number;
  /** A snapshot is worth writing when this much, and as much as the snapshot itself, can go. */
  readonly garbageBytes: number;
}

export const usualLimits: LogLimits = { segmentBytes: 8 << 20, garbageBytes: 16 << 20 };

const logFormat = 'k7s-log-1';
const snapshotFormat = 'k7s-snapshot-1';
const pageEntries = 512;

interface Segment {
  readonly name: string;
  /** The first revision that may stand in it. What earlier segments hold from there on was never acknowledged. */
  readonly first: number;
  bytes: number;
}

/**
 * An append-only log in segments, and a snapshot that replaces the oldest of them. Each start, and each failed write,
 * begins a new segment, so that nothing is ever appended behind a damaged tail.
 */
export class Log {
  readonly #files: Files;
  readonly #limits: LogLimits;
  readonly #segments: Segment[];
  #snapshot: { readonly name: string; readonly bytes: number } | undefined;
  #sequence: number;
  #file: AppendFile | undefined;

  private constructor(files: Files, limits: LogLimits, found: Found) {
    this.#files = files;
    this.#limits = limits;
    this.#segments = found.segments;
    this.#snapshot = found.snapshot;
    this.#sequence = found.sequence;
  }

  /** Reads what is there; throws 'unavailable' when acknowledged commits are missing from it. */
  static async open(files: Files, limits = usualLimits): Promise<{ readonly log: Log; readonly history: History }> {
    const found = await recover(files);
    return { log: new Log(files, limits, found), history: found.history };
  }

  get bytes(): number {
    return this.#segments.reduce((sum, s) => sum + s.bytes, this.#snapshot?.bytes ?? 0);
  }

  /** Durable when it resolves. When it rejects none of the batches has happened, and the next append may try again. */
  async append(batches: readonly StoreBatch[]): Promise<void> {
    const data = encodeCommits(batches);
    const file = this.#file ?? (await this.#begin(batches[0]!.revision));
    try {
      await file.append(data);
    } catch (error) {
      await this.#end();
      throw error;
    }
    const segment = this.#segments.at(-1)!;
    segment.bytes += data.length;
    if (segment.bytes >= this.#limits.segmentBytes) await this.#end();
  }

  /** Whether a snapshot at `revision` would free enough to be worth its writing. */
  worthwhile(revision: number, liveBytes: number): boolean {
    return this.#replaced(revision).reduce((sum, s) => sum + s.bytes, 0) >= Math.max(this.#limits.garbageBytes, liveBytes);
  }

  /** Writes the state at `revision` and removes what it replaces. The history must still reach back to it. */
  async snapshot(history: History, revision: number): Promise<void> {
    const name = `${digits(revision)}.snapshot`;
    if (this.#snapshot?.name === name) return;
    const temporary = `${name}.tmp`;
    await this.#files.remove(temporary);
    const file = await this.#files.create(temporary);
    let bytes = 0;
    try {
      const write = async (data: Buffer): Promise<void> => {
        bytes += data.length;
        await file.append(data);
      };
      await write(encodeHeader({ format: snapshotFormat, revision }));
      let count = 0;
      for (let start: string | undefined = ''; start !== undefined;) {
        const page = history.page(start, pageEntries, revision);
        count += page.entries.length;
        if (page.entries.length > 0) await write(encodeEntries(page.entries));
        start = page.next;
      }
      await write(encodeHeader({ entries: count }));
    } finally {
      await file.close();
    }
    await this.#files.rename(temporary, name);
    await this.#files.syncFolder();
    const before = this.#snapshot;
    this.#snapshot = { name, bytes };
    if (before) await this.#files.remove(before.name);
    for (const segment of this.#replaced(revision)) {
      await this.#files.remove(segment.name);
      this.#segments.shift();
    }
  }

  async close(): Promise<void> {
    await this.#end();
  }

  /** Segments of which every commit is in a snapshot at `revision`; the newest segment stays. */
  #replaced(revision: number): Segment[] {
    return this.#segments.filter((_, i) => i + 1 < this.#segments.length && this.#segments[i + 1]!.first <= revision + 1);
  }

  async #begin(first: number): Promise<AppendFile> {
    const name = `${digits(++this.#sequence)}.log`;
    const file = await this.#files.create(name);
    try {
      const header = encodeHeader({ format: logFormat, first });
      await file.append(header);
      await this.#files.syncFolder();
      this.#segments.push({ name, first, bytes: header.length });
    } catch (error) {
      await file.close();
      await this.#files.remove(name);
      throw error;
    }
    this.#file = file;
    return file;
  }

  async #end(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

interface Found {
  readonly history: History;
  readonly segments: Segment[];
  readonly snapshot: { readonly name: string; readonly bytes: number } | undefined;
  readonly sequence: number;
}

async function recover(files: Files): Promise<Found> {
  const names = (await files.list()).toSorted();
  const snapshots = names.filter((n) => n.endsWith('.snapshot'));
  const logs = names.filter((n) => n.endsWith('.log'));
  const { history, snapshot } = await readSnapshot(files, snapshots.at(-1));
  const segments: (Segment & { readonly data: Buffer })[] = [];
  for (const name of logs) {
    if (name === logs.at(-1)) await files.sync(name);
    const data = await files.read(name);
    const first = firstRevision(name, data);
    if (first === undefined) await files.remove(name);
    else segments.push({ name, first, bytes: data.length, data });
  }
  segments.forEach((segment, i) => replay(history, segment.data, segments[i + 1]?.first));
  await files.syncFolder();
  for (const name of [...names.filter((n) => n.endsWith('.tmp')), ...snapshots.slice(0, -1)]) await files.remove(name);
  return {
    history,
    snapshot,
    segments: segments.map(({ name, first, bytes }) => ({ name, first, bytes })),
    sequence: Number.parseInt(logs.at(-1) ?? '0', 10),
  };
}

async function readSnapshot(files: Files, name: string | undefined): Promise<Pick<Found, 'history' | 'snapshot'>> {
  if (name === undefined) return { history: new History(), snapshot: undefined };
  const data = await files.read(name);
  const parts = [...records(data)];
  const header = parseHeader(parts.shift());
  const trailer = parseHeader(parts.pop());
  if (header?.format !== snapshotFormat || typeof header.revision !== 'number') throw damaged(name, 'it does not begin as a snapshot');
  const history = new History(header.revision);
  let count = 0;
  for (const part of parts) {
    for (const entry of decodeEntries(part)) {
      history.restore(entry);
      count++;
    }
  }
  if (trailer?.entries !== count) throw damaged(name, 'its end is missing');
  return { history, snapshot: { name, bytes: data.length } };
}

/** Undefined for a segment that was begun and never used. */
function firstRevision(name: string, data: Buffer): number | undefined {
  const header = parseHeader(records(data).next().value ?? undefined);
  if (header?.format === logFormat && typeof header.first === 'number') return header.first;
  if (header === undefined && data.length < 256) return undefined;
  throw damaged(name, 'it does not begin as a log');
}

function replay(history: History, data: Buffer, nextFirst = Infinity): void {
  const bodies = records(data);
  bodies.next();
  for (const body of bodies) {
    const { revision, operations } = decodeCommit(body);
    if (revision >= nextFirst) break;
    if (revision <= history.revision) continue;
    if (revision > history.revision + 1) throw missing(history.revision + 1, revision - 1);
    history.apply(decide(operations, revision, (key) => history.current(key)));
  }
  if (nextFirst !== Infinity && history.revision < nextFirst - 1) throw missing(history.revision + 1, nextFirst - 1);
}

function missing(from: number, to: number): StoreError {
  return new StoreError('unavailable', `the store is damaged: revisions ${from} to ${to} are missing from its log`);
}

function damaged(name: string, why: string): StoreError {
  return new StoreError('unavailable', `the store is damaged: ${name}: ${why}`);
}

function parseHeader(body: Buffer | undefined): Record<string, unknown> | undefined {
  if (body?.[0] !== 0x7b) return undefined;
  try {
    return JSON.parse(body.toString()) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Wide enough that names sort as their numbers do. */
function digits(n: number): string {
  return String(n).padStart(16, '0');
}
