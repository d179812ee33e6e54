/**
 * A store whose values are enciphered on their way in and deciphered on their way out; whoever is above sees plain ones.
 * A value that cannot be deciphered does not stop the others: its entry says why.
 */
import { resources } from '../../api/catalog.ts';
import type { Entry, Operation, Store, StoreBatch, StoreEvent } from '../../store/store.ts';
import type { GroupResource } from './config.ts';
import type { Keyring } from './keyring.ts';
import type { EncryptionMeter } from './metrics.ts';

const root = '/registry/';

/** By storage prefix. An event is of the core group, through whichever group it is seen. */
const builtIn: ReadonlyMap<string, GroupResource> = new Map(
  [...resources].reverse().flatMap(({ group, resource, storage }) => (storage ? [[storage.prefix, { group: group === 'events.k8s.io' ? '' : group, resource }] as const] : [])),
);

/** `/registry/secrets/…` and `/registry/services/specs/…` are built in; what has a group in its path is custom. */
export function resourceOfKey(key: string): GroupResource {
  const first = key.indexOf('/', root.length);
  const second = key.indexOf('/', first + 1);
  const known = builtIn.get(key.slice(0, second + 1)) ?? builtIn.get(key.slice(0, first + 1));
  if (known) return known;
  const [group = '', resource = ''] = key.slice(root.length).split('/', 2);
  return { group, resource };
}

/** `pathOf`: how the key is called where the value really stands; ciphers that authenticate it, and upstream, know it by that. */
export function encipheredStore(inner: Store, keyring: () => Keyring, pathOf: (key: string) => string = (key) => key, meter?: EncryptionMeter): Store {
  /** What stands in the store, to what it says: a value is deciphered once, and who wrote it gets his own bytes back. */
  const plainOf = new WeakMap<Uint8Array, Uint8Array>();
  const stampOf = new WeakMap<Uint8Array, string>();
  const cipherOf = (key: string) => keyring().cipherOf(resourceOfKey(key));

  const decipher = async (entry: Entry): Promise<Entry> => {
    const known = plainOf.get(entry.value);
    if (known) return { ...entry, value: known };
    const { value } = entry;
    // A deletion may come without the value.
    if (value.length === 0) return entry;
    try {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      const work = cipherOf(entry.key).decipher(bytes, pathOf(entry.key));
      const { plain, stamp } = await (meter ? meter.transformed('from_storage', resourceOfKey(entry.key), bytes, work) : work);
      plainOf.set(value, plain);
      stampOf.set(plain, stamp);
      return { ...entry, value: plain };
    } catch (error) {
      return { ...entry, problem: new Error(`unable to transform key ${JSON.stringify(pathOf(entry.key))}: ${(error as Error).message}`, { cause: error }) };
    }
  };
  const encipher = async (operation: Operation): Promise<Operation> => {
    if (operation.type === 'delete') return operation;
    const cipher = cipherOf(operation.key);
    const { stamp } = cipher;
    const work = cipher.encipher(operation.value, pathOf(operation.key));
    const value = await (meter ? meter.written(resourceOfKey(operation.key), work) : work);
    plainOf.set(value, operation.value);
    stampOf.set(operation.value, stamp);
    return { ...operation, value };
  };
  const decipherEvent = async (event: StoreEvent): Promise<StoreEvent> => {
    const entry = await decipher(event.entry);
    if (event.type === 'delete') return { type: 'delete', entry };
    return event.previous ? { type: 'put', entry, previous: await decipher(event.previous) } : { type: 'put', entry };
  };

  return {
    shared: inner.shared,
    revision: () => inner.revision(),
    async get(key, revision) {
      const found = await inner.get(key, revision);
      return found.entry ? { ...found, entry: await decipher(found.entry) } : found;
    },
    async range(request) {
      const found = await inner.range(request);
      return { ...found, entries: await Promise.all(found.entries.map(decipher)) };
    },
    commit: async (operations) => inner.commit(await Promise.all(operations.map(encipher))),
    async *watch(request): AsyncGenerator<StoreBatch, void, void> {
      for await (const batch of inner.watch(request)) yield { ...batch, events: await Promise.all(batch.events.map(decipherEvent)) };
    },
    compact: (revision) => inner.compact(revision),
    floor: () => inner.floor?.() ?? 0,
    size: () => inner.size(),
    close: () => inner.close(),
    outdated: (key, value) => (stampOf.get(value) ?? '') !== cipherOf(key).stamp,
  };
}
