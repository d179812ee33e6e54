/** Watches that are under way, so that they can be ended a few at a time when the server is about to end: their clients all come back at once. */
import type { Clock } from '../base/clock.ts';
import { StatusError } from '../machinery/status.ts';

/** Fewer a second would only make the end longer. */
const leastPerSecond = 200;
const stepMs = 20;

export class Watches {
  readonly #clock: Clock;
  readonly #under = new Set<() => void>();
  #ending = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `end` is called at most once; call the answer when the watch is over. Throws once watches are ended. */
  enter(end: () => void): () => void {
    if (this.#ending) throw StatusError.serviceUnavailable('apiserver is shutting down');
    this.#under.add(end);
    return () => void this.#under.delete(end);
  }

  /** Resolves when all have ended, or after `graceMs`. */
  async drain(graceMs: number): Promise<void> {
    const began = this.#clock.monotonic();
    this.#ending = true;
    const waiting = [...this.#under];
    const perSecond = Math.max(leastPerSecond, waiting.length / (graceMs / 1000));
    let ended = 0;
    for (;;) {
      const passed = this.#clock.monotonic() - began;
      const due = Math.min(waiting.length, 1 + Math.floor((passed / 1000) * perSecond));
      while (ended < due) waiting[ended++]!();
      if (this.#under.size === 0 || passed >= graceMs) return;
      await this.#clock.sleep(Math.min(stepMs, graceMs - passed));
    }
  }
}
