/** `/metrics`: what the agent counts, with the state of its pods and of their claims' volumes as they are now. */
import { exposition, type Family } from '../../base/exposition.ts';
import type { PodManager } from '../pods/manager.ts';
import type { Measures } from '../measures.ts';
import type { ClaimUsage } from '../stats/handlers.ts';

const volumeFamilies: readonly (readonly [keyof ClaimUsage['fs'], string, string])[] = [
  ['availableBytes', 'available_bytes', 'Bytes that the volume has left for users.'],
  ['capacityBytes', 'capacity_bytes', 'Size of the volume, in bytes.'],
  ['inodes', 'inodes', 'Inodes that the volume can have.'],
  ['inodesFree', 'inodes_free', 'Inodes that the volume has left.'],
  ['inodesUsed', 'inodes_used', 'Inodes that the volume has in use.'],
  ['usedBytes', 'used_bytes', 'Bytes that are taken of the volume.'],
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
  const running = registry.gauge({ name: 'kubelet_running_pods', help: '[ALPHA] Pods whose sandbox is up.' });
  const containers = registry.gauge({ name: 'kubelet_running_containers', help: '[ALPHA] Containers on this node, by state.', labels: ['container_state'] });
  const desired = registry.gauge({
    name: 'kubelet_desired_pods', help: '[ALPHA] Pods that this node is to run, static or from the API.', labels: ['static'],
  });
  const active = registry.gauge({
    name: 'kubelet_active_pods', labels: ['static'],
    help: '[ALPHA] Pods that still take room on this node, static or from the API.',
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
