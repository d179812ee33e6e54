/** `/metrics/cadvisor`: every cgroup that the kubelet knows, labelled as upstream labels it. */
import { release, version } from 'node:os';
import { readDisks } from '../../cadvisor/disks.ts';
import { containerMetrics, machineMetrics, type ExposedFilesystem, type LabelledSample } from '../../cadvisor/exposition.ts';
import { readFilesystem } from '../../cadvisor/machine.ts';
import { readInterfaces } from '../../cadvisor/network.ts';
import { readProcesses } from '../../cadvisor/processes.ts';
import { readSpec } from '../../cadvisor/spec.ts';
import { writableLayer } from './rootfs.ts';
import type { ContainerSource } from './source.ts';
import type { SummaryDependencies } from './summary.ts';

const none = { container: '', image: '', name: '', namespace: '', pod: '' };

export function cadvisorMetrics(d: SummaryDependencies): string {
  const node = d.source.node();
  const { layout } = d.monitor;
  const disks = readDisks();
  const out: LabelledSample[] = [];
  const take = (cgroup: string, labels: Record<string, string>, startedAt: number, extra: Partial<LabelledSample> & { readonly network?: ReturnType<typeof readInterfaces> } = {}): void => {
    const sample = d.monitor.read(cgroup);
    if (!sample) return;
    const { network, ...rest } = extra;
    out.push({
      labels: { ...none, id: cgroup, ...labels }, sample: network ? { ...sample, network } : sample, startedAt,
      spec: readSpec(layout, cgroup), processes: readProcesses(layout, cgroup), disks, ...rest,
    });
  };
  const rootFs = readFilesystem(node.rootDir);
  const disk = rootFs && disks.get(rootFs.deviceId);
  // The node is `/` to whoever asks, also where several of them share the machine.
  take(node.cgroup, { id: '/' }, node.startedAt, { network: readInterfaces('self'), ...(rootFs ? { filesystems: [{ ...rootFs, ...(disk ? { disk } : {}) }] } : {}) });
  for (const c of node.systemContainers) if (c.cgroup !== node.cgroup) take(c.cgroup, {}, c.startedAt);
  for (const pod of d.source.pods()) {
    const where = { namespace: pod.namespace, pod: pod.name };
    take(pod.cgroup, where, pod.startedAt);
    if (pod.sandbox) {
      const network = !pod.hostNetwork && pod.sandbox.pid !== undefined ? readInterfaces(pod.sandbox.pid) : undefined;
      take(pod.sandbox.cgroup, { ...where, image: pod.sandbox.image, name: pod.sandbox.id }, pod.startedAt, { network });
    }
    for (const c of pod.containers) {
      if (c.running) take(c.cgroup, { ...where, container: c.name, image: c.image, name: c.id }, c.startedAt, { filesystems: written(d, c) });
    }
  }
  return machineMetrics(d.machine, { kernel: release(), os: version() }) + containerMetrics(out);
}

/** What the container wrote to its own root file system, once that has been measured. */
function written(d: SummaryDependencies, c: ContainerSource): ExposedFilesystem[] {
  const layer = c.rootfsPath ?? writableLayer(d.monitor.layout, c.cgroup);
  const usage = layer === undefined ? undefined : d.disk.usage(layer);
  const filesystem = layer !== undefined && usage ? readFilesystem(layer) : undefined;
  return filesystem ? [{ ...filesystem, used: usage!.bytes }] : [];
}
