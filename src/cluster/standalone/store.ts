/** Where an API server that runs alone keeps its data. */
import type { Surroundings } from '../../base/surroundings.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { embeddedStore } from '../../store/embedded.ts';
import { StoreError, type Store } from '../../store/store.ts';
import { duration, fileOf, ignored, listed, pairOf } from './program.ts';

export const storeFlags: FlagSet = {
  'data-dir': { type: 'string', help: 'A folder for the data, kept by this server itself; in place of --etcd-servers' },
  'etcd-servers': { type: 'strings', help: 'The members of an etcd cluster' },
  'etcd-cafile': { type: 'string', help: "Whose certificates etcd's members must have; the system's authorities if absent" },
  'etcd-certfile': { type: 'string', help: 'The certificate that is shown to etcd' },
  'etcd-keyfile': { type: 'string', help: 'Its key' },
  'etcd-compaction-interval': { type: 'string', default: '5m', help: "How often etcd's past is forgotten; 0 for never by this server" },
  ...ignored('string', 'etcd-count-metric-poll-period', 'etcd-db-metric-poll-interval', 'etcd-healthcheck-timeout', 'etcd-readycheck-timeout', 'storage-backend', 'storage-media-type'),
  ...ignored('bool', 'watch-cache'),
};

export async function openStore(flags: Flags, surroundings: Surroundings): Promise<Store> {
  const folder = flags.text('data-dir');
  const servers = listed(flags, 'etcd-servers');
  if (folder && servers.length > 0) throw new CommandError('either --data-dir or --etcd-servers, not both');
  if (folder) return embeddedStore({ folder, surroundings });
  if (servers.length === 0) throw new CommandError('--etcd-servers must be specified, or --data-dir for a store of its own');
  return etcdBehind(servers, flags, surroundings);
}

async function etcdBehind(endpoints: readonly string[], flags: Flags, surroundings: Surroundings): Promise<Store> {
  const ca = fileOf(flags, 'etcd-cafile');
  const compactEveryMs = duration(flags, 'etcd-compaction-interval');
  // Who has a folder never pays for gRPC.
  const { etcdStore } = await import('../../store/etcd/etcd.ts');
  try {
    return await etcdStore({
      endpoints, surroundings,
      tls: { ...(ca === undefined ? {} : { ca }), ...pairOf(flags, 'etcd-certfile', 'etcd-keyfile') },
      ...(compactEveryMs === undefined ? {} : { compactEveryMs }),
    });
  } catch (error) {
    if (error instanceof StoreError) throw new CommandError(`--etcd-servers: ${error.message}`);
    throw error;
  }
}
