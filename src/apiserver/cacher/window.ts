import type { Change } from './cached.ts';

/** The last changes of a resource, in order; `start` is the revision after which it is complete. */
export class Window<T> {
  readonly #capacity: number;
  #changes: Change<T>[] = [];
  #head = 0;
  #start: number;

  constructor(start: number, capacity: number) {
    this.#start = start;
    this.#capacity = capacity;
  }

  get start(): number {
    return this.#start;
  }

  push(change: Change<T>): void {
    this.#changes.push(change);
    if (this.#changes.length - this.#head > this.#capacity) {
      this.#start = this.#changes[this.#head]!.revision;
      this.#head++;
    }
    if (this.#head > this.#capacity) {
      this.#changes = this.#changes.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The changes after a revision that is not before `start`. */
  after(revision: number): readonly Change<T>[] {
    let low = this.#head;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#changes[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low);
  }
}
