/**
 * Which cell of a column is whose: nodes by name, pods by `namespace/name` with a chain of their containers. Flat arrays beside two maps,
 * since a large cluster has a hundred thousand of them.
 */

/** An entry of a map, its key, and what stands in the arrays: as measured (`bench/history.ts`), rounded up. */
export const bytesPerSeries = 160;

const none = -1;

export class SeriesTable {
  readonly #nodes = new Map<string, number>();
  readonly #pods = new Map<string, number>();
  /** Names of containers are few: each is kept once. */
  #names: string[] = [];
  #nameIndex = new Map<string, number>();
  #name = new Uint32Array(64);
  #next = new Int32Array(64);
  /** Seconds since the epoch. */
  #seen = new Uint32Array(64);
  #free: number[] = [];
  #slots = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** One more than the highest cell in use. */
  get slots(): number {
    return this.#slots;
  }

  findNode(name: string): number | undefined {
    return this.#nodes.get(name);
  }

  findPod(pod: string): { name: string; slot: number }[] {
    const out: { name: string; slot: number }[] = [];
    for (let slot = this.#pods.get(pod) ?? none; slot !== none; slot = this.#next[slot]!) out.push({ name: this.#names[this.#name[slot]!]!, slot });
    return out;
  }

  visit(node: (name: string, slot: number) => void, container: (pod: string, name: string, slot: number) => void): void {
    for (const [name, slot] of this.#nodes) node(name, slot);
    for (const [pod, first] of this.#pods) for (let slot = first; slot !== none; slot = this.#next[slot]!) container(pod, this.#names[this.#name[slot]!]!, slot);
  }

  /** The cell of a node; a new one while fewer than `room` are in use, else -1. */
  node(name: string, now: number, room: number): number {
    let slot = this.#nodes.get(name) ?? none;
    if (slot === none) {
      slot = this.#take(0, room);
      if (slot !== none) this.#nodes.set(name, slot);
    }
    return this.#touch(slot, now);
  }

  container(pod: string, name: string, now: number, room: number): number {
    const first = this.#pods.get(pod) ?? none;
    let last = none;
    for (let slot = first; slot !== none; slot = this.#next[slot]!) {
      if (this.#names[this.#name[slot]!] === name) return this.#touch(slot, now);
      last = slot;
    }
    const slot = this.#take(this.#intern(name), room);
    if (slot === none) return none;
    // As below: a copy of its own.
    if (last === none) this.#pods.set(Buffer.from(pod).toString(), slot);
    else this.#next[last] = slot;
    return this.#touch(slot, now);
  }

  /** Ends what was not seen since `before`; the cells that became free. */
  sweep(before: number): number[] {
    const seconds = Math.floor(before / 1000);
    const freed: number[] = [];
    for (const [name, slot] of this.#nodes) {
      if (this.#seen[slot]! > seconds) continue;
      this.#nodes.delete(name);
      freed.push(slot);
    }
    for (const [pod, first] of this.#pods) this.#sweepPod(pod, first, seconds, freed);
    this.#size -= freed.length;
    this.#free = this.#free.concat(freed);
    this.#shrink();
    if (this.#names.length > 2 * this.#size + 64) this.#renumberNames();
    return freed;
  }

  #sweepPod(pod: string, first: number, seconds: number, freed: number[]): void {
    let [kept, next] = [none, none];
    for (let slot = first; slot !== none; slot = next) {
      next = this.#next[slot]!;
      if (this.#seen[slot]! <= seconds) {
        freed.push(slot);
        continue;
      }
      if (kept === none) this.#pods.set(pod, slot);
      else this.#next[kept] = slot;
      kept = slot;
    }
    if (kept === none) this.#pods.delete(pod);
    else this.#next[kept] = none;
  }

  /** Lets go of the highest cells where they are free, so that columns become shorter again. */
  #shrink(): void {
    let highest = none;
    for (const slot of this.#nodes.values()) highest = Math.max(highest, slot);
    for (const first of this.#pods.values()) for (let slot = first; slot !== none; slot = this.#next[slot]!) highest = Math.max(highest, slot);
    if (highest + 1 === this.#slots) return;
    this.#slots = highest + 1;
    this.#free = this.#free.filter((slot) => slot < this.#slots);
  }

  #take(name: number, room: number): number {
    if (this.#size >= room) return none;
    const slot = this.#free.pop() ?? this.#slots++;
    if (slot >= this.#seen.length) this.#grow();
    this.#name[slot] = name;
    this.#next[slot] = none;
    this.#size++;
    return slot;
  }

  #touch(slot: number, now: number): number {
    if (slot !== none) this.#seen[slot] = Math.floor(now / 1000);
    return slot;
  }

  #intern(name: string): number {
    let index = this.#nameIndex.get(name);
    if (index === undefined) {
      // A copy of its own: the name is a part of the kubelet's answer, which it would keep in memory.
      const own = Buffer.from(name).toString();
      index = this.#names.push(own) - 1;
      this.#nameIndex.set(own, index);
    }
    return index;
  }

  /** Forgets the names that no series has any more. */
  #renumberNames(): void {
    const before = this.#names;
    this.#names = [];
    this.#nameIndex = new Map();
    for (const first of this.#pods.values()) for (let slot = first; slot !== none; slot = this.#next[slot]!) this.#name[slot] = this.#intern(before[this.#name[slot]!]!);
  }

  #grow(): void {
    const larger = Math.ceil(this.#seen.length * 1.5);
    const copy = <T extends Uint32Array | Int32Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.#name = copy(new Uint32Array(larger), this.#name);
    this.#next = copy(new Int32Array(larger), this.#next);
    this.#seen = copy(new Uint32Array(larger), this.#seen);
  }
}
