/**
 * Recording Events without drowning the API: the same event again counts up, many alike become one, and an object that
 * keeps shouting is only heard now and then.
 */
import { timestamp } from '../base/clock.ts';
import { BoundedQueue } from '../base/queue.ts';
import type { Surroundings } from '../base/surroundings.ts';
import type { DeepReadonly, Draft } from '../machinery/json.ts';
import { StatusError, hasReason } from '../machinery/status.ts';
import { events, type Event, type ObjectReference } from '../api/core/v1/index.ts';
import type { ResourceRef } from '../api/reference.ts';
import type { Client } from './client.ts';
import type { KubeObject } from './informer.ts';
import { apiVersion } from './paths.ts';

export interface EventSource {
  readonly component: string;
  readonly host?: string;
}

export interface EventOptions {
  /** The part of the object that is meant, e.g. `spec.containers{web}`. */
  readonly fieldPath?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface EventRecorder {
  /** Never fails and never waits. `ref` may be a bare reference where the object itself is not at hand. */
  event<T extends KubeObject>(ref: ResourceRef<T>, object: DeepReadonly<T>, type: 'Normal' | 'Warning', reason: string, message: string, options?: EventOptions): void;
  eventFor(involved: ObjectReference, type: 'Normal' | 'Warning', reason: string, message: string, options?: EventOptions): void;
}

const queueSize = 1000;
const keptKeys = 4096;
/** This many different messages of one reason within the interval become one event. */
const similarLimit = 10;
const similarIntervalMs = 600_000;
const burst = 25;
const refillMs = 300_000;
const writeTries = 12;
const retryMs = 10_000;
const maxMessageLength = 1024;

export function eventRecorder(client: Client, source: EventSource, surroundings: Surroundings, signal: AbortSignal): EventRecorder {
  const correlator = new Correlator(source, surroundings);
  const queue = new BoundedQueue<Correlated>(queueSize);
  signal.addEventListener('abort', () => queue.end(), { once: true });
  void writeAll(client, queue, surroundings, signal);
  const eventFor: EventRecorder['eventFor'] = (involved, type, reason, message, options) => {
    const correlated = correlator.take(involved, type, reason, message, options);
    if (correlated && !queue.push(correlated) && !signal.aborted) surroundings.log.warn('Too many events, one is dropped', { reason });
  };
  return {
    event: (ref, object, type, reason, message, options) => eventFor(referenceTo(ref, object), type, reason, message, options),
    eventFor,
  };
}

export function referenceTo(ref: ResourceRef<unknown>, object: DeepReadonly<KubeObject>): ObjectReference {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  return { kind: ref.kind, ...(namespace ? { namespace } : {}), name, uid, apiVersion: apiVersion(ref), ...(resourceVersion ? { resourceVersion } : {}) };
}

interface Correlated {
  readonly record: RecordOfKey;
  readonly event: Draft<Event>;
  readonly namespace: string;
}

/** What is known of one event that may come again. */
interface RecordOfKey {
  count: number;
  firstTimestamp: string;
  name: string;
  /** Set once it is on the server, so that the next ones are patches. */
  written: boolean;
}

class Correlator {
  readonly #source: EventSource;
  readonly #surroundings: Surroundings;
  readonly #records = new Map<string, RecordOfKey>();
  readonly #similar = new Map<string, { messages: Set<string>; since: number }>();
  readonly #tokens = new Map<string, { left: number; at: number }>();

  constructor(source: EventSource, surroundings: Surroundings) {
    this.#source = source;
    this.#surroundings = surroundings;
  }

  /** The event to write, or undefined when the object has used up its share. */
  take(involved: ObjectReference, type: string, reason: string, text: string, options: EventOptions = {}): Correlated | undefined {
    const now = this.#surroundings.clock.now();
    const time = timestamp(now);
    const object: ObjectReference = options.fieldPath ? { ...involved, fieldPath: options.fieldPath } : involved;
    const objectKey = JSON.stringify([involved.kind, involved.namespace, involved.name, involved.uid, involved.apiVersion]);
    const groupKey = JSON.stringify([objectKey, options.fieldPath, type, reason]);
    const combined = this.#manySimilar(groupKey, text, now);
    const message = (combined ? `(combined from similar events): ${text}` : text).slice(0, maxMessageLength);
    const key = combined ? groupKey : JSON.stringify([groupKey, message]);
    let record = this.#records.get(key);
    if (record) {
      this.#records.delete(key);
      record.count++;
    } else record = { count: 1, firstTimestamp: time, name: this.#name(involved.name ?? '', now), written: false };
    keep(this.#records, key, record);
    if (!this.#mayWrite(objectKey, now)) return undefined;
    const namespace = involved.namespace || 'default';
    const event: Draft<Event> = {
      apiVersion: 'v1', kind: 'Event',
      metadata: {
        name: record.name, namespace,
        ...(options.annotations ? { annotations: { ...options.annotations } } : {}),
      },
      involvedObject: object, reason, message,
      source: { component: this.#source.component, ...(this.#source.host ? { host: this.#source.host } : {}) },
      firstTimestamp: record.firstTimestamp, lastTimestamp: time, count: record.count, type,
      reportingComponent: this.#source.component, reportingInstance: this.#source.host ?? '',
    };
    return { record, event, namespace };
  }

  #manySimilar(key: string, message: string, now: number): boolean {
    let similar = this.#similar.get(key);
    if (!similar || now - similar.since > similarIntervalMs) similar = { messages: new Set(), since: now };
    this.#similar.delete(key);
    keep(this.#similar, key, similar);
    if (similar.messages.size <= similarLimit) similar.messages.add(message);
    similar.since = now;
    return similar.messages.size > similarLimit;
  }

  #mayWrite(key: string, now: number): boolean {
    const bucket = this.#tokens.get(key) ?? { left: burst, at: now };
    bucket.left = Math.min(burst, bucket.left + (now - bucket.at) / refillMs);
    bucket.at = now;
    this.#tokens.delete(key);
    keep(this.#tokens, key, bucket);
    if (bucket.left < 1) return false;
    bucket.left--;
    return true;
  }

  /** Upstream appends the time in nanoseconds, in hex; randomness fills what the clock does not give. */
  #name(name: string, now: number): string {
    const nanoseconds = BigInt(Math.floor(now)) * 1_000_000n + BigInt(Math.floor(this.#surroundings.random.next() * 1e6));
    return `${name}.${nanoseconds.toString(16)}`;
  }
}

/** A map that forgets what was used longest ago. */
function keep<V>(map: Map<string, V>, key: string, value: V): void {
  map.set(key, value);
  if (map.size <= keptKeys) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

async function writeAll(client: Client, queue: BoundedQueue<Correlated>, surroundings: Surroundings, signal: AbortSignal): Promise<void> {
  for await (const item of queue) {
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await write(client, item, signal);
        break;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof StatusError && error.code < 500) {
          // A namespace that is going away takes no new events: nothing to say about that.
          if (!hasReason(error, 'Forbidden')) surroundings.log.warn('The server refused an event', { err: error, reason: item.event.reason ?? '' });
          break;
        }
        if (attempt >= writeTries) {
          surroundings.log.warn('An event could not be written', { err: error });
          break;
        }
        await surroundings.clock.sleep(retryMs * (attempt === 1 ? surroundings.random.next() : 1), signal).catch(() => undefined);
      }
    }
  }
}

async function write(client: Client, { record, event, namespace }: Correlated, signal: AbortSignal): Promise<void> {
  const options = { namespace, signal };
  if (record.written) {
    const body = { count: event.count, lastTimestamp: event.lastTimestamp, message: event.message };
    try {
      await client.patch(events, record.name, { type: 'application/merge-patch+json', body }, options);
      return;
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error; // expired meanwhile: it is written anew
    }
  }
  await client.create(events, event, options);
  record.written = true;
}
