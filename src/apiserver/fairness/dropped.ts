/** When a rejected client should come again: later the more were rejected of late, as TCP backs off. */
const longest = 32;

interface Second {
  readonly at: number;
  count: number;
}

export class Dropped {
  /** Seconds. */
  retryAfter = 1;
  #history: Second[] = [];
  #present: Second | undefined;
  #raisedAt = 0;

  /** `now` in milliseconds. */
  record(now: number): void {
    const second = Math.floor(now / 1000);
    if (this.#present?.at === second) {
      this.#present.count++;
      return;
    }
    if (this.#present) this.#history.push(this.#present);
    this.#history = this.#history.filter((h) => second - h.at <= Math.min(2 * this.retryAfter, longest));
    this.#present = { at: second, count: 1 };
    this.#adjust(second);
  }

  #adjust(second: number): void {
    const dropped = this.#history.reduce((sum, h) => (second - h.at <= this.retryAfter ? sum + h.count : sum), 0);
    if (second - this.#raisedAt >= this.retryAfter && dropped >= 3 * this.retryAfter) {
      this.retryAfter = Math.min(longest, this.retryAfter * 2);
      this.#raisedAt = second;
    } else if (dropped < this.retryAfter && this.retryAfter > 1) this.retryAfter--;
  }
}
