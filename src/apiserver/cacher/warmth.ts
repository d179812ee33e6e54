/** Something of which more is remembered than has to be. */
export interface Warm {
  /** Bytes that cooling gives back; 0: it is not in the list. */
  weight: number;
  newer: Warm | undefined;
  older: Warm | undefined;
  /** Forgets what can be made again. */
  cool(): void;
  /** Forgets what came with a write and nobody has asked for since. */
  expire(): void;
}

/** Writes whose objects are kept until it shows whether somebody asks for them: few enough to die young. */
const newcomers = 64;

/**
 * What has been derived from stored bytes (decoded objects, encodings that cost something) and is worth keeping for a while: at
 * most `budget` bytes over all cachers. What was used longest ago goes first.
 */
export class Warmth {
  readonly #budget: number;
  #newest: Warm | undefined;
  #oldest: Warm | undefined;
  #weight = 0;
  readonly #newcomers: (Warm | undefined)[] = new Array<Warm | undefined>(newcomers).fill(undefined);
  #next = 0;

  constructor(budget: number) {
    this.#budget = budget;
  }

  get weight(): number {
    return this.#weight;
  }

  /** `item` has come with its object decoded, which is forgotten soon if nobody asks. */
  welcome(item: Warm): void {
    const leaving = this.#newcomers[this.#next];
    this.#newcomers[this.#next] = item;
    this.#next = (this.#next + 1) % newcomers;
    if (leaving?.weight === 0) leaving.expire();
  }

  /** `item` remembers this much more. */
  add(item: Warm, weight: number): void {
    if (item.weight === 0) this.#push(item);
    else this.touch(item);
    item.weight += weight;
    this.#weight += weight;
    while (this.#weight > this.#budget && this.#oldest !== item) {
      const oldest = this.#oldest!;
      this.drop(oldest);
      oldest.cool();
    }
  }

  /** It was used. */
  touch(item: Warm): void {
    if (item === this.#newest || item.weight === 0) return;
    this.#unlink(item);
    this.#push(item);
  }

  /** It remembers nothing any more. */
  drop(item: Warm): void {
    if (item.weight === 0) return;
    this.#weight -= item.weight;
    item.weight = 0;
    this.#unlink(item);
  }

  #push(item: Warm): void {
    item.older = this.#newest;
    if (this.#newest) this.#newest.newer = item;
    else this.#oldest = item;
    this.#newest = item;
  }

  #unlink(item: Warm): void {
    if (item.older) item.older.newer = item.newer;
    else this.#oldest = item.newer;
    if (item.newer) item.newer.older = item.older;
    else this.#newest = item.older;
    item.newer = undefined;
    item.older = undefined;
  }
}
