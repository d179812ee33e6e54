/** Where an API server that runs alone keeps its data. */
import type { Surroundings } from '../../base/surroundings.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { embeddedStore } from '../../store/embedded.ts';
import type { Store } from '../../store/store.ts';
import { folderBehind } from './envtest.ts';
import { ignored, listed } from './program.ts';

export const storeFlags: FlagSet = {
  'data-dir': { type: 'string', help: 'A folder for the data, kept by this server itself; in place of --etcd-servers' },
  'etcd-servers': { type: 'strings', help: 'Where the data is kept: the stand-in for etcd that k7s envtest writes' },
  ...ignored('string', 'etcd-compaction-interval', 'etcd-count-metric-poll-period', 'etcd-db-metric-poll-interval', 'etcd-healthcheck-timeout', 'etcd-readycheck-timeout', 'storage-backend', 'storage-media-type'),
  ...ignored('bool', 'watch-cache'),
};

export async function openStore(flags: Flags, surroundings: Surroundings, signal: AbortSignal): Promise<Store> {
  const folder = flags.text('data-dir');
  const servers = listed(flags, 'etcd-servers');
  if (folder && servers.length > 0) throw new CommandError('either --data-dir or --etcd-servers, not both');
  if (folder) return embeddedStore({ folder, surroundings });
  if (servers.length === 0) throw new CommandError('--etcd-servers must be specified, or --data-dir for a store of its own');
  const held = await folderBehind(servers, surroundings.clock, signal);
  if (!held) throw new CommandError(`--etcd-servers=${servers.join(',')}: only the stand-in that k7s envtest writes is supported, and this is none; use --data-dir`);
  return embeddedStore({ ...held, surroundings });
}
