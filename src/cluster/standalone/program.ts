/** How a component that runs alone is written: flags as data, with upstream's names, and what to do with them. */
import { readFileSync } from 'node:fs';
import { isAbort } from '../../base/abort.ts';
import type { LogOptions } from '../../base/log.ts';
import { systemSurroundings, type Surroundings } from '../../base/surroundings.ts';
import { parseGoDuration } from '../../machinery/goduration.ts';
import { kubernetesVersion } from '../../serving/version.ts';
import { CommandError } from '../../kubectl/errors.ts';
import { flagHelp, parseFlags, type FlagSet, type Flags, type FlagType } from '../../kubectl/flags.ts';
import type { Context } from '../context.ts';
import { untilTerminated } from '../lifetime.ts';

export interface Program {
  readonly name: string;
  readonly about: string;
  readonly flags: FlagSet;
  /** What `--version` prints where it is not that of Kubernetes. */
  readonly version?: string;
  /** Resolves when everything has come to rest after the signal. */
  run(flags: Flags, surroundings: Surroundings, signal: AbortSignal): Promise<void>;
}

/** Every component has them; logs always go to stderr, in one form. */
export const everywhere: FlagSet = {
  help: { type: 'bool', short: 'h', help: 'Show help' },
  version: { type: 'string', alone: 'true', help: 'Print the version and end' },
  v: { type: 'int', short: 'v', help: 'How much is logged; debugging begins with 4' },
  vmodule: { type: 'strings', help: 'pattern=N for single components, such as apiserver=4' },
  'logging-format': { type: 'string', default: 'text', help: 'text or json' },
  'log-flush-frequency': { type: 'duration', default: '5s', help: 'Lines are written at once' },
  ...ignored('bool', 'logtostderr', 'alsologtostderr', 'profiling', 'contention-profiling'),
};

/** Flags that commonly stand in manifests and scripts, and have nothing to change here. */
export function ignored(type: FlagType, ...names: readonly string[]): FlagSet {
  return Object.fromEntries(names.map((name) => [name, { type, help: 'Accepted, changes nothing here' }]));
}

export async function runProgram(program: Program, argv: readonly string[], { stdout, stderr }: Context): Promise<number> {
  const signal = untilTerminated();
  try {
    const { flags, args } = parseFlags({ ...everywhere, ...program.flags }, argv);
    if (flags.flag('help')) {
      stdout.write(`${program.about}\n\nUsage:\n  ${program.name} [flags]\n\nFlags:\n${flagHelp({ ...everywhere, ...program.flags })}`);
      return 0;
    }
    if (flags.has('version')) {
      stdout.write(`${program.version ?? `Kubernetes ${kubernetesVersion}`}\n`);
      return 0;
    }
    if (args.length > 0) throw new CommandError(`${program.name} does not take any arguments, got ${JSON.stringify(args)}`);
    await program.run(flags, systemSurroundings({ component: program.name, ...logOptions(flags) }), signal);
  } catch (error) {
    if (isAbort(error, signal)) return 0;
    if (!(error instanceof CommandError)) throw error;
    stderr.write(`Error: ${error.message}\n`);
    return 1;
  }
  return 0;
}

/** In upstream's words where something is wrong with them. */
export function logOptions(flags: Flags): LogOptions & { write?: (line: string) => void } {
  const format = flags.text('logging-format');
  if (format !== 'text' && format !== 'json') throw new CommandError(`format: Invalid value: ${JSON.stringify(format)}: Unsupported log format`);
  const verbosities = flags.list('vmodule').flatMap((text) => text.split(',')).filter(Boolean).map((pair) => {
    const [pattern = '', level = '', ...more] = pair.split('=');
    if (pattern === '' || level === '' || more.length > 0) throw new CommandError(`invalid argument ${JSON.stringify(pair)} for "--vmodule" flag: ${JSON.stringify(pair)} does not have the pattern=N format`);
    if (!/^\d+$/.test(level)) throw new CommandError(`invalid argument ${JSON.stringify(pair)} for "--vmodule" flag: parsing verbosity in ${JSON.stringify(pair)}: strconv.ParseUint: parsing ${JSON.stringify(level)}: invalid syntax`);
    return { pattern, verbosity: Number(level) };
  });
  if (verbosities.length > 0 && format !== 'text') throw new CommandError('vmodule: Forbidden: Only supported for text log format');
  return { format, verbosity: flags.number('v'), verbosities, ...(split(flags) ? { write: (line: string) => void (line.startsWith('E') ? process.stderr : process.stdout).write(line) } : {}) };
}

/** Only some have the flags. */
function split(flags: Flags): boolean {
  const [stream, buffer] = ['log-text-split-stream', 'log-text-info-buffer-size'];
  const given = (name: string): boolean => flags.declares(name) && flags.has(name);
  const on = listedIf(flags, 'feature-gates').some((pair) => /^(kube:)?LoggingAlphaOptions=(1|t|true)$/i.test(pair));
  if (given(stream) && !on) throw new CommandError('options.text.splitStream: Forbidden: Feature LoggingAlphaOptions is disabled');
  if (given(buffer) && !on) throw new CommandError('options.text.infoBufferSize: Forbidden: Feature LoggingAlphaOptions is disabled');
  return given(stream) && flags.flag(stream);
}

function listedIf(flags: Flags, name: string): string[] {
  return flags.declares(name) ? listed(flags, name) : [];
}

/** Milliseconds. */
export function duration(flags: Flags, name: string): number {
  try {
    return parseGoDuration(flags.text(name));
  } catch (error) {
    throw new CommandError(`invalid argument ${JSON.stringify(flags.text(name))} for "--${name}" flag: ${(error as Error).message}`);
  }
}

/** Values of a list, however often the flag was given. */
export function listed(flags: Flags, name: string): string[] {
  return flags.list(name).flatMap((text) => text.split(',')).map((text) => text.trim()).filter(Boolean);
}

/** The gates that `--feature-gates` switches on; those that cannot be had are refused by name. */
export function features(flags: Flags, known: readonly string[]): string[] {
  return listed(flags, 'feature-gates').flatMap((text) => {
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/.exec(text) ?? [];
    const refuse = (why: string): never => {
      throw new CommandError(`invalid argument ${JSON.stringify(text)} for "--feature-gates" flag: ${why}`);
    };
    if (!/^(true|false)$/i.test(value)) refuse('it must be name=true or name=false');
    if (!known.includes(name)) refuse(`${JSON.stringify(name)} is not supported, only ${known.join(', ')}`);
    return value.toLowerCase() === 'true' ? [name] : [];
  });
}

/** The text of the file that a flag names. */
export function fileOf(flags: Flags, name: string): string | undefined {
  const file = flags.text(name);
  return file === '' ? undefined : readNamed(file, name);
}

export function readNamed(file: string, flag: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(`--${flag}: open ${file}: ${code === 'ENOENT' ? 'no such file or directory' : message}`);
  }
}

/** Certificate and key that two flags name; both or neither. */
export function pairOf(flags: Flags, certFlag: string, keyFlag: string): { cert: string; key: string } | undefined {
  const [cert, key] = [fileOf(flags, certFlag), fileOf(flags, keyFlag)];
  if (cert !== undefined && key !== undefined) return { cert, key };
  if (cert === undefined && key === undefined) return undefined;
  throw new CommandError(`--${certFlag} and --${keyFlag} must be given together`);
}
