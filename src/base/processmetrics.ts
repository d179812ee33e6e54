/** What a process says of itself: CPU, memory, descriptors, its start; under the names that every Prometheus client uses. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Metrics } from './metrics.ts';

/** Read only when somebody asks. What the kernel does not say is left out. */
export function processMetrics(metrics: Metrics): void {
  const gauge = (name: string, help: string) => metrics.gauge({ name: `process_${name}`, help });
  const cpu = metrics.counter({ name: 'process_cpu_seconds_total', help: 'Total user and system CPU time spent in seconds.' });
  const resident = gauge('resident_memory_bytes', 'Resident memory size in bytes.');
  const virtual = gauge('virtual_memory_bytes', 'Virtual memory size in bytes.');
  const open = gauge('open_fds', 'Number of open file descriptors.');
  const most = gauge('max_fds', 'Maximum number of open file descriptors.');
  const start = gauge('start_time_seconds', 'Start time of the process since unix epoch in seconds.');
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
