/** What the server counts of its requests, under upstream's names. */
import type { Clock } from '../base/clock.ts';
import type { Metrics } from '../base/metrics.ts';
import type { RequestInfo } from '../serving/requestinfo.ts';

const durationBuckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const longRunningSubresources = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);
const upper: Readonly<Record<string, string>> = {
  get: 'GET', list: 'LIST', watch: 'WATCH', create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE', deletecollection: 'DELETECOLLECTION', head: 'GET', post: 'POST', put: 'PUT',
};

export interface RequestMetrics {
  /** Call the answer with the status code when the request is done. */
  begin(info: RequestInfo): (code: number) => void;
}

export function requestMetrics(metrics: Metrics, clock: Clock): RequestMetrics {
  const total = metrics.counter({
    name: 'apiserver_request_total', labels: ['code', 'component', 'dry_run', 'group', 'resource', 'scope', 'subresource', 'verb', 'version'],
    help: '[STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
  });
  const duration = metrics.histogram({
    name: 'apiserver_request_duration_seconds', labels: ['component', 'dry_run', 'group', 'resource', 'scope', 'subresource', 'verb', 'version'], buckets: durationBuckets,
    help: '[STABLE] Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.',
  });
  const inflight = metrics.gauge({ name: 'apiserver_current_inflight_requests', labels: ['request_kind'], help: '[STABLE] Maximal number of currently used inflight request limit of this apiserver per request kind in last second.' });
  const longRunning = metrics.gauge({ name: 'apiserver_longrunning_requests', labels: ['verb'], help: '[STABLE] Gauge of all active long-running apiserver requests broken out by verb.' });
  return {
    begin(info) {
      const started = clock.monotonic();
      const verb = upper[info.verb] ?? info.verb.toUpperCase();
      const long = info.verb === 'watch' || longRunningSubresources.has(info.subresource);
      const kind = info.verb === 'get' || info.verb === 'list' || info.verb === 'watch' ? 'readOnly' : 'mutating';
      if (long) longRunning.add(1, verb);
      else inflight.add(1, kind);
      return (code) => {
        const scope = !info.isResource ? '' : info.name !== '' || info.verb === 'create' ? 'resource' : info.namespace !== '' ? 'namespace' : 'cluster';
        total.inc(1, String(code), 'apiserver', '', info.group, info.resource, scope, info.subresource, verb, info.version);
        if (long) longRunning.add(-1, verb);
        else {
          inflight.add(-1, kind);
          duration.observe((clock.monotonic() - started) / 1000, 'apiserver', '', info.group, info.resource, scope, info.subresource, verb, info.version);
        }
      };
    },
  };
}
