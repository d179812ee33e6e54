/** Patterns of schemas: RE2, whose time is bounded by text times pattern, whatever somebody writes into a definition. */
import { Regex } from '../../machinery/cel/regex/regex.ts';

/** Throws an Error that says what is wrong with the pattern. */
export function compilePattern(pattern: string): { test(text: string): boolean } {
  const regex = new Regex(pattern);
  return { test: (text) => regex.find(text, 0) !== undefined };
}

/** Patterns that have been compiled, for as long as their kind is served. */
export class Patterns {
  readonly #known = new Map<string, ReturnType<typeof compilePattern>>();

  test(pattern: string, text: string): boolean {
    let known = this.#known.get(pattern);
    if (!known) this.#known.set(pattern, (known = compilePattern(pattern)));
    return known.test(text);
  }
}
