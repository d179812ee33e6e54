import { parseArgs } from 'node:util';
import { CliError } from './output.ts';

export function directoryFlag(argv: readonly string[]): string {
  const { values } = parseArgs({ args: [...argv], options: { directory: { type: 'string' } }, strict: false });
  if (typeof values.directory !== 'string') throw new CliError('--directory, the folder of a profile, is missing', { exitCode: 64 });
  return values.directory;
}

export function nodeFlag(argv: readonly string[]): string {
  const { values } = parseArgs({ args: [...argv], options: { node: { type: 'string' } }, strict: false });
  if (typeof values.node !== 'string') throw new CliError('--node, the name of a node, is missing', { exitCode: 64 });
  return values.node;
}
