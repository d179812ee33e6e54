import type { Context } from './context.ts';
import { untilTerminated } from './lifetime.ts';
import { directoryFlag } from './flags.ts';
import { CliError } from './output.ts';
import { readParts } from './parts.ts';
import { pathsOf } from './profile.ts';
import { supervise } from './supervisor.ts';

/** `k7s supervise --directory D`: the process that keeps the others alive. */
export async function superviseProfile(argv: readonly string[], { surroundings }: Context): Promise<number> {
  const paths = pathsOf(directoryFlag(argv));
  const parts = readParts(paths);
  if (!parts) throw new CliError(`${paths.parts} cannot be read`);
  await supervise(parts.supervised, surroundings, untilTerminated());
  return 0;
}
