/** The JSON of cAdvisor's REST API, version 1.3 and 2.1, made of our samples. */
import { join } from 'node:path';
import { readNumber, readText } from '../files.ts';
import { children, type CgroupLayout } from '../layout.ts';
import type { FilesystemSample, MachineInfo } from '../machine.ts';
import type { Monitor } from '../monitor.ts';
import type { ContainerSample, DeviceIo, Pressure } from '../sample.ts';

type Json = Record<string, unknown>;

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function psi(p: Pressure | undefined): Json {
  const zero = { avg10: 0, avg60: 0, avg300: 0, total: 0 };
  // Nanoseconds here, microseconds in the kernel's files.
  const line = (l: Pressure['some']): Json => ({ total: l.total * 1000, avg10: l.avg10, avg60: l.avg60, avg300: l.avg300 });
  return { full: line(p?.full ?? zero), some: line(p?.some ?? zero) };
}

function diskIo(io: readonly DeviceIo[] | undefined): Json {
  if (!io?.length) return {};
  const per = (read: keyof DeviceIo, write: keyof DeviceIo): Json[] => io.map((d) => ({ device: '', major: d.major, minor: d.minor, stats: { Read: d[read], Write: d[write], Total: d[read] + d[write] } }));
  return { io_service_bytes: per('readBytes', 'writeBytes'), io_serviced: per('reads', 'writes') };
}

export function cpuJson(s: ContainerSample): Json {
  const c = s.cpu;
  return {
    usage: { total: c?.usage ?? 0, ...(c?.perCpu ? { per_cpu_usage: c.perCpu } : {}), user: c?.user ?? 0, system: c?.system ?? 0 },
    cfs: { periods: c?.periods ?? 0, throttled_periods: c?.throttledPeriods ?? 0, throttled_time: c?.throttledTime ?? 0 },
    load_average: 0, psi: psi(s.pressure?.cpu),
  };
}

export function memoryJson(s: ContainerSample): Json {
  const m = s.memory;
  const faults = (f: { pageFaults: number; majorPageFaults: number } | undefined): Json => ({ pgfault: f?.pageFaults ?? 0, pgmajfault: f?.majorPageFaults ?? 0 });
  return {
    usage: m?.usage ?? 0, max_usage: m?.maxUsage ?? 0, cache: m?.cache ?? 0, rss: m?.rss ?? 0, swap: m?.swap ?? 0, mapped_file: m?.mappedFile ?? 0, working_set: m?.workingSet ?? 0,
    total_active_file: m?.activeFile ?? 0, total_inactive_file: m?.inactiveFile ?? 0, file_dirty: m?.dirty ?? 0, file_writeback: m?.writeback ?? 0, failcnt: m?.failcnt ?? 0, kernel: m?.kernel ?? 0,
    container_data: faults(m?.own ?? m), hierarchical_data: faults(m), psi: psi(s.pressure?.memory),
  };
}

function networkJson(s: ContainerSample): Json {
  const interfaces = (s.network ?? []).map((i) => ({
    name: i.name, rx_bytes: i.rxBytes, rx_packets: i.rxPackets, rx_errors: i.rxErrors, rx_dropped: i.rxDropped,
    tx_bytes: i.txBytes, tx_packets: i.txPackets, tx_errors: i.txErrors, tx_dropped: i.txDropped,
  }));
  return { ...(interfaces[0] ?? { name: '', rx_bytes: 0, rx_packets: 0, rx_errors: 0, rx_dropped: 0, tx_bytes: 0, tx_packets: 0, tx_errors: 0, tx_dropped: 0 }), interfaces };
}

export function statsJson(s: ContainerSample, filesystem?: FilesystemSample): Json {
  return {
    timestamp: iso(s.timestamp),
    cpu: cpuJson(s),
    diskio: { ...diskIo(s.io), psi: psi(s.pressure?.io) },
    memory: memoryJson(s),
    ...(s.network ? { network: networkJson(s) } : {}),
    ...(filesystem ? { filesystem: [{ device: filesystem.device, type: 'vfs', capacity: filesystem.capacity, usage: filesystem.used, available: filesystem.available, has_inodes: true, inodes: filesystem.inodes, inodes_free: filesystem.inodesFree }] } : {}),
    processes: { process_count: s.processes?.processes ?? 0, fd_count: s.processes?.fileDescriptors ?? 0, socket_count: s.processes?.sockets ?? 0, threads_current: s.processes?.threads ?? 0, threads_max: s.processes?.threadsMax ?? 0 },
  };
}

function spec(layout: CgroupLayout, name: string, s: ContainerSample | undefined, machine: MachineInfo): Json {
  const cpuFolder = layout.version === 1 ? layout.controllers['cpu'] : undefined;
  const cpu = (file: string): number | undefined => (cpuFolder ? readNumber(join(cpuFolder, name, file)) : undefined);
  const quota = cpu('cpu.cfs_quota_us');
  const mask = readText(join(layout.version === 1 ? (layout.controllers['cpuset'] ?? '') : layout.root, name, layout.version === 1 ? 'cpuset.cpus' : 'cpuset.cpus.effective'));
  return {
    has_cpu: s?.cpu !== undefined,
    cpu: { limit: cpu('cpu.shares') ?? 0, max_limit: 0, mask: (mask ?? '').trim() || `0-${machine.cores - 1}`, ...(quota !== undefined && quota > 0 ? { quota } : {}), period: cpu('cpu.cfs_period_us') ?? 100_000 },
    has_memory: s?.memory !== undefined,
    memory: { limit: s?.memory?.limit ?? machine.memoryBytes },
    has_network: s?.network !== undefined, has_processes: s?.processes !== undefined, processes: s?.processes?.threadsMax ? { limit: s.processes.threadsMax } : {},
    has_filesystem: name === '/', has_diskio: (s?.io?.length ?? 0) > 0, has_hugetlb: false, has_custom_metrics: false,
  };
}

/** `/api/v1.3/containers/…`; undefined when there is no such cgroup. */
export function containerJson(monitor: Monitor, name: string, machine: MachineInfo, count: number, filesystem?: FilesystemSample): Json | undefined {
  const newest = monitor.latest(name, 1000);
  if (!newest) return undefined;
  const samples = monitor.history(name).slice(-count);
  return {
    name,
    subcontainers: children(monitor.layout, name).map((child) => ({ name: child })),
    spec: spec(monitor.layout, name, newest, machine),
    stats: (samples.length ? samples : [newest]).map((s) => statsJson(s, filesystem)),
  };
}

/** An entry of `/api/v2.1/stats`: parts that are not there are absent. */
export function statsV2Json(s: ContainerSample): Json {
  return {
    timestamp: iso(s.timestamp),
    ...(s.cpu ? { cpu: cpuJson(s) } : {}), ...(s.memory ? { memory: memoryJson(s) } : {}), ...(s.io?.length ? { diskio: diskIo(s.io) } : {}),
    ...(s.network ? { network: { interfaces: networkJson(s)['interfaces'] } } : {}), ...(s.processes ? { processes: { threads_current: s.processes.threads } } : {}),
  };
}

export function machineJson(machine: MachineInfo, filesystem: FilesystemSample | undefined, now: number): Json {
  return {
    timestamp: iso(now), num_cores: machine.cores, num_physical_cores: machine.cores, num_sockets: 1, memory_capacity: machine.memoryBytes, swap_capacity: machine.swapBytes,
    machine_id: machine.machineId, system_uuid: machine.systemUuid, boot_id: machine.bootId,
    filesystems: filesystem ? [{ device: filesystem.device, capacity: filesystem.capacity, type: 'vfs', inodes: filesystem.inodes, has_inodes: true }] : [],
    disk_map: {}, network_devices: [], topology: [], cloud_provider: 'Unknown', instance_type: 'Unknown', instance_id: 'None',
  };
}
