/** Flags as pflag reads them: `--name=value`, `--name value`, `-n value`, `-nvalue`, `-it`, `--`, mixed with arguments. */
import { CommandError } from './errors.ts';

export type FlagType = 'string' | 'bool' | 'int' | 'float' | 'strings' | 'duration';

export interface Flag {
  readonly type: FlagType;
  readonly short?: string;
  readonly default?: string | boolean | number | readonly string[];
  /** The value of the flag when it stands alone. */
  readonly alone?: string;
  readonly help?: string;
}

export type FlagSet = Readonly<Record<string, Flag>>;

/** The values that a command was given. Asking for a flag that is not declared is a mistake in the program. */
export class Flags {
  readonly #set: FlagSet;
  readonly #values = new Map<string, string | boolean | number | string[]>();

  constructor(set: FlagSet) {
    this.#set = set;
  }

  /** These values, as if the named flags had not been given. */
  without(names: readonly string[]): Flags {
    const out = new Flags(this.#set);
    for (const [name, value] of this.#values) if (!names.includes(name)) out.#values.set(name, value);
    return out;
  }

  declares(name: string): boolean {
    return Object.hasOwn(this.#set, name);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string {
    return String(this.#get(name) ?? '');
  }

  flag(name: string): boolean {
    return this.#get(name) === true;
  }

  number(name: string): number {
    return Number(this.#get(name) ?? 0);
  }

  list(name: string): readonly string[] {
    return (this.#get(name) as readonly string[] | undefined) ?? [];
  }

  /** All of them with their values, given or by default, in the order of their names. */
  shown(): [name: string, value: string][] {
    return Object.entries(this.#set).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, flag]) => {
      const value = this.#get(name) ?? zeros[flag.type];
      return [name, Array.isArray(value) ? `[${value.join(',')}]` : String(value)];
    });
  }

  #get(name: string): string | boolean | number | readonly string[] | undefined {
    const flag = this.#set[name];
    if (flag === undefined) throw new Error(`the flag ${name} is not declared`);
    return this.#values.get(name) ?? flag.default;
  }

  /** Takes one value as it was written. */
  set(name: string, text: string, as: string): void {
    const flag = this.#set[name]!;
    const invalid = (why: string): never => {
      throw new CommandError(`invalid argument ${JSON.stringify(text)} for ${JSON.stringify(as)} flag: ${why}`);
    };
    switch (flag.type) {
      case 'bool': {
        if (!/^(1|0|t|f|true|false|T|F|TRUE|FALSE|True|False)$/.test(text)) invalid(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
        this.#values.set(name, /^[1tT]/.test(text));
        return;
      }
      case 'int':
        if (!/^[-+]?\d+$/.test(text)) invalid(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
        this.#values.set(name, Number(text));
        return;
      case 'float':
        if (text.trim() === '' || Number.isNaN(Number(text))) invalid(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
        this.#values.set(name, Number(text));
        return;
      case 'strings':
        this.#values.set(name, [...((this.#values.get(name) as string[] | undefined) ?? []), text]);
        return;
      default:
        this.#values.set(name, text);
    }
  }
}

const zeros: Readonly<Record<FlagType, string>> = { string: '', bool: 'false', int: '0', float: '0', strings: '[]', duration: '0s' };

export interface ParsedFlags {
  readonly flags: Flags;
  readonly args: string[];
  /** How many arguments stood before `--`; -1 where there was none. */
  readonly dash: number;
}

/** Throws CommandError in pflag's words. */
export function parseFlags(set: FlagSet, argv: readonly string[]): ParsedFlags {
  const flags = new Flags(set);
  const args: string[] = [];
  const byShort = new Map(Object.entries(set).flatMap(([name, flag]) => (flag.short ? [[flag.short, name] as const] : [])));
  let dash = -1;
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!;
    if (arg === '--') {
      dash = args.length;
      args.push(...argv.slice(i + 1));
      break;
    }
    if (arg.startsWith('--')) i = longFlag(set, flags, argv, i);
    else if (arg.startsWith('-') && arg.length > 1) i = shortFlags(set, byShort, flags, argv, i);
    else args.push(arg);
  }
  return { flags, args, dash };
}

function longFlag(set: FlagSet, flags: Flags, argv: readonly string[], at: number): number {
  const [, name, value] = /^--([^=]*)(?:=(.*))?$/s.exec(argv[at]!)!;
  const flag = Object.hasOwn(set, name!) ? set[name!] : undefined;
  if (flag === undefined) throw new CommandError(`unknown flag: --${name}`);
  const as = flag.short ? `-${flag.short}, --${name}` : `--${name}`;
  if (value !== undefined) flags.set(name!, value, as);
  else if (flag.type === 'bool') flags.set(name!, 'true', as);
  else if (flag.alone !== undefined) flags.set(name!, flag.alone, as);
  else if (at + 1 >= argv.length) throw new CommandError(`flag needs an argument: --${name}`);
  else flags.set(name!, argv[++at]!, as);
  return at;
}

function shortFlags(set: FlagSet, byShort: ReadonlyMap<string, string>, flags: Flags, argv: readonly string[], at: number): number {
  const cluster = argv[at]!.slice(1);
  for (let j = 0; j < cluster.length; j++) {
    const short = cluster[j]!;
    const name = byShort.get(short);
    if (name === undefined) throw new CommandError(`unknown shorthand flag: '${short}' in -${cluster}`);
    const flag = set[name]!;
    const as = `-${short}, --${name}`;
    const rest = cluster.slice(j + 1);
    if (rest.startsWith('=')) flags.set(name, rest.slice(1), as);
    else if (flag.type === 'bool') {
      flags.set(name, 'true', as);
      continue;
    } else if (flag.alone !== undefined) {
      flags.set(name, flag.alone, as);
      continue;
    } else if (rest) flags.set(name, rest, as);
    else if (at + 1 >= argv.length) throw new CommandError(`flag needs an argument: '${short}' in -${cluster}`);
    else flags.set(name, argv[++at]!, as);
    return at;
  }
  return at;
}

/** The lines of `Options:` in a help text. */
export function flagHelp(set: FlagSet): string {
  return Object.entries(set)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, flag]) => {
      const zero = flag.type === 'string' ? "''" : zeros[flag.type];
      const value = flag.default === undefined ? zero : flag.type === 'string' ? `'${String(flag.default)}'` : Array.isArray(flag.default) ? `[${flag.default.join(',')}]` : String(flag.default);
      return `    ${flag.short ? `-${flag.short}, ` : ''}--${name}=${value}:\n\t${flag.help ?? ''}\n`;
    })
    .join('\n');
}
