/** Prometheus' HTTP API, as far as the adapter needs it. Every failure names the server. */
import type { Clock } from '../../base/clock.ts';
import type { Histogram } from '../../base/metrics.ts';
import type { Client } from '../../client/client.ts';

/** Longer answers are refused: they would have to fit into memory at once. */
const maxAnswerBytes = 64 << 20;
const answerMs = 30_000;

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Milliseconds. */
  readonly timestamp: number;
}

export type QueryResult = { readonly type: 'vector'; readonly samples: readonly Sample[] } | { readonly type: 'scalar'; readonly sample: Sample };

/** `message` is for people, with the server's address in it. */
export class PrometheusError extends Error {
  /** The server could not be reached, or did not answer as Prometheus does. */
  readonly away: boolean;

  constructor(url: string, why: string, away: boolean, cause?: unknown) {
    super(`Prometheus at ${url}: ${why}`, { cause });
    this.away = away;
  }
}

export interface Prometheus {
  readonly url: string;
  /** The label sets of all series that match, of those seen since `sinceMs`; `__name__` is one of the labels. */
  series(selector: string, sinceMs: number, signal: AbortSignal): Promise<readonly Readonly<Record<string, string>>[]>;
  query(query: string, signal: AbortSignal): Promise<QueryResult>;
}

export interface PrometheusOptions {
  /** As given; user and password in it are not repeated in messages. */
  readonly url: string;
  /** Speaks to the server of that URL, with whatever credentials it wants. */
  readonly http: Pick<Client, 'raw'>;
  readonly verb: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly duration?: Histogram;
}

interface Answer {
  readonly status?: string;
  readonly data?: unknown;
  readonly errorType?: string;
  readonly error?: string;
}

type Pair = readonly [time: number, value: string];

export function prometheus(options: PrometheusOptions): Prometheus {
  const url = shown(options.url);
  const fail = (why: string, away: boolean, cause?: unknown): never => {
    throw new PrometheusError(url, why, away, cause);
  };
  const exchange = async (path: string, parameters: URLSearchParams, signal: AbortSignal): Promise<{ status: number; text: string }> => {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
    const get = options.verb === 'GET';
    try {
      const response = await options.http.raw({
        method: options.verb, path: get ? `${path}?${parameters}` : path, signal: limited,
        headers: { ...options.headers, ...(get ? {} : { 'content-type': 'application/x-www-form-urlencoded' }) },
        ...(get ? {} : { body: parameters.toString() }),
      });
      const parts: Uint8Array[] = [];
      let size = 0;
      for await (const part of response.body) {
        size += part.length;
        if (size > maxAnswerBytes) fail(`the answer to ${path} is longer than ${maxAnswerBytes} bytes; narrow the rule's query`, false);
        parts.push(part);
      }
      return { status: response.status, text: Buffer.concat(parts).toString() };
    } catch (error) {
      if (error instanceof PrometheusError) throw error;
      signal.throwIfAborted();
      if (limited.aborted) return fail(`no answer within ${answerMs / 1000}s`, true, error);
      return fail(reasonOf(error), true, error);
    }
  };
  const ask = async (path: string, parameters: URLSearchParams, signal: AbortSignal): Promise<unknown> => {
    const started = options.clock.monotonic();
    const { status, text } = await exchange(path, parameters, signal);
    options.duration?.observe((options.clock.monotonic() - started) / 1000, path, url);
    // Others do not carry an answer of Prometheus' own.
    if (Math.trunc(status / 100) !== 2 && ![400, 422, 503].includes(status)) fail(`bad_response: unknown response code ${status}`, true);
    let answer: Answer;
    try {
      answer = JSON.parse(text) as Answer;
    } catch (error) {
      return fail(`bad_response: ${(error as Error).message}`, true, error);
    }
    if (answer.status === 'error') fail(`${answer.errorType ?? 'error'}: ${answer.error ?? ''}`, status === 503);
    return answer.data;
  };
  return {
    url,
    series: async (selector, sinceMs, signal) => {
      const data = await ask('/api/v1/series', new URLSearchParams({ start: seconds(sinceMs), 'match[]': selector }), signal);
      return Array.isArray(data) ? (data as Record<string, string>[]) : fail('bad_response: no list of series', true);
    },
    query: async (query, signal) => {
      const data = (await ask('/api/v1/query', new URLSearchParams({ query, time: seconds(options.clock.now()) }), signal)) as { resultType?: string; result?: unknown } | undefined;
      if (data?.resultType === 'vector') {
        const samples = (data.result as readonly { metric: Record<string, string>; value: Pair }[] | null) ?? [];
        return { type: 'vector', samples: samples.filter((s) => s.value !== undefined).map(({ metric, value }) => sampleOf(metric, value)) };
      }
      if (data?.resultType === 'scalar') return { type: 'scalar', sample: sampleOf({}, data.result as Pair) };
      return fail(`unexpected results: expected vector, got ${data?.resultType ?? 'none'}`, false);
    },
  };
}

function sampleOf(labels: Readonly<Record<string, string>>, [time, text]: Pair): Sample {
  const value = text === '+Inf' ? Number.POSITIVE_INFINITY : text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
  return { labels, value, timestamp: time * 1000 };
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

function shown(text: string): string {
  const url = new URL(text);
  url.username = '';
  url.password = '';
  return url.toString().replace(/\/$/, '');
}

/** What the system said, without the address that is named already. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const inner = cause instanceof Error ? cause : error;
  return inner instanceof Error ? inner.message : String(inner);
}
