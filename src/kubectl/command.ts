/** A command: its words, its flags, and what it does. */
import { UsageError } from './errors.ts';
import type { FlagSet } from './flags.ts';
import type { Session } from './session.ts';

export interface Command {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** `get [flags] TYPE`; follows `kubectl` in the usage line. */
  readonly use: string;
  readonly short: string;
  readonly flags?: FlagSet;
  readonly subcommands?: readonly Command[];
  /** Throws what went wrong. `dash` is where `--` stood among the arguments, or -1. */
  run?(session: Session, args: readonly string[], dash: number): Promise<void>;
}

export function usageError(message: string, path: string): never {
  throw new UsageError(message, `kubectl ${path}`);
}
