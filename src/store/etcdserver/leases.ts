/** Leases: who asks in time keeps its keys. Their terms are durable, what is left of them begins anew at a start, as with etcd. */
import type { Surroundings } from '../../base/surroundings.ts';
import type { Store } from '../store.ts';
import { refusals } from './errors.ts';
import type { LeaseBook } from './keyspace.ts';

interface Lease {
  readonly id: bigint;
  /** Seconds. */
  readonly ttl: number;
  expires: number;
  ending: boolean;
  /** Keys that may belong to it; the key itself knows better. */
  readonly keys: Set<string>;
}

/** A lease shorter than an election could end while its holder looks for the leader. */
const shortestSeconds = 2;
const longestSeconds = 9_000_000_000;
const checkMs = 500;
const prefix = 'lease/';

export class Leases implements LeaseBook {
  readonly #leases = new Map<bigint, Lease>();
  readonly #state: Store;
  readonly #surroundings: Surroundings;
  #stop: (() => void) | undefined;

  private constructor(state: Store, surroundings: Surroundings) {
    this.#state = state;
    this.#surroundings = surroundings;
  }

  static async open(state: Store, surroundings: Surroundings): Promise<Leases> {
    const leases = new Leases(state, surroundings);
    const { entries } = await state.range({ start: prefix, end: 'lease0' });
    for (const { key, value } of entries) leases.#add(BigInt(key.slice(prefix.length)), Number(Buffer.from(value).toString()));
    return leases;
  }

  /** Ends what is not renewed in time; `remove` deletes keys that still go with the lease. */
  start(remove: (lease: bigint) => Promise<void>): void {
    const { clock, log } = this.#surroundings;
    const timer = clock.every(checkMs, () => {
      const now = clock.monotonic();
      for (const lease of this.#leases.values()) {
        if (lease.ending || lease.expires > now) continue;
        remove(lease.id).catch((error: unknown) => log.error('A lease that has ended could not be taken away', error, { lease: lease.id.toString(16) }));
      }
    });
    this.#stop = () => timer.cancel();
  }

  close(): void {
    this.#stop?.();
  }

  get size(): number {
    return this.#leases.size;
  }

  ids(): bigint[] {
    return [...this.#leases.keys()];
  }

  has(id: bigint): boolean {
    const lease = this.#leases.get(id);
    return lease !== undefined && !lease.ending;
  }

  attach(id: bigint, key: string): void {
    this.#leases.get(id)?.keys.add(key);
  }

  async grant(id: bigint, ttl: number): Promise<{ readonly id: bigint; readonly ttl: number }> {
    if (ttl > longestSeconds) throw refusals.leaseTooLong();
    const chosen = id === 0n ? this.#freeId() : id;
    if (this.#leases.has(chosen)) throw refusals.leaseExists();
    const lease = this.#add(chosen, Math.max(ttl, shortestSeconds));
    try {
      await this.#state.commit([{ type: 'put', key: `${prefix}${chosen}`, value: Buffer.from(String(lease.ttl)) }]);
    } catch (error) {
      this.#leases.delete(chosen);
      throw error;
    }
    return { id: chosen, ttl: lease.ttl };
  }

  /** Seconds that it has now; 0 when there is no such lease. */
  renew(id: bigint): number {
    const lease = this.#leases.get(id);
    if (!lease || lease.ending) return 0;
    lease.expires = this.#surroundings.clock.monotonic() + lease.ttl * 1000;
    return lease.ttl;
  }

  /** Undefined when there is no such lease. */
  remaining(id: bigint): { readonly ttl: number; readonly granted: number; readonly keys: ReadonlySet<string> } | undefined {
    const lease = this.#leases.get(id);
    if (!lease || lease.ending) return undefined;
    const left = Math.max(0, Math.ceil((lease.expires - this.#surroundings.clock.monotonic()) / 1000));
    return { ttl: left, granted: lease.ttl, keys: lease.keys };
  }

  /** No key can be attached any more while `remove` runs; a lease whose keys cannot be deleted now is tried again. */
  async end(id: bigint, remove: (keys: ReadonlySet<string>) => Promise<void>): Promise<void> {
    const lease = this.#leases.get(id);
    if (!lease || lease.ending) throw refusals.leaseNotFound();
    lease.ending = true;
    try {
      await remove(lease.keys);
      await this.#state.commit([{ type: 'delete', key: `${prefix}${id}` }]);
      this.#leases.delete(id);
    } catch (error) {
      lease.ending = false;
      lease.expires = this.#surroundings.clock.monotonic() + checkMs;
      throw error;
    }
  }

  #add(id: bigint, ttl: number): Lease {
    const lease: Lease = { id, ttl, ending: false, keys: new Set(), expires: this.#surroundings.clock.monotonic() + ttl * 1000 };
    this.#leases.set(id, lease);
    return lease;
  }

  /** Positive and below 2^63, as etcd's are. */
  #freeId(): bigint {
    for (;;) {
      const bytes = this.#surroundings.random.bytes(8);
      const id = Buffer.from(bytes).readBigUInt64BE(0) & 0x7fff_ffff_ffff_ffffn;
      if (id !== 0n && !this.#leases.has(id)) return id;
    }
  }
}
