import { StoreError, type Entry, type Operation, type Store, type StoreBatch, type StoreEvent } from '../store.ts';

/** Keys that begin with `inside` stand below `outside` in the store behind this one; others are not asked for. */
export function prefixed(store: Store, inside: string, outside: string): Store {
  const out = (key: string): string => outside + key.slice(inside.length);
  const back = <T extends Entry | undefined>(entry: T): T => (entry ? { ...entry, key: inside + entry.key.slice(outside.length) } : entry);
  const event = (e: StoreEvent): StoreEvent => {
    if (e.type === 'delete' || !e.previous) return { ...e, entry: back(e.entry) };
    return { ...e, entry: back(e.entry), previous: back(e.previous) };
  };
  return {
    shared: store.shared,
    revision: () => store.revision(),
    get: async (key, revision) => {
      const answer = await store.get(out(key), revision);
      return { ...answer, entry: back(answer.entry) };
    },
    range: async (request) => {
      const answer = await store.range({ ...request, start: out(request.start), end: out(request.end) });
      return { ...answer, entries: answer.entries.map(back) };
    },
    commit: async (operations) => {
      try {
        return await store.commit(operations.map((op): Operation => ({ ...op, key: out(op.key) })));
      } catch (error) {
        if (error instanceof StoreError && error.present) throw new StoreError(error.kind, error.message, back(error.present));
        throw error;
      }
    },
    async *watch(request): AsyncGenerator<StoreBatch, void, void> {
      for await (const batch of store.watch({ ...request, start: out(request.start), end: out(request.end) })) yield { ...batch, events: batch.events.map(event) };
    },
    compact: (revision) => store.compact(revision),
    floor: () => store.floor?.() ?? 0,
    size: () => store.size(),
    close: () => store.close(),
  };
}
