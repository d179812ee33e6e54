import { exposition, labelText } from '../../base/exposition.ts';
import { defaultBuckets, formatValue } from '../../base/metrics.ts';
import { processStart } from '../../base/processmetrics.ts';
import type { PodManager } from '../pods/manager.ts';
import type { ProbeManager } from '../probes/manager.ts';

const titles: Readonly<Record<string, string>> = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' };

/** `/metrics/probes`: how often each probe came out how, and how long the good answers took. What ended is not told of. */
export function probeMetrics(probes: ProbeManager, manager: PodManager): string {
  const name = 'prober_probe_duration_seconds';
  const totals = ['# HELP prober_probe_total [BETA] Probes of containers that were made, by kind and result.\n# TYPE prober_probe_total counter\n'];
  const durations = [`# HELP ${name} [ALPHA] Seconds that a probe that went well took.\n# TYPE ${name} histogram\n`];
  const told = new Set<string>();
  for (const { uid, key, succeeded, failed, durations: took } of probes.totals()) {
    const worker = manager.get(uid);
    const slash = key.lastIndexOf('/');
    const view = worker?.runtime.containers.find((c) => c.id === key.slice(0, slash));
    if (!worker || !view) continue;
    const { name: pod, namespace = '' } = worker.pod.metadata;
    const type = titles[key.slice(slash + 1)] ?? '';
    for (const [result, count] of [['successful', succeeded], ['failed', failed]] as const) {
      if (count > 0) totals.push(`prober_probe_total${labelText({ container: view.name, namespace, pod, pod_uid: uid, probe_type: type, result })} ${count}\n`);
    }
    const labels = { container: view.name, namespace, pod, probe_type: type };
    // These labels do not tell a pod from its successor of the same name.
    if (succeeded === 0 || told.has(labelText(labels))) continue;
    told.add(labelText(labels));
    defaultBuckets.forEach((bound, i) => durations.push(`${name}_bucket${labelText({ ...labels, le: String(bound) })} ${took.within[i]}\n`));
    durations.push(`${name}_bucket${labelText({ ...labels, le: '+Inf' })} ${succeeded}\n${name}_sum${labelText(labels)} ${formatValue(took.sum)}\n${name}_count${labelText(labels)} ${succeeded}\n`);
  }
  const start = exposition([{ name: 'process_start_time_seconds', help: '[ALPHA] When this process started, as a Unix time.', type: 'gauge', series: [{ value: processStart() }] }]);
  return durations.join('') + totals.join('') + start;
}
