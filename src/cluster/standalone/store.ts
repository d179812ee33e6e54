/** Where an API server that runs alone keeps its data. */
import type { ApiServerConfig, StoreCare } from '../../apiserver/config.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { embeddedStore } from '../../store/embedded.ts';
import { StoreError, type Store } from '../../store/store.ts';
import { duration, fileOf, listed, pairOf } from './program.ts';

const registryPrefix = '/registry';
const protobuf = 'application/vnd.kubernetes.protobuf';
const json = 'application/json';

export const storeFlags: FlagSet = {
  'data-dir': { type: 'string', help: 'A folder for the data, kept by this server itself; in place of --etcd-servers' },
  'etcd-servers': { type: 'strings', help: 'The members of an etcd cluster' },
  'etcd-cafile': { type: 'string', help: "Whose certificates etcd's members must have; the system's authorities if absent" },
  'etcd-certfile': { type: 'string', help: 'The certificate that is shown to etcd' },
  'etcd-keyfile': { type: 'string', help: 'Its key' },
  'etcd-compaction-interval': { type: 'duration', default: '5m0s', help: "How often etcd's past is forgotten; 0 for never by this server" },
  'etcd-prefix': { type: 'string', default: registryPrefix, help: 'Below which the keys are in etcd' },
  'storage-backend': { type: 'string', help: 'Only etcd3 is available' },
  'storage-media-type': { type: 'string', default: protobuf, help: 'How objects stand in etcd: that, or application/json' },
  'etcd-servers-overrides': { type: 'strings', help: 'group/resource#servers for resources that are kept elsewhere; servers are separated by ;' },
  'etcd-count-metric-poll-period': { type: 'duration', default: '1m0s', help: '0: the number of objects is no metric; else it is counted when it is asked for' },
  'etcd-db-metric-poll-interval': { type: 'duration', default: '30s', help: '0: the size of the store is no metric; else it is looked up when it is asked for' },
  'etcd-healthcheck-timeout': { type: 'duration', default: '2s', help: 'How long the store may take to answer /healthz/etcd and /livez/etcd' },
  'etcd-readycheck-timeout': { type: 'duration', default: '2s', help: 'How long the store may take to answer /readyz/etcd-readiness' },
};

/** How the API server looks after its store. */
export function storeCare(flags: Flags): StoreCare {
  return {
    healthTimeoutMs: duration(flags, 'etcd-healthcheck-timeout'), readyTimeoutMs: duration(flags, 'etcd-readycheck-timeout'),
    countsObjects: duration(flags, 'etcd-count-metric-poll-period') !== 0, tellsSize: duration(flags, 'etcd-db-metric-poll-interval') !== 0,
  };
}

export async function openStore(flags: Flags, surroundings: Surroundings): Promise<Store> {
  refuseOthers(flags);
  const folder = flags.text('data-dir');
  const servers = listed(flags, 'etcd-servers');
  if (folder && servers.length > 0) throw new CommandError('either --data-dir or --etcd-servers, not both');
  if (folder) return embeddedStore({ folder, surroundings });
  if (servers.length === 0) throw new CommandError('--etcd-servers must be specified, or --data-dir for a store of its own');
  return etcdBehind(servers, flags, surroundings);
}

/** Stores of resources that are kept elsewhere. */
export async function openOtherStores(flags: Flags, surroundings: Surroundings): Promise<NonNullable<ApiServerConfig['otherStores']>> {
  const byServers = new Map<string, string[]>();
  for (const text of listed(flags, 'etcd-servers-overrides')) {
    const [place = '', servers = '', ...more] = text.split('#');
    if (more.length > 0 || servers === '' || place.split('/').length !== 2) throw new CommandError('--etcd-servers-overrides invalid, must be of format: group/resource#servers, where servers are URLs, semicolon separated');
    byServers.set(servers, [...(byServers.get(servers) ?? []), place]);
  }
  if (byServers.size > 0 && flags.text('data-dir')) throw new CommandError('--etcd-servers-overrides: not together with --data-dir');
  const opened: { resources: string[]; store: Store }[] = [];
  for (const [servers, resources] of byServers) opened.push({ resources, store: await etcdBehind(servers.split(';'), flags, surroundings) });
  return opened;
}

export function storesJson(flags: Flags): boolean {
  return flags.text('storage-media-type') === json;
}

/** What changes how data is kept, and cannot be had, is refused rather than overlooked. */
function refuseOthers(flags: Flags): void {
  const mediaType = flags.text('storage-media-type');
  if (mediaType === 'application/yaml') throw new CommandError(`--storage-media-type=${mediaType}: only ${json} and ${protobuf} are written`);
  if (mediaType !== protobuf && mediaType !== json) throw new CommandError(`--storage-media-type ${JSON.stringify(mediaType)} invalid, allowed values: ${json}, application/yaml, ${protobuf}`);
  const backend = flags.text('storage-backend');
  if (backend !== '' && backend !== 'etcd3') throw new CommandError(`--storage-backend invalid, allowed values: etcd3. If not specified, it will default to 'etcd3'`);
}

/** Undefined: the usual one. */
export function etcdPrefix(flags: Flags): string | undefined {
  const prefix = `/${flags.text('etcd-prefix').replace(/^\/+|\/+$/g, '')}`;
  return prefix === registryPrefix ? undefined : prefix;
}

async function etcdBehind(endpoints: readonly string[], flags: Flags, surroundings: Surroundings): Promise<Store> {
  const ca = fileOf(flags, 'etcd-cafile');
  const compactEveryMs = duration(flags, 'etcd-compaction-interval');
  // Who has a folder never pays for gRPC.
  const { etcdStore } = await import('../../store/etcd/etcd.ts');
  try {
    const store = await etcdStore({
      endpoints, surroundings,
      tls: { ...(ca === undefined ? {} : { ca }), ...pairOf(flags, 'etcd-certfile', 'etcd-keyfile') },
      ...(compactEveryMs === undefined ? {} : { compactEveryMs }),
    });
    const prefix = etcdPrefix(flags);
    if (prefix === undefined) return store;
    const { prefixed } = await import('../../store/etcd/prefix.ts');
    return prefixed(store, registryPrefix, prefix);
  } catch (error) {
    if (error instanceof StoreError) throw new CommandError(`--etcd-servers: ${error.message}`);
    throw error;
  }
}
