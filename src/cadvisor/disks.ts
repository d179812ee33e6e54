/** What the kernel counts for each block device (Documentation/admin-guide/iostats.rst). Times are milliseconds, sectors 512 bytes. */
import { readText } from './files.ts';

export interface DiskCounters {
  readonly major: number;
  readonly minor: number;
  readonly name: string;
  readonly reads: number;
  readonly readsMerged: number;
  readonly sectorsRead: number;
  readonly readMs: number;
  readonly writes: number;
  readonly writesMerged: number;
  readonly sectorsWritten: number;
  readonly writeMs: number;
  readonly inProgress: number;
  readonly ioMs: number;
  readonly weightedMs: number;
}

/** By `major:minor`. */
export function readDisks(proc = '/proc'): ReadonlyMap<string, DiskCounters> {
  return parseDisks(readText(`${proc}/diskstats`) ?? '');
}

export function parseDisks(text: string): ReadonlyMap<string, DiskCounters> {
  const out = new Map<string, DiskCounters>();
  for (const line of text.split('\n')) {
    const [major, minor, name, ...counts] = line.trim().split(/\s+/);
    if (!name || counts.length < 11) continue;
    const n = counts.map(Number);
    out.set(`${major}:${minor}`, {
      major: Number(major), minor: Number(minor), name,
      reads: n[0]!, readsMerged: n[1]!, sectorsRead: n[2]!, readMs: n[3]!, writes: n[4]!, writesMerged: n[5]!, sectorsWritten: n[6]!, writeMs: n[7]!,
      inProgress: n[8]!, ioMs: n[9]!, weightedMs: n[10]!,
    });
  }
  return out;
}
