/**
 * What one reading of a cgroup gives. Bytes, nanoseconds of CPU time, counts; times are milliseconds since the epoch.
 * A part that the kernel does not offer is absent, never zero.
 */
export interface ContainerSample {
  readonly timestamp: number;
  readonly cpu?: CpuSample;
  readonly memory?: MemorySample;
  readonly processes?: ProcessSample;
  readonly io?: readonly DeviceIo[];
  readonly network?: readonly InterfaceSample[];
  readonly pressure?: { readonly cpu?: Pressure; readonly memory?: Pressure; readonly io?: Pressure };
}

export interface CpuSample {
  /** Cumulative, nanoseconds. */
  readonly usage: number;
  readonly user: number;
  readonly system: number;
  /** Only where the kernel counts by CPU (v1). */
  readonly perCpu?: readonly number[];
  readonly periods?: number;
  readonly throttledPeriods?: number;
  readonly throttledTime?: number;
}

export interface MemorySample {
  /** memory.usage_in_bytes or memory.current; for the root of v2: anon + file. */
  readonly usage: number;
  readonly maxUsage?: number;
  /** usage − inactiveFile, never below zero. */
  readonly workingSet: number;
  /** cgroup rss: anonymous and swap cache, without shared memory. */
  readonly rss: number;
  /** Page cache, shared memory included. */
  readonly cache: number;
  readonly swap: number;
  readonly shmem: number;
  readonly mappedFile: number;
  readonly inactiveFile: number;
  readonly activeFile: number;
  readonly inactiveAnon: number;
  readonly activeAnon: number;
  readonly unevictable: number;
  readonly dirty: number;
  readonly writeback: number;
  readonly kernel?: number;
  readonly failcnt?: number;
  /** Absent when there is no limit. */
  readonly limit?: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  /** The same of the cgroup alone, without its children (v1). */
  readonly own?: { readonly pageFaults: number; readonly majorPageFaults: number };
  readonly oomKills?: number;
}

/** What a process of the cgroup holds open is read apart (processes.ts). */
export interface ProcessSample {
  readonly threads: number;
  /** Absent when there is no limit. */
  readonly threadsMax?: number;
}

export interface DeviceIo {
  readonly major: number;
  readonly minor: number;
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly reads: number;
  readonly writes: number;
}

export interface InterfaceSample {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/** Totals in microseconds, averages in percent, as the kernel's *.pressure files state them. */
export interface Pressure {
  readonly some: PressureLine;
  readonly full: PressureLine;
}
export interface PressureLine {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly total: number;
}

/** Working set as the kubelet reports it: usage minus inactive file cache, floored at zero. */
export function workingSet(usage: number, inactiveFile: number): number {
  return usage > inactiveFile ? usage - inactiveFile : 0;
}
