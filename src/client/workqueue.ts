/**
 * Keys that want work. A key waits at most once; one that is being worked on and is added again comes back when `done` is called,
 * so that no key is ever in two hands.
 */
import { backoffDelay, type BackoffPolicy } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';

/** Told of what happens in a queue; times are the clock's monotonic milliseconds. */
export interface QueueObserver {
  added(): void;
  retried(): void;
  /** A key was taken after it had waited so long. */
  taken(waitedMs: number): void;
  worked(ms: number): void;
  /** `began`: of keys that are in hand. */
  watch(depth: () => number, began: () => Iterable<number>): void;
}

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
  readonly #observer: QueueObserver | undefined;
  /** Where somebody observes: since when keys wait, and are in hand. */
  readonly #addedAt = new Map<K, number>();
  readonly #takenAt = new Map<K, number>();

  constructor(clock: Clock, retry: BackoffPolicy = defaultRetry, observer?: QueueObserver) {
    this.#clock = clock;
    this.#retry = retry;
    this.#observer = observer;
    observer?.watch(() => this.#waiting.size, () => this.#takenAt.values());
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
    if (this.#working.has(key)) {
      if (!this.#again.has(key)) this.#observer?.added();
      return void this.#again.add(key);
    }
    this.#observer?.added();
    this.#queue(key);
  }

  #queue(key: K): void {
    if (this.#observer) this.#addedAt.set(key, this.#clock.monotonic());
    const taker = this.#takers.shift();
    if (!taker) return void this.#waiting.add(key);
    this.#take(key);
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
    this.#observer?.retried();
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
      this.#take(key);
      return Promise.resolve(key);
    }
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  #take(key: K): void {
    this.#working.add(key);
    if (!this.#observer) return;
    const now = this.#clock.monotonic();
    this.#observer.taken(now - (this.#addedAt.get(key) ?? now));
    this.#addedAt.delete(key);
    this.#takenAt.set(key, now);
  }

  done(key: K): void {
    this.#working.delete(key);
    const began = this.#takenAt.get(key);
    if (began !== undefined) {
      this.#takenAt.delete(key);
      this.#observer?.worked(this.#clock.monotonic() - began);
    }
    if (this.#again.delete(key) && !this.#closed) this.#queue(key);
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
