/** What the agent counts of its own work, under the names that upstream's dashboards and alerts ask for. */
import type { Clock } from '../base/clock.ts';
import { Metrics } from '../base/metrics.ts';
import { processMetrics } from '../base/processmetrics.ts';
import type { Runtime } from './cri/client.ts';

export interface Measures {
  readonly registry: Metrics;
  /** A look at all that the runtime has, and how long the one before lies back. */
  relisted(seconds: number, sinceLastSeconds: number | undefined, now: number): void;
  synced(operation: 'create' | 'update' | 'sync' | 'kill', seconds: number): void;
  workerStarted(seconds: number): void;
  podRuns(seconds: number): void;
  statusWritten(seconds: number): void;
}

/** From 0.005 by a factor of 2.5, as upstream cuts the durations of the runtime's operations. */
const operationBuckets = Array.from({ length: 14 }, (_, i) => Number((0.005 * 2.5 ** i).toPrecision(12)));
const startBuckets = [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600];
const statusBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 20, 30, 45, 60];

export function kubeletMeasures(nodeName: string, registry = new Metrics()): Measures {
  processMetrics(registry);
  registry.gauge({ name: 'kubelet_node_name', help: '[ALPHA] Always 1; the label says which node this is.', labels: ['node'] }).set(1, nodeName);
  const relist = registry.histogram({ name: 'kubelet_pleg_relist_duration_seconds', help: '[ALPHA] Seconds that a look at all pods of the runtime took.' });
  const interval = registry.histogram({ name: 'kubelet_pleg_relist_interval_seconds', help: '[ALPHA] Seconds from one look at all pods to the next.' });
  const seen = registry.gauge({ name: 'kubelet_pleg_last_seen_seconds', help: '[ALPHA] When all pods were looked at last, as a Unix time.' });
  const worker = registry.histogram({
    name: 'kubelet_pod_worker_duration_seconds', help: '[ALPHA] Seconds that one step of a pod took.', labels: ['operation_type'],
  });
  const begun = registry.histogram({ name: 'kubelet_pod_worker_start_duration_seconds', help: '[ALPHA] Seconds that a pod waited for its first step.' });
  const started = registry.histogram({
    name: 'kubelet_pod_start_duration_seconds', help: '[ALPHA] Seconds until a new pod ran.', buckets: startBuckets,
  });
  const status = registry.histogram({
    name: 'kubelet_pod_status_sync_duration_seconds', help: '[ALPHA] Seconds until the API had a changed status.', buckets: statusBuckets,
  });
  return {
    registry,
    relisted: (seconds, sinceLast, now) => {
      relist.observe(seconds);
      if (sinceLast !== undefined) interval.observe(sinceLast);
      seen.set(now / 1000);
    },
    synced: (operation, seconds) => worker.observe(seconds, operation),
    workerStarted: (seconds) => begun.observe(seconds),
    podRuns: (seconds) => started.observe(seconds),
    statusWritten: (seconds) => status.observe(seconds),
  };
}

/** `RunPodSandbox` is `run_podsandbox` where upstream counts: the sandbox of a pod stays one word. */
export function operationName(method: string): string {
  return method.replace('PodSandbox', 'Podsandbox').replace(/[A-Z]/g, (letter, at: number) => `${at === 0 ? '' : '_'}${letter.toLowerCase()}`);
}

/** The runtime, with every call counted and timed. */
export function measuredRuntime(runtime: Runtime, registry: Metrics, clock: Clock): Runtime {
  const labels = ['operation_type'];
  const total = registry.counter({ name: 'kubelet_runtime_operations_total', help: '[ALPHA] Requests to the runtime.', labels });
  const errors = registry.counter({ name: 'kubelet_runtime_operations_errors_total', help: '[ALPHA] Requests to the runtime that failed.', labels });
  const durations = registry.histogram({
    name: 'kubelet_runtime_operations_duration_seconds', help: '[ALPHA] Seconds that a request to the runtime took.', labels, buckets: operationBuckets,
  });
  const handler = ['runtime_handler'];
  const sandboxes = registry.histogram({ name: 'kubelet_run_podsandbox_duration_seconds', help: '[ALPHA] Seconds that making a sandbox took.', labels: handler });
  const noSandbox = registry.counter({ name: 'kubelet_run_podsandbox_errors_total', help: '[ALPHA] Sandboxes that could not be made.', labels: handler });
  const pods = registry.counter({ name: 'kubelet_started_pods_total', help: '[ALPHA] Pods whose start was begun.' });
  const noPod = registry.counter({ name: 'kubelet_started_pods_errors_total', help: '[ALPHA] Pods that could not be started.' });
  /** Found once for each method: this is on the path of every call. */
  const slots = new Map<string, { readonly name: string; readonly count: (by: number) => void; readonly time: (seconds: number) => void }>();
  const slotOf = (method: string) => {
    const known = slots.get(method);
    if (known) return known;
    const name = operationName(method);
    const made = { name, count: total.with(name), time: durations.with(name) };
    slots.set(method, made);
    return made;
  };
  const call: Runtime['call'] = async (method, request, options) => {
    const slot = slotOf(method);
    const runtimeHandler = method === 'RunPodSandbox' ? ((request as { runtimeHandler?: string }).runtimeHandler ?? '') : undefined;
    const before = clock.monotonic();
    slot.count(1);
    if (runtimeHandler !== undefined) pods.inc();
    try {
      return await runtime.call(method, request, options);
    } catch (error) {
      errors.inc(1, slot.name);
      if (runtimeHandler !== undefined) {
        noSandbox.inc(1, runtimeHandler);
        noPod.inc();
      }
      throw error;
    } finally {
      const seconds = (clock.monotonic() - before) / 1000;
      slot.time(seconds);
      if (runtimeHandler !== undefined) sandboxes.observe(seconds, runtimeHandler);
    }
  };
  return { call, events: (signal) => runtime.events(signal), close: () => runtime.close() };
}
