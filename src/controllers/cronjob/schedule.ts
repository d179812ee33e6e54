/** Cron expressions: five fields, names of months and days, @hourly and the like; in a time zone. */
const names: Readonly<Record<string, readonly string[]>> = {
  month: ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  weekday: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
};
const shorthands: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *', '@monthly': '0 0 1 * *', '@weekly': '0 0 * * 0', '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@hourly': '0 * * * *',
};
const minute = 60_000;
const day = 86_400_000;

export interface Schedule {
  /** The first time after `after`, in milliseconds; undefined when there is none within five years. */
  next(after: number): number | undefined;
}

/** Throws an Error that says what is wrong. */
export function parseSchedule(text: string, timeZone = 'UTC'): Schedule {
  const every = /^@every\s+(.+)$/.exec(text.trim());
  if (every) return interval(every[1]!);
  const fields = (shorthands[text.trim()] ?? text.trim()).split(/\s+/);
  if (fields.length !== 5) throw new Error(`expected exactly 5 fields, found ${fields.length}: ${text}`);
  const [minutes, hours, days, months, weekdays] = [
    field(fields[0]!, 0, 59), field(fields[1]!, 0, 23), field(fields[2]!, 1, 31), field(fields[3]!, 1, 12, names['month']), field(fields[4]!, 0, 7, names['weekday']),
  ] as const;
  if (weekdays.has(7)) weekdays.add(0);
  // When both say something, either will do.
  const anyDay = fields[2]!.startsWith('*') || fields[2] === '?';
  const anyWeekday = fields[4]!.startsWith('*') || fields[4] === '?';
  const dayFits = (date: Date): boolean => {
    const byDay = days.has(date.getUTCDate());
    const byWeekday = weekdays.has(date.getUTCDay());
    return anyDay || anyWeekday ? byDay && byWeekday : byDay || byWeekday;
  };
  const zone = timeZoneClock(timeZone);
  return {
    next: (after) => {
      const limit = after + 5 * 366 * day;
      // `wall` is the time on the wall, written as if it were UTC.
      let wall = Math.floor(zone.toWall(after) / minute) * minute + minute;
      while (zone.fromWall(wall) <= limit) {
        const date = new Date(wall);
        if (!months.has(date.getUTCMonth() + 1)) wall = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
        else if (!dayFits(date)) wall = (Math.floor(wall / day) + 1) * day;
        else if (!hours.has(date.getUTCHours())) wall = (Math.floor(wall / 3_600_000) + 1) * 3_600_000;
        else if (!minutes.has(date.getUTCMinutes())) wall += minute;
        else {
          const time = zone.fromWall(wall);
          // An hour that the clocks skip has no such time.
          if (time > after && zone.toWall(time) === wall) return time;
          wall += minute;
        }
      }
      return undefined;
    },
  };
}

function interval(text: string): Schedule {
  const units: Record<string, number> = { h: 3_600_000, m: minute, s: 1000 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([hms])/g)];
  if (parts.length === 0 || parts.map((p) => p[0]).join('') !== text) throw new Error(`failed to parse duration @every ${text}`);
  const step = Math.max(1000, parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * units[unit!]!, 0));
  return { next: (after) => Math.floor(after / 1000) * 1000 + step };
}

function field(text: string, min: number, max: number, named: readonly string[] = []): Set<number> {
  const out = new Set<number>();
  const number = (part: string): number => {
    const name = named.indexOf(part.toLowerCase());
    const value = name >= 0 && part !== '' ? name : Number(part);
    if (!/^\d+$/.test(part) && name < 0) throw new Error(`failed to parse int from ${part}`);
    if (value < min || value > max) throw new Error(`${value} is out of range ${min}-${max}`);
    return value;
  };
  for (const part of text.split(',')) {
    const [range = '', step, extra] = part.split('/');
    if (extra !== undefined) throw new Error(`too many slashes: ${part}`);
    const by = step === undefined ? 1 : Number(step);
    if (!Number.isInteger(by) || by < 1) throw new Error(`step of range should be a positive number: ${part}`);
    let from = min;
    let to = max;
    if (range !== '*' && range !== '?') {
      const [low = '', high] = range.split('-');
      from = number(low);
      to = high === undefined ? (step === undefined ? from : max) : number(high);
      if (from > to) throw new Error(`beginning of range (${from}) beyond end of range (${to}): ${part}`);
    }
    for (let i = from; i <= to; i += by) out.add(i);
  }
  return out;
}

interface Zone {
  toWall(time: number): number;
  fromWall(wall: number): number;
}

function timeZoneClock(timeZone: string): Zone {
  if (timeZone === 'UTC' || timeZone === 'Etc/UTC') return { toWall: (t) => t, fromWall: (w) => w };
  const format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
  const toWall = (time: number): number => {
    const p = Object.fromEntries(format.formatToParts(time).map((part) => [part.type, Number(part.value)]));
    return Date.UTC(p['year']!, p['month']! - 1, p['day'], p['hour'], p['minute'], p['second']) + (((time % 1000) + 1000) % 1000);
  };
  return {
    toWall,
    fromWall: (wall) => {
      // The offset at a guess is nearly always the offset there; the second round settles the hours of change.
      let time = wall - (toWall(wall) - wall);
      time = wall - (toWall(time) - time);
      return time;
    },
  };
}
