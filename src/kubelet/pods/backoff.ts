import type { Clock } from '../../base/clock.ts';

export interface BackoffLimits {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** Doubling delays by key, forgotten when a key has been quiet for twice the longest delay. */
export class BackoffTable {
  readonly #clock: Clock;
  readonly #limits: BackoffLimits;
  readonly #entries = new Map<string, { delay: number; since: number }>();

  constructor(clock: Clock, limits: BackoffLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Milliseconds still to wait when the last failure was at `failedAt`; 0: go ahead. */
  remaining(key: string, failedAt: number): number {
    const entry = this.#entries.get(key);
    if (!entry || this.#expired(entry, failedAt)) return 0;
    return Math.max(0, failedAt + entry.delay - this.#clock.now());
  }

  delay(key: string): number {
    return this.#entries.get(key)?.delay ?? 0;
  }

  /** Call when trying again. */
  next(key: string, failedAt: number): void {
    const entry = this.#entries.get(key);
    const delay = !entry || this.#expired(entry, failedAt) ? this.#limits.initialMs : Math.min(this.#limits.maxMs, entry.delay * 2);
    this.#entries.set(key, { delay, since: this.#clock.now() });
  }

  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }

  #expired(entry: { since: number }, failedAt: number): boolean {
    return failedAt - entry.since > 2 * this.#limits.maxMs;
  }
}
