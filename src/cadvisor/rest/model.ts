/** The JSON of cAdvisor's REST API, version 1.3 and 2.1, made of our samples. */
import { children } from '../layout.ts';
import { readFilesystem, type FilesystemSample, type MachineInfo } from '../machine.ts';
import type { Monitor } from '../monitor.ts';
import { readProcesses, type ProcessDetail } from '../processes.ts';
import type { ContainerSample, DeviceIo, Pressure } from '../sample.ts';
import { readSpec } from '../spec.ts';

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

function cpuJson(s: ContainerSample): Json {
  const c = s.cpu;
  return {
    usage: { total: c?.usage ?? 0, ...(c?.perCpu ? { per_cpu_usage: c.perCpu } : {}), user: c?.user ?? 0, system: c?.system ?? 0 },
    cfs: { periods: c?.periods ?? 0, throttled_periods: c?.throttledPeriods ?? 0, throttled_time: c?.throttledTime ?? 0 },
    load_average: 0, psi: psi(s.pressure?.cpu),
  };
}

function memoryJson(s: ContainerSample): Json {
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

function filesystemJson(f: FilesystemSample): Json {
  return { device: f.device, type: 'vfs', capacity: f.capacity, usage: f.used, available: f.available, has_inodes: true, inodes: f.inodes, inodes_free: f.inodesFree };
}

/** `held`: what the processes hold open just now; older samples do not know. */
function processesJson(s: ContainerSample, held: ProcessDetail | undefined): Json {
  return {
    ...(held ? { process_count: held.processes, fd_count: held.fileDescriptors, socket_count: held.sockets } : {}),
    ...(s.processes ? { threads_current: s.processes.threads, threads_max: s.processes.threadsMax ?? 0 } : {}),
    ...(held?.openFiles ? { ulimits: [{ name: 'max_open_files', soft_limit: limitJson(held.openFiles.soft), hard_limit: limitJson(held.openFiles.hard) }] } : {}),
  };
}

function limitJson(limit: number): number {
  return limit === Infinity ? -1 : limit;
}

function statsJson(s: ContainerSample, held: ProcessDetail | undefined, filesystem?: FilesystemSample): Json {
  return {
    timestamp: iso(s.timestamp),
    cpu: cpuJson(s),
    diskio: { ...diskIo(s.io), psi: psi(s.pressure?.io) },
    memory: memoryJson(s),
    ...(s.network ? { network: networkJson(s) } : {}),
    ...(filesystem ? { filesystem: [filesystemJson(filesystem)] } : {}),
    processes: processesJson(s, held),
  };
}

function specJson(monitor: Monitor, name: string, s: ContainerSample, machine: MachineInfo): Json {
  const spec = readSpec(monitor.layout, name);
  return {
    ...(spec.createdAt !== undefined ? { creation_time: iso(spec.createdAt) } : {}),
    has_cpu: s.cpu !== undefined,
    cpu: {
      limit: spec.cpuShares ?? 0, max_limit: 0, mask: spec.cpus || `0-${machine.cores - 1}`,
      ...(spec.cpuQuota !== undefined ? { quota: spec.cpuQuota } : {}), ...(spec.cpuPeriod !== undefined ? { period: spec.cpuPeriod } : {}),
    },
    has_memory: s.memory !== undefined,
    memory: {
      limit: spec.memoryLimit ?? machine.memoryBytes,
      ...(spec.memoryReservation ? { reservation: spec.memoryReservation } : {}), ...(spec.swapLimit !== undefined ? { swap_limit: spec.swapLimit } : {}),
    },
    has_network: s.network !== undefined, has_processes: s.processes !== undefined, processes: spec.threadsMax !== undefined ? { limit: spec.threadsMax } : {},
    has_filesystem: name === '/', has_diskio: s.io !== undefined, has_hugetlb: false, has_custom_metrics: false,
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
    spec: specJson(monitor, name, newest, machine),
    stats: withNewest(monitor, name, samples.length ? samples : [newest], (s, held) => statsJson(s, held, filesystem)),
  };
}

/** The newest sample is told together with what the processes hold open now. */
function withNewest(monitor: Monitor, name: string, samples: readonly ContainerSample[], tell: (s: ContainerSample, held: ProcessDetail | undefined) => Json): Json[] {
  const held = readProcesses(monitor.layout, name);
  return samples.map((s, i) => tell(s, i === samples.length - 1 ? held : undefined));
}

/** Parts that are not there are absent. */
function statsV2Json(s: ContainerSample, held: ProcessDetail | undefined, before: ContainerSample | undefined): Json {
  return {
    timestamp: iso(s.timestamp),
    ...(s.cpu ? { cpu: cpuJson(s), ...cpuInstJson(s, before) } : {}), ...(s.memory ? { memory: memoryJson(s) } : {}), ...(s.io ? { diskio: diskIo(s.io) } : {}),
    ...(s.network ? { network: { interfaces: networkJson(s)['interfaces'] } } : {}), ...(s.processes || held ? { processes: processesJson(s, held) } : {}),
  };
}

/** Nanocores between two samples; nothing where a counter went back. */
function cpuInstJson(s: ContainerSample, before: ContainerSample | undefined): Json {
  const elapsed = s.timestamp - (before?.timestamp ?? s.timestamp);
  if (!s.cpu || !before?.cpu || elapsed <= 0 || s.cpu.usage < before.cpu.usage) return {};
  const rate = (now: number, then: number): number => Math.max(0, Math.round(((now - then) / elapsed) * 1000));
  return { cpu_inst: { usage: { total: rate(s.cpu.usage, before.cpu.usage), user: rate(s.cpu.user, before.cpu.user), system: rate(s.cpu.system, before.cpu.system) } } };
}

/** The samples of `/api/v2.0/stats`; since 2.1 they come with the cgroup's settings. */
export function samplesV2Json(monitor: Monitor, name: string, count: number): Json[] {
  const all = monitor.history(name);
  const kept = count < 0 ? all : all.slice(Math.max(0, all.length - count));
  const first = all.length - kept.length;
  return withNewest(monitor, name, kept, (s, held) => statsV2Json(s, held, all[first + kept.indexOf(s) - 1]));
}

/** `/api/v2.1/spec/…`; undefined when there is no such cgroup. */
export function specV2Json(monitor: Monitor, name: string, machine: MachineInfo): Json | undefined {
  const newest = monitor.latest(name, 1000);
  return newest && specJson(monitor, name, newest, machine);
}

export function storageJson(path: string, now: number): Json[] {
  const f = readFilesystem(path);
  return f ? [{ timestamp: iso(now), device: f.device, mountpoint: path, capacity: f.capacity, available: f.available, usage: f.used, labels: ['root'], inodes: f.inodes, inodes_free: f.inodesFree }] : [];
}

export function attributesJson(machine: MachineInfo, filesystem: FilesystemSample | undefined, system: { kernel: string; os: string; version: string }): Json {
  return {
    kernel_version: system.kernel, container_os_version: system.os, docker_version: '', docker_api_version: '', cadvisor_version: system.version, ...machineFacts(machine, filesystem),
  };
}

function machineFacts(machine: MachineInfo, filesystem: FilesystemSample | undefined): Json {
  return {
    num_cores: machine.cores, memory_capacity: machine.memoryBytes, machine_id: machine.machineId, system_uuid: machine.systemUuid,
    filesystems: filesystem ? [{ device: filesystem.device, capacity: filesystem.capacity, type: 'vfs', inodes: filesystem.inodes, has_inodes: true }] : [],
    disk_map: {}, network_devices: [], topology: [], cloud_provider: 'Unknown', instance_type: 'Unknown',
  };
}

export function machineJson(machine: MachineInfo, filesystem: FilesystemSample | undefined, now: number): Json {
  return {
    timestamp: iso(now), num_physical_cores: machine.physicalCores, num_sockets: machine.sockets, swap_capacity: machine.swapBytes, boot_id: machine.bootId, instance_id: 'None',
    ...machineFacts(machine, filesystem),
  };
}
