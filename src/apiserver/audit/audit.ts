/** Auditing in one API server: the policy, the events of each request, and where they go. */
import type { Metrics } from '../../base/metrics.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { isAbort } from '../../base/abort.ts';
import { httpClient, type HttpClientConfig } from '../../client/http.ts';
import { encodeJson } from '../../machinery/jsontext.ts';
import type { User } from '../../serving/identity.ts';
import type { ServingRequest } from '../../serving/request.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import type { Schema } from '../registry/engines.ts';
import { Batches, type BatchOptions } from './batches.ts';
import { legacyLine, truncated, type AuditEvent } from './event.ts';
import { LogFile, type LogFileOptions } from './log.ts';
import { parsePolicy } from './policy.ts';
import { Record } from './record.ts';

interface BackendOptions {
  /** `blocking`: written before the request goes on; `blocking-strict`: and the request fails where that fails. */
  readonly mode?: 'batch' | 'blocking' | 'blocking-strict';
  readonly batch?: BatchOptions;
  /** Longer events lose their objects, or are dropped. */
  readonly truncateBytes?: number;
}

export interface AuditConfig {
  /** The text of a Policy of audit.k8s.io/v1. */
  readonly policy: string;
  readonly log?: LogFileOptions & BackendOptions & { readonly format?: 'json' | 'legacy' };
  readonly webhook?: BackendOptions & { readonly server: HttpClientConfig; /** Default 10 s. */ readonly initialBackoffMs?: number };
}

export interface Auditing {
  /** Undefined: nothing is written down of this request. */
  begin(request: ServingRequest, info: RequestInfo, user: User): Record | undefined;
  /** Somebody who could not say who they are. */
  unauthenticated(request: ServingRequest, info: RequestInfo): void;
  close(): Promise<void>;
}

interface Backend {
  write(event: AuditEvent): void;
  close(): Promise<void>;
}

const nobody: User = { name: '', groups: [] };
const webhookAttempts = 5;
const webhookFactor = 1.5;

export function auditing(config: AuditConfig, registry: Schema, metrics: Metrics, surroundings: Surroundings): Auditing {
  const policy = parsePolicy(config.policy);
  const { clock, log } = surroundings;
  const total = metrics.counter({ name: 'apiserver_audit_event_total', help: '[ALPHA] Counter of audit events generated and sent to the audit backend.' });
  const byLevel = metrics.counter({ name: 'apiserver_audit_level_total', labels: ['level'], help: '[ALPHA] Counter of policy levels for audit events (1 per request).' });
  const errors = metrics.counter({ name: 'apiserver_audit_error_total', labels: ['plugin'], help: '[ALPHA] Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.' });
  metrics.counter({ name: 'apiserver_audit_requests_rejected_total', help: '[ALPHA] Counter of apiserver requests rejected due to an error in audit logging backend.' });
  const failed = (plugin: string, events: number, error?: unknown): void => {
    errors.inc(events, plugin);
    log.error('Audit events could not be written', error, { plugin, events });
  };
  const backends: Backend[] = [
    ...(config.log ? [logBackend(config.log, surroundings, (n, e) => failed('log', n, e))] : []),
    ...(config.webhook ? [webhookBackend(config.webhook, surroundings, (n, e) => failed('webhook', n, e))] : []),
  ];
  const options = {
    clock, registry,
    sink: (event: AuditEvent) => {
      total.inc();
      for (const backend of backends) backend.write(event);
    },
  };
  return {
    begin(request, info, user) {
      const rule = policy(user, info);
      byLevel.inc(1, rule.level);
      if (rule.level === 'None') return undefined;
      const record = new Record(options, rule, request, info, user);
      record.received();
      return record;
    },
    unauthenticated(request, info) {
      const rule = policy(nobody, info);
      if (rule.level !== 'None') new Record(options, rule, request, info, undefined).unauthenticated();
    },
    async close() {
      for (const backend of backends) await backend.close();
    },
  };
}

type Failed = (events: number, error: unknown) => void;

function logBackend(options: NonNullable<AuditConfig['log']>, surroundings: Surroundings, failed: Failed): Backend {
  const file = new LogFile(options, surroundings);
  const strict = options.mode === 'blocking-strict';
  const text = options.format === 'legacy' ? (event: AuditEvent) => `${legacyLine(event)}\n` : (event: AuditEvent) => `${encodeJson(event).toString().trimEnd()}\n`;
  const write = (event: AuditEvent): void => {
    try {
      const short = options.truncateBytes === undefined ? event : truncated(event, (e) => text(e).length, options.truncateBytes);
      if (short) file.write(text(short));
      else failed(1, new Error('the event is too large'));
    } catch (error) {
      failed(1, error);
      if (strict && event.stage === 'RequestReceived') throw new Error('failed to store audit event', { cause: error });
    }
  };
  if (options.mode !== 'batch') return { write, close: async () => file.close() };
  const batches = new Batches(surroundings.clock, { throttle: undefined, maxSize: 1, ...options.batch }, async (events) => events.forEach(write), (n) => failed(n, new Error('the buffer is full')));
  return {
    write: (event) => batches.add(event),
    close: async () => {
      await batches.flush();
      file.close();
    },
  };
}

function webhookBackend(options: NonNullable<AuditConfig['webhook']>, { clock, random }: Surroundings, failed: Failed): Backend {
  const client = httpClient({ userAgent: 'kube-apiserver-admission', ...options.server });
  const stop = new AbortController();
  const post = async (events: readonly AuditEvent[]): Promise<void> => {
    const items = events.flatMap((event) => (options.truncateBytes === undefined ? event : (truncated(event, (e) => encodeJson(e).length, options.truncateBytes) ?? [])));
    const body = encodeJson({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items });
    let pause = options.initialBackoffMs ?? 10_000;
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await client.raw({ method: 'POST', path: '', headers: { 'content-type': 'application/json', accept: 'application/json, */*' }, body });
        for await (const _ of answer.body);
        if (answer.status < 300) return;
        throw new Error(`the server answered ${answer.status}`);
      } catch (error) {
        if (attempt >= webhookAttempts || stop.signal.aborted) return failed(events.length, error);
        await clock.sleep(pause * (1 + 0.2 * random.next()), stop.signal).catch((reason: unknown) => {
          if (!isAbort(reason, stop.signal)) throw reason;
        });
        pause *= webhookFactor;
      }
    }
  };
  if (options.mode === 'blocking' || options.mode === 'blocking-strict') {
    const under = new Set<Promise<void>>();
    return {
      write: (event) => {
        const sent: Promise<void> = post([event]).finally(() => under.delete(sent));
        under.add(sent);
      },
      close: async () => {
        stop.abort();
        await Promise.all(under);
        client.close();
      },
    };
  }
  const batches = new Batches(clock, options.batch ?? {}, post, (n) => failed(n, new Error('the buffer is full')));
  return {
    write: (event) => batches.add(event),
    close: async () => {
      stop.abort();
      await batches.flush();
      client.close();
    },
  };
}
