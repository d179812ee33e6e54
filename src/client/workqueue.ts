/**
 * Keys that want work. A key waits at most once; one that is being worked on and is added again comes back when `done` is called,
 * so that no key is ever in two hands.
 */
import { backoffDelay, type BackoffPolicy } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';

export const defaultRetry: BackoffPolicy = { initialMs: 5, maxMs: 300_000, factor: 2 };

export class WorkQueue<K = string> {
  readonly #clock: Clock;
  readonly #retry: BackoffPolicy;
  /** Insertion order is the order of service. */
  readonly #waiting = new Set<K>();
  readonly #working = new Set<K>();
  readonly #again = new Set<K>();
  readonly #delayed = new Map<K, { at: number; timer: Timer }>();
  readonly #failures = new Map<K, number>();
  readonly #takers: ((key: K | undefined) => void)[] = [];
  #closed = false;

  constructor(clock: Clock, retry: BackoffPolicy = defaultRetry) {
    this.#clock = clock;
    this.#retry = retry;
  }

  /** Waiting now; neither delayed nor in hand. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Nothing waits, nothing is in hand, nothing is delayed. */
  get idle(): boolean {
    return this.#waiting.size + this.#working.size + this.#delayed.size === 0;
  }

  add(key: K): void {
    if (this.#closed || this.#waiting.has(key)) return;
    if (this.#working.has(key)) return void this.#again.add(key);
    const taker = this.#takers.shift();
    if (!taker) return void this.#waiting.add(key);
    this.#working.add(key);
    taker(key);
  }

  /** The earliest of several delays for one key counts. */
  addAfter(key: K, ms: number): void {
    if (this.#closed) return;
    if (ms <= 0) return this.add(key);
    const at = this.#clock.monotonic() + ms;
    const earlier = this.#delayed.get(key);
    if (earlier && earlier.at <= at) return;
    earlier?.timer.cancel();
    const timer = this.#clock.after(ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, timer });
  }

  /** Adds with a delay that doubles with each call until `forget`. */
  addRateLimited(key: K): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, backoffDelay(this.#retry, failures));
  }

  failures(key: K): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: K): void {
    this.#failures.delete(key);
  }

  /** The next key, in hand until `done`; undefined when the queue is closed. */
  take(): Promise<K | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    for (const key of this.#waiting) {
      this.#waiting.delete(key);
      this.#working.add(key);
      return Promise.resolve(key);
    }
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  done(key: K): void {
    this.#working.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    this.#again.clear();
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }
}
