import type { Clock, Timer } from './clock.ts';

/** A clock that stands still until it is told to go on: for tests and simulations. */
export class ManualClock implements Clock {
  #now: number;
  #elapsed = 0;
  #tasks: { at: number; order: number; run: () => void }[] = [];
  #order = 0;

  constructor(startMs = Date.parse('2025-01-01T00:00:00Z')) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, run: () => void): Timer {
    const task = { at: this.#elapsed + Math.max(0, ms), order: this.#order++, run };
    this.#tasks.push(task);
    return { cancel: () => void (this.#tasks = this.#tasks.filter((t) => t !== task)) };
  }

  every(ms: number, run: () => void): Timer {
    const again = (): Timer =>
      this.after(ms, () => {
        timer = again();
        run();
      });
    let timer = again();
    return { cancel: () => timer.cancel() };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        timer.cancel();
        reject(signal?.reason);
      };
      const timer = this.after(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** How many tasks wait for time to pass. */
  get pending(): number {
    return this.#tasks.length;
  }

  /** Lets time pass; what comes due runs in order, and gets the event loop to itself in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    for (;;) {
      await settle();
      const next = this.#tasks.filter((t) => t.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!next) break;
      this.#tasks = this.#tasks.filter((t) => t !== next);
      this.#elapsed = next.at;
      next.run();
    }
    this.#elapsed = end;
    await settle();
  }
}

/** A few turns of the event loop, so that promises in flight come to rest. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}
