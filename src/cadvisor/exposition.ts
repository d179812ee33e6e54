/** Samples under cAdvisor's metric names and labels. */
import { exposition, type Family, type Series } from '../base/exposition.ts';
import type { DiskCounters } from './disks.ts';
import type { FilesystemSample, MachineInfo } from './machine.ts';
import type { ProcessDetail } from './processes.ts';
import type { ContainerSample } from './sample.ts';
import type { ContainerSpec } from './spec.ts';

export interface LabelledSample {
  /** id, name, image, container, pod, namespace: empty where they do not apply. */
  readonly labels: Readonly<Record<string, string>>;
  readonly sample: ContainerSample;
  /** Milliseconds since the epoch; absent when unknown. */
  readonly startedAt?: number;
  readonly spec?: ContainerSpec;
  readonly processes?: ProcessDetail;
  /** Of the whole machine: its file systems; of a container: what it wrote. */
  readonly filesystems?: readonly ExposedFilesystem[];
  /** Names for what the kernel calls `major:minor`. */
  readonly disks?: ReadonlyMap<string, DiskCounters>;
}

export type ExposedFilesystem = FilesystemSample & { readonly disk?: DiskCounters };

type Value = readonly (readonly [Readonly<Record<string, string>> | undefined, number | undefined])[];
type Metric = readonly [name: string, type: 'counter' | 'gauge', help: string, value: (s: LabelledSample) => Value];

const one = (pick: (s: ContainerSample) => number | undefined) => (s: LabelledSample): Value => [[undefined, pick(s.sample)]];
const seconds = (ns: number | undefined): number | undefined => (ns === undefined ? undefined : ns / 1e9);
const stalled = (resource: 'cpu' | 'memory' | 'io', kind: 'some' | 'full') =>
  one((s) => (s.pressure?.[resource] ? s.pressure[resource][kind].total / 1e6 : undefined));
const net = (pick: (i: NonNullable<ContainerSample['network']>[number]) => number) => (s: LabelledSample): Value =>
  (s.sample.network ?? []).map((i) => [{ interface: i.name }, pick(i)] as const);
const deviceOf = (s: LabelledSample, d: { readonly major: number; readonly minor: number }): string => {
  const name = s.disks?.get(`${d.major}:${d.minor}`)?.name;
  return name === undefined ? '' : `/dev/${name}`;
};
/** A device that has no name any more keeps its numbers: two of them must not become one series. */
const io = (pick: (i: NonNullable<ContainerSample['io']>[number]) => number) => (s: LabelledSample): Value =>
  (s.sample.io ?? []).map((d) => [{ device: deviceOf(s, d) || `${d.major}:${d.minor}` }, pick(d)] as const);
const fs = (pick: (f: FilesystemSample) => number) => (s: LabelledSample): Value => (s.filesystems ?? []).map((f) => [{ device: f.device }, pick(f)] as const);
const disk = (pick: (d: DiskCounters) => number) => (s: LabelledSample): Value =>
  (s.filesystems ?? []).flatMap((f) => (f.disk ? [[{ device: f.device }, pick(f.disk)] as const] : []));
/** The cgroup's own counts, and for the machine those of the disks that its cgroup does not name. */
const ioOrDisk = (own: (i: NonNullable<ContainerSample['io']>[number]) => number, whole: (d: DiskCounters) => number) => (s: LabelledSample): Value => {
  const counted = io(own)(s);
  const named = new Set(counted.map(([labels]) => labels!['device']));
  return [...counted, ...disk(whole)(s).filter(([labels]) => !named.has(labels!['device']!))];
};
/** Only where a quota is set, as upstream has it. */
const throttle = (pick: (c: NonNullable<ContainerSample['cpu']>) => number | undefined) => (s: LabelledSample): Value =>
  [[undefined, s.spec?.cpuQuota === undefined || !s.sample.cpu ? undefined : pick(s.sample.cpu)]];
const limit = (pick: (spec: ContainerSpec) => number | undefined) => (s: LabelledSample): Value => [[undefined, s.sample.memory ? (pick(s.spec ?? {}) ?? 0) : undefined]];
const held = (pick: (p: ProcessDetail) => number) => (s: LabelledSample): Value => [[undefined, s.processes && pick(s.processes)]];

/** In alphabetical order, as they are exposed. */
const metrics: readonly Metric[] = [
  ['container_blkio_device_usage_total', 'counter', 'Bytes read from and written to block devices.', (s) =>
    (s.sample.io ?? []).flatMap((d) => {
      const device = { device: deviceOf(s, d), major: String(d.major), minor: String(d.minor) };
      return [[{ ...device, operation: 'Read' }, d.readBytes], [{ ...device, operation: 'Write' }, d.writeBytes]] as const;
    })],
  ['container_cpu_cfs_periods_total', 'counter', 'Periods in which the quota of CPU was applied.', throttle((c) => c.periods)],
  ['container_cpu_cfs_throttled_periods_total', 'counter', 'Periods in which the quota of CPU ran out.', throttle((c) => c.throttledPeriods)],
  ['container_cpu_cfs_throttled_seconds_total', 'counter', 'Seconds without CPU because the quota had run out.', throttle((c) => seconds(c.throttledTime))],
  ['container_cpu_system_seconds_total', 'counter', 'Seconds of CPU used in the kernel.', one((s) => seconds(s.cpu?.system))],
  ['container_cpu_usage_seconds_total', 'counter', 'Seconds of CPU used.', (s) => [[{ cpu: 'total' }, seconds(s.sample.cpu?.usage)]]],
  ['container_cpu_user_seconds_total', 'counter', 'Seconds of CPU used outside the kernel.', one((s) => seconds(s.cpu?.user))],
  ['container_file_descriptors', 'gauge', 'Descriptors that are open.', held((p) => p.fileDescriptors)],
  ['container_fs_inodes_free', 'gauge', 'Inodes that the file system has left.', fs((f) => f.inodesFree)],
  ['container_fs_inodes_total', 'gauge', 'Inodes that the file system can have.', fs((f) => f.inodes)],
  ['container_fs_io_current', 'gauge', 'Reads and writes under way.', disk((d) => d.inProgress)],
  ['container_fs_io_time_seconds_total', 'counter', 'Seconds in which the disk was busy.', disk((d) => d.ioMs / 1000)],
  ['container_fs_io_time_weighted_seconds_total', 'counter', 'Seconds in which the disk was busy, times the requests under way.', disk((d) => d.weightedMs / 1000)],
  ['container_fs_limit_bytes', 'gauge', 'Bytes that the file system has room for.', fs((f) => f.capacity)],
  ['container_fs_read_seconds_total', 'counter', 'Seconds that reads took, together.', disk((d) => d.readMs / 1000)],
  ['container_fs_reads_bytes_total', 'counter', 'Bytes read.', io((d) => d.readBytes)],
  ['container_fs_reads_merged_total', 'counter', 'Reads that were merged with others.', disk((d) => d.readsMerged)],
  ['container_fs_reads_total', 'counter', 'Reads done.', ioOrDisk((d) => d.reads, (d) => d.reads)],
  ['container_fs_sector_reads_total', 'counter', 'Sectors read.', disk((d) => d.sectorsRead)],
  ['container_fs_sector_writes_total', 'counter', 'Sectors written.', disk((d) => d.sectorsWritten)],
  ['container_fs_usage_bytes', 'gauge', 'Bytes of the file system that are taken.', fs((f) => f.used)],
  ['container_fs_write_seconds_total', 'counter', 'Seconds that writes took, together.', disk((d) => d.writeMs / 1000)],
  ['container_fs_writes_bytes_total', 'counter', 'Bytes written.', io((d) => d.writeBytes)],
  ['container_fs_writes_merged_total', 'counter', 'Writes that were merged with others.', disk((d) => d.writesMerged)],
  ['container_fs_writes_total', 'counter', 'Writes done.', ioOrDisk((d) => d.writes, (d) => d.writes)],
  ['container_last_seen', 'gauge', 'When the figures were taken, as a Unix time.', one((s) => Math.floor(s.timestamp / 1000))],
  ['container_memory_cache', 'gauge', 'Bytes in the page cache.', one((s) => s.memory?.cache)],
  ['container_memory_failcnt', 'counter', 'How often memory met its limit.', one((s) => s.memory?.failcnt)],
  ['container_memory_failures_total', 'counter', 'Page faults, minor and major.', (s) => {
    const m = s.sample.memory;
    const own = m?.own ?? m;
    return [
      [{ failure_type: 'pgfault', scope: 'container' }, own?.pageFaults], [{ failure_type: 'pgfault', scope: 'hierarchy' }, m?.pageFaults],
      [{ failure_type: 'pgmajfault', scope: 'container' }, own?.majorPageFaults], [{ failure_type: 'pgmajfault', scope: 'hierarchy' }, m?.majorPageFaults],
    ];
  }],
  ['container_memory_file_dirty_bytes', 'gauge', 'Bytes of files that wait to be written to disk.', one((s) => s.memory?.dirty)],
  ['container_memory_file_writeback_bytes', 'gauge', 'Bytes of files that are on their way to disk.', one((s) => s.memory?.writeback)],
  ['container_memory_kernel_usage', 'gauge', 'Bytes that the kernel holds for the container.', one((s) => s.memory?.kernel)],
  ['container_memory_mapped_file', 'gauge', 'Bytes of files mapped into memory.', one((s) => s.memory?.mappedFile)],
  ['container_memory_max_usage_bytes', 'gauge', 'The most bytes of memory ever in use.', one((s) => s.memory?.maxUsage)],
  ['container_memory_rss', 'gauge', 'Bytes of memory that belong to no file.', one((s) => s.memory?.rss)],
  ['container_memory_swap', 'gauge', 'Bytes that are swapped out.', one((s) => s.memory?.swap)],
  ['container_memory_total_active_file_bytes', 'gauge', 'Bytes of files that were used of late.', one((s) => s.memory?.activeFile)],
  ['container_memory_total_inactive_file_bytes', 'gauge', 'Bytes of files that were not used of late.', one((s) => s.memory?.inactiveFile)],
  ['container_memory_usage_bytes', 'gauge', 'Bytes of memory in use, old pages of files included.', one((s) => s.memory?.usage)],
  ['container_memory_working_set_bytes', 'gauge', 'Bytes of memory in use that could not be dropped at once.', one((s) => s.memory?.workingSet)],
  ['container_network_receive_bytes_total', 'counter', 'Bytes that came in.', net((i) => i.rxBytes)],
  ['container_network_receive_errors_total', 'counter', 'Packets that came in broken.', net((i) => i.rxErrors)],
  ['container_network_receive_packets_dropped_total', 'counter', 'Packets that came in and were thrown away.', net((i) => i.rxDropped)],
  ['container_network_receive_packets_total', 'counter', 'Packets that came in.', net((i) => i.rxPackets)],
  ['container_network_transmit_bytes_total', 'counter', 'Bytes that went out.', net((i) => i.txBytes)],
  ['container_network_transmit_errors_total', 'counter', 'Packets that failed to go out.', net((i) => i.txErrors)],
  ['container_network_transmit_packets_dropped_total', 'counter', 'Packets that were thrown away before they went out.', net((i) => i.txDropped)],
  ['container_network_transmit_packets_total', 'counter', 'Packets that went out.', net((i) => i.txPackets)],
  ['container_oom_events_total', 'counter', 'Processes killed for want of memory.', one((s) => s.memory?.oomKills)],
  ['container_pressure_cpu_stalled_seconds_total', 'counter', 'Seconds in which every task waited for CPU.', stalled('cpu', 'full')],
  ['container_pressure_cpu_waiting_seconds_total', 'counter', 'Seconds in which some task waited for CPU.', stalled('cpu', 'some')],
  ['container_pressure_io_stalled_seconds_total', 'counter', 'Seconds in which every task waited for disks.', stalled('io', 'full')],
  ['container_pressure_io_waiting_seconds_total', 'counter', 'Seconds in which some task waited for disks.', stalled('io', 'some')],
  ['container_pressure_memory_stalled_seconds_total', 'counter', 'Seconds in which every task waited for memory.', stalled('memory', 'full')],
  ['container_pressure_memory_waiting_seconds_total', 'counter', 'Seconds in which some task waited for memory.', stalled('memory', 'some')],
  ['container_processes', 'gauge', 'Processes that there are.', held((p) => p.processes)],
  ['container_sockets', 'gauge', 'Sockets that are open.', held((p) => p.sockets)],
  ['container_spec_cpu_period', 'gauge', 'Microseconds for which a quota of CPU is given.', (s) => [[undefined, s.spec?.cpuPeriod]]],
  ['container_spec_cpu_quota', 'gauge', 'Microseconds of CPU in each period.', (s) => [[undefined, s.spec?.cpuQuota]]],
  ['container_spec_cpu_shares', 'gauge', 'Weight against others when CPU is short.', (s) => [[undefined, s.spec?.cpuShares]]],
  ['container_spec_memory_limit_bytes', 'gauge', 'Bytes of memory that are allowed; 0 where there is no limit.', limit((s) => s.memoryLimit)],
  ['container_spec_memory_reservation_limit_bytes', 'gauge', 'Bytes of memory that are left alone when memory is short; 0 where there are none.', limit((s) => s.memoryReservation)],
  ['container_spec_memory_swap_limit_bytes', 'gauge', 'Bytes of memory and swap that are allowed; 0 where there is no limit.', limit((s) => s.swapLimit)],
  ['container_start_time_seconds', 'gauge', 'When the container started, as a Unix time.', (s) => {
    const at = s.startedAt ?? s.spec?.createdAt;
    return [[undefined, at === undefined ? undefined : Math.floor(at / 1000)]];
  }],
  ['container_threads', 'gauge', 'Threads that there are.', one((s) => s.processes?.threads)],
  ['container_threads_max', 'gauge', 'Threads that are allowed; 0 where there is no limit.', one((s) => (s.processes ? (s.processes.threadsMax ?? 0) : undefined))],
  ['container_ulimits_soft', 'gauge', 'Soft limits of the first process; -1 where there is none.', (s) => {
    const soft = s.processes?.openFiles?.soft;
    return [[{ ulimit: 'max_open_files' }, soft === Infinity ? -1 : soft]];
  }],
];

/** What upstream stamps with no time: it comes from the cgroup's settings, not from a sample. */
const untimed = /^container_(spec_|start_time_)/;

function sortedLabels(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const all: Record<string, string> = { ...a, ...b };
  return Object.fromEntries(Object.keys(all).sort().map((key) => [key, all[key]!]));
}

export function containerMetrics(samples: readonly LabelledSample[]): string {
  const scrape: Family = { name: 'container_scrape_error', type: 'gauge', help: '1 where no figures could be read, else 0.', series: [{ value: samples.length === 0 ? 1 : 0 }] };
  const families = metrics.map(([name, type, help, value]): Family => {
    const series: Series[] = [];
    for (const s of samples) {
      for (const [extra, number] of value(s)) {
        if (number !== undefined) series.push({ labels: sortedLabels(s.labels, extra), value: number, ...(untimed.test(name) ? {} : { timestamp: s.sample.timestamp }) });
      }
    }
    return { name, type, help, series };
  });
  return exposition([...families, scrape].sort((a, b) => (a.name < b.name ? -1 : 1)));
}

export function machineMetrics(machine: MachineInfo, version: { kernel: string; os: string; cadvisor?: string }): string {
  const ids = { boot_id: machine.bootId, machine_id: machine.machineId, system_uuid: machine.systemUuid };
  const gauge = (name: string, help: string, value: number, labels: Record<string, string> = ids): Family => ({ name, help, type: 'gauge', series: [{ labels, value }] });
  return exposition([
    gauge('cadvisor_version_info', 'Always 1; the labels say which kernel, system and cadvisor this is.', 1, {
      cadvisorRevision: '', cadvisorVersion: version.cadvisor ?? '', dockerVersion: '', kernelVersion: version.kernel, osVersion: version.os,
    }),
    gauge('machine_cpu_cores', 'CPUs that the system sees.', machine.cores),
    gauge('machine_cpu_physical_cores', 'Cores of all processors.', machine.physicalCores),
    gauge('machine_cpu_sockets', 'Processors.', machine.sockets),
    gauge('machine_memory_bytes', 'Memory of the machine, in bytes.', machine.memoryBytes),
    gauge('machine_swap_bytes', 'Swap of the machine, in bytes.', machine.swapBytes),
  ]);
}
