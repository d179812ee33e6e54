/** What the statistics need to know of the pods. */
import { join } from 'node:path';
import { readText } from '../../cadvisor/files.ts';
import { cgroupOf, detectLayout } from '../../cadvisor/layout.ts';
import { Monitor } from '../../cadvisor/monitor.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import type { Agent } from '../pods/agent.ts';
import type { PodManager } from '../pods/manager.ts';
import type { PodWorker } from '../pods/worker.ts';
import { podDir, podLogDir } from '../pods/naming.ts';
import { statsHandlers, type StatsHandlers } from '../stats/handlers.ts';
import type { PodSource, StatsSource } from '../stats/source.ts';

const plugins: Readonly<Record<string, string>> = { emptyDir: 'empty-dir', configMap: 'configmap', secret: 'secret', downwardAPI: 'downward-api', projected: 'projected' };

function podSource(agent: Agent, manager: PodManager, worker: PodWorker): PodSource {
  const { pod, runtime } = worker;
  const cgroup = agent.cgroups.pathOf(pod);
  const sandbox = runtime.sandboxes.find((s) => s.ready);
  const names = new Set<string>();
  const pid = sandbox ? manager.sandboxPid(sandbox.id) : undefined;
  return {
    namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, uid: pod.metadata.uid, cgroup,
    startedAt: sandbox?.createdAt ?? 0,
    hostNetwork: pod.spec.hostNetwork === true,
    containers: runtime.containers
      // The newest of each name.
      .filter((c) => !names.has(c.name) && names.add(c.name))
      .map((c) => ({
        name: c.name, id: c.id, image: c.image, cgroup: join(cgroup, c.id), startedAt: c.startedAt, running: c.state === 'CONTAINER_RUNNING',
        logPath: join(podLogDir(agent.config, pod), c.name),
      })),
    ...(sandbox ? { sandbox: { id: sandbox.id, cgroup: join(cgroup, sandbox.id), image: '', ...(pid ? { pid } : {}) } } : {}),
    volumes: (pod.spec.volumes ?? []).flatMap((volume) => {
      const kind = Object.keys(plugins).find((k) => k in volume);
      const ephemeral = volume.configMap !== undefined || (volume.emptyDir !== undefined && volume.emptyDir.medium !== 'Memory');
      if (kind) return [{ name: volume.name, ephemeral, path: join(podDir(agent.config, pod.metadata.uid), 'volumes', `kubernetes.io~${plugins[kind]!}`, volume.name) }];
      const claim = volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : undefined);
      const path = worker.volumes?.get(volume.name)?.hostPath;
      return claim && path ? [{ name: volume.name, path, ephemeral: false, claim: { name: claim, namespace: pod.metadata.namespace ?? '' } }] : [];
    }),
  };
}

export function kubeletStatistics(agent: Agent, manager: PodManager, surroundings: Surroundings, signal: AbortSignal): StatsHandlers {
  const startedAt = surroundings.clock.now();
  const { config } = agent;
  const layout = detectLayout(config.cgroupMount);
  const own = config.systemCgroup ?? cgroupOf(readText('/proc/self/cgroup') ?? '', layout.version);
  const system = own === undefined || own === '/' ? [] : [{ name: config.systemCgroup === undefined ? 'kubelet' as const : 'misc' as const, cgroup: own, startedAt }];
  const source: StatsSource = {
    node: () => ({
      name: config.nodeName, cgroup: config.statsCgroup ?? '/', startedAt, rootDir: config.rootDir, imageDir: config.imageDir ?? config.rootDir,
      systemContainers: [...system, { name: 'pods', cgroup: join(config.cgroupRoot, 'kubepods'), startedAt }],
    }),
    pods: () => [...manager.workers].filter((w) => !w.isOver && w.runtime.sandboxes.length > 0).map((w) => podSource(agent, manager, w)),
  };
  const monitor = new Monitor({ layout, clock: surroundings.clock });
  signal.addEventListener('abort', () => monitor.stop(), { once: true });
  return statsHandlers({ monitor, source, surroundings });
}
