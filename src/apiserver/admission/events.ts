/** EventRateLimit: only so many events a second, in all, for a namespace, a user, or a source and its object. */
import type { Clock } from '../../base/clock.ts';
import { StatusError } from '../../machinery/status.ts';
import type { AdmissionPlugin, AdmissionRequest } from './chain.ts';
import type { EventLimit } from './placement.ts';

interface Bucket {
  tokens: number;
  filledAt: number;
}

const mostBuckets = 4096;

type Key = (request: AdmissionRequest) => string;

const keys: Readonly<Record<EventLimit['type'], Key>> = {
  Server: () => '',
  Namespace: ({ namespace }) => namespace,
  User: ({ user }) => user.name,
  SourceAndObject: ({ object }) => {
    const { source = {}, involvedObject: of = {} } = object as unknown as Record<'source' | 'involvedObject', Record<string, string> | undefined>;
    return [source['component'], source['host'], of['kind'], of['namespace'], of['name'], of['uid'], of['apiVersion']].map((part) => part ?? '').join('');
  },
};

/** The buckets that were used least recently are forgotten, and then full again. */
function limiter({ type, qps, burst, cacheSize = mostBuckets }: EventLimit, clock: Clock): Key {
  const buckets = new Map<string, Bucket>();
  return (request) => {
    const key = keys[type](request);
    const now = clock.monotonic();
    const bucket = buckets.get(key) ?? { tokens: burst, filledAt: now };
    buckets.delete(key);
    buckets.set(key, bucket);
    if (buckets.size > cacheSize) buckets.delete(buckets.keys().next().value!);
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.filledAt) / 1000) * qps);
    bucket.filledAt = now;
    if (bucket.tokens < 1) return `limit reached on type ${type} for key ${key}`;
    bucket.tokens--;
    return '';
  };
}

export function eventRateLimit(limits: readonly EventLimit[], clock: Clock): AdmissionPlugin {
  const limiters = limits.map((limit) => limiter(limit, clock));
  return {
    name: 'EventRateLimit',
    validate(request) {
      if (request.kind !== 'Event' || (request.operation !== 'CREATE' && request.operation !== 'UPDATE') || request.dryRun) return;
      const reached = limiters.map((limit) => limit(request)).filter((why) => why !== '');
      if (reached.length === 0) return;
      const message = `Too many requests: ${reached.length === 1 ? reached[0]! : `[${reached.join(', ')}]`}`;
      throw new StatusError({ status: 'Failure', code: 429, reason: 'TooManyRequests', message });
    },
  };
}
