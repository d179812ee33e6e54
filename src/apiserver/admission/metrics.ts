/** How long admission takes: as a whole, for each plugin, for webhooks and for conditions; and what became of those. */
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
  /** Match conditions of a webhook or policy were judged; `since`: by `now`. */
  conditions(of: ConditionsOf, operation: Operation, outcome: boolean | 'error', since: number): void;
  /** Expressions were compiled, or run. */
  cel(what: 'compilation' | 'evaluation', since: number): void;
}

export interface ConditionsOf {
  readonly name: string;
  readonly kind: 'webhook' | 'policy';
  readonly type: 'admit' | 'validate';
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
  const steps = histogram('step_admission_duration_seconds', '[STABLE] Seconds that a step of admission took.', ['type', 'operation', 'rejected']);
  const plugins = histogram('controller_admission_duration_seconds', '[STABLE] Seconds that a plugin of admission took.', ['name', 'type', 'operation', 'rejected']);
  const webhooks = histogram('webhook_admission_duration_seconds', '[STABLE] Seconds that a webhook took to admit or refuse.', ['name', 'type', 'operation', 'rejected'], [...buckets, 10, 25]);
  const requests = counter('webhook_request_total', '[ALPHA] Requests that a webhook was asked about; codes above 600 count as 600.', ['name', 'type', 'operation', 'code', 'rejected']);
  const rejections = counter('webhook_rejection_count', '[ALPHA] Requests refused by a webhook or because it failed; codes above 600 count as 600.', ['name', 'type', 'operation', 'error_type', 'rejection_code']);
  const open = counter('webhook_fail_open_count', '[ALPHA] Requests that passed although a webhook failed.', ['name', 'type']);
  const judged = ['name', 'kind', 'type', 'operation'];
  const conditionTime = histogram('match_condition_evaluation_seconds', '[ALPHA] Seconds that the match conditions of a webhook or policy took.', judged, [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25]);
  const conditionErrors = counter('match_condition_evaluation_errors_total', '[ALPHA] Match conditions of a webhook or policy that failed.', judged);
  const exclusions = counter('match_condition_exclusions_total', '[ALPHA] Requests that match conditions kept from a webhook or policy.', judged);
  const cel = Object.fromEntries((['compilation', 'evaluation'] as const).map((what) => [what, metrics.histogram({ name: `apiserver_cel_${what}_duration_seconds`, help: `[BETA] Seconds that the ${what} of a CEL expression took.` }).with()])) as Record<'compilation' | 'evaluation', (value: number) => void>;
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
    conditions({ name, kind, type }, operation, outcome, since) {
      conditionTime.observe(seconds(since), name, kind, type, operation);
      cel.evaluation(seconds(since));
      if (outcome === 'error') conditionErrors.inc(1, name, kind, type, operation);
      else if (!outcome) exclusions.inc(1, name, kind, type, operation);
    },
    cel: (what, since) => cel[what](seconds(since)),
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
