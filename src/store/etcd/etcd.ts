/** The store of a real etcd, 3.4 or newer, which others may use at the same time. */
import type { Surroundings } from '../../base/surroundings.ts';
import { StoreError, type Entry, type Operation, type RangeRequest, type RangeResult, type Store, type StoreBatch } from '../store.ts';
import { encodeCompaction, encodeRange, encodeStatus, encodeTxn, type RangeAnswer } from './messages.ts';
import { Members, type EtcdTls } from './members.ts';
import { followRange, type Follower } from './watch.ts';

export interface EtcdOptions {
  /** Client URLs of the members: `https://10.0.0.1:2379`. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls;
  readonly surroundings: Surroundings;
  /** The past is forgotten in steps of this length, two of them are kept; 0: never by us. Default: five minutes. */
  readonly compactEveryMs?: number;
}

const pageKeys = 2000;
const progressMs = 100;
const fiveMinutes = 300_000;
/** Upstream's name for it. */
const compactionKey = 'compact_rev_key';

/** Resolves when a member has answered. */
export async function etcdStore(options: EtcdOptions): Promise<Store> {
  const store = new EtcdStore(options);
  try {
    await store.revision();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

class EtcdStore implements Store {
  readonly shared = true;
  readonly #members: Members;
  readonly #surroundings: Surroundings;
  readonly #followers = new Set<Follower>();
  readonly #stopTimers: () => void;
  /** The newest revision that an answer has named. */
  #newest = 0;
  #compacted = 0;
  #asking: Promise<unknown> = Promise.resolve();
  #nextAnswer: Promise<number> | undefined;

  constructor(options: EtcdOptions) {
    this.#surroundings = options.surroundings;
    this.#members = new Members(options.endpoints, options.tls, options.surroundings);
    const { clock } = options.surroundings;
    const progress = clock.every(progressMs, () => {
      for (const follower of this.#followers) follower.hurry(this.#newest);
    });
    const compaction = options.compactEveryMs === 0 ? undefined : clock.every(options.compactEveryMs ?? fiveMinutes, this.#compactor());
    this.#stopTimers = () => {
      progress.cancel();
      compaction?.cancel();
    };
  }

  /** Of all who ask while a question is on its way, the next one answers. */
  revision(): Promise<number> {
    return (this.#nextAnswer ??= this.#asking.then(() => {
      this.#nextAnswer = undefined;
      const answer = this.#range({ key: '\0', countOnly: true }).then(({ revision }) => revision);
      this.#asking = answer.catch(() => {});
      return answer;
    }));
  }

  async get(key: string, revision = 0): Promise<{ readonly entry: Entry | undefined; readonly revision: number }> {
    const answer = await this.#range({ key, revision });
    return { entry: answer.entries[0], revision: revision || answer.revision };
  }

  /** Large ranges are read in pages of one revision. */
  async range(request: RangeRequest): Promise<RangeResult> {
    const { start, end, limit = 0, countOnly = false } = request;
    const pageLimit = (have: number): number => (limit === 0 ? pageKeys : Math.min(pageKeys, limit - have));
    let page = await this.#range({ key: start, end, limit: countOnly ? 0 : pageLimit(0), revision: request.revision ?? 0, countOnly });
    const { count } = page;
    const revision = request.revision || page.revision;
    if (countOnly) return { entries: [], revision, count };
    const entries = [...page.entries];
    while (page.more && (limit === 0 || entries.length < limit)) {
      page = await this.#range({ key: `${entries.at(-1)!.key}\0`, end, limit: pageLimit(entries.length), revision });
      entries.push(...page.entries);
    }
    return { entries, revision, count };
  }

  async commit(operations: readonly Operation[]): Promise<number> {
    if (this.#members.closed.aborted) throw this.#members.closed.reason;
    const keys = new Set(operations.map((op) => op.key));
    if (keys.size < operations.length) throw new TypeError('a commit may touch a key only once');
    const { succeeded, revision, reads } = await this.#members.call('txn', encodeTxn(operations));
    this.#saw(revision);
    if (succeeded) return revision;
    throw conflict(operations, reads);
  }

  watch(request: { readonly start: string; readonly end: string; readonly after: number; readonly signal: AbortSignal }): AsyncIterable<StoreBatch> {
    return followRange(this.#members, this.#surroundings, { ...request, floor: () => this.#compacted, followers: this.#followers });
  }

  floor(): number {
    return this.#compacted;
  }

  async compact(revision: number): Promise<void> {
    try {
      await this.#members.call('compact', encodeCompaction(revision));
    } catch (error) {
      // Somebody was faster.
      if (!(error instanceof StoreError && error.kind === 'compacted')) throw error;
    }
    this.#compacted = Math.max(this.#compacted, revision);
  }

  async size(): Promise<number> {
    return (await this.#members.call('status', encodeStatus())).bytes;
  }

  async close(): Promise<void> {
    this.#stopTimers();
    this.#members.close();
  }

  async #range(call: Parameters<typeof encodeRange>[0]): Promise<RangeAnswer> {
    const answer = await this.#members.call('range', encodeRange(call));
    this.#saw(answer.revision);
    return answer;
  }

  #saw(revision: number): void {
    if (revision > this.#newest) this.#newest = revision;
  }

  /**
   * Compacts to what was the newest revision one step ago. Of all servers on one etcd, upstream's too, one does it in each step: who
   * first writes the key that they share.
   */
  #compactor(): () => void {
    let mark = 0;
    let expect = 0;
    const step = async (): Promise<void> => {
      const target = mark;
      try {
        mark = expect = await this.commit([{ type: 'put', key: compactionKey, value: Buffer.from(String(target)), expect }]);
      } catch (error) {
        if (!(error instanceof StoreError && error.kind === 'conflict')) throw error;
        const { present } = error;
        expect = present?.modRevision ?? 0;
        mark = await this.revision();
        this.#compacted = Math.max(this.#compacted, Number(present ? Buffer.from(present.value).toString() : 0) || 0);
        return;
      }
      if (target > this.#compacted) await this.compact(target);
    };
    return () => void step().catch((error: unknown) => this.#surroundings.log.error('Compaction of etcd failed', error));
  }
}

/** The first expectation that did not hold, and what is there. */
function conflict(operations: readonly Operation[], reads: readonly RangeAnswer[]): StoreError {
  const expecting = operations.filter((op) => op.expect !== undefined);
  for (const [i, { key, expect }] of expecting.entries()) {
    const present = reads[i]?.entries[0];
    if (expect !== (present?.modRevision ?? 0)) return new StoreError('conflict', `${key}: expected revision ${expect}, found ${present?.modRevision ?? 0}`, present);
  }
  throw new Error('etcd refused a transaction of which every expectation holds');
}
