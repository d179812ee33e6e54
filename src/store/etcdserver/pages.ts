/** What monitors read: health, version, metrics under etcd's names. */
import { Metrics, metricsContentType, type Gauge } from '../../base/metrics.ts';
import type { Member } from './member.ts';
import { etcdVersion } from './services.ts';

export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const codes = ['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists', 'PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented',
  'Internal', 'Unavailable', 'DataLoss', 'Unauthenticated'];
const streams: ReadonlySet<string> = new Set(['Watch', 'LeaseKeepAlive', 'Snapshot']);

export function serverMetrics(member: Member): { readonly metrics: Metrics; readonly watchers: Gauge; handled(path: string, code: number): void } {
  const metrics = new Metrics();
  const { store } = member;
  const gauge = (name: string, help: string, read: () => number): void => {
    const made = metrics.gauge({ name, help });
    metrics.onCollect(() => made.set(read()));
  };
  gauge('etcd_server_has_leader', '1 where there is a leader, else 0.', () => 1);
  gauge('etcd_server_is_leader', '1 where this member leads, else 0.', () => 1);
  gauge('etcd_server_quota_backend_bytes', 'Bytes that the data may take.', () => member.quotaBytes);
  gauge('etcd_mvcc_db_total_size_in_bytes', 'Bytes that the data takes on disk.', () => store.bytesOnDisk);
  gauge('etcd_mvcc_db_total_size_in_use_in_bytes', 'Bytes on disk that are not waiting to be cleared.', () => Math.min(store.bytesOnDisk, store.history.liveBytes + store.history.logBytes));
  gauge('etcd_debugging_mvcc_current_revision', 'The revision of the last write.', () => store.history.revision);
  gauge('etcd_debugging_mvcc_compact_revision', 'The revision up to which history is gone.', () => store.history.floor);
  gauge('etcd_debugging_server_lease_total', 'Leases that are held.', () => member.leases.size);
  const handledTotal = metrics.counter({ name: 'grpc_server_handled_total', help: 'Calls that have ended, well or not, by code and method.', labels: ['grpc_code', 'grpc_method', 'grpc_service', 'grpc_type'] });
  return {
    metrics,
    watchers: metrics.gauge({ name: 'etcd_debugging_mvcc_watcher_total', help: 'Watchers that are there.' }),
    handled: (path, code) => {
      const [, service = '', method = ''] = path.split('/');
      // Others could fill the registry with names of their own.
      if (code !== 12) handledTotal.inc(1, codes[code] ?? 'Unknown', method, service, streams.has(method) ? (method === 'Snapshot' ? 'server_stream' : 'bidi_stream') : 'unary');
    },
  };
}

export function pages(member: Member, metrics: Metrics): (path: string) => Page {
  const json = (status: number, value: unknown): Page => ({ status, type: 'application/json', body: JSON.stringify(value) });
  const text = (status: number, body: string): Page => ({ status, type: 'text/plain; charset=utf-8', body });
  return (path) => {
    switch (path) {
      case '/health':
        return member.full ? json(503, { health: 'false', reason: 'ALARM NOSPACE' }) : json(200, { health: 'true', reason: '' });
      case '/livez':
        return text(200, 'ok\n');
      case '/readyz':
        return text(200, 'ok\n');
      case '/version':
        return json(200, { etcdserver: etcdVersion, etcdcluster: '3.5.0' });
      case '/metrics':
        return { status: 200, type: metricsContentType, body: metrics.expose() };
      default:
        return text(404, '404 page not found\n');
    }
  };
}
