/** `k7s logs`: what the processes of a cluster wrote. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, openSync, readSync, closeSync } from 'node:fs';
import type { Context } from './context.ts';
import { CliError } from './output.ts';
import { readParts } from './parts.ts';
import { profilePaths, requireProfile } from './profile.ts';

const tailBytes = 4 << 20;

export async function logs(name: string | undefined, flags: { profile: string; follow?: boolean; length: number }, context: Context): Promise<number> {
  const paths = profilePaths(flags.profile);
  requireProfile(paths);
  const parts = readParts(paths);
  const all = parts ? [parts.supervisor, ...parts.supervised] : [];
  const chosen = all.filter((part) => name === undefined || part.name === name);
  if (name !== undefined && chosen.length === 0) {
    throw new CliError(`there is no part "${name}"`, { mend: `The parts of this cluster are: ${all.map((part) => part.name).join(', ')}` });
  }
  if (flags.follow) {
    const child = spawn('tail', ['-n', String(flags.length), '-F', ...chosen.map((part) => part.log)], { stdio: 'inherit' });
    return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 0)));
  }
  for (const part of chosen) {
    context.stdout.write(`==> ${part.name} <==\n${lastLines(part.log, flags.length)}\n`);
  }
  return 0;
}

function lastLines(file: string, count: number): string {
  if (!existsSync(file)) return '';
  const { size } = statSync(file);
  if (size <= tailBytes) return last(readFileSync(file, 'utf8'), count);
  const buffer = Buffer.alloc(tailBytes);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, buffer, 0, tailBytes, size - tailBytes);
  } finally {
    closeSync(fd);
  }
  return last(buffer.toString('utf8'), count);
}

function last(text: string, count: number): string {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.slice(-count).map((line) => `${line}\n`).join('');
}
