/** `/metrics/cadvisor`: every cgroup that the kubelet knows, labelled as upstream labels it. */
import { release, version } from 'node:os';
import { join } from 'node:path';
import { readNumber } from '../../cadvisor/files.ts';
import { containerMetrics, machineMetrics, type LabelledSample } from '../../cadvisor/exposition.ts';
import { readFilesystem } from '../../cadvisor/machine.ts';
import { readInterfaces } from '../../cadvisor/network.ts';
import type { Monitor } from '../../cadvisor/monitor.ts';
import type { SummaryDependencies } from './summary.ts';

const none = { container: '', image: '', name: '', namespace: '', pod: '' };

export function cadvisorMetrics(d: SummaryDependencies): string {
  const node = d.source.node();
  const out: LabelledSample[] = [];
  const take = (cgroup: string, labels: Record<string, string>, extra: Partial<LabelledSample> = {}): void => {
    const sample = d.monitor.read(cgroup);
    if (sample) out.push({ labels: { ...none, ...labels, id: cgroup }, sample, limits: cpuLimits(d.monitor, cgroup), ...extra });
  };
  const rootFs = readFilesystem(node.rootDir);
  take(node.cgroup, { id: '/' }, { startedAt: node.startedAt, ...(rootFs ? { filesystem: rootFs } : {}) });
  for (const c of node.systemContainers) if (c.cgroup !== node.cgroup) take(c.cgroup, {}, { startedAt: c.startedAt });
  for (const pod of d.source.pods()) {
    const where = { namespace: pod.namespace, pod: pod.name };
    take(pod.cgroup, where, { startedAt: pod.startedAt });
    if (pod.sandbox) {
      const sample = d.monitor.read(pod.sandbox.cgroup);
      const network = !pod.hostNetwork && pod.sandbox.pid !== undefined ? readInterfaces(pod.sandbox.pid) : undefined;
      if (sample) {
        out.push({
          labels: { ...none, ...where, id: pod.sandbox.cgroup, image: pod.sandbox.image, name: pod.sandbox.id },
          sample: network ? { ...sample, network } : sample, startedAt: pod.startedAt, limits: cpuLimits(d.monitor, pod.sandbox.cgroup),
        });
      }
    }
    for (const c of pod.containers) if (c.running) take(c.cgroup, { ...where, container: c.name, image: c.image, name: c.id }, { startedAt: c.startedAt });
  }
  return machineMetrics(d.machine, { kernel: release(), os: version() }) + containerMetrics(out);
}

function cpuLimits(monitor: Monitor, cgroup: string): NonNullable<LabelledSample['limits']> {
  const { layout } = monitor;
  if (layout.version === 1) {
    const cpu = layout.controllers['cpu'];
    if (cpu === undefined) return {};
    const shares = readNumber(join(cpu, cgroup, 'cpu.shares'));
    const period = readNumber(join(cpu, cgroup, 'cpu.cfs_period_us'));
    const quota = readNumber(join(cpu, cgroup, 'cpu.cfs_quota_us'));
    return { ...(shares !== undefined ? { cpuShares: shares } : {}), ...(period !== undefined ? { cpuPeriod: period } : {}), ...(quota !== undefined && quota > 0 ? { cpuQuota: quota } : {}) };
  }
  const weight = readNumber(join(layout.root, cgroup, 'cpu.weight'));
  // The inverse of the conversion that runtimes use (shares 2..262144 to weight 1..10000).
  return weight === undefined ? {} : { cpuShares: Math.round(2 + ((weight - 1) * 262142) / 9999) };
}
