const chunkSize = 512;

/**
 * A map whose keys are kept in order (by UTF-16 code unit), in chunks of a few hundred: find, insert and remove cost
 * one search over the chunks and one inside, iteration runs over plain arrays.
 */
export class SortedMap<V> {
  #keys: string[][] = [];
  #values: V[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    const c = this.#chunkOf(key);
    if (c < 0) return undefined;
    const keys = this.#keys[c]!;
    const i = lowerBound(keys, key);
    return keys[i] === key ? this.#values[c]![i] : undefined;
  }

  set(key: string, value: V): void {
    if (this.#keys.length === 0) {
      this.#keys.push([key]);
      this.#values.push([value]);
      this.#size = 1;
      return;
    }
    const c = Math.max(0, this.#chunkOf(key));
    const keys = this.#keys[c]!;
    const values = this.#values[c]!;
    const i = lowerBound(keys, key);
    if (keys[i] === key) {
      values[i] = value;
      return;
    }
    keys.splice(i, 0, key);
    values.splice(i, 0, value);
    this.#size++;
    if (keys.length > chunkSize) this.#split(c, i === keys.length - 1);
  }

  delete(key: string): boolean {
    const c = this.#chunkOf(key);
    if (c < 0) return false;
    const keys = this.#keys[c]!;
    const i = lowerBound(keys, key);
    if (keys[i] !== key) return false;
    this.#size--;
    if (keys.length === 1) {
      this.#keys.splice(c, 1);
      this.#values.splice(c, 1);
    } else {
      keys.splice(i, 1);
      this.#values[c]!.splice(i, 1);
    }
    return true;
  }

  /** In order, from `start` (included) to `end` (excluded). The map must not change before the iteration ends. */
  *range(start = '', end?: string): Generator<[string, V], void, void> {
    for (let c = Math.max(0, this.#chunkOf(start)); c < this.#keys.length; c++) {
      const keys = this.#keys[c]!;
      const values = this.#values[c]!;
      for (let i = keys[0]! >= start ? 0 : lowerBound(keys, start); i < keys.length; i++) {
        const key = keys[i]!;
        if (end !== undefined && key >= end) return;
        yield [key, values[i]!];
      }
    }
  }

  /** The values alone, at most `limit`; many times faster than going through them. */
  values(start = '', end?: string, limit = Infinity): V[] {
    const parts: V[][] = [];
    let left = limit;
    for (let c = Math.max(0, this.#chunkOf(start)); c < this.#keys.length && left > 0; c++) {
      const keys = this.#keys[c]!;
      if (end !== undefined && keys[0]! >= end) break;
      const from = keys[0]! >= start ? 0 : lowerBound(keys, start);
      const to = end === undefined || keys.at(-1)! < end ? keys.length : lowerBound(keys, end);
      const part = this.#values[c]!.slice(from, Math.min(to, from + left));
      left -= part.length;
      parts.push(part);
    }
    return parts.length === 1 ? parts[0]! : ([] as V[]).concat(...parts);
  }

  /** How many keys there are from `start` (included) to `end` (excluded), without visiting them. */
  countRange(start = '', end?: string): number {
    return (end === undefined ? this.#size : this.#rank(end)) - this.#rank(start);
  }

  /** How many keys are before `key`. */
  #rank(key: string): number {
    const c = this.#chunkOf(key);
    if (c < 0) return 0;
    let before = 0;
    for (let i = 0; i < c; i++) before += this.#keys[i]!.length;
    return before + lowerBound(this.#keys[c]!, key);
  }

  /** The chunk that holds or would hold `key`; -1 before the first. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys[middle]![0]! <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Keys that come in order leave full chunks behind; otherwise the chunk is halved. */
  #split(c: number, appended: boolean): void {
    const at = appended ? chunkSize : chunkSize >>> 1;
    this.#keys.splice(c + 1, 0, this.#keys[c]!.splice(at));
    this.#values.splice(c + 1, 0, this.#values[c]!.splice(at));
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
