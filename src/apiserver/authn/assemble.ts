/** What reads tokens, put together from the configuration and the objects of the server. */
import { secrets } from '../../api/core/v1/index.ts';
import type { Clock } from '../../base/clock.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { Logger } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import type { ApiServerConfig } from '../config.ts';
import type { Storage } from '../registry/storage.ts';
import { lastUsedLabel, type BoundObjects, type ServiceAccountTokens } from './serviceaccount.ts';
import { bootstrapTokens, staticTokens, Tokens } from './tokens.ts';

/** Upstream's: as long may a token be good that no longer is. */
const defaultMemoryMs = 10_000;

type Storages = (name: string) => Storage;

export function boundObjectsOf(storage: Storages, client: () => Client, log: Logger): BoundObjects {
  return {
    find: (kind, namespace, name) => storage(kind).find(namespace, name, 0),
    used: (namespace, name, day) => {
      const patch = { type: 'application/merge-patch+json', body: { metadata: { labels: { [lastUsedLabel]: day } } } } as const;
      client().patch(secrets, name, patch, { namespace }).catch((error: unknown) => log.error('The last use of a token could not be written down', error, { namespace, name }));
    },
  };
}

/** Upstream's order: what is looked up here before what is asked of others. */
export function tokensOf(config: ApiServerConfig, accounts: ServiceAccountTokens | undefined, storage: Storages, clock: Clock, metrics: Metrics): Tokens {
  return new Tokens([
    ...(config.tokenFile ? [staticTokens(config.tokenFile)] : []),
    ...(accounts ? [(token: string, audiences: readonly string[]) => accounts.verify(token, audiences)] : []),
    ...(config.bootstrapTokens === false ? [] : [bootstrapTokens((namespace, name) => storage('secrets').find(namespace, name, 0), clock)]),
    ...(config.tokens ?? []),
  ], accounts?.audiences ?? [], { clock, metrics, ms: config.tokenMemoryMs ?? defaultMemoryMs });
}
