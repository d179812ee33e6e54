/** What watch caches count of themselves, under upstream's names: plain numbers, read when somebody asks. */
import type { Metrics } from '../base/metrics.ts';
import type { ResourceTable } from './resources.ts';

const waitBuckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3];
const place = ['group', 'resource'];

export function cacheMetrics(metrics: Metrics, table: ResourceTable): void {
  const counter = (name: string, help: string, labels: readonly string[] = place) => metrics.counter({ name, help: `[ALPHA] ${help}`, labels });
  const gauge = (name: string, help: string) => metrics.gauge({ name, help: `[ALPHA] ${help}`, labels: place });
  const received = counter('apiserver_watch_cache_events_received_total', 'Events that came to the watch cache.');
  const fromStore = counter('apiserver_storage_events_received_total', 'Events that came from the store.');
  const dispatched = counter('apiserver_watch_cache_events_dispatched_total', 'Events that the watch cache passed on.');
  const loads = counter('apiserver_watch_cache_initializations_total', 'How often the watch cache was filled from the store.');
  const initial = counter('apiserver_init_events_total', 'Events that new watchers got for what was there already.');
  const ended = counter('apiserver_terminated_watchers_total', 'Watchers that were cut off because they were too slow.');
  const consistent = counter('apiserver_watch_cache_consistent_read_total', 'Fresh reads that the watch cache was to answer.', [...place, 'success', 'fallback']);
  const lists = counter('apiserver_cache_list_total', 'Lists that the watch cache answered.', [...place, 'index']);
  const fetched = counter('apiserver_cache_list_fetched_objects_total', 'Objects that were looked at for lists of the watch cache.', [...place, 'index']);
  const returned = counter('apiserver_cache_list_returned_objects_total', 'Objects in lists that the watch cache answered.');
  const stored = {
    lists: counter('apiserver_storage_list_total', 'Lists that the store answered.'),
    fetched: counter('apiserver_storage_list_fetched_objects_total', 'Objects that the store read for lists.'),
    evaluated: counter('apiserver_storage_list_evaluated_objects_total', 'Objects of the store that selectors were tried on.'),
    returned: counter('apiserver_storage_list_returned_objects_total', 'Objects in lists that the store answered.'),
  };
  const revision = gauge('apiserver_watch_cache_resource_version', 'The resource version up to which the watch cache has come.');
  const capacity = gauge('watch_cache_capacity', 'Events that the watch cache has room for.');
  const waits = metrics.histogram({ name: 'apiserver_watch_cache_read_wait_seconds', labels: place, buckets: waitBuckets, help: '[ALPHA] Seconds that a read waited until the watch cache had caught up.' });
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
