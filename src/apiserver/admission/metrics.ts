/** How long admission takes: as a whole, for plugins that had to wait, and for webhooks; and what became of those. */
import type { Clock } from '../../base/clock.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { Operation } from './chain.ts';

const buckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5];
const prefix = 'apiserver_admission_';

type Step = 'admit' | 'validate';
type Done = (rejected: boolean) => void;
/** Called before a plugin is waited for; what it gives, after. */
export type PluginTimer = (operation: Operation) => Done;

export interface AdmissionMetrics {
  now(): number;
  step(type: Step, operation: Operation, since: number, rejected: boolean): void;
  plugin(name: string, type: Step): PluginTimer;
  webhook(name: string, mutating: boolean, operation: Operation): WebhookObserver;
}

export interface WebhookObserver {
  /** It was asked. `error`: what kind of failure it was, where it counts as one. */
  asked(code: number, rejected: boolean, error?: 'calling_webhook_error' | 'apiserver_internal_error' | 'no_error'): void;
  /** It could not be asked, and that is no matter. */
  passedOver(): void;
}

export function admissionMetrics(metrics: Metrics, clock: Clock): AdmissionMetrics {
  const histogram = (name: string, help: string, labels: readonly string[], limits = buckets) => metrics.histogram({ name: prefix + name, help, labels, buckets: limits });
  const counter = (name: string, help: string, labels: readonly string[]) => metrics.counter({ name: prefix + name, help, labels });
  const steps = histogram('step_admission_duration_seconds', 'Seconds that a step of admission took.', ['type', 'operation', 'rejected']);
  const plugins = histogram('controller_admission_duration_seconds', 'Seconds that a plugin of admission took, where it had to wait or refused.', ['name', 'type', 'operation', 'rejected']);
  const webhooks = histogram('webhook_admission_duration_seconds', 'Seconds that a webhook took.', ['name', 'type', 'operation', 'rejected'], [...buckets, 10, 25]);
  const requests = counter('webhook_request_total', 'Requests that a webhook was asked about.', ['name', 'type', 'operation', 'code', 'rejected']);
  const rejections = counter('webhook_rejection_count', 'Requests that a webhook refused, or that were refused because it could not be asked.', ['name', 'type', 'operation', 'error_type', 'rejection_code']);
  const open = counter('webhook_fail_open_count', 'Requests that went on though a webhook could not be asked.', ['name', 'type']);
  const seconds = (since: number): number => (clock.monotonic() - since) / 1000;
  return {
    now: () => clock.monotonic(),
    step: (type, operation, since, rejected) => steps.observe(seconds(since), type, operation, String(rejected)),
    plugin(name, type) {
      // Nearly all are not refused: their series are looked up once.
      const usual = new Map<Operation, (value: number) => void>();
      return (operation) => {
        const since = clock.monotonic();
        return (rejected) => {
          if (rejected) return plugins.observe(seconds(since), name, type, operation, 'true');
          let observe = usual.get(operation);
          if (!observe) usual.set(operation, (observe = plugins.with(name, type, operation, 'false')));
          observe(seconds(since));
        };
      };
    },
    webhook(name, mutating, operation) {
      const since = clock.monotonic();
      return {
        asked(code, rejected, error) {
          const bounded = String(Math.min(code, 600));
          if (error !== undefined && rejected) rejections.inc(1, name, mutating ? 'admit' : 'validating', operation, error, bounded);
          requests.inc(1, name, mutating ? 'admit' : 'validating', operation, bounded, String(rejected));
          webhooks.observe(seconds(since), name, mutating ? 'admit' : 'validating', operation, String(rejected));
        },
        passedOver: () => open.inc(1, name, mutating ? 'admit' : 'validating'),
      };
    },
  };
}
