import { systemClock, type Clock } from './clock.ts';
import { systemRandom, type Random } from './ids.ts';
import { logger, type Logger, type LogOptions } from './log.ts';

/** What a component gets from outside instead of reaching for globals. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export function systemSurroundings(options: LogOptions & { readonly write?: (line: string) => void } = {}): Surroundings {
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  return { clock: systemClock, random: systemRandom, log: logger(systemClock, write, options) };
}
