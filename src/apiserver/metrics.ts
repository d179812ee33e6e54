/** What the server counts of its requests, under upstream's names and with its labels; series are found once and then only added to. */
import type { Clock } from '../base/clock.ts';
import type { Counter, Gauge, Metrics } from '../base/metrics.ts';
import type { ServingRequest } from '../serving/request.ts';
import { isLongRunning, isReadOnly, type RequestInfo } from '../serving/requestinfo.ts';

const durationBuckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const sizeBuckets = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const places = ['group', 'version', 'resource', 'subresource', 'scope', 'component'] as const;
const verbs: Readonly<Record<string, string>> = { get: 'GET', list: 'LIST', watch: 'WATCH', create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE', deletecollection: 'DELETECOLLECTION' };
const connects = new Set(['exec', 'attach', 'portforward', 'proxy']);
const probes = new Set(['/healthz', '/livez', '/readyz']);
/** What is asked for is a client's to choose; what is counted must not grow without end. */
const mostSeries = 20_000;

export interface RequestMetrics {
  /** Call the answer when the request is done; `routed`: it came as far as a handler, which is what is counted. */
  begin(request: ServingRequest, info: RequestInfo): (code: number, routed: boolean) => void;
  /** It came from this server itself. */
  own(request: ServingRequest, info: RequestInfo): void;
  /** How long one step before the handler took. */
  filter(name: Filter, milliseconds: number): void;
  /** The server would not go on with it: too many requests, or too little time. */
  terminated(request: ServingRequest, info: RequestInfo, code: number): void;
}

type Labels = readonly [verb: string, dryRun: string, group: string, version: string, resource: string, subresource: string, scope: string, component: string];

interface Series {
  readonly labels: Labels;
  readonly codes: Map<number, (by: number) => void>;
  readonly duration: (value: number) => void;
  readonly sli: (value: number) => void;
  readonly size: ((value: number) => void) | undefined;
  readonly body: ((value: number) => void) | undefined;
}

export const filters = ['authentication', 'audit', 'impersonation', 'priorityandfairness', 'authorization'] as const;
export type Filter = (typeof filters)[number];

const filterBuckets = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 5, 10, 15, 30];
const bodyBuckets = Array.from({ length: 31 }, (_, i) => 50_000 + i * 100_000);
const withBody: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** `find`: what is served of that name, and from which release on it is not to be used. */
export function requestMetrics(metrics: Metrics, clock: Clock, find: (info: RequestInfo) => { readonly deprecation?: string } | undefined): RequestMetrics {
  const withDryRun = ['verb', 'dry_run', ...places];
  const total = metrics.counter({ name: 'apiserver_request_total', labels: [...withDryRun, 'code'], help: '[STABLE] Requests, by what they asked for and the code of the answer.' });
  const duration = metrics.histogram({ name: 'apiserver_request_duration_seconds', labels: withDryRun, buckets: durationBuckets, help: '[STABLE] Seconds until a request was answered.' });
  const sli = metrics.histogram({ name: 'apiserver_request_sli_duration_seconds', labels: ['verb', ...places], buckets: durationBuckets.slice(2), help: '[ALPHA] Seconds until a request was answered, without the time in queues and webhooks.' });
  const sizes = metrics.histogram({ name: 'apiserver_response_sizes', labels: ['verb', ...places], buckets: sizeBuckets, help: '[STABLE] Bytes of an answer.' });
  const longRunning = metrics.gauge({ name: 'apiserver_longrunning_requests', labels: ['verb', ...places], help: '[STABLE] Watches and other long requests that are open.' });
  const terminations = metrics.counter({ name: 'apiserver_request_terminations_total', labels: ['verb', ...places, 'code'], help: '[ALPHA] Requests that the server broke off to protect itself.' });
  const bodies = metrics.histogram({ name: 'apiserver_request_body_size_bytes', labels: ['resource', 'verb', 'group'], buckets: bodyBuckets, help: '[ALPHA] Bytes of the body of a request.' });
  const deprecated = metrics.gauge({ name: 'apiserver_requested_deprecated_apis', labels: ['group', 'version', 'resource', 'subresource', 'removed_release'], help: '[STABLE] 1 for each deprecated API that somebody asked for.' });
  const selfRequests = metrics.counter({ name: 'apiserver_selfrequest_total', labels: ['verb', 'group', 'resource', 'subresource'], help: '[ALPHA] Requests of the server to itself.' });
  const filtered = metrics.histogram({ name: 'apiserver_request_filter_duration_seconds', labels: ['filter'], buckets: filterBuckets, help: '[ALPHA] Seconds that a request spent in a filter.' });
  const validated = metrics.histogram({ name: 'field_validation_request_duration_seconds', labels: ['field_validation'], buckets: durationBuckets.slice(2), help: '[ALPHA] Seconds until a request was answered, by how it wants fields checked.' });
  const validation = Object.fromEntries(['', 'Ignore', 'Warn', 'Strict'].map((word) => [word, lazily(() => validated.with(word))]));
  const filter = Object.fromEntries(filters.map((name) => [name, filtered.with(name)])) as Record<Filter, (value: number) => void>;
  const flights = inFlight(metrics, clock);
  const all = new Map<string, Series>();

  const seriesOf = (request: ServingRequest, info: RequestInfo): Series | undefined => {
    const verb = verbOf(request, info);
    const dryRun = request.hasQuery && request.query.has('dryRun') ? request.query.getAll('dryRun').join(',') : '';
    const scope = scopeOf(info);
    const key = info.isResource ? `${verb}/${dryRun}/${info.group}/${info.version}/${info.resource}/${info.subresource}/${scope}` : `${verb}${info.path}`;
    const found = all.get(key);
    if (found) return found;
    const served = info.isResource ? find(info) : undefined;
    if (all.size >= mostSeries || (info.isResource ? !served : !probes.has(info.path))) return undefined;
    // It stays as it is from the first request on.
    if (served?.deprecation !== undefined) deprecated.set(1, info.group, info.version, info.resource, info.subresource, /unavailable in v([\d.]+)/.exec(served.deprecation)?.[1] ?? '');
    const labels: Labels = info.isResource ? [verb, dryRun, info.group, info.version, info.resource, info.subresource, scope, 'apiserver'] : [verb, dryRun, '', '', '', info.path, '', ''];
    const [, , ...place] = labels;
    const made: Series = {
      labels, codes: new Map(), duration: duration.with(...labels), sli: sli.with(verb, ...place),
      size: verb === 'GET' || verb === 'LIST' ? sizes.with(verb, ...place) : undefined,
      body: withBody.has(info.verb) ? lazily(() => bodies.with(info.resource, info.verb, info.group)) : undefined,
    };
    all.set(key, made);
    return made;
  };

  return {
    begin(request, info) {
      const started = clock.monotonic();
      if (isLongRunning(info)) return begun(longRunning, total, seriesOf(request, info));
      const flight = flights(isReadOnly(info));
      flight.enter(started);
      return (code, routed) => {
        flight.leave();
        const series = routed ? seriesOf(request, info) : undefined;
        if (!series) return;
        counterOf(total, series, code)(1);
        const seconds = (clock.monotonic() - started) / 1000;
        series.duration(seconds);
        series.sli(seconds);
        series.size?.(request.answerLength);
        if (request.bodyLength > 0) series.body?.(request.bodyLength);
        if (series.body) validation[request.hasQuery ? (request.query.get('fieldValidation') ?? '') : '']?.(seconds);
      };
    },
    own: (request, info) => selfRequests.inc(1, verbOf(request, info), info.isResource ? info.group : '', info.isResource ? info.resource : '', info.isResource ? info.subresource : info.path),
    filter: (name, milliseconds) => filter[name](milliseconds / 1000),
    terminated(request, info, code) {
      const series = seriesOf(request, info);
      if (series) terminations.inc(1, series.labels[0], ...series.labels.slice(2), String(code));
    },
  };
}

/** A series that nothing fills is not shown. */
function lazily(make: () => (value: number) => void): (value: number) => void {
  let made: ((value: number) => void) | undefined;
  return (value) => (made ??= make())(value);
}

function begun(gauge: Gauge, total: Counter, series: Series | undefined): (code: number, routed: boolean) => void {
  if (!series) return () => {};
  const [verb, , ...place] = series.labels;
  gauge.add(1, verb, ...place);
  return (code, routed) => {
    gauge.add(-1, verb, ...place);
    if (routed) counterOf(total, series, code)(1);
  };
}

function counterOf(total: Counter, { codes, labels }: Series, code: number): (by: number) => void {
  let add = codes.get(code);
  if (!add) codes.set(code, (add = total.with(...labels, String(code))));
  return add;
}

function verbOf(request: ServingRequest, info: RequestInfo): string {
  if (info.isResource && connects.has(info.subresource)) return 'CONNECT';
  const verb = verbs[info.verb] ?? info.verb.toUpperCase();
  return verb === 'PATCH' && request.headers['content-type']?.startsWith('application/apply-patch') ? 'APPLY' : verb;
}

function scopeOf(info: RequestInfo): string {
  if (!info.isResource) return '';
  if (info.name !== '' || info.verb === 'create') return 'resource';
  return info.namespace === '' ? 'cluster' : 'namespace';
}

interface Flight {
  enter(milliseconds: number): void;
  leave(): void;
}

/** The most that were under way at a time in this second and the last. */
function inFlight(metrics: Metrics, clock: Clock): (readOnly: boolean) => Flight {
  const gauge = metrics.gauge({ name: 'apiserver_current_inflight_requests', labels: ['request_kind'], help: '[STABLE] The most requests at work at a time in the last second.' });
  const make = (kind: string): Flight => {
    let [now, peak, before, second] = [0, 0, 0, 0];
    const turn = (milliseconds: number): void => {
      const current = Math.floor(milliseconds / 1000);
      if (current === second) return;
      before = current === second + 1 ? peak : now;
      [peak, second] = [now, current];
    };
    metrics.onCollect(() => {
      turn(clock.monotonic());
      gauge.set(Math.max(peak, before), kind);
    });
    return {
      enter: (milliseconds) => {
        turn(milliseconds);
        if (++now > peak) peak = now;
      },
      leave: () => void now--,
    };
  };
  const [reads, writes] = [make('readOnly'), make('mutating')];
  return (readOnly) => (readOnly ? reads : writes);
}
