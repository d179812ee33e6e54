import { escapeLabel } from '../../base/metrics.ts';
import type { PodManager } from '../pods/manager.ts';
import type { ProbeManager } from '../probes/manager.ts';

const titles: Readonly<Record<string, string>> = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' };

/** `/metrics/probes`: how often each probe came out how. */
export function probeMetrics(probes: ProbeManager, manager: PodManager): string {
  const lines = ['# HELP prober_probe_total [BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.', '# TYPE prober_probe_total counter'];
  for (const { uid, key, succeeded, failed } of probes.totals()) {
    const worker = manager.get(uid);
    const slash = key.lastIndexOf('/');
    const view = worker?.runtime.containers.find((c) => c.id === key.slice(0, slash));
    if (!worker || !view) continue;
    const { name, namespace = '' } = worker.pod.metadata;
    for (const [result, count] of [['successful', succeeded], ['failed', failed]] as const) {
      if (count === 0) continue;
      const labels = { container: view.name, namespace, pod: name, pod_uid: uid, probe_type: titles[key.slice(slash + 1)] ?? '', result };
      lines.push(`prober_probe_total{${Object.entries(labels).map(([k, v]) => `${k}="${escapeLabel(v)}"`).join(',')}} ${count}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
