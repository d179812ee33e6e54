/** The cron format of CronJob.spec.schedule: five fields, names of months and days, ranges, lists, steps, and the @ words. */
export interface Schedule {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly daysOfMonth: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly daysOfWeek: ReadonlySet<number>;
  /** Both day fields restrict; when neither is `*`, either may match. */
  readonly anyDay: boolean;
}

/** `@every 1h30m`: seconds. */
export interface Interval {
  readonly everySeconds: number;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const words: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *', '@monthly': '0 0 1 * *', '@weekly': '0 0 * * 0', '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@hourly': '0 * * * *',
};

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

function numberOf(text: string, bounds: Bounds): number {
  const name = bounds.names?.indexOf(text.toLowerCase()) ?? -1;
  if (name >= 0) return name + bounds.min;
  if (!/^[0-9]+$/.test(text)) throw new Error(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

function parseRange(text: string, bounds: Bounds, into: Set<number>): void {
  const [range = '', stepText, ...tooMany] = text.split('/');
  if (tooMany.length > 0) throw new Error(`too many slashes: ${text}`);
  const ends = range.split('-');
  if (ends.length > 2) throw new Error(`too many hyphens: ${text}`);
  const star = ends[0] === '*' || ends[0] === '?';
  const low = star ? bounds.min : numberOf(ends[0] ?? '', bounds);
  let high = star ? bounds.max : ends.length === 2 ? numberOf(ends[1]!, bounds) : low;
  let step = 1;
  if (stepText !== undefined) {
    step = numberOf(stepText, { min: 0, max: 0 });
    if (ends.length === 1 && !star) high = bounds.max;
    if (step === 0) throw new Error(`step of range should be a positive number: ${text}`);
  }
  if (low < bounds.min) throw new Error(`beginning of range (${low}) below minimum (${bounds.min}): ${text}`);
  if (high > bounds.max) throw new Error(`end of range (${high}) above maximum (${bounds.max}): ${text}`);
  if (low > high) throw new Error(`beginning of range (${low}) beyond end of range (${high}): ${text}`);
  for (let i = low; i <= high; i += step) into.add(i);
}

function parseField(text: string, bounds: Bounds): Set<number> {
  const out = new Set<number>();
  for (const part of text.split(',')) if (part !== '') parseRange(part, bounds, out);
  return out;
}

function durationSeconds(text: string): number {
  const parts = [...text.matchAll(/([0-9]+(?:\.[0-9]+)?)(h|ms|m|s)/g)];
  if (parts.length === 0 || parts.map((p) => p[0]).join('') !== text) throw new Error(`failed to parse duration @every ${text}: time: invalid duration ${JSON.stringify(text)}`);
  const unit: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };
  return Math.max(1, Math.floor(parts.reduce((sum, p) => sum + Number(p[1]) * unit[p[2]!]!, 0)));
}

/** Throws an Error in the words that clients know. */
export function parseSchedule(text: string): Schedule | Interval {
  const spec = text.replace(/^(CRON_)?TZ=\S+\s+/, '');
  if (spec.startsWith('@every ')) return { everySeconds: durationSeconds(spec.slice(7)) };
  const known = spec.startsWith('@') ? words[spec] : spec;
  if (known === undefined) throw new Error(`unrecognized descriptor: ${spec}`);
  const fields = known.trim().split(/\s+/);
  if (fields.length !== 5) throw new Error(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  const [minute, hour, day, month, weekday] = fields as [string, string, string, string, string];
  const isStar = (f: string): boolean => f.startsWith('*') || f.startsWith('?');
  return {
    minutes: parseField(minute, { min: 0, max: 59 }),
    hours: parseField(hour, { min: 0, max: 23 }),
    daysOfMonth: parseField(day, { min: 1, max: 31 }),
    months: parseField(month, { min: 1, max: 12, names: months }),
    daysOfWeek: parseField(weekday, { min: 0, max: 6, names: days }),
    anyDay: !isStar(day) && !isStar(weekday),
  };
}

/** What is wrong with a schedule; undefined when nothing is. */
export function cronComplaint(text: string): string | undefined {
  try {
    parseSchedule(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
