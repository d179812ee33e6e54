/** How full things are, over time: each value counts for as long as it stood, in nanoseconds as upstream's histograms have it. */
import { isReadOnly, type RequestInfo } from '../../serving/requestinfo.ts';

/** A part of some limit, and for how many nanoseconds it was that. */
export type Observe = (ratio: number, nanoseconds: number) => void;

export class Ratio {
  readonly #observe: Observe;
  #value = 0;
  #limit = 1;
  #since: number;

  /** Times are the clock's monotonic milliseconds. */
  constructor(observe: Observe, now: number) {
    this.#observe = observe;
    this.#since = now;
  }

  get value(): number {
    return this.#value;
  }

  set(value: number, now: number): void {
    if (value === this.#value) return;
    this.settle(now);
    this.#value = value;
  }

  add(by: number, now: number): void {
    this.set(this.#value + by, now);
  }

  outOf(limit: number, now: number): void {
    const most = Math.max(1, limit);
    if (most === this.#limit) return;
    this.settle(now);
    this.#limit = most;
  }

  /** Tells how it has been until now. */
  settle(now: number): void {
    const passed = now - this.#since;
    if (passed <= 0) return;
    this.#since = now;
    this.#observe(this.#value / this.#limit, Math.round(passed * 1e6));
  }
}

/** Of all requests together, those that read and those that write. */
export interface Traffic {
  readonly waiting: (readOnly: boolean) => Ratio;
  readonly executing: (readOnly: boolean) => Ratio;
}

export interface LevelRatios {
  readonly waiting: Ratio;
  readonly executing: Ratio;
  readonly seats: Ratio;
  readonly demand: Ratio;
}

/** What a level tells of itself. */
export class LevelTimings {
  readonly ratios: LevelRatios;
  readonly #traffic: Traffic;

  constructor(ratios: LevelRatios, traffic: Traffic) {
    this.ratios = ratios;
    this.#traffic = traffic;
  }

  note(waiting: number, executing: number, seats: number, demand: number, now: number): void {
    const { ratios } = this;
    ratios.waiting.set(waiting, now);
    ratios.executing.set(executing, now);
    ratios.seats.set(seats, now);
    ratios.demand.set(demand, now);
  }

  waits(info: RequestInfo, by: 1 | -1, now: number): void {
    this.#traffic.waiting(isReadOnly(info)).add(by, now);
  }

  executes(info: RequestInfo, by: 1 | -1, now: number): void {
    this.#traffic.executing(isReadOnly(info)).add(by, now);
  }

  /** `queued`: how many requests its queues hold together. */
  limits(queued: number, seats: number, now: number): void {
    const { ratios } = this;
    ratios.waiting.outOf(queued, now);
    for (const ratio of [ratios.executing, ratios.seats, ratios.demand]) ratio.outOf(seats, now);
  }
}
