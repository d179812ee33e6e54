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

export function logger(clock: Clock, write: (line: string) => void, options: { component?: string; verbosity?: number } = {}): Logger {
  const verbosity = options.verbosity ?? 0;
  const line = (level: string, message: string, fields: Fields = {}): void => {
    const iso = new Date(clock.now()).toISOString();
    const head = `${level}${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 23)}000`;
    const tail = Object.entries(fields).map(([k, v]) => ` ${k}=${quote(v)}`).join('');
    write(`${head} ${options.component ?? 'k7s'}] ${message}${tail}\n`);
  };
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

export const silent: Logger = { info() {}, warn() {}, error() {}, debug() {}, named: () => silent };
