/** How many seats a level could use, over time: average, spread and peak of one period, and a slowly falling envelope of past ones. */
import type { Clock } from '../../base/clock.ts';

/** With one period of ten seconds this halves in five minutes. */
const smoothing = 0.977;

export class Demand {
  readonly #clock: Clock;
  #since: number;
  #begun: number;
  #value = 0;
  #sum = 0;
  #squares = 0;
  #peak = 0;
  average = 0;
  deviation = 0;
  highWatermark = 0;
  smoothed = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = this.#begun = clock.monotonic();
  }

  /** `now` is the clock's monotonic time. */
  set(value: number, now: number): void {
    this.#account(now);
    this.#value = value;
    if (value > this.#peak) this.#peak = value;
  }

  #account(now: number): void {
    const passed = now - this.#since;
    if (passed <= 0) return;
    this.#since = now;
    this.#sum += this.#value * passed;
    this.#squares += this.#value * this.#value * passed;
  }

  /** Ends a period. */
  close(): void {
    const now = this.#clock.monotonic();
    this.#account(now);
    const passed = now - this.#begun;
    this.highWatermark = this.#peak;
    if (passed > 0) {
      this.average = this.#sum / passed;
      this.deviation = Math.sqrt(Math.max(0, this.#squares / passed - this.average * this.average));
      const envelope = this.average + this.deviation;
      this.smoothed = Math.max(envelope, smoothing * this.smoothed + (1 - smoothing) * envelope);
    }
    this.#begun = now;
    this.#sum = this.#squares = 0;
    this.#peak = this.#value;
  }
}
