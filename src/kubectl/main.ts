/** Our own kubectl: the same words, columns and exit codes as the one that people know. */
import type { Command } from './command.ts';
import { commands } from './commands/index.ts';
import { CommandError, errorText, Exit } from './errors.ts';
import { flagHelp, parseFlags, type FlagSet } from './flags.ts';
import { connectionFlags } from './kubeconfig/connection.ts';
import { Session, type Io } from './session.ts';
export type { Io } from './session.ts';

const helpFlags: FlagSet = { help: { type: 'bool', short: 'h', help: 'Show help' } };

/** Runs one command; resolves with the exit code. The signal stands for an interrupt. */
export async function main(argv: readonly string[], io: Io, env: NodeJS.ProcessEnv, signal: AbortSignal = new AbortController().signal): Promise<number> {
  try {
    await dispatch(argv, io, env, signal);
    return 0;
  } catch (error) {
    if (error instanceof Exit) return error.exitCode;
    if (signal.aborted) return 130;
    io.stderr.write(errorText(error));
    return error instanceof CommandError ? error.exitCode : 1;
  }
}

async function dispatch(argv: readonly string[], io: Io, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const found = findCommand(argv);
  if (found.command === undefined) {
    if (found.unknown === undefined || found.unknown === 'help') return void io.stdout.write(overview());
    throw new CommandError(`unknown command ${JSON.stringify(found.unknown)} for "kubectl"${suggestion(found.unknown)}`);
  }
  const { command, path, rest } = found;
  const set: FlagSet = { ...connectionFlags, ...helpFlags, ...command.flags };
  let parsed;
  try {
    parsed = parseFlags(set, rest);
  } catch (error) {
    if (error instanceof CommandError) throw new CommandError(`${error.message}\nSee 'kubectl ${path} --help' for usage.`);
    throw error;
  }
  if (parsed.flags.flag('help') || !command.run) {
    if (!command.run && parsed.args.length) throw new CommandError(`unknown command ${JSON.stringify(parsed.args.join(' '))}\nSee 'kubectl ${path} -h' for help and examples`);
    return void io.stdout.write(helpText(command, path));
  }
  const session = new Session(io, env, parsed.flags, signal, Object.keys(command.flags ?? {}));
  try {
    await command.run(session, parsed.args, parsed.dash);
  } finally {
    session.close();
  }
}

interface Found {
  readonly command?: Command;
  readonly path: string;
  readonly rest: readonly string[];
  readonly unknown?: string;
}

/** Goes down the tree by the arguments that are no flags; flags before a command are its flags too. */
function findCommand(argv: readonly string[]): Found {
  let command: Command | undefined;
  let path = '';
  let rest = [...argv];
  let choices: readonly Command[] = commands;
  while (choices.length) {
    const at = firstArgument(rest, { ...connectionFlags, ...command?.flags });
    const word = at < 0 ? undefined : rest[at]!;
    const next = choices.find((c) => c.name === word || c.aliases?.includes(word ?? ''));
    if (next === undefined) return command ? { command, path, rest } : { path, rest, ...(word === undefined ? {} : { unknown: word }) };
    rest = rest.toSpliced(at, 1);
    command = next;
    path = path ? `${path} ${next.name}` : next.name;
    choices = next.subcommands ?? [];
  }
  return { ...(command ? { command } : {}), path, rest };
}

function firstArgument(argv: readonly string[], set: FlagSet): number {
  const takesValue = (flag: string): boolean => {
    const found = flag.startsWith('--') ? set[flag.slice(2)] : Object.values(set).find((f) => f.short === flag.slice(1));
    return found !== undefined && found.type !== 'bool' && found.alone === undefined;
  };
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!;
    if (arg === '--') return -1;
    if (!arg.startsWith('-') || arg === '-') return i;
    if (!arg.includes('=') && takesValue(arg)) i++;
  }
  return -1;
}

function suggestion(word: string): string {
  const near = commands.filter((c) => distance(word, c.name) <= 2 || c.name.startsWith(word)).map((c) => c.name);
  return near.length ? `\n\nDid you mean this?\n${near.map((n) => `\t${n}\n`).join('')}` : '';
}

/** How many letters must change to make one word of another. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}

function overview(): string {
  const width = Math.max(...commands.map((c) => c.name.length));
  return `kubectl controls the Kubernetes cluster manager.\n\nCommands:\n${commands.map((c) => `  ${c.name.padEnd(width)}   ${c.short}\n`).join('')}\nUsage:\n  kubectl [flags] [options]\n\nUse "kubectl <command> --help" for more information about a given command.\n`;
}

function helpText(command: Command, path: string): string {
  const subs = command.subcommands ?? [];
  const width = Math.max(0, ...subs.map((c) => c.name.length));
  const parts = [
    `${command.short}.`,
    ...(subs.length ? [`Available Commands:\n${subs.map((c) => `  ${c.name.padEnd(width)}   ${c.short}`).join('\n')}`] : []),
    ...(command.flags && Object.keys(command.flags).length ? [`Options:\n${flagHelp(command.flags).trimEnd()}`] : []),
    `Usage:\n  kubectl ${command.use}`,
    ...(subs.length ? [`Use "kubectl ${path} <command> --help" for more information about a given command.`] : []),
    'Use "kubectl options" for a list of global command-line options (applies to all commands).',
  ];
  return `${parts.join('\n\n')}\n`;
}
