import { CelError } from '../values.ts';
import type { Node } from './syntax.ts';
import { RegexError, isWord, parseRegex } from './syntax.ts';

type Assertion = (Node & { kind: 'assert' })['what'];
type Instruction =
  | { readonly op: 'set'; readonly holds: (code: number) => boolean }
  | { readonly op: 'assert'; readonly what: Assertion }
  | { readonly op: 'jump'; to: number }
  /** Tries `first`, and `second` with less right. */
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'match' };

/** The round in which each instruction was last reached. */
interface Seen {
  round: number;
  readonly in: Uint32Array;
}

const programLimit = 20_000;

export interface Match {
  /** Offsets in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

/** All alternatives run side by side, so that the time is bounded by text times pattern. */
export class Regex {
  readonly #program: Instruction[] = [];

  constructor(pattern: string) {
    this.#emit(parseRegex(pattern));
    this.#push({ op: 'match' });
  }

  #push(instruction: Instruction): number {
    if (this.#program.length >= programLimit) throw new RegexError('error parsing regexp: expression too large');
    return this.#program.push(instruction) - 1;
  }

  #emit(node: Node): void {
    switch (node.kind) {
      case 'set':
        this.#push({ op: 'set', holds: node.holds });
        return;
      case 'assert':
        this.#push({ op: 'assert', what: node.what });
        return;
      case 'group':
        this.#emit(node.node);
        return;
      case 'all':
        for (const part of node.parts) this.#emit(part);
        return;
      case 'any':
        this.#alternatives(node.parts);
        return;
      case 'repeat':
        this.#repeat(node.node, node.min, node.max, node.lazy);
        return;
      case 'empty':
        return;
    }
  }

  #alternatives(parts: readonly Node[]): void {
    const jumps: (Instruction & { op: 'jump' })[] = [];
    for (const [i, part] of parts.entries()) {
      if (i === parts.length - 1) {
        this.#emit(part);
        break;
      }
      const split: Instruction = { op: 'split', first: this.#program.length + 1, second: 0 };
      this.#push(split);
      this.#emit(part);
      const jump: Instruction & { op: 'jump' } = { op: 'jump', to: 0 };
      jumps.push(jump);
      this.#push(jump);
      split.second = this.#program.length;
    }
    for (const jump of jumps) jump.to = this.#program.length;
  }

  #repeat(node: Node, min: number, max: number, lazy: boolean): void {
    for (let i = 0; i < min; i++) this.#emit(node);
    const optional = (emit: () => void): void => {
      const split: Instruction & { op: 'split' } = { op: 'split', first: 0, second: 0 };
      const inside = this.#push(split) + 1;
      emit();
      const after = this.#program.length;
      [split.first, split.second] = lazy ? [after, inside] : [inside, after];
    };
    if (max === Infinity) {
      const start = this.#program.length;
      optional(() => {
        this.#emit(node);
        this.#push({ op: 'jump', to: start });
      });
      return;
    }
    const nested = (left: number): void => {
      if (left > 0) optional(() => (this.#emit(node), nested(left - 1)));
    };
    nested(max - min);
  }

  /** The leftmost match from an offset on; of those, the one that the pattern prefers. */
  find(text: string, from: number): Match | undefined {
    let threads: { at: number; start: number }[] = [];
    let found: Match | undefined;
    const seen: Seen = { round: 0, in: new Uint32Array(this.#program.length) };
    for (let offset = from; ; ) {
      const code = text.codePointAt(offset);
      seen.round++;
      const ready: { at: number; start: number }[] = [];
      for (const thread of threads) this.#follow(thread.at, thread.start, text, offset, seen, ready);
      if (!found) this.#follow(0, offset, text, offset, seen, ready);
      const next: { at: number; start: number }[] = [];
      for (const thread of ready) {
        const instruction = this.#program[thread.at]!;
        if (instruction.op === 'match') {
          found = { start: thread.start, end: offset };
          break;
        }
        if (instruction.op === 'set' && code !== undefined && instruction.holds(code)) next.push({ at: thread.at + 1, start: thread.start });
      }
      threads = next;
      if (code === undefined || (found && threads.length === 0)) return found;
      offset += code > 0xffff ? 2 : 1;
    }
  }

  /** Walks over what takes no character; `ready` is in the order of preference. */
  #follow(first: number, start: number, text: string, offset: number, seen: Seen, ready: { at: number; start: number }[]): void {
    const stack = [first];
    while (stack.length > 0) {
      const at = stack.pop()!;
      if (seen.in[at] === seen.round) continue;
      seen.in[at] = seen.round;
      const instruction = this.#program[at]!;
      if (instruction.op === 'jump') stack.push(instruction.to);
      else if (instruction.op === 'split') stack.push(instruction.second, instruction.first);
      else if (instruction.op === 'assert') {
        if (holdsAt(instruction.what, text, offset)) stack.push(at + 1);
      } else ready.push({ at, start });
    }
  }
}

function holdsAt(what: Assertion, text: string, offset: number): boolean {
  const atEnd = offset === text.length;
  switch (what) {
    case 'begin':
      return offset === 0;
    case 'end':
      return atEnd;
    case 'lineBegin':
      return offset === 0 || text[offset - 1] === '\n';
    case 'lineEnd':
      return atEnd || text[offset] === '\n';
    default: {
      const before = offset > 0 && isWord(text.charCodeAt(offset - 1));
      const after = !atEnd && isWord(text.charCodeAt(offset));
      return (before !== after) === (what === 'word');
    }
  }
}

export function compileRegex(pattern: string): Regex | CelError {
  try {
    return new Regex(pattern);
  } catch (error) {
    if (error instanceof RegexError) return new CelError(error.message);
    throw error;
  }
}
