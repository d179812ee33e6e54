import type { Surroundings } from '../../base/surroundings.ts';
import { expositionType } from '../../base/exposition.ts';
import { readMachine, type MachineInfo } from '../../cadvisor/machine.ts';
import type { Monitor } from '../../cadvisor/monitor.ts';
import { cadvisorMetrics } from './cadvisor.ts';
import { DiskUsage } from './disk.ts';
import { resourceMetrics } from './resource.ts';
import { readMemory } from './memory.ts';
import type { StatsSource } from './source.ts';
import { claimUsage, readSummary, type FsStats, type SummaryDependencies } from './summary.ts';

export interface StatsAnswer {
  readonly contentType: string;
  readonly body: string;
}

/** The volume behind a claim. */
export interface ClaimUsage {
  readonly namespace: string;
  readonly name: string;
  readonly fs: FsStats;
}

/** The kubelet server mounts one function a path; undefined: not one of these paths. */
export interface StatsHandlers {
  handle(path: string, query: URLSearchParams): StatsAnswer | undefined;
  /** Each claim once, however many pods use it. */
  claims(): readonly ClaimUsage[];
}

export function statsHandlers(options: { monitor: Monitor; source: StatsSource; surroundings: Surroundings; machine?: MachineInfo }): StatsHandlers {
  const { clock } = options.surroundings;
  const dependencies: SummaryDependencies = {
    monitor: options.monitor, source: options.source, machine: options.machine ?? readMachine(), disk: new DiskUsage(options.surroundings), now: () => clock.now(),
  };
  const watchAll = (): void => {
    const node = options.source.node();
    const wanted = new Map<string, number | undefined>([[node.cgroup, undefined]]);
    for (const c of node.systemContainers) wanted.set(c.cgroup, undefined);
    for (const pod of options.source.pods()) {
      wanted.set(pod.cgroup, undefined);
      for (const c of pod.containers) wanted.set(c.cgroup, undefined);
    }
    options.monitor.reconcile(wanted);
  };
  /** `/stats/memory` or `/stats/memory/NAMESPACE/POD`. */
  const memoryAnswer = (path: string): StatsAnswer | undefined => {
    const match = /^\/stats\/memory(?:\/([^/]+)\/([^/]+))?$/.exec(path);
    const reading = match && readMemory(dependencies, match[1] && match[2] ? { namespace: match[1], name: match[2] } : undefined);
    return reading ? { contentType: 'application/json', body: JSON.stringify(reading) } : undefined;
  };
  return {
    claims: () => claimUsage(dependencies),
    handle: (path, query) => {
      watchAll();
      switch (path) {
        case '/stats/summary':
          return { contentType: 'application/json', body: JSON.stringify(readSummary(dependencies, { onlyCpuAndMemory: query.get('only_cpu_and_memory') === 'true' }), undefined, 1) };
        case '/metrics/resource':
          return { contentType: expositionType, body: resourceMetrics(readSummary(dependencies, { onlyCpuAndMemory: true }), clock.now()) };
        case '/metrics/cadvisor':
          return { contentType: expositionType, body: cadvisorMetrics(dependencies) };
        default:
          return memoryAnswer(path);
      }
    },
  };
}
