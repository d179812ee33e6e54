import type { Cached } from './cached.ts';
import { traitName, valuesOf, type Trait } from './selection.ts';

/** More than these a resource does not get; further selectors scan. */
const mostIndexes = 16;

/** Keys by the value of a trait; made for the first reader that asks, kept up from then on. */
export class Indexes<T> {
  readonly #byTrait = new Map<string, { readonly trait: Trait; readonly keys: Map<string, Set<string>> }>();

  /** Undefined when there is no room for another index. */
  keys(trait: Trait, value: string, items: Iterable<readonly [string, Cached<T>]>): ReadonlySet<string> | undefined {
    const name = traitName(trait);
    let index = this.#byTrait.get(name);
    if (!index) {
      if (this.#byTrait.size >= mostIndexes) return undefined;
      index = { trait, keys: new Map() };
      this.#byTrait.set(name, index);
      for (const [key, item] of items) add(index.keys, valuesOf(trait, item.attributes), key);
    }
    return index.keys.get(value) ?? none;
  }

  change(key: string, before: Cached<T> | undefined, after: Cached<T> | undefined): void {
    for (const { trait, keys } of this.#byTrait.values()) {
      const old = before ? valuesOf(trait, before.attributes) : [];
      const now = after ? valuesOf(trait, after.attributes) : [];
      if (old.length === now.length && old.every((v, i) => v === now[i])) continue;
      for (const value of old) {
        const set = keys.get(value);
        set?.delete(key);
        if (set?.size === 0) keys.delete(value);
      }
      add(keys, now, key);
    }
  }

  clear(): void {
    this.#byTrait.clear();
  }
}

const none: ReadonlySet<string> = new Set();

function add(keys: Map<string, Set<string>>, values: readonly string[], key: string): void {
  for (const value of values) {
    const set = keys.get(value);
    if (set) set.add(key);
    else keys.set(value, new Set([key]));
  }
}
