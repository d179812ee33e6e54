/** `/metrics`: what the agent counts, with the state of its pods and of their claims' volumes as they are now. */
import { exposition, type Family } from '../../base/exposition.ts';
import type { PodManager } from '../pods/manager.ts';
import type { Measures } from '../measures.ts';
import type { ClaimUsage } from '../stats/handlers.ts';

const volumeFamilies: readonly (readonly [keyof ClaimUsage['fs'], string, string])[] = [
  ['availableBytes', 'available_bytes', 'Number of available bytes in the volume'],
  ['capacityBytes', 'capacity_bytes', 'Capacity in bytes of the volume'],
  ['inodes', 'inodes', 'Maximum number of inodes in the volume'],
  ['inodesFree', 'inodes_free', 'Number of free inodes in the volume'],
  ['inodesUsed', 'inodes_used', 'Number of used inodes in the volume'],
  ['usedBytes', 'used_bytes', 'Number of used bytes in the volume'],
];

export function volumeMetrics(claims: readonly ClaimUsage[]): string {
  return exposition(volumeFamilies.map(([field, name, help]): Family => ({
    name: `kubelet_volume_stats_${name}`, type: 'gauge', help: `[ALPHA] ${help}`,
    series: claims.flatMap(({ namespace, name: claim, fs }) => {
      const value = fs[field];
      return typeof value === 'number' ? [{ labels: { namespace, persistentvolumeclaim: claim }, value }] : [];
    }),
  })));
}

/** Gauges are set when somebody asks. */
export function podMetrics({ registry }: Measures, manager: PodManager): void {
  const running = registry.gauge({ name: 'kubelet_running_pods', help: '[ALPHA] Number of pods that have a running pod sandbox' });
  const containers = registry.gauge({ name: 'kubelet_running_containers', help: '[ALPHA] Number of containers currently running', labels: ['container_state'] });
  const desired = registry.gauge({
    name: 'kubelet_desired_pods', help: '[ALPHA] The number of pods the kubelet is being instructed to run. static is true if the pod is not from the apiserver.', labels: ['static'],
  });
  const active = registry.gauge({
    name: 'kubelet_active_pods', labels: ['static'],
    help: '[ALPHA] The number of pods the kubelet considers active and which are being considered when admitting new pods. static is true if the pod is not from the apiserver.',
  });
  registry.onCollect(() => {
    let [sandboxes, all, alive] = [0, 0, 0];
    const states = new Map([['running', 0], ['exited', 0], ['created', 0], ['unknown', 0]]);
    for (const worker of manager.workers) {
      all++;
      if (!worker.isOver) alive++;
      if (worker.runtime.sandboxes.some((s) => s.ready)) sandboxes++;
      for (const view of worker.runtime.containers) {
        const state = view.state.slice('CONTAINER_'.length).toLowerCase();
        states.set(state, (states.get(state) ?? 0) + 1);
      }
    }
    running.set(sandboxes);
    desired.set(all, 'false');
    active.set(alive, 'false');
    for (const [state, count] of states) containers.set(count, state);
  });
}
