import { automaticCompaction, type Retention } from './compaction.ts';
import type { Clock } from '../base/clock.ts';
import { decide, History } from './history.ts';
import { StoreError, type Operation, type Store } from './store.ts';

/** The store of simulations and tests: nothing outlives it. */
export function memoryStore(options: { readonly clock?: Clock; readonly retention?: Retention } = {}): Store {
  const history = new History();
  let closed = false;
  const compact = async (revision: number): Promise<void> => history.compact(revision);
  const stop = options.clock && automaticCompaction(options.clock, history, compact, options.retention);
  return {
    shared: false,
    revision: () => history.revision,
    get: async (key, revision) => ({ entry: history.get(key, revision), revision: revision || history.revision }),
    range: async (request) => history.range(request),
    async commit(operations: readonly Operation[]) {
      if (closed) throw new StoreError('closed', 'the store is closed');
      const batch = decide(operations, history.revision + 1, (key) => history.current(key));
      if (batch.events.length === 0) return history.revision;
      history.apply(batch);
      history.announce();
      return batch.revision;
    },
    watch: (request) => history.watch(request),
    compact,
    floor: () => history.floor,
    size: async () => 0,
    async close() {
      closed = true;
      stop?.();
      history.close();
    },
  };
}
