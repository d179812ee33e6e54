/** What the server counts of its store and of its watches, under upstream's names. */
import type { Clock } from '../base/clock.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Operation, Store } from '../store/store.ts';
import type { ResourceTable } from './resources.ts';

const buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

/** The store, with its requests counted by operation and by what the keys are of. */
export function measured(store: Store, metrics: Metrics, clock: Clock, tellsSize = true): Store {
  const labels = ['operation', 'group', 'resource'];
  const duration = metrics.histogram({ name: 'etcd_request_duration_seconds', labels, buckets, help: '[ALPHA] Seconds that the store took for an operation.' });
  const total = metrics.counter({ name: 'etcd_requests_total', labels, help: '[ALPHA] Operations that the store was asked for.' });
  const errors = metrics.counter({ name: 'etcd_request_errors_total', labels, help: '[ALPHA] Operations that failed in the store.' });
  if (tellsSize) {
    const size = metrics.gauge({ name: 'apiserver_storage_size_bytes', labels: ['storage_cluster_id'], help: '[STABLE] Bytes that the store takes on disk.' });
    const look = (): void => void store.size().then((bytes) => size.set(bytes, 'etcd-0'), () => {});
    look();
    metrics.onCollect(look);
  }
  interface Series {
    readonly count: (by: number) => void;
    readonly time: (value: number) => void;
    readonly place: readonly [string, string, string];
  }
  const known = new Map<string, Series>();
  const seriesOf = (operation: string, key: string): Series => {
    const prefix = prefixOf(key);
    const name = `${operation}${prefix}`;
    let series = known.get(name);
    if (!series) {
      const place = [operation, ...ownerOf(prefix)] as const;
      known.set(name, (series = { place, count: total.with(...place), time: duration.with(...place) }));
    }
    return series;
  };
  const timed = async <T>(operation: string, key: string, work: Promise<T>): Promise<T> => {
    const series = seriesOf(operation, key);
    const started = clock.monotonic();
    try {
      return await work;
    } catch (error) {
      errors.inc(1, ...series.place);
      throw error;
    } finally {
      series.count(1);
      series.time((clock.monotonic() - started) / 1000);
    }
  };
  return {
    shared: store.shared,
    revision: () => store.revision(),
    get: (key, revision) => timed('get', key, store.get(key, revision)),
    range: (request) => timed('list', request.start, store.range(request)),
    commit: (operations) => (operations.length === 0 ? store.commit(operations) : timed(nameOf(operations[0]!), operations[0]!.key, store.commit(operations))),
    watch: (request) => store.watch(request),
    compact: (revision) => store.compact(revision),
    floor: () => store.floor?.() ?? 0,
    ...(store.outdated ? { outdated: (key: string, value: Uint8Array) => store.outdated!(key, value) } : {}),
    size: () => store.size(),
    close: () => store.close(),
  };
}

function nameOf(operation: Operation): string {
  return operation.type === 'delete' ? 'delete' : operation.expect === 0 ? 'create' : 'update';
}

/** `/registry/pods/`, `/registry/stable.example.com/widgets/`. */
function prefixOf(key: string): string {
  const first = key.indexOf('/', 1);
  const second = key.indexOf('/', first + 1);
  if (second < 0) return key;
  if (!key.slice(first + 1, second).includes('.')) return key.slice(0, second + 1);
  const third = key.indexOf('/', second + 1);
  return third < 0 ? key : key.slice(0, third + 1);
}

function ownerOf(prefix: string): [group: string, resource: string] {
  const parts = prefix.split('/').slice(2);
  return parts.length > 1 && parts[1] !== '' ? [parts[0]!, parts[1]!] : ['', parts[0] ?? ''];
}

/** How many objects of each resource there are. */
export function objectMetrics(metrics: Metrics, table: ResourceTable): void {
  const old = metrics.gauge({ name: 'apiserver_storage_objects', labels: ['resource'], help: '[STABLE] The same as apiserver_resource_objects, which takes its place.' });
  const objects = metrics.gauge({ name: 'apiserver_resource_objects', labels: ['group', 'resource'], help: '[ALPHA] Objects in the store, by resource; -1 where they could not be counted.' });
  const size = metrics.gauge({ name: 'apiserver_resource_size_estimate_bytes', labels: ['group', 'resource'], help: '[ALPHA] About how many bytes the objects of a resource take; -1 where nobody knows.' });
  metrics.onCollect(() => {
    for (const { group, resource, storage } of table.all()) {
      if (!storage) continue;
      old.set(storage.cacher.count, group === '' ? resource : `${resource}.${group}`);
      objects.set(storage.cacher.count, group, resource);
      size.set(storage.cacher.bytes, group, resource);
    }
  });
}

/** Call the answer for each write to a watch: how many events, and how many bytes. */
export type WatchMeter = (served: { readonly group: string; readonly resource: string; readonly definition: { readonly version: string } }) => (events: number, bytes: number) => void;

export function watchMeter(metrics: Metrics): WatchMeter {
  const labels = ['group', 'version', 'resource'];
  const events = metrics.counter({ name: 'apiserver_watch_events_total', labels, help: '[ALPHA] Events that watchers were sent.' });
  const sizes = metrics.histogram({ name: 'apiserver_watch_events_sizes', labels, buckets: [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072], help: '[ALPHA] Bytes of one event of a watch.' });
  return ({ group, resource, definition }) => {
    const count = events.with(group, definition.version, resource);
    const size = sizes.with(group, definition.version, resource);
    return (n, bytes) => {
      count(n);
      // Of events that went together the mean is known.
      for (let i = 0; i < n; i++) size(bytes / n);
    };
  };
}
