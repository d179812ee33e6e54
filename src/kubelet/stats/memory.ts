/**
 * `/stats/memory/NAMESPACE/POD` and `/stats/memory`: the kernel's own files about a pod's (or the node's) memory, all read in one go.
 * A path of k7s alone; `k7s top explain` works on it. Numbers are not interpreted here.
 */
import { join } from 'node:path';
import { timestamp } from '../../base/clock.ts';
import { readText } from '../../cadvisor/files.ts';
import { processIds, type CgroupLayout } from '../../cadvisor/layout.ts';
import type { SummaryDependencies } from './summary.ts';

export interface CgroupFiles {
  readonly cgroup: string;
  /** By file name; what the kernel does not have is absent. */
  readonly files: Readonly<Record<string, string>>;
}

export interface ProcessMemory {
  readonly pid: number;
  readonly command: string;
  /** Bytes. */
  readonly rss: number;
  readonly pss?: number;
  readonly shared?: number;
}

export interface MemoryReading {
  /** RFC 3339. */
  readonly time: string;
  readonly node: string;
  readonly cgroupVersion: 1 | 2;
  readonly meminfo: string;
  readonly root: CgroupFiles;
  /** What all pods are in. */
  readonly pods?: CgroupFiles;
  readonly pod?: CgroupFiles & { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly sandbox?: CgroupFiles;
  readonly containers: readonly (CgroupFiles & { readonly name: string; readonly id: string; readonly startedAt: string; readonly processes: readonly ProcessMemory[] })[];
}

const filesV1 = ['memory.usage_in_bytes', 'memory.max_usage_in_bytes', 'memory.limit_in_bytes', 'memory.stat', 'memory.kmem.usage_in_bytes', 'memory.failcnt', 'memory.oom_control', 'memory.memsw.usage_in_bytes'];
const filesV2 = ['memory.current', 'memory.peak', 'memory.max', 'memory.stat', 'memory.swap.current', 'memory.events', 'memory.pressure'];

function readFiles(layout: CgroupLayout, cgroup: string): CgroupFiles | undefined {
  const folder = layout.version === 2 ? join(layout.root, cgroup) : layout.controllers['memory'] && join(layout.controllers['memory'], cgroup);
  if (!folder) return undefined;
  const files: Record<string, string> = {};
  for (const name of layout.version === 2 ? filesV2 : filesV1) {
    const text = readText(join(folder, name));
    if (text !== undefined) files[name] = text;
  }
  return files['memory.stat'] === undefined ? undefined : { cgroup, files };
}

function readProcess(pid: number): ProcessMemory | undefined {
  const status = readText(`/proc/${pid}/status`);
  if (!status) return undefined;
  const kib = (text: string, key: string): number | undefined => {
    const found = new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)?.[1];
    return found === undefined ? undefined : Number(found) * 1024;
  };
  const smaps = readText(`/proc/${pid}/smaps_rollup`) ?? '';
  const [pss, clean, dirty] = [kib(smaps, 'Pss'), kib(smaps, 'Shared_Clean'), kib(smaps, 'Shared_Dirty')];
  const command = (readText(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim() || (/^Name:\s+(.*)$/m.exec(status)?.[1] ?? '');
  return { pid, command, rss: kib(status, 'VmRSS') ?? 0, ...(pss !== undefined ? { pss } : {}), ...(clean !== undefined && dirty !== undefined ? { shared: clean + dirty } : {}) };
}

/** Without a pod: the node alone. Undefined when there is no such pod here. */
export function readMemory(d: SummaryDependencies, pod?: { namespace: string; name: string }): MemoryReading | undefined {
  const { layout } = d.monitor;
  const node = d.source.node();
  const root = readFiles(layout, node.cgroup);
  if (!root) return undefined;
  const source = pod && d.source.pods().find((p) => p.namespace === pod.namespace && p.name === pod.name);
  if (pod && !source) return undefined;
  const all = node.systemContainers.find((c) => c.name === 'pods');
  const pods = all && !pod ? readFiles(layout, all.cgroup) : undefined;
  const of = source ? readFiles(layout, source.cgroup) : undefined;
  const sandbox = source?.sandbox ? readFiles(layout, source.sandbox.cgroup) : undefined;
  return {
    time: timestamp(d.now()), node: node.name, cgroupVersion: layout.version, meminfo: readText('/proc/meminfo') ?? '', root,
    ...(pods ? { pods } : {}),
    ...(source && of ? { pod: { ...of, namespace: source.namespace, name: source.name, uid: source.uid } } : {}),
    ...(sandbox ? { sandbox } : {}),
    containers: (source?.containers ?? []).filter((c) => c.running).flatMap((c) => {
      const files = readFiles(layout, c.cgroup);
      if (!files) return [];
      const processes = processIds(layout, c.cgroup).map(readProcess).filter((p) => p !== undefined);
      return [{ ...files, name: c.name, id: c.id, startedAt: timestamp(c.startedAt), processes }];
    }),
  };
}
