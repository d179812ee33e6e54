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
  ['container_blkio_device_usage_total', 'counter', 'Blkio Device bytes usage', (s) =>
    (s.sample.io ?? []).flatMap((d) => {
      const device = { device: deviceOf(s, d), major: String(d.major), minor: String(d.minor) };
      return [[{ ...device, operation: 'Read' }, d.readBytes], [{ ...device, operation: 'Write' }, d.writeBytes]] as const;
    })],
  ['container_cpu_cfs_periods_total', 'counter', 'Number of elapsed enforcement period intervals.', throttle((c) => c.periods)],
  ['container_cpu_cfs_throttled_periods_total', 'counter', 'Number of throttled period intervals.', throttle((c) => c.throttledPeriods)],
  ['container_cpu_cfs_throttled_seconds_total', 'counter', 'Total time duration the container has been throttled.', throttle((c) => seconds(c.throttledTime))],
  ['container_cpu_system_seconds_total', 'counter', 'Cumulative system cpu time consumed in seconds.', one((s) => seconds(s.cpu?.system))],
  ['container_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed in seconds.', (s) => [[{ cpu: 'total' }, seconds(s.sample.cpu?.usage)]]],
  ['container_cpu_user_seconds_total', 'counter', 'Cumulative user cpu time consumed in seconds.', one((s) => seconds(s.cpu?.user))],
  ['container_file_descriptors', 'gauge', 'Number of open file descriptors for the container.', held((p) => p.fileDescriptors)],
  ['container_fs_inodes_free', 'gauge', 'Number of available Inodes', fs((f) => f.inodesFree)],
  ['container_fs_inodes_total', 'gauge', 'Number of Inodes', fs((f) => f.inodes)],
  ['container_fs_io_current', 'gauge', 'Number of I/Os currently in progress', disk((d) => d.inProgress)],
  ['container_fs_io_time_seconds_total', 'counter', 'Cumulative count of seconds spent doing I/Os', disk((d) => d.ioMs / 1000)],
  ['container_fs_io_time_weighted_seconds_total', 'counter', 'Cumulative weighted I/O time in seconds', disk((d) => d.weightedMs / 1000)],
  ['container_fs_limit_bytes', 'gauge', 'Number of bytes that can be consumed by the container on this filesystem.', fs((f) => f.capacity)],
  ['container_fs_read_seconds_total', 'counter', 'Cumulative count of seconds spent reading', disk((d) => d.readMs / 1000)],
  ['container_fs_reads_bytes_total', 'counter', 'Cumulative count of bytes read', io((d) => d.readBytes)],
  ['container_fs_reads_merged_total', 'counter', 'Cumulative count of reads merged', disk((d) => d.readsMerged)],
  ['container_fs_reads_total', 'counter', 'Cumulative count of reads completed', ioOrDisk((d) => d.reads, (d) => d.reads)],
  ['container_fs_sector_reads_total', 'counter', 'Cumulative count of sector reads completed', disk((d) => d.sectorsRead)],
  ['container_fs_sector_writes_total', 'counter', 'Cumulative count of sector writes completed', disk((d) => d.sectorsWritten)],
  ['container_fs_usage_bytes', 'gauge', 'Number of bytes that are consumed by the container on this filesystem.', fs((f) => f.used)],
  ['container_fs_write_seconds_total', 'counter', 'Cumulative count of seconds spent writing', disk((d) => d.writeMs / 1000)],
  ['container_fs_writes_bytes_total', 'counter', 'Cumulative count of bytes written', io((d) => d.writeBytes)],
  ['container_fs_writes_merged_total', 'counter', 'Cumulative count of writes merged', disk((d) => d.writesMerged)],
  ['container_fs_writes_total', 'counter', 'Cumulative count of writes completed', ioOrDisk((d) => d.writes, (d) => d.writes)],
  ['container_last_seen', 'gauge', 'Last time a container was seen by the exporter', one((s) => Math.floor(s.timestamp / 1000))],
  ['container_memory_cache', 'gauge', 'Number of bytes of page cache memory.', one((s) => s.memory?.cache)],
  ['container_memory_failcnt', 'counter', 'Number of memory usage hits limits', one((s) => s.memory?.failcnt)],
  ['container_memory_failures_total', 'counter', 'Cumulative count of memory allocation failures.', (s) => {
    const m = s.sample.memory;
    const own = m?.own ?? m;
    return [
      [{ failure_type: 'pgfault', scope: 'container' }, own?.pageFaults], [{ failure_type: 'pgfault', scope: 'hierarchy' }, m?.pageFaults],
      [{ failure_type: 'pgmajfault', scope: 'container' }, own?.majorPageFaults], [{ failure_type: 'pgmajfault', scope: 'hierarchy' }, m?.majorPageFaults],
    ];
  }],
  ['container_memory_file_dirty_bytes', 'gauge', 'Number of bytes of file cache that has been modified but not yet written back to disk.', one((s) => s.memory?.dirty)],
  ['container_memory_file_writeback_bytes', 'gauge', 'Number of bytes of file cache that is currently being written back to disk.', one((s) => s.memory?.writeback)],
  ['container_memory_kernel_usage', 'gauge', 'Size of kernel memory allocated in bytes.', one((s) => s.memory?.kernel)],
  ['container_memory_mapped_file', 'gauge', 'Size of memory mapped files in bytes.', one((s) => s.memory?.mappedFile)],
  ['container_memory_max_usage_bytes', 'gauge', 'Maximum memory usage recorded in bytes', one((s) => s.memory?.maxUsage)],
  ['container_memory_rss', 'gauge', 'Size of RSS in bytes.', one((s) => s.memory?.rss)],
  ['container_memory_swap', 'gauge', 'Container swap usage in bytes.', one((s) => s.memory?.swap)],
  ['container_memory_total_active_file_bytes', 'gauge', 'Current total active file in bytes.', one((s) => s.memory?.activeFile)],
  ['container_memory_total_inactive_file_bytes', 'gauge', 'Current total inactive file in bytes.', one((s) => s.memory?.inactiveFile)],
  ['container_memory_usage_bytes', 'gauge', 'Current memory usage in bytes, including all memory regardless of when it was accessed', one((s) => s.memory?.usage)],
  ['container_memory_working_set_bytes', 'gauge', 'Current working set in bytes.', one((s) => s.memory?.workingSet)],
  ['container_network_receive_bytes_total', 'counter', 'Cumulative count of bytes received', net((i) => i.rxBytes)],
  ['container_network_receive_errors_total', 'counter', 'Cumulative count of errors encountered while receiving', net((i) => i.rxErrors)],
  ['container_network_receive_packets_dropped_total', 'counter', 'Cumulative count of packets dropped while receiving', net((i) => i.rxDropped)],
  ['container_network_receive_packets_total', 'counter', 'Cumulative count of packets received', net((i) => i.rxPackets)],
  ['container_network_transmit_bytes_total', 'counter', 'Cumulative count of bytes transmitted', net((i) => i.txBytes)],
  ['container_network_transmit_errors_total', 'counter', 'Cumulative count of errors encountered while transmitting', net((i) => i.txErrors)],
  ['container_network_transmit_packets_dropped_total', 'counter', 'Cumulative count of packets dropped while transmitting', net((i) => i.txDropped)],
  ['container_network_transmit_packets_total', 'counter', 'Cumulative count of packets transmitted', net((i) => i.txPackets)],
  ['container_oom_events_total', 'counter', 'Count of out of memory events observed for the container', one((s) => s.memory?.oomKills)],
  ['container_pressure_cpu_stalled_seconds_total', 'counter', 'Total time duration no tasks in the container could make progress due to CPU congestion.', stalled('cpu', 'full')],
  ['container_pressure_cpu_waiting_seconds_total', 'counter', 'Total time duration tasks in the container have waited due to CPU congestion.', stalled('cpu', 'some')],
  ['container_pressure_io_stalled_seconds_total', 'counter', 'Total time duration no tasks in the container could make progress due to IO congestion.', stalled('io', 'full')],
  ['container_pressure_io_waiting_seconds_total', 'counter', 'Total time duration tasks in the container have waited due to IO congestion.', stalled('io', 'some')],
  ['container_pressure_memory_stalled_seconds_total', 'counter', 'Total time duration no tasks in the container could make progress due to memory congestion.', stalled('memory', 'full')],
  ['container_pressure_memory_waiting_seconds_total', 'counter', 'Total time duration tasks in the container have waited due to memory congestion.', stalled('memory', 'some')],
  ['container_processes', 'gauge', 'Number of processes running inside the container.', held((p) => p.processes)],
  ['container_sockets', 'gauge', 'Number of open sockets for the container.', held((p) => p.sockets)],
  ['container_spec_cpu_period', 'gauge', 'CPU period of the container.', (s) => [[undefined, s.spec?.cpuPeriod]]],
  ['container_spec_cpu_quota', 'gauge', 'CPU quota of the container.', (s) => [[undefined, s.spec?.cpuQuota]]],
  ['container_spec_cpu_shares', 'gauge', 'CPU share of the container.', (s) => [[undefined, s.spec?.cpuShares]]],
  ['container_spec_memory_limit_bytes', 'gauge', 'Memory limit for the container.', limit((s) => s.memoryLimit)],
  ['container_spec_memory_reservation_limit_bytes', 'gauge', 'Memory reservation limit for the container.', limit((s) => s.memoryReservation)],
  ['container_spec_memory_swap_limit_bytes', 'gauge', 'Memory swap limit for the container.', limit((s) => s.swapLimit)],
  ['container_start_time_seconds', 'gauge', 'Start time of the container since unix epoch in seconds.', (s) => {
    const at = s.startedAt ?? s.spec?.createdAt;
    return [[undefined, at === undefined ? undefined : Math.floor(at / 1000)]];
  }],
  ['container_threads', 'gauge', 'Number of threads running inside the container', one((s) => s.processes?.threads)],
  ['container_threads_max', 'gauge', 'Maximum number of threads allowed inside the container, infinity if value is zero', one((s) => (s.processes ? (s.processes.threadsMax ?? 0) : undefined))],
  ['container_ulimits_soft', 'gauge', 'Soft ulimit values for the container root process. Unlimited if -1, except priority and nice', (s) => {
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
  const scrape: Family = { name: 'container_scrape_error', type: 'gauge', help: '1 if there was an error while getting container metrics, 0 otherwise', series: [{ value: samples.length === 0 ? 1 : 0 }] };
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
    gauge('cadvisor_version_info', 'A metric with a constant \'1\' value labeled by kernel version, OS version, docker version, cadvisor version & cadvisor revision.', 1, {
      cadvisorRevision: '', cadvisorVersion: version.cadvisor ?? '', dockerVersion: '', kernelVersion: version.kernel, osVersion: version.os,
    }),
    gauge('machine_cpu_cores', 'Number of logical CPU cores.', machine.cores),
    gauge('machine_cpu_physical_cores', 'Number of physical CPU cores.', machine.physicalCores),
    gauge('machine_cpu_sockets', 'Number of CPU sockets.', machine.sockets),
    gauge('machine_memory_bytes', 'Amount of memory installed on the machine.', machine.memoryBytes),
    gauge('machine_swap_bytes', 'Amount of swap memory available on the machine.', machine.swapBytes),
  ]);
}
