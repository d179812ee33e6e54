/** How often policies were applied, with what end, and how long that took. */
import type { Clock } from '../../../base/clock.ts';
import type { Metrics } from '../../../base/metrics.ts';

export interface PolicyMetrics {
  start(): number;
  observe(since: number, policy: string, binding: string, errorType: string, action: string): void;
}

const labels = ['policy', 'policy_binding', 'error_type'];
const buckets = [0.000_000_5, 0.001, 0.01, 0.1, 1];

/** The families appear when there is something to count. `kind`: which policies; only validating ones differ in what they do. */
export function policyMetrics(metrics: Metrics, clock: Clock, kind: 'validating' | 'mutating'): PolicyMetrics {
  const all = kind === 'validating' ? [...labels, 'enforcement_action'] : labels;
  const prefix = `apiserver_${kind}_admission_policy_check`;
  const families = () => ({
    total: metrics.counter({ name: `${prefix}_total`, help: kind === 'validating' ? '[BETA] Validating policies applied to requests, by policy, binding, end and what was done.' : '[ALPHA] Mutating policies applied to requests, by policy, binding and end.', labels: all }),
    seconds: metrics.histogram({ name: `${prefix}_duration_seconds`, help: kind === 'validating' ? '[BETA] Seconds that applying a validating policy took.' : '[ALPHA] Seconds that applying a mutating policy took.', labels: all, buckets }),
  });
  let made: ReturnType<typeof families> | undefined;
  return {
    start: () => clock.monotonic(),
    observe(since, policy, binding, errorType, action) {
      made ??= families();
      const values = [policy, binding, errorType, ...(kind === 'validating' ? [action] : [])];
      made.total.inc(1, ...values);
      made.seconds.observe((clock.monotonic() - since) / 1000, ...values);
    },
  };
}
