/** The Summary API (stats/v1alpha1): its JSON is read by older metrics-servers, autoscalers and people. */
import { timestamp } from '../../base/clock.ts';
import { processIds } from '../../cadvisor/layout.ts';
import { readFilesystem } from '../../cadvisor/machine.ts';
import { readInterfaces } from '../../cadvisor/network.ts';
import type { Monitor } from '../../cadvisor/monitor.ts';
import type { MachineInfo } from '../../cadvisor/machine.ts';
import { readSwapLimit } from '../../cadvisor/spec.ts';
import type { ContainerSample, InterfaceSample, Pressure } from '../../cadvisor/sample.ts';
import type { DiskUsage } from './disk.ts';
import { writableLayer } from './rootfs.ts';
import type { ContainerSource, PodSource, StatsSource } from './source.ts';

export interface SummaryDependencies {
  readonly monitor: Monitor;
  readonly machine: MachineInfo;
  readonly source: StatsSource;
  readonly disk: DiskUsage;
  readonly now: () => number;
}

export interface CpuStats { time: string; usageNanoCores?: number; usageCoreNanoSeconds?: number; psi?: Psi }
export interface MemoryStats { time: string; availableBytes?: number; usageBytes?: number; workingSetBytes?: number; rssBytes?: number; pageFaults?: number; majorPageFaults?: number; psi?: Psi }
export interface FsStats { time: string; availableBytes?: number; capacityBytes?: number; usedBytes?: number; inodesFree?: number; inodes?: number; inodesUsed?: number }
export interface SwapStats { time: string; swapAvailableBytes?: number; swapUsageBytes?: number }
export interface NetworkStats { time: string; name: string; rxBytes?: number; rxErrors?: number; txBytes?: number; txErrors?: number; interfaces?: Omit<NetworkStats, 'time' | 'interfaces'>[] }
interface Psi { full: { total: number; avg10: number; avg60: number; avg300: number }; some: Psi['full'] }
export interface ContainerStats { name: string; startTime: string; cpu?: CpuStats; memory?: MemoryStats; io?: { time: string; psi?: Psi }; rootfs?: FsStats; logs?: FsStats; swap?: SwapStats }
export interface PodStats {
  podRef: { name: string; namespace: string; uid: string };
  startTime: string;
  containers: ContainerStats[];
  cpu?: CpuStats;
  memory?: MemoryStats;
  io?: { time: string; psi?: Psi };
  network?: NetworkStats;
  volume?: (FsStats & { name: string; pvcRef?: { name: string; namespace: string } })[];
  'ephemeral-storage'?: FsStats;
  process_stats?: { process_count: number };
  swap?: SwapStats;
}
export interface Summary {
  node: {
    nodeName: string; systemContainers?: ContainerStats[]; startTime: string; cpu?: CpuStats; memory?: MemoryStats; io?: { time: string; psi?: Psi }; network?: NetworkStats; fs?: FsStats;
    runtime?: { imageFs?: FsStats; containerFs?: FsStats }; rlimit?: { time: string; maxpid?: number; curproc?: number }; swap?: SwapStats;
  };
  pods: PodStats[];
}

function psi(pressure: Pressure | undefined): { psi?: Psi } {
  if (!pressure) return {};
  const line = (p: Pressure['some']) => ({ total: p.total * 1000, avg10: p.avg10, avg60: p.avg60, avg300: p.avg300 });
  return { psi: { full: line(pressure.full), some: line(pressure.some) } };
}

interface Parts { cpu?: CpuStats; memory?: MemoryStats; io?: { time: string; psi?: Psi }; swap?: SwapStats }

/** `capacity`: the machine's memory where the cgroup is the node's; otherwise availability follows the limit, as upstream has it. */
function parts(monitor: Monitor, cgroup: string, sample: ContainerSample, machine: MachineInfo, capacity?: number): Parts {
  const time = timestamp(sample.timestamp);
  const nano = monitor.nanoCores(cgroup);
  const m = sample.memory;
  const limit = capacity ?? m?.limit;
  const swap = m && (capacity === undefined ? readSwapLimit(monitor.layout, cgroup) : machine.swapBytes);
  return {
    ...(sample.cpu ? { cpu: { time, ...(nano !== undefined ? { usageNanoCores: nano } : {}), usageCoreNanoSeconds: sample.cpu.usage, ...psi(sample.pressure?.cpu) } } : {}),
    ...(m
      ? {
          memory: {
            time, ...(limit !== undefined ? { availableBytes: Math.max(0, limit - m.workingSet) } : {}),
            usageBytes: m.usage, workingSetBytes: m.workingSet, rssBytes: m.rss, pageFaults: m.pageFaults, majorPageFaults: m.majorPageFaults, ...psi(sample.pressure?.memory),
          },
          swap: { time, ...(swap !== undefined ? { swapAvailableBytes: Math.max(0, swap - m.swap) } : {}), swapUsageBytes: m.swap },
        }
      : {}),
    ...(sample.pressure?.io ? { io: { time, ...psi(sample.pressure.io) } } : {}),
  };
}

/** `used`: what a folder on the file system takes; null while it is not measured yet. Without it: the whole file system's. */
function fs(path: string, now: number, used?: { bytes: number; inodes: number } | null): FsStats | undefined {
  const s = readFilesystem(path);
  if (!s) return undefined;
  const { bytes, inodes } = used === undefined ? { bytes: s.used, inodes: s.inodes - s.inodesFree } : (used ?? {});
  return {
    time: timestamp(now), availableBytes: s.available, capacityBytes: s.capacity, ...(bytes !== undefined ? { usedBytes: bytes } : {}),
    inodesFree: s.inodesFree, inodes: s.inodes, ...(inodes !== undefined ? { inodesUsed: inodes } : {}),
  };
}

/** A folder's share of its file system. */
function folder(d: SummaryDependencies, path: string): FsStats | undefined {
  return fs(path, d.now(), d.disk.usage(path) ?? null);
}

function network(interfaces: readonly InterfaceSample[] | undefined, now: number): { network?: NetworkStats } {
  const first = interfaces?.find((i) => i.name === 'eth0') ?? interfaces?.[0];
  if (!first) return {};
  const one = (i: InterfaceSample) => ({ name: i.name, rxBytes: i.rxBytes, rxErrors: i.rxErrors, txBytes: i.txBytes, txErrors: i.txErrors });
  return { network: { time: timestamp(now), ...one(first), interfaces: interfaces!.map(one) } };
}

/** CPU and memory are read now; a container that is gone, or that has not started, is left out. */
function containerStats(d: SummaryDependencies, c: ContainerSource, onlyCpuAndMemory: boolean): ContainerStats | undefined {
  const sample = c.running ? d.monitor.read(c.cgroup) : undefined;
  if (!sample) return undefined;
  const { io, ...rest } = parts(d.monitor, c.cgroup, sample, d.machine);
  const out: ContainerStats = { name: c.name, startTime: timestamp(c.startedAt), ...rest };
  if (onlyCpuAndMemory) return out;
  if (io) out.io = io;
  const layer = c.rootfsPath ?? writableLayer(d.monitor.layout, c.cgroup);
  const rootfs = layer ? folder(d, layer) : undefined;
  if (rootfs) out.rootfs = rootfs;
  const logs = c.logPath ? folder(d, c.logPath) : undefined;
  if (logs) out.logs = logs;
  return out;
}

function podStats(d: SummaryDependencies, pod: PodSource, onlyCpuAndMemory: boolean): PodStats | undefined {
  const containers = pod.containers.map((c) => containerStats(d, c, onlyCpuAndMemory)).filter((c) => c !== undefined);
  const sample = d.monitor.read(pod.cgroup);
  if (!sample && containers.length === 0) return undefined;
  const out: PodStats = {
    podRef: { name: pod.name, namespace: pod.namespace, uid: pod.uid }, startTime: timestamp(pod.startedAt), containers,
    ...(sample ? parts(d.monitor, pod.cgroup, sample, d.machine) : {}),
  };
  if (onlyCpuAndMemory) return out;
  const cgroups = [pod.cgroup, ...(pod.sandbox ? [pod.sandbox.cgroup] : []), ...pod.containers.filter((c) => c.running).map((c) => c.cgroup)];
  out.process_stats = { process_count: cgroups.reduce((sum, cgroup) => sum + processIds(d.monitor.layout, cgroup).length, 0) };
  if (!pod.hostNetwork && pod.sandbox?.pid !== undefined) Object.assign(out, network(readInterfaces(pod.sandbox.pid), d.now()));
  const volumes = pod.volumes.flatMap((v) => {
    const stats = folder(d, v.path);
    return stats ? [{ ...stats, name: v.name, ...(v.claim ? { pvcRef: { ...v.claim } } : {}) }] : [];
  });
  if (volumes.length) out.volume = volumes;
  // Known once all of its parts are.
  const own = new Set(pod.volumes.filter((v) => v.ephemeral).map((v) => v.name));
  const local = [...containers.flatMap((c) => [c.rootfs, c.logs]), ...volumes.filter((v) => own.has(v.name))].filter((s) => s !== undefined);
  const ephemeral = local.length === 0 || local.some((s) => s.usedBytes === undefined) ? undefined : fs(d.source.node().rootDir, d.now(), sumUsage(local));
  if (ephemeral) out['ephemeral-storage'] = ephemeral;
  return out;
}

export function claimUsage(d: SummaryDependencies): { namespace: string; name: string; fs: FsStats }[] {
  const found = new Map<string, { namespace: string; name: string; fs: FsStats }>();
  for (const pod of d.source.pods()) {
    for (const { claim, path } of pod.volumes) {
      const stats = claim && !found.has(`${claim.namespace}/${claim.name}`) ? folder(d, path) : undefined;
      if (claim && stats) found.set(`${claim.namespace}/${claim.name}`, { ...claim, fs: stats });
    }
  }
  return [...found.values()];
}

function sumUsage(stats: readonly FsStats[]): { bytes: number; inodes: number } {
  return stats.reduce((sum, s) => ({ bytes: sum.bytes + (s.usedBytes ?? 0), inodes: sum.inodes + (s.inodesUsed ?? 0) }), { bytes: 0, inodes: 0 });
}

export function readSummary(d: SummaryDependencies, options: { onlyCpuAndMemory: boolean }): Summary {
  const node = d.source.node();
  const sample = d.monitor.read(node.cgroup);
  const pods = d.source.pods().map((p) => podStats(d, p, options.onlyCpuAndMemory)).filter((p) => p !== undefined);
  const out: Summary = {
    node: { nodeName: node.name, startTime: timestamp(node.startedAt), ...(sample ? parts(d.monitor, node.cgroup, sample, d.machine, d.machine.memoryBytes) : {}) },
    pods,
  };
  if (options.onlyCpuAndMemory) return out;
  out.node.systemContainers = node.systemContainers.flatMap((c) => {
    const s = d.monitor.read(c.cgroup);
    return s ? [{ name: c.name, startTime: timestamp(c.startedAt), ...parts(d.monitor, c.cgroup, s, d.machine) }] : [];
  });
  Object.assign(out.node, network(readInterfaces('self'), d.now()));
  const [rootFs, imageFs] = [fs(node.rootDir, d.now()), folder(d, node.imageDir)];
  if (rootFs) out.node.fs = rootFs;
  if (imageFs) out.node.runtime = { imageFs, containerFs: imageFs };
  out.node.rlimit = d.disk.processes(d.now());
  return out;
}
