import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/ids.ts';
import { silent } from '../base/log.ts';
import { ManualClock } from '../base/manualclock.ts';
import { StatusError } from '../machinery/status.ts';
import type { Lease } from '../api/coordination/v1/index.ts';
import type { Client } from './client.ts';
import { leadWhenElected } from './leases.ts';

const resource = { group: 'coordination.k8s.io', resource: 'leases' };

/** One lease on a server, with its version check. */
function server(): { client: (reachable: () => boolean) => Client; lease: () => Lease | undefined } {
  let lease: Lease | undefined;
  let version = 0;
  const store = (object: Lease): Lease => (lease = { ...object, metadata: { ...object.metadata, resourceVersion: String(++version) } });
  return {
    lease: () => lease,
    client: (reachable) => ({
      get: async () => {
        if (!reachable()) throw new Error('refused');
        if (!lease) throw StatusError.notFound(resource, 'l');
        return lease;
      },
      create: async (_ref: unknown, object: Lease) => {
        if (lease) throw StatusError.alreadyExists(resource, 'l');
        return store(object);
      },
      update: async (_ref: unknown, object: Lease) => {
        if (!reachable()) throw new Error('refused');
        if (object.metadata.resourceVersion !== lease?.metadata.resourceVersion) throw StatusError.objectModified(resource, 'l');
        return store(object);
      },
    }) as unknown as Client,
  };
}

test('one leads; when it is cut off it stops before the other starts', async () => {
  const clock = new ManualClock();
  const api = server();
  const log: string[] = [];
  const stop = new AbortController();
  let reachable = true;
  const stand = (identity: string, up: () => boolean): Promise<void> =>
    leadWhenElected({ client: api.client(up), namespace: 'n', name: 'l', identity, surroundings: { clock, random: seededRandom(1), log: silent }, signal: stop.signal }, async (signal) => {
      log.push(`${identity} leads`);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      log.push(`${identity} stops`);
    });
  const first = stand('a', () => reachable);
  await clock.advance(3000);
  const second = stand('b', () => true);
  await clock.advance(60_000);
  assert.deepEqual(log, ['a leads'], 'a healthy leader stays');
  reachable = false;
  await clock.advance(60_000);
  assert.deepEqual(log, ['a leads', 'a stops', 'b leads']);
  assert.equal(api.lease()?.spec?.leaseTransitions, 1);
  stop.abort();
  await Promise.all([first, second]);
  assert.equal(api.lease()?.spec?.holderIdentity, '', 'given back in order');
});
