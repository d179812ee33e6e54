/** Keys as etcd sees them: with versions and leases, changed by transactions, over the embedded engine. */
import type { EmbeddedStore, NewestState } from '../embedded.ts';
import type { Entry, StoreBatch, StoreEvent } from '../store.ts';
import { refusals } from './errors.ts';
import { compares } from './compare.ts';
import type { Compare, DeleteRequest, DeleteResponse, PutRequest, PutResponse, RangeRequest, RangeResponse, RequestOp, ResponseOp, TxnRequest, TxnResponse } from './messages.ts';
import { rangeOf } from './requests.ts';
import { packValue, unpack, type Item } from './value.ts';

/** What is known of leases while a transaction is decided. */
export interface LeaseBook {
  has(lease: bigint): boolean;
  /** From now on the key may go with the lease. */
  attach(lease: bigint, key: string): void;
}

/** Where reads inside a transaction look: the state before it, and what it has changed so far. */
class Draft {
  readonly #revision: number;
  readonly #before: NewestState;
  readonly #changes = new Map<string, Item | undefined>();

  constructor(revision: number, before: NewestState) {
    this.#revision = revision;
    this.#before = before;
  }

  get(key: string): Item | undefined {
    if (this.#changes.has(key)) return this.#changes.get(key);
    const entry = this.#before.get(key);
    return entry && unpack(entry);
  }

  range(start: string, end: string): Item[] {
    if (end === `${start}\0`) return [this.get(start)].filter((item) => item !== undefined);
    const items = this.#before.range(start, end).filter(({ key }) => !this.#changes.has(key)).map(unpack);
    for (const [key, item] of this.#changes) if (item && key >= start && key < end) items.push(item);
    return items.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  put(key: string, value: Uint8Array, lease: bigint): void {
    const previous = this.get(key);
    const { createRevision = this.#revision, version = 0 } = previous ?? {};
    this.#changes.set(key, { key, value, lease, createRevision, modRevision: this.#revision, version: version + 1 });
  }

  delete(key: string): void {
    this.#changes.set(key, undefined);
  }

  batch(): StoreBatch {
    const events: StoreEvent[] = [];
    for (const [key, item] of this.#changes) {
      const previous = this.#before.get(key);
      if (item) {
        const entry: Entry = { key, value: packValue(item), createRevision: item.createRevision, modRevision: this.#revision };
        events.push(previous ? { type: 'put', entry, previous } : { type: 'put', entry });
      } else if (previous) events.push({ type: 'delete', entry: { ...previous, modRevision: this.#revision } });
    }
    return { revision: this.#revision, events };
  }
}

const nothing = new Uint8Array();

export class Keyspace {
  readonly #store: EmbeddedStore;
  readonly #leases: LeaseBook;

  constructor(store: EmbeddedStore, leases: LeaseBook) {
    this.#store = store;
    this.#leases = leases;
  }

  get revision(): number {
    return this.#store.history.revision;
  }

  range(request: RangeRequest): RangeResponse {
    const { history } = this.#store;
    const { revision, countOnly, limit } = request;
    if (revision > history.revision) throw refusals.future();
    if (revision > 0 && revision < history.floor) throw refusals.compacted();
    const { start, end } = rangeOf(request.key, request.rangeEnd);
    if (request.rangeEnd === '' && !countOnly) {
      const entry = history.get(start, Math.max(0, revision));
      return select(entry ? [unpack(entry)] : [], entry ? 1 : 0, request);
    }
    const plain = isPlain(request);
    const { entries, count } = history.range({ start, end, revision: Math.max(0, revision), countOnly, ...(plain && limit > 0 ? { limit: limit + 1 } : {}) });
    return select(entries.map(unpack), count, request);
  }

  /** Keys of a lease that has ended. */
  async deleteKeys(keys: Iterable<string>, lease: bigint): Promise<void> {
    await this.#store.transact((revision, newest) => {
      const draft = new Draft(revision, newest);
      for (const key of [...keys].sort()) if (draft.get(key)?.lease === lease) draft.delete(key);
      return draft.batch();
    });
  }

  async put(request: PutRequest): Promise<PutResponse & { readonly revision: number }> {
    return this.#transact((draft) => this.#put(draft, request));
  }

  async deleteRange(request: DeleteRequest): Promise<DeleteResponse & { readonly revision: number }> {
    return this.#transact((draft) => remove(draft, request));
  }

  async txn(request: TxnRequest): Promise<TxnResponse & { readonly revision: number }> {
    return this.#transact((draft, revision) => {
      // Which branches are taken is decided before anything is changed.
      const path = choose(draft, request);
      this.#check(path, draft);
      return this.#run(path, draft, revision);
    });
  }

  async #transact<T extends object>(change: (draft: Draft, revision: number) => T): Promise<T & { readonly revision: number }> {
    let answer: T | undefined;
    const revision = await this.#store.transact((next, newest) => {
      const draft = new Draft(next, newest);
      answer = change(draft, next);
      return draft.batch();
    });
    return { ...answer!, revision };
  }

  #put(draft: Draft, request: PutRequest): PutResponse {
    const { key, prevKv, ignoreValue, ignoreLease } = request;
    const previous = draft.get(key);
    if ((ignoreValue || ignoreLease) && !previous) throw refusals.keyNotFound();
    const lease = ignoreLease ? previous!.lease : request.lease;
    if (lease !== 0n) {
      if (!this.#leases.has(lease)) throw refusals.leaseNotFound();
      this.#leases.attach(lease, key);
    }
    draft.put(key, ignoreValue ? previous!.value : request.value, lease);
    return prevKv && previous ? { prevKv: previous } : {};
  }

  /** All or nothing: what cannot be done is found before anything is. */
  #check(path: Path, draft: Draft): void {
    for (const [i, op] of path.ops.entries()) {
      const { range, put } = op;
      if (path.nested[i]) this.#check(path.nested[i], draft);
      if (range && range.revision > this.revision + 1) throw refusals.future();
      if (range && range.revision > 0 && range.revision < this.#store.history.floor) throw refusals.compacted();
      if (put && (put.ignoreValue || put.ignoreLease) && !draft.get(put.key)) throw refusals.keyNotFound();
      if (put && put.lease !== 0n && !this.#leases.has(put.lease)) throw refusals.leaseNotFound();
    }
  }

  #run({ succeeded, ops, nested }: Path, draft: Draft, revision: number): TxnResponse {
    const responses = ops.map(({ range, put, deleteRange, txn }, i): ResponseOp => {
      if (range) return { range: this.#rangeIn(draft, range, revision) };
      if (put) return { put: this.#put(draft, put) };
      if (deleteRange) return { deleteRange: remove(draft, deleteRange) };
      return txn ? { txn: this.#run(nested[i]!, draft, revision) } : {};
    });
    return { succeeded, responses };
  }

  #rangeIn(draft: Draft, request: RangeRequest, revision: number): RangeResponse {
    if (request.revision > 0 && request.revision < revision) return this.range(request);
    const { start, end } = rangeOf(request.key, request.rangeEnd);
    const items = draft.range(start, end);
    return select(items, items.length, request);
  }
}

/** A branch that is taken, and those inside it. */
interface Path {
  readonly succeeded: boolean;
  readonly ops: readonly RequestOp[];
  readonly nested: readonly (Path | undefined)[];
}

function choose(draft: Draft, txn: TxnRequest): Path {
  const succeeded = txn.compare.every((c: Compare) => {
    const { start, end } = rangeOf(c.key, c.rangeEnd);
    return compares(c, draft.range(start, end));
  });
  const ops = succeeded ? txn.success : txn.failure;
  return { succeeded, ops, nested: ops.map((op) => op.txn && choose(draft, op.txn)) };
}

function remove(draft: Draft, { key, rangeEnd, prevKv }: DeleteRequest): DeleteResponse {
  const { start, end } = rangeOf(key, rangeEnd);
  const gone = draft.range(start, end);
  for (const item of gone) draft.delete(item.key);
  return { deleted: gone.length, ...(prevKv ? { prevKvs: gone } : {}) };
}

/** Nothing is left out but what the limit leaves out, and the order is that of the keys. */
function isPlain({ sortOrder, sortTarget, minModRevision, maxModRevision, minCreateRevision, maxCreateRevision }: RangeRequest): boolean {
  return sortTarget === 0 && sortOrder !== 2 && !minModRevision && !maxModRevision && !minCreateRevision && !maxCreateRevision;
}

const byTarget: readonly ((a: Item, b: Item) => number)[] = [
  (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  (a, b) => a.version - b.version,
  (a, b) => a.createRevision - b.createRevision,
  (a, b) => a.modRevision - b.modRevision,
  (a, b) => Buffer.compare(a.value, b.value),
];

function select(found: readonly Item[], count: number, request: RangeRequest): RangeResponse {
  if (request.countOnly) return { count };
  let items = found;
  if (!isPlain(request)) {
    const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
    const within = (n: number, min: number, max: number): boolean => n >= min && (max === 0 || n <= max);
    items = items.filter((item) => within(item.modRevision, minModRevision, maxModRevision) && within(item.createRevision, minCreateRevision, maxCreateRevision));
    const order = byTarget[request.sortTarget]!;
    items = items.toSorted(request.sortOrder === 2 ? (a, b) => order(b, a) : order);
  }
  const more = request.limit > 0 && items.length > request.limit;
  if (more) items = items.slice(0, request.limit);
  return { kvs: request.keysOnly ? items.map((item) => ({ ...item, value: nothing })) : items, more, count };
}
