/** Auditing in one API server: the policy, the events of each request, and where they go. */
import type { Counter, Metrics } from '../../base/metrics.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import type { User } from '../../serving/identity.ts';
import type { ServingRequest } from '../../serving/request.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import type { Schema } from '../registry/engines.ts';
import { logBackend, webhookBackend, type Backend, type Failed, type LogBackendOptions, type Outcome, type WebhookBackendOptions } from './backends.ts';
import type { AuditEvent } from './event.ts';
import { parsePolicy } from './policy.ts';
import { Record } from './record.ts';

export interface AuditConfig {
  /** The text of a Policy of audit.k8s.io/v1. */
  readonly policy: string;
  readonly log?: LogBackendOptions;
  readonly webhook?: WebhookBackendOptions;
}

/** When a request came, by both clocks. */
export interface Arrival {
  readonly now: number;
  readonly monotonic: number;
}

export interface Auditing {
  arrival(): Arrival;
  /** Undefined: nothing is written down of this request. */
  begin(request: ServingRequest, info: RequestInfo, user: User, arrival: Arrival): Record | undefined;
  /** A request is not served because its first event could not be stored. */
  rejected(): void;
  /** Somebody who could not say who they are. */
  unauthenticated(request: ServingRequest, info: RequestInfo, arrival: Arrival): void;
  close(): Promise<void>;
}

const nobody: User = { name: '', groups: [] };

/** They are there with zeros, too, where nothing is audited. */
export function auditCounters(metrics: Metrics): { readonly total: Counter; readonly refused: Counter } {
  return {
    total: metrics.counter({ name: 'apiserver_audit_event_total', help: '[ALPHA] Audit events that were made and handed over.' }),
    refused: metrics.counter({ name: 'apiserver_audit_requests_rejected_total', help: '[ALPHA] Requests that were refused because they could not be audited.' }),
  };
}

export function auditing(config: AuditConfig, registry: Schema, metrics: Metrics, surroundings: Surroundings): Auditing {
  const policy = parsePolicy(config.policy);
  const { clock, log } = surroundings;
  const { total, refused } = auditCounters(metrics);
  const byLevel = metrics.counter({ name: 'apiserver_audit_level_total', labels: ['level'], help: '[ALPHA] Requests by the level at which they are audited.' });
  const errors = metrics.counter({ name: 'apiserver_audit_error_total', labels: ['plugin'], help: '[ALPHA] Audit events that a backend lost.' });
  const failed: Failed = (plugin, events, error) => {
    errors.inc(events, plugin);
    log.error('Audit events could not be written', error, { plugin, events });
  };
  const backends: Backend[] = [
    ...(config.log ? [logBackend(config.log, surroundings, failed)] : []),
    ...(config.webhook ? [webhookBackend(config.webhook, surroundings, failed)] : []),
  ];
  const options = {
    clock, registry, waits: backends.some(({ waits }) => waits),
    sink: (event: AuditEvent) => {
      total.inc();
      return store(backends, event);
    },
  };
  return {
    arrival: () => ({ now: clock.now(), monotonic: clock.monotonic() }),
    begin(request, info, user, arrival) {
      const rule = policy(user, info);
      byLevel.inc(1, rule.level);
      return rule.level === 'None' ? undefined : new Record(options, rule, request, info, user, arrival);
    },
    rejected: () => refused.inc(),
    unauthenticated(request, info, arrival) {
      const rule = policy(nobody, info);
      if (rule.level !== 'None') new Record(options, rule, request, info, undefined, arrival).unauthenticated();
    },
    async close() {
      for (const backend of backends) await backend.close();
    },
  };
}

/** One backend after another; a promise only where one is waited for. */
function store(backends: readonly Backend[], event: AuditEvent): Outcome {
  let stored: Outcome = true;
  for (const backend of backends) {
    if (typeof stored === 'boolean') {
      const outcome = backend.write(event);
      stored = typeof outcome === 'boolean' ? outcome && stored : stored ? outcome : outcome.then(() => false);
    } else stored = stored.then(async (before) => (await backend.write(event)) && before);
  }
  return stored;
}
