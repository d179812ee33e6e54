/** What watch caches count of themselves, under upstream's names: plain numbers, read when somebody asks. */
import type { Metrics } from '../base/metrics.ts';
import type { ResourceTable } from './resources.ts';

const waitBuckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3];
const place = ['group', 'resource'];

export function cacheMetrics(metrics: Metrics, table: ResourceTable): void {
  const counter = (name: string, help: string, labels: readonly string[] = place) => metrics.counter({ name, help: `[ALPHA] ${help}`, labels });
  const gauge = (name: string, help: string) => metrics.gauge({ name, help: `[ALPHA] ${help}`, labels: place });
  const received = counter('apiserver_watch_cache_events_received_total', 'Counter of events received in watch cache broken by resource type.');
  const fromStore = counter('apiserver_storage_events_received_total', 'Number of etcd events received split by kind.');
  const dispatched = counter('apiserver_watch_cache_events_dispatched_total', 'Counter of events dispatched in watch cache broken by resource type.');
  const loads = counter('apiserver_watch_cache_initializations_total', 'Counter of watch cache initializations broken by resource type.');
  const initial = counter('apiserver_init_events_total', 'Counter of init events processed in watch cache broken by resource type.');
  const ended = counter('apiserver_terminated_watchers_total', 'Counter of watchers closed due to unresponsiveness broken by resource type.');
  const consistent = counter('apiserver_watch_cache_consistent_read_total', 'Counter for consistent reads from cache.', [...place, 'success', 'fallback']);
  const lists = counter('apiserver_cache_list_total', 'Number of LIST requests served from watch cache', [...place, 'index']);
  const fetched = counter('apiserver_cache_list_fetched_objects_total', 'Number of objects read from watch cache in the course of serving a LIST request', [...place, 'index']);
  const returned = counter('apiserver_cache_list_returned_objects_total', 'Number of objects returned for a LIST request from watch cache');
  const stored = {
    lists: counter('apiserver_storage_list_total', 'Number of LIST requests served from storage'),
    fetched: counter('apiserver_storage_list_fetched_objects_total', 'Number of objects read from storage in the course of serving a LIST request'),
    evaluated: counter('apiserver_storage_list_evaluated_objects_total', 'Number of objects tested in the course of serving a LIST request from storage'),
    returned: counter('apiserver_storage_list_returned_objects_total', 'Number of objects returned for a LIST request from storage'),
  };
  const revision = gauge('apiserver_watch_cache_resource_version', 'Current resource version of watch cache broken by resource type.');
  const capacity = gauge('watch_cache_capacity', 'Total capacity of watch cache broken by resource type.');
  const waits = metrics.histogram({ name: 'apiserver_watch_cache_read_wait_seconds', labels: place, buckets: waitBuckets, help: '[ALPHA] Histogram of time spent waiting for a watch cache to become fresh.' });
  metrics.onCollect(() => {
    for (const { group, resource, storage } of table.all()) {
      if (!storage) continue;
      const { tallies, revision: at, capacity: most } = storage.cacher;
      const of = [group, resource] as const;
      received.to(tallies.received, ...of);
      fromStore.to(tallies.received, ...of);
      dispatched.to(tallies.received, ...of);
      loads.to(tallies.loads, ...of);
      if (tallies.initialEvents > 0) initial.to(tallies.initialEvents, ...of);
      if (tallies.lagging > 0) ended.to(tallies.lagging, ...of);
      if (tallies.consistent > 0) consistent.to(tallies.consistent, ...of, 'true', 'false');
      if (tallies.lists > 0) {
        lists.to(tallies.lists, ...of, '');
        fetched.to(tallies.fetched, ...of, '');
        returned.to(tallies.returned, ...of);
      }
      stored.lists.to(tallies.storeLists, ...of);
      for (const one of [stored.fetched, stored.evaluated, stored.returned]) one.to(tallies.storeFetched, ...of);
      revision.set(at, ...of);
      capacity.set(most, ...of);
      for (const milliseconds of tallies.waits.splice(0)) waits.observe(milliseconds / 1000, ...of);
    }
  });
}
