/** Where audit events go: a log file, a webhook; at once while the request waits, or gathered. */
import { isAbort } from '../../base/abort.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { httpClient, type HttpClientConfig } from '../../client/http.ts';
import { encodeJson } from '../../machinery/jsontext.ts';
import { Batches, type BatchOptions } from './batches.ts';
import { legacyLine, truncated, type AuditEvent } from './event.ts';
import { LogFile, type LogFileOptions } from './log.ts';

export interface BackendOptions {
  /** `blocking`: the request waits until it is written; `blocking-strict`: and fails where its first event is not. */
  readonly mode?: 'batch' | 'blocking' | 'blocking-strict';
  readonly batch?: BatchOptions;
  /** Longer events lose their objects, or are dropped. */
  readonly truncateBytes?: number;
}

export type LogBackendOptions = LogFileOptions & BackendOptions & { readonly format?: 'json' | 'legacy' };
export type WebhookBackendOptions = BackendOptions & { readonly server: HttpClientConfig; /** Default 10 s. */ readonly initialBackoffMs?: number };

/** True: it is stored, or that is no matter. */
export type Outcome = boolean | Promise<boolean>;

export interface Backend {
  /** Whether answers of `write` are to be waited for. */
  readonly waits: boolean;
  write(event: AuditEvent): Outcome;
  close(): Promise<void>;
}

/** By which part events were lost, how many, and why. */
export type Failed = (plugin: 'log' | 'webhook' | 'buffered' | 'truncate', events: number, error: unknown) => void;

/** What takes events for good. */
interface Taker {
  take(events: readonly AuditEvent[]): Outcome;
  close(): Promise<void> | void;
}

const attempts = 5;
const factor = 1.5;
const jitter = 0.2;

export function logBackend(options: LogBackendOptions, surroundings: Surroundings, failed: Failed): Backend {
  const file = new LogFile(options, surroundings);
  const text = options.format === 'legacy' ? (event: AuditEvent) => `${legacyLine(event)}\n` : (event: AuditEvent) => `${encodeJson(event).toString().trimEnd()}\n`;
  const write = (event: AuditEvent): boolean => {
    try {
      file.write(text(event));
      return true;
    } catch (error) {
      failed('log', 1, error);
      return false;
    }
  };
  const taker: Taker = { take: (events) => events.map(write).every(Boolean), close: () => file.close() };
  const batch = { maxSize: 1, ...options.batch };
  return shortened(options, moded({ ...options, mode: options.mode ?? 'blocking', batch: { ...batch, throttle: options.batch?.throttle } }, taker, surroundings, failed, false), failed);
}

export function webhookBackend(options: WebhookBackendOptions, surroundings: Surroundings, failed: Failed): Backend {
  return shortened(options, moded({ ...options, mode: options.mode ?? 'batch' }, poster(options, surroundings, failed), surroundings, failed, true), failed);
}

function poster(options: WebhookBackendOptions, { clock, random }: Surroundings, failed: Failed): Taker {
  const client = httpClient({ userAgent: 'kube-apiserver-admission', ...options.server });
  const stop = new AbortController();
  const under = new Set<Promise<boolean>>();
  const post = async (events: readonly AuditEvent[]): Promise<boolean> => {
    const body = encodeJson({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items: events });
    let pause = options.initialBackoffMs ?? 10_000;
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await client.raw({ method: 'POST', path: '', headers: { 'content-type': 'application/json', accept: 'application/json, */*' }, body });
        for await (const _ of answer.body);
        if (answer.status < 300) return true;
        throw new Error(`the server answered ${answer.status}`);
      } catch (error) {
        if (attempt >= attempts || stop.signal.aborted) {
          failed('webhook', events.length, error);
          return false;
        }
        await clock.sleep(pause * (1 + jitter * random.next()), stop.signal).catch((reason: unknown) => {
          if (!isAbort(reason, stop.signal)) throw reason;
        });
        pause *= factor;
      }
    }
  };
  return {
    take(events) {
      const sent: Promise<boolean> = post(events).finally(() => under.delete(sent));
      under.add(sent);
      return sent;
    },
    async close() {
      // What waits to be sent again is sent once more.
      stop.abort();
      await Promise.all(under);
      client.close();
    },
  };
}

/** At once, or gathered; `concurrent`: the next batch does not wait until the last is taken. */
function moded(options: BackendOptions, taker: Taker, { clock }: Surroundings, failed: Failed, concurrent: boolean): Backend {
  const { mode } = options;
  if (mode === 'blocking-strict') return { waits: true, write: (event) => taker.take([event]), close: async () => taker.close() };
  if (mode === 'blocking') {
    return {
      waits: true,
      write: (event) => {
        const outcome = taker.take([event]);
        return typeof outcome === 'boolean' ? true : outcome.then(() => true);
      },
      close: async () => taker.close(),
    };
  }
  const send = (events: readonly AuditEvent[]): Promise<unknown> | void => {
    const outcome = taker.take(events);
    if (!concurrent && typeof outcome !== 'boolean') return outcome;
  };
  const batches = new Batches(clock, options.batch ?? {}, send, (n) => failed('buffered', n, new Error('audit buffer queue blocked')));
  return {
    waits: false,
    write: (event) => {
      batches.add(event);
      return true;
    },
    close: async () => {
      await batches.flush();
      await taker.close();
    },
  };
}

/** Only what has objects has something that can be left out. */
function shortened({ truncateBytes }: BackendOptions, backend: Backend, failed: Failed): Backend {
  if (truncateBytes === undefined) return backend;
  return {
    ...backend,
    write: (event) => {
      const short = truncated(event, truncateBytes);
      if (short) return backend.write(short);
      failed('truncate', 1, new Error('event is too large even after truncating'));
      return true;
    },
  };
}
