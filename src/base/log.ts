import type { Clock } from './clock.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** One line an event: `I1122 21:30:00.123456 scheduler] Bound pod pod="default/x" node="k7s"`. */
export interface Logger {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  /** `error` goes into the line as err="…". */
  error(message: string, error?: unknown, fields?: Fields): void;
  debug(message: string, fields?: Fields): void;
  named(component: string): Logger;
}

function quote(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Error) return JSON.stringify(value.message);
  return JSON.stringify(value) ?? 'undefined';
}

export interface LogOptions {
  readonly component?: string;
  /** Debugging begins with 4. */
  readonly verbosity?: number;
  /** Verbosities of single components; `*` and `?` stand for what they usually do. */
  readonly verbosities?: readonly { readonly pattern: string; readonly verbosity: number }[];
  /** Default text. */
  readonly format?: 'text' | 'json';
}

export function logger(clock: Clock, write: (line: string) => void, options: LogOptions = {}): Logger {
  const verbosity = verbosityOf(options);
  const object = (level: string, message: string, fields: Fields = {}): void => {
    const shown = Object.entries(fields).map(([key, value]) => [key, value instanceof Error ? value.message : value]);
    write(`${JSON.stringify({ ts: clock.now(), logger: options.component ?? 'k7s', msg: message, ...(level === 'E' ? {} : { v: level === 'D' ? 4 : 0 }), ...Object.fromEntries(shown) })}\n`);
  };
  const text = (level: string, message: string, fields: Fields = {}): void => {
    const iso = new Date(clock.now()).toISOString();
    const head = `${level}${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 23)}000`;
    const tail = Object.entries(fields).map(([k, v]) => ` ${k}=${quote(v)}`).join('');
    write(`${head} ${options.component ?? 'k7s'}] ${message}${tail}\n`);
  };
  const line = options.format === 'json' ? object : text;
  return {
    info: (m, f) => line('I', m, f),
    warn: (m, f) => line('W', m, f),
    error: (m, e, f) => line('E', m, e === undefined ? f : { err: e instanceof Error ? e : String(e), ...f }),
    debug: (m, f) => {
      if (verbosity >= 4) line('D', m, f);
    },
    named: (component) => logger(clock, write, { ...options, component }),
  };
}

function verbosityOf({ component = 'k7s', verbosity = 0, verbosities = [] }: LogOptions): number {
  const fits = (pattern: string): boolean => new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.')}$`).test(component);
  return verbosities.find(({ pattern }) => fits(pattern))?.verbosity ?? verbosity;
}

export const silent: Logger = { info() {}, warn() {}, error() {}, debug() {}, named: () => silent };
