/** Which APIServices are not available, and why; certificates of their servers that are of an old kind. */
import type { Metrics } from '../../base/metrics.ts';

export interface AggregatorMetrics {
  judged(name: string, available: boolean, reason: string): void;
  gone(name: string): void;
}

export function aggregatorMetrics(metrics: Metrics): AggregatorMetrics {
  const unavailable = metrics.gauge({ name: 'aggregator_unavailable_apiservice', labels: ['name'], help: '[ALPHA] 1 for each APIService that cannot be reached, else 0.' });
  const total = metrics.counter({ name: 'aggregator_unavailable_apiservice_total', labels: ['name', 'reason'], help: '[ALPHA] How often an APIService became unreachable, by reason.' });
  const known = new Map<string, boolean>();
  return {
    judged(name, available, reason) {
      // What becomes unavailable is counted when it does.
      if (!available && known.get(name) !== false) total.inc(1, name, reason);
      known.set(name, available);
      unavailable.set(available ? 0 : 1, name);
    },
    gone(name) {
      known.delete(name);
      unavailable.remove(name);
    },
  };
}
