/** How often webhooks converted custom resources, how that ended, and how long it took. */
import type { Clock } from '../../base/clock.ts';
import type { Metrics } from '../../base/metrics.ts';

/** How far it came. */
export type ConversionFailure = `conversion_webhook_${'call' | 'malformed_response' | 'partial_response' | 'invalid_converted_object'}_failure`;

export interface ConversionMeter {
  /** Call the answer when it is over. */
  begin(definition: string, from: string, to: string): (failure?: ConversionFailure) => void;
}

export function conversionMeter(metrics: Metrics, clock: Clock): ConversionMeter {
  const labels = ['result', 'failure_type'];
  const requests = metrics.counter({ name: 'apiserver_conversion_webhook_request_total', labels, help: '[ALPHA] Requests to conversion webhooks, by how they ended.' });
  const latency = metrics.histogram({ name: 'apiserver_conversion_webhook_duration_seconds', labels, buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 45, 60], help: '[ALPHA] Seconds that a conversion webhook took to answer.' });
  const duration = metrics.histogram({ name: 'apiserver_crd_conversion_webhook_duration_seconds', labels: ['crd_name', 'from_version', 'to_version', 'succeeded'], buckets: Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i), help: '[ALPHA] Seconds that converting objects by webhook took.' });
  return {
    begin(definition, from, to) {
      const since = clock.monotonic();
      return (failure) => {
        const seconds = (clock.monotonic() - since) / 1000;
        const end = failure === undefined ? ['success', ''] : ['failure', failure];
        requests.inc(1, ...end);
        latency.observe(seconds, ...end);
        duration.observe(seconds, definition, from, to, String(failure === undefined));
      };
    },
  };
}
