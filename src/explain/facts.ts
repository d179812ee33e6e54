/** What is known of one cgroup's memory at one moment. Bytes throughout. */
export interface MemoryFacts {
  readonly cgroupVersion: 1 | 2;
  /** memory.usage_in_bytes or memory.current. */
  readonly usage: number;
  /** memory.stat as the kernel wrote it. */
  readonly stat: ReadonlyMap<string, number>;
  readonly limit?: number;
  /** memory.kmem.usage_in_bytes (v1); on v2 memory.stat itself says it. */
  readonly kernel?: number;
  /** The most that usage has been. */
  readonly maxUsage?: number;
  readonly swap?: number;
  /** /proc/meminfo, in bytes: the machine's, whoever reads it. */
  readonly meminfo?: ReadonlyMap<string, number>;
  /** Where the files were read. */
  readonly cgroup?: string;
  /** The root cgroup: the kernel does not count its own memory into that one's usage. */
  readonly wholeMachine?: boolean;
  readonly processes?: readonly ProcessFacts[];
  /** What other readers said, possibly at another moment. */
  readonly top?: { readonly workingSet: number; readonly timestamp?: number; readonly windowMs?: number };
  readonly docker?: { readonly usage: number; readonly stat: ReadonlyMap<string, number> };
  /** The sandbox's own cgroup. */
  readonly pause?: { readonly usage: number; readonly workingSet: number };
}

export interface ProcessFacts {
  readonly pid: number;
  readonly command: string;
  readonly rss: number;
  /** From smaps_rollup; absent without the right to read it. */
  readonly pss?: number;
  readonly shared?: number;
}

export interface MemoryFigures {
  readonly usage: number;
  readonly anon: number;
  readonly shmem: number;
  readonly file: number;
  readonly activeFile: number;
  readonly inactiveFile: number;
  readonly mappedFile: number;
  readonly workingSet: number;
  /** Measured, or what is left of usage when anon and file are taken off. */
  readonly kernel: number;
  readonly kernelMeasured: boolean;
  /** usage − anon − file − measured kernel (where usage has it): fuzz of the kernel's own bookkeeping. Zero when kernel is by subtraction. */
  readonly remainder: number;
  /** Pages of `anon` that shmem is not part of: what `container_memory_rss` says. */
  readonly rss: number;
}

export function statValue(facts: { readonly stat: ReadonlyMap<string, number> }, v1: string, v2: string): number {
  const { stat } = facts;
  return stat.get(`total_${v1}`) ?? stat.get(v1) ?? stat.get(v2) ?? 0;
}

/** Splits usage into what it consists of. Page cache (`file`) contains shared memory; `anon` does not. */
export function figures(facts: MemoryFacts): MemoryFigures {
  const of = (v1: string, v2 = v1): number => statValue(facts, v1, v2);
  const anon = of('rss', 'anon');
  const file = of('cache', 'file');
  const inactiveFile = of('inactive_file');
  const measured = facts.kernel ?? (facts.cgroupVersion === 2 ? facts.stat.get('kernel') : undefined);
  const rest = Math.max(0, facts.usage - anon - file);
  return {
    usage: facts.usage, anon, rss: anon, file, shmem: of('shmem'), activeFile: of('active_file'), inactiveFile, mappedFile: of('mapped_file', 'file_mapped'),
    workingSet: Math.max(0, facts.usage - inactiveFile),
    kernel: measured ?? rest, kernelMeasured: measured !== undefined, remainder: measured === undefined ? 0 : facts.usage - anon - file - (facts.wholeMachine ? 0 : measured),
  };
}
