/** `/metrics/resource`: what metrics-server reads. Names, labels and types as the kubelet documents them. */
import { parseTime } from '../../base/clock.ts';
import { exposition, type Family, type Series } from '../../base/exposition.ts';
import type { Summary } from './summary.ts';

/**
 * Labels come by name, and series by the values of their labels, as scrapers know them from upstream.
 *
 * `at`: exact reading times in milliseconds, since the summary's own times are in whole seconds.
 */
export function resourceMetrics(summary: Summary, at: number): string {
  const gather: Record<string, Series[]> = {};
  const add = (name: string, value: number | undefined, labels: Record<string, string> | undefined, time: number | undefined): void => {
    if (value !== undefined) (gather[name] ??= []).push({ ...(labels ? { labels } : {}), value, ...(time !== undefined ? { timestamp: time } : {}) });
  };
  const seconds = (ns: number | undefined): number | undefined => (ns === undefined ? undefined : ns / 1e9);
  const { node } = summary;
  add('node_cpu_usage_seconds_total', seconds(node.cpu?.usageCoreNanoSeconds), undefined, at);
  add('node_memory_working_set_bytes', node.memory?.workingSetBytes, undefined, at);
  add('node_swap_usage_bytes', node.swap?.swapUsageBytes, undefined, at);
  for (const pod of summary.pods) {
    const labels = { namespace: pod.podRef.namespace, pod: pod.podRef.name };
    for (const c of pod.containers) {
      const named = { container: c.name, ...labels };
      add('container_start_time_seconds', parseTime(c.startTime) / 1000, named, undefined);
      add('container_cpu_usage_seconds_total', seconds(c.cpu?.usageCoreNanoSeconds), named, at);
      add('container_memory_working_set_bytes', c.memory?.workingSetBytes, named, at);
      const free = c.swap?.swapAvailableBytes;
      add('container_swap_limit_bytes', free === undefined ? undefined : free + (c.swap?.swapUsageBytes ?? 0), named, at);
      add('container_swap_usage_bytes', c.swap?.swapUsageBytes, named, at);
    }
    add('pod_cpu_usage_seconds_total', seconds(pod.cpu?.usageCoreNanoSeconds), labels, at);
    add('pod_memory_working_set_bytes', pod.memory?.workingSetBytes, labels, at);
    add('pod_swap_usage_bytes', pod.swap?.swapUsageBytes, labels, at);
  }
  add('resource_scrape_error', summary.node.cpu ? 0 : 1, undefined, undefined);
  return exposition(documented.map(([name, type, help]): Family => ({ name, type, help, series: (gather[name] ?? []).sort(byLabels) })));
}

function byLabels(a: Series, b: Series): number {
  const [one, other] = [a, b].map(({ labels }) => Object.values(labels ?? {}).join('\0')) as [string, string];
  return one < other ? -1 : one > other ? 1 : 0;
}

const documented: readonly (readonly [string, 'counter' | 'gauge', string])[] = [
  ['container_cpu_usage_seconds_total', 'counter', '[STABLE] Seconds of CPU that the container has used.'],
  ['container_memory_working_set_bytes', 'gauge', '[STABLE] Bytes of memory in use by the container that could not be dropped at once.'],
  ['container_start_time_seconds', 'gauge', '[STABLE] When the container started, as a Unix time.'],
  ['container_swap_limit_bytes', 'gauge', '[ALPHA] Swap that the container may use, in bytes.'],
  ['container_swap_usage_bytes', 'gauge', '[ALPHA] Swap that the container uses, in bytes.'],
  ['node_cpu_usage_seconds_total', 'counter', '[STABLE] Seconds of CPU that the node has used.'],
  ['node_memory_working_set_bytes', 'gauge', '[STABLE] Bytes of memory in use by the node that could not be dropped at once.'],
  ['node_swap_usage_bytes', 'gauge', '[ALPHA] Swap that the node uses, in bytes.'],
  ['pod_cpu_usage_seconds_total', 'counter', '[STABLE] Seconds of CPU that the pod has used.'],
  ['pod_memory_working_set_bytes', 'gauge', '[STABLE] Bytes of memory in use by the pod that could not be dropped at once.'],
  ['pod_swap_usage_bytes', 'gauge', '[ALPHA] Swap that the pod uses, in bytes.'],
  ['resource_scrape_error', 'gauge', '[STABLE] 1 where the figures could not be read, else 0.'],
];
