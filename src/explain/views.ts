/** The same memory as different tools tell it: which formula, which number. Names are the tools' own. */
import { figures, statValue, type MemoryFacts } from './facts.ts';

export type ViewName =
  | 'kubectl top' | 'container_memory_working_set_bytes' | 'container_memory_usage_bytes' | 'container_memory_rss' | 'container_memory_cache'
  | 'container_memory_mapped_file' | 'container_memory_kernel_usage' | 'container_memory_max_usage_bytes' | 'free' | 'free (before procps 4)'
  | 'docker stats' | 'docker stats (before 20.10)' | 'ps RSS' | 'PSS' | 'script of the document';

export interface View {
  readonly name: ViewName;
  readonly formula: string;
  readonly bytes: number;
  /** Key of the sentence in words.ts that says why it differs from the working set. */
  readonly why: string;
}

export function views(facts: MemoryFacts): View[] {
  const f = figures(facts);
  const v1 = facts.cgroupVersion === 1;
  const usage = v1 ? 'memory.usage_in_bytes' : 'memory.current';
  const inactive = v1 ? 'total_inactive_file' : 'inactive_file';
  const out: View[] = [];
  if (facts.top) out.push({ name: 'kubectl top', formula: `${usage} − ${inactive}`, bytes: facts.top.workingSet, why: 'top' });
  out.push(
    { name: 'container_memory_working_set_bytes', formula: `${usage} − ${inactive}`, bytes: f.workingSet, why: 'workingSet' },
    { name: 'container_memory_usage_bytes', formula: usage, bytes: f.usage, why: 'usage' },
    { name: 'container_memory_rss', formula: v1 ? 'total_rss' : 'anon', bytes: f.rss, why: 'rss' },
    { name: 'container_memory_cache', formula: v1 ? 'total_cache' : 'file', bytes: f.file, why: 'cache' },
  );
  out.push({ name: 'container_memory_mapped_file', formula: v1 ? 'total_mapped_file' : 'file_mapped', bytes: f.mappedFile, why: 'mappedFile' });
  if (f.kernelMeasured) out.push({ name: 'container_memory_kernel_usage', formula: v1 ? 'memory.kmem.usage_in_bytes' : 'kernel', bytes: f.kernel, why: 'kernel' });
  if (facts.maxUsage !== undefined) out.push({ name: 'container_memory_max_usage_bytes', formula: v1 ? 'memory.max_usage_in_bytes' : 'memory.peak', bytes: facts.maxUsage, why: 'maxUsage' });
  const docker = facts.docker ?? { usage: facts.usage, stat: facts.stat };
  out.push(
    { name: 'docker stats', formula: `${usage} − ${inactive}`, bytes: Math.max(0, docker.usage - statValue(docker, 'inactive_file', 'inactive_file')), why: 'docker' },
    { name: 'docker stats (before 20.10)', formula: `${usage} − ${v1 ? 'total_cache' : 'file'}`, bytes: Math.max(0, docker.usage - statValue(docker, 'cache', 'file')), why: 'oldDocker' },
  );
  if (facts.processes) {
    out.push({ name: 'ps RSS', formula: 'Σ VmRSS', bytes: sum(facts.processes.map((p) => p.rss)), why: 'psRss' });
    if (facts.processes.every((p) => p.pss !== undefined)) out.push({ name: 'PSS', formula: 'Σ Pss', bytes: sum(facts.processes.map((p) => p.pss!)), why: 'pss' });
  }
  if (facts.meminfo) out.push(...freeViews(facts.meminfo, facts.wholeMachine === true));
  out.push({ name: 'script of the document', formula: v1 ? 'rss + cache + shmem − inactive_file' : 'anon + file + shmem − inactive_file', bytes: f.rss + f.file + f.shmem - f.inactiveFile, why: 'script' });
  return out;
}

/** `free` and the head of `top` read /proc/meminfo, which is the machine's in every container. */
function freeViews(meminfo: ReadonlyMap<string, number>, wholeMachine: boolean): View[] {
  const of = (key: string): number => meminfo.get(key) ?? 0;
  const why = wholeMachine ? 'freeMachine' : 'free';
  return [
    { name: 'free', formula: 'MemTotal − MemAvailable', bytes: of('MemTotal') - of('MemAvailable'), why },
    { name: 'free (before procps 4)', formula: 'MemTotal − MemFree − Buffers − Cached − SReclaimable', bytes: of('MemTotal') - of('MemFree') - of('Buffers') - of('Cached') - of('SReclaimable'), why: 'oldFree' },
  ];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

export interface Step {
  /** Key in words.ts. */
  readonly label: string;
  readonly bytes: number;
  /** `total` starts or ends a column, `part` adds up inside it, `of` is in the parts above it already, `minus` is taken off. */
  readonly kind: 'total' | 'part' | 'of' | 'minus';
}

/** What v2's memory.stat says of kernel memory; v1 says nothing of it. */
const kernelParts = [['slab', 'slab'], ['kernelStack', 'kernel_stack'], ['pageTables', 'pagetables'], ['perCpu', 'percpu'], ['sockets', 'sock'], ['vmalloc', 'vmalloc']] as const;

/** From the cgroup's usage through its parts to the working set. The parts add up to usage; usage minus inactive file is the working set. */
export function waterfall(facts: MemoryFacts): Step[] {
  const f = figures(facts);
  // What is in neither file list: shared memory lives on the anonymous lists, locked pages on none.
  const otherFile = f.file - f.shmem - f.activeFile - f.inactiveFile;
  const steps: Step[] = [
    { label: 'usage', bytes: f.usage, kind: 'total' },
    { label: 'anon', bytes: f.anon, kind: 'part' },
    { label: 'shmem', bytes: f.shmem, kind: 'part' },
    { label: 'activeFile', bytes: f.activeFile, kind: 'part' },
    { label: 'inactiveFile', bytes: f.inactiveFile, kind: 'part' },
    { label: 'otherFile', bytes: otherFile, kind: 'part' },
    { label: 'mappedFile', bytes: f.mappedFile, kind: 'of' },
    ...(f.kernelMeasured && facts.wholeMachine ? [] : [{ label: f.kernelMeasured ? 'kernel' : 'kernelBySubtraction', bytes: f.kernel, kind: 'part' } as const]),
    ...(facts.wholeMachine ? [] : kernelParts.map(([label, key]) => ({ label, bytes: facts.stat.get(key) ?? 0, kind: 'of' } as const))),
    ...(f.kernelMeasured ? [{ label: 'remainder', bytes: f.remainder, kind: 'part' } as const] : []),
    { label: 'minusInactiveFile', bytes: -f.inactiveFile, kind: 'minus' },
    { label: 'workingSet', bytes: f.workingSet, kind: 'total' },
  ];
  return steps.filter((s) => s.kind === 'total' || s.bytes !== 0);
}

export interface OomDistance {
  readonly limit: number;
  /** `machine`: there is no limit, and the memory of the machine is what ends. */
  readonly of: 'cgroup' | 'machine';
  /** What can be given back before the killer comes: page cache that is neither shared memory nor locked. */
  readonly reclaimable: number;
  /** usage − reclaimable: the figure that decides. */
  readonly unreclaimable: number;
  readonly distance: number;
}

/** The killer comes when usage cannot be brought under the limit by reclaim; the working set is not what it looks at. */
export function oomDistance(facts: MemoryFacts): OomDistance | undefined {
  if (facts.limit === undefined || facts.wholeMachine) return machineDistance(facts);
  const f = figures(facts);
  const cache = Math.max(0, f.file - f.shmem);
  // Pages on neither list are locked, or on their way to a list in batches that reclaim drains first.
  const offLists = Math.max(0, cache - f.activeFile - f.inactiveFile);
  const reclaimable = cache - Math.min(offLists, statValue(facts, 'unevictable', 'unevictable'));
  const unreclaimable = Math.max(0, f.usage - reclaimable);
  return { limit: facts.limit, of: 'cgroup', reclaimable, unreclaimable, distance: Math.max(0, facts.limit - unreclaimable) };
}

/** By the kernel's own estimate of what it can still give out. */
function machineDistance({ meminfo }: MemoryFacts): OomDistance | undefined {
  const [total, free, available] = ['MemTotal', 'MemFree', 'MemAvailable'].map((key) => meminfo?.get(key));
  if (total === undefined || free === undefined || available === undefined) return undefined;
  return { limit: total, of: 'machine', reclaimable: Math.max(0, available - free), unreclaimable: total - available, distance: available };
}

export interface SampleDifference {
  readonly of: 'kubectl top' | 'docker';
  readonly figure: 'workingSet' | 'usage';
  readonly there: number;
  readonly here: number;
}

/** Readers that looked at another moment, and how far what they saw is from what is explained here. */
export function sampleDifferences(facts: MemoryFacts): SampleDifference[] {
  return [
    ...(facts.top ? [{ of: 'kubectl top', figure: 'workingSet', there: facts.top.workingSet, here: figures(facts).workingSet } as const] : []),
    ...(facts.docker ? [{ of: 'docker', figure: 'usage', there: facts.docker.usage, here: facts.usage } as const] : []),
  ];
}
