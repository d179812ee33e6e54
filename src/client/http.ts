/** The Client over HTTPS. */
import { readFile } from 'node:fs/promises';
import type { Metrics } from '../base/metrics.ts';
import { systemSurroundings, type Surroundings } from '../base/surroundings.ts';
import type { DeepReadonly, Draft } from '../machinery/json.ts';
import { StatusError, type Status } from '../machinery/status.ts';
import type { ResourceRef } from '../api/reference.ts';
import type {
  Client, DeleteOptions, ListOptions, ObjectList, Patch, RawRequest, RawResponse, ReadOptions, WatchEvent, WatchOptions, WriteOptions,
} from './client.ts';
import { apiVersion, queryString, resourcePath } from './paths.ts';
import { Transport, type TransportConfig } from './transport.ts';
export { ConnectionError } from './transport.ts';

export interface HttpClientConfig extends TransportConfig {
  readonly token?: string;
  /** Read again every minute: projected tokens rotate. */
  readonly tokenFile?: string;
  /** Asked before every request. */
  readonly tokenSource?: () => Promise<string>;
  readonly userAgent?: string;
  /** Added to every request, e.g. Impersonate-User. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Called with the text of each Warning header. */
  readonly onWarning?: (text: string) => void;
  readonly surroundings?: Surroundings;
  /** Where requests are counted, as `rest_client_requests_total`. */
  readonly metrics?: Metrics;
}

export interface HttpClient extends Client {
  /** Ends all connections, and with them whatever is under way. */
  close(): void;
}

const tokenLifeMs = 60_000;
/** How often a server that says Retry-After is asked again. */
const maxRetries = 10;
/** The largest watch event that is believed; etcd's own limit is 1.5 MiB. */
const maxEventBytes = 16 << 20;

export function httpClient(config: HttpClientConfig): HttpClient {
  const surroundings = config.surroundings ?? systemSurroundings();
  const transport = new Transport(config, surroundings.clock);
  const credentials = bearer(config, surroundings);

  const count = config.metrics && requestCounter(config.metrics, new URL(config.server).host);

  const raw = async (request: RawRequest): Promise<RawResponse> => {
    const authorization = await credentials();
    const headers = {
      accept: 'application/json', 'user-agent': config.userAgent ?? 'k7s',
      ...(authorization ? { authorization } : {}), ...config.headers, ...lowerCase(request.headers),
    };
    const response = await transport.exchange({ ...request, headers }).catch((error: unknown) => {
      count?.('<error>', request.method);
      throw error;
    });
    count?.(String(response.status), request.method);
    if (config.onWarning && response.headers.warning) warnings(response.headers.warning).forEach(config.onWarning);
    return response;
  };

  /** Sends, waits where the server asks to come again later, and turns a failure into a StatusError. */
  const send = async (request: RawRequest): Promise<RawResponse> => {
    for (let attempt = 0; ; attempt++) {
      const response = await raw(request);
      if (response.status < 400) return response;
      const text = await readText(response.body);
      const seconds = Number(response.headers['retry-after'] ?? Number.NaN);
      const again = (response.status === 429 || response.status >= 500) && seconds >= 0 && attempt < maxRetries;
      if (!again) throw failure(response.status, text, seconds);
      await surroundings.clock.sleep(Math.max(seconds, 0.05) * 1000, request.signal);
    }
  };

  const call = async <R>(method: string, path: string, options: { signal?: AbortSignal } | undefined, body?: unknown, type = 'application/json', headers: Readonly<Record<string, string>> = {}): Promise<R> => {
    const response = await send({
      method, path, headers,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body), headers: { ...headers, 'content-type': type } }),
      ...(options?.signal ? { signal: options.signal } : {}),
    });
    const text = await readText(response.body);
    return (text === '' ? undefined : JSON.parse(text)) as R;
  };

  return {
    get: (ref, name, options) => call('GET', resourcePath(ref, options?.namespace, name, options?.subresource) + queryString(options satisfies ReadOptions | undefined), options),
    list: async <T>(ref: ResourceRef<T>, options?: ListOptions): Promise<ObjectList<T>> => {
      const list = await call<ObjectList<T>>('GET', resourcePath(ref, options?.namespace) + queryString(options), options, undefined, undefined, accept(options, 'PartialObjectMetadataList'));
      return list.items ? list : { ...list, items: [] };
    },
    watch: <T>(ref: ResourceRef<T>, options?: WatchOptions) => watchEvents<T>(send, ref, options),
    create: <T>(ref: ResourceRef<T>, object: Draft<T>, options?: WriteOptions) =>
      call('POST', resourcePath(ref, options?.namespace ?? namespaceOf(object)) + queryString(options), options, typed(ref, object)),
    update: <T>(ref: ResourceRef<T>, object: DeepReadonly<T> | T, options?: WriteOptions) =>
      call('PUT', resourcePath(ref, options?.namespace ?? namespaceOf(object), nameOf(object), options?.subresource) + queryString(options), options, typed(ref, object)),
    patch: (ref, name, patch: Patch, options) =>
      call('PATCH', resourcePath(ref, options?.namespace, name, options?.subresource) + queryString({ ...options, ...(patch.force ? { force: true } : {}) }), options, patch.body, patch.type),
    delete: (ref, name, options) => call('DELETE', resourcePath(ref, options?.namespace, name), options, deleteBody(options)),
    deleteCollection: async (ref, options) => {
      await call('DELETE', resourcePath(ref, options?.namespace) + queryString({ ...options, dryRun: false }), options, deleteBody(options));
    },
    post: (ref, name, subresource, body, options) => call('POST', resourcePath(ref, options?.namespace, name, subresource) + queryString(options), options, body),
    raw,
    close: () => transport.close(),
  };
}

function requestCounter(metrics: Metrics, host: string): (code: string, method: string) => void {
  const total = metrics.counter({ name: 'rest_client_requests_total', help: '[ALPHA] Requests to API servers, by code, method and host.', labels: ['code', 'method', 'host'] });
  return (code, method) => total.inc(1, code, method, host);
}

/** Metadata alone, from servers that can; others send the whole. */
function accept(options: ListOptions | undefined, kind: string): Readonly<Record<string, string>> {
  return options?.metadataOnly ? { accept: `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json` } : {};
}

async function* watchEvents<T>(send: (request: RawRequest) => Promise<RawResponse>, ref: ResourceRef<T>, options: WatchOptions = {}): AsyncGenerator<WatchEvent<T>, void, void> {
  const path = resourcePath(ref, options.namespace) + queryString({ ...options, watch: true });
  const response = await send({ method: 'GET', path, headers: accept(options, 'PartialObjectMetadata'), ...(options.signal ? { signal: options.signal } : {}) });
  for await (const line of lines(response.body)) {
    const event = JSON.parse(line) as WatchEvent<T> | { type: 'ERROR'; object: Status };
    if (event.type === 'ERROR') throw new StatusError(event.object);
    yield event;
  }
}

/** Cuts a stream of bytes at its line ends. */
export async function* lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const bytes of body) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const last = chunk.subarray(start, end);
      const line = parts.length ? Buffer.concat([...parts, last]).toString() : last.toString();
      parts = [];
      size = 0;
      start = end + 1;
      if (line !== '' && line !== '\r') yield line;
    }
    if (start === chunk.length) continue;
    parts.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > maxEventBytes) throw new Error('a line of the stream is too long');
  }
  if (parts.length) yield Buffer.concat(parts).toString();
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString();
}

function failure(code: number, text: string, retryAfterSeconds: number): StatusError {
  try {
    const status = JSON.parse(text) as Status;
    if (status?.kind === 'Status') return new StatusError(status);
  } catch {
    // Not JSON: a proxy in between, or a handler that answers in plain text.
  }
  const message = text.trim().slice(0, 1024) || `the server answered with status ${code}`;
  if (code === 401) return StatusError.unauthorized(message);
  if (code === 404) return StatusError.pathNotFound();
  if (code === 429) return StatusError.tooManyRequests(message, retryAfterSeconds || 0);
  if (code === 503) return StatusError.serviceUnavailable(message);
  return new StatusError({ status: 'Failure', reason: code === 403 ? 'Forbidden' : code >= 500 ? 'InternalError' : '', message, code });
}

function typed<T>(ref: ResourceRef<T>, object: unknown): unknown {
  const { apiVersion: version, kind, ...rest } = object as { apiVersion?: string; kind?: string };
  return { apiVersion: version ?? apiVersion(ref), kind: kind ?? ref.kind, ...rest };
}

function deleteBody(options: DeleteOptions = {}): unknown {
  const { gracePeriodSeconds, propagationPolicy, preconditions, dryRun } = options;
  const body = { gracePeriodSeconds, propagationPolicy, preconditions, ...(dryRun ? { dryRun: ['All'] } : {}) };
  if (Object.values(body).every((v) => v === undefined)) return undefined;
  return { apiVersion: 'v1', kind: 'DeleteOptions', ...body };
}

type Named = { readonly metadata?: { readonly name?: string; readonly namespace?: string } };
const namespaceOf = (object: unknown): string | undefined => (object as Named).metadata?.namespace;
const nameOf = (object: unknown): string => (object as Named).metadata?.name ?? '';

function lowerCase(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** `299 - "text", 299 - "more"` to its texts. */
function warnings(header: string): string[] {
  return [...header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map((m) => m[1]!.replace(/\\(.)/g, '$1'));
}

function bearer(config: HttpClientConfig, { clock, log }: Surroundings): () => Promise<string | undefined> {
  const { tokenFile, tokenSource } = config;
  if (tokenSource) return async () => `Bearer ${await tokenSource()}`;
  if (!tokenFile) return async () => (config.token ? `Bearer ${config.token}` : undefined);
  let cached: { value: string; readAt: number } | undefined;
  return async () => {
    if (cached && clock.monotonic() - cached.readAt < tokenLifeMs) return cached.value;
    try {
      cached = { value: `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}`, readAt: clock.monotonic() };
    } catch (error) {
      if (!cached) throw error;
      log.warn('Cannot read the token file again, the earlier token is used', { file: tokenFile, err: error });
    }
    return cached.value;
  };
}
