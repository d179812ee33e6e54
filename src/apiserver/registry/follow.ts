/** Keeps up with all objects of a kind, in the order of the watch cache. */
import { isAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { ReadonlyObject } from '../objects.ts';
import type { Storage } from './storage.ts';

export interface FollowOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Runs once when all are known and after each later change; `objects` is by key and kept up to date. */
  readonly changed: (objects: ReadonlyMap<string, ReadonlyObject>) => void;
}

const retryMs = 200;

/** Resolves when the present state is known; goes on until the signal. */
export function follow(storage: Storage, { clock, log, signal, changed }: FollowOptions): Promise<void> {
  const objects = new Map<string, ReadonlyObject>();
  const round = async (synced: () => void): Promise<void> => {
    // Each round starts over: what is no longer there must go as well.
    let fresh: Set<string> | undefined = new Set();
    for await (const batch of await storage.cacher.watch({ from: 'state', initialEventsEnd: true, signal })) {
      for (const event of batch) {
        if (event.type === 'BOOKMARK') {
          if (!event.initialEventsEnd) continue;
          for (const key of objects.keys()) if (!fresh?.has(key)) objects.delete(key);
          fresh = undefined;
          synced();
        } else if (event.type === 'DELETED') objects.delete(event.item.key);
        else {
          objects.set(event.item.key, event.item.object);
          fresh?.add(event.item.key);
        }
      }
      if (!fresh) changed(objects);
    }
  };
  return new Promise((synced) => {
    const run = async (): Promise<void> => {
      while (!signal.aborted) {
        try {
          await round(synced);
        } catch (error) {
          if (isAbort(error, signal)) return;
          log.error('Following failed', error, { resource: storage.resource.resource });
        }
        await clock.sleep(retryMs, signal).catch(() => {});
      }
    };
    void run();
  });
}
