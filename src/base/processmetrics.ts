/** What a process says of itself: CPU, memory, descriptors, its start; under the names that every Prometheus client uses. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Metrics } from './metrics.ts';

/** Read only when somebody asks. What the kernel does not say is left out. */
export function processMetrics(metrics: Metrics): void {
  const gauge = (name: string, help: string) => metrics.gauge({ name: `process_${name}`, help });
  const cpu = metrics.counter({ name: 'process_cpu_seconds_total', help: 'Seconds of CPU that this process has used.' });
  const resident = gauge('resident_memory_bytes', 'Bytes of memory that this process holds.');
  const virtual = gauge('virtual_memory_bytes', 'Bytes of address space that this process has.');
  const open = gauge('open_fds', 'Files, sockets and pipes that this process has open.');
  const most = gauge('max_fds', 'Descriptors that this process may have open.');
  const start = gauge('start_time_seconds', 'When this process started, as a Unix time.');
  start.set(processStart());
  most.set(limitOfFiles());
  let told = 0;
  metrics.onCollect(() => {
    const { user, system } = process.cpuUsage();
    const now = (user + system) / 1e6;
    cpu.inc(now - told);
    told = now;
    resident.set(process.memoryUsage.rss());
    const pages = Number(text('/proc/self/statm').split(' ')[0] ?? 0);
    virtual.set(pages * 4096);
    try {
      open.set(readdirSync('/proc/self/fd').length);
    } catch {
      // Not on Linux.
    }
  });
}

/** Seconds since the epoch. */
export function processStart(): number {
  return Math.round(performance.timeOrigin / 10) / 100;
}

function limitOfFiles(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(text('/proc/self/limits'))?.[1] ?? 0);
}

function text(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
