import { TimeSyntaxError, parseDuration as parseGo, parseTime } from '../../time.ts';
import type { Overload } from '../functions.ts';
import { method } from '../functions.ts';
import type { CelValue } from '../values.ts';
import { CelDuration, CelError, CelTimestamp, maxInt, minInt } from '../values.ts';

const second = 1_000_000_000n;
/** Year 1 to year 9999. */
const minTime = -62_135_596_800n * second;
const maxTime = 253_402_300_800n * second - 1n;

export function durationOf(nanos: bigint): CelValue {
  return nanos > maxInt || nanos < minInt ? new CelError('duration overflow') : new CelDuration(nanos);
}

export function timestampOf(nanos: bigint): CelValue {
  return nanos > maxTime || nanos < minTime ? new CelError('timestamp overflow') : new CelTimestamp(nanos);
}

/** Undefined where the text is no duration. */
export function readDuration(text: string): CelDuration | undefined {
  try {
    const nanos = parseGo(text);
    return nanos > maxInt || nanos < minInt ? undefined : new CelDuration(nanos);
  } catch (error) {
    if (error instanceof TimeSyntaxError) return undefined;
    throw error;
  }
}

export function readTimestamp(text: string): CelTimestamp | undefined {
  try {
    const { seconds, nanos } = parseTime(text);
    const all = BigInt(seconds) * second + BigInt(nanos);
    return all > maxTime || all < minTime ? undefined : new CelTimestamp(all);
  } catch (error) {
    if (error instanceof TimeSyntaxError) return undefined;
    throw error;
  }
}

function divided(value: bigint, by: bigint): [bigint, bigint] {
  const rest = ((value % by) + by) % by;
  return [(value - rest) / by, rest];
}

export function timestampText(time: CelTimestamp): string {
  const [seconds, nanos] = divided(time.nanos, second);
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const fraction = nanos === 0n ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
  return `${whole}${fraction}Z`;
}

export function durationText(duration: CelDuration): string {
  const negative = duration.nanos < 0n;
  const [seconds, nanos] = divided(negative ? -duration.nanos : duration.nanos, second);
  const fraction = nanos === 0n ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
  return `${negative ? '-' : ''}${seconds}${fraction}s`;
}

const fixedOffset = /^([+-]?)(\d\d):(\d\d)$/;

/** The time in a zone as a Date whose UTC fields are the zone's. */
function inZone(time: CelTimestamp, zone: string | undefined): Date | CelError {
  const ms = Number(divided(time.nanos, 1_000_000n)[0]);
  if (zone === undefined || zone === '' || zone === 'UTC') return new Date(ms);
  const offset = fixedOffset.exec(zone);
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    return new Date(ms + (offset[1] === '-' ? -1 : 1) * minutes * 60_000);
  }
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone, hourCycle: 'h23', era: 'short', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
    });
  } catch {
    return new CelError(`unknown time zone ${zone}`);
  }
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(ms)) part[type] = Number(value);
  const date = new Date(0);
  date.setUTCFullYear(part['year']!, part['month']! - 1, part['day']);
  date.setUTCHours(part['hour']!, part['minute'], part['second'], ((ms % 1000) + 1000) % 1000);
  return date;
}

const fields: readonly [name: string, read: (date: Date) => number][] = [
  ['getFullYear', (date) => date.getUTCFullYear()],
  ['getMonth', (date) => date.getUTCMonth()],
  ['getDayOfYear', (date) => Math.floor((Date.UTC(2000, date.getUTCMonth(), date.getUTCDate()) - Date.UTC(2000, 0, 1)) / 86_400_000) - (leapPassed(date) ? 1 : 0)],
  ['getDayOfMonth', (date) => date.getUTCDate() - 1],
  ['getDate', (date) => date.getUTCDate()],
  ['getDayOfWeek', (date) => date.getUTCDay()],
  ['getHours', (date) => date.getUTCHours()],
  ['getMinutes', (date) => date.getUTCMinutes()],
  ['getSeconds', (date) => date.getUTCSeconds()],
  ['getMilliseconds', (date) => date.getUTCMilliseconds()],
];

/** Days are counted in a leap year above; after February another year has one less. */
function leapPassed(date: Date): boolean {
  const year = date.getUTCFullYear();
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return !leap && date.getUTCMonth() > 1;
}

const spans: readonly [name: string, unit: bigint][] = [
  ['getHours', 3600n * second],
  ['getMinutes', 60n * second],
  ['getSeconds', second],
];

export const times: readonly Overload[] = [
  ...fields.flatMap(([name, read]) => {
    const get = (time: CelTimestamp, zone?: string): CelValue => {
      const date = inZone(time, zone);
      return date instanceof CelError ? date : BigInt(read(date));
    };
    return [
      method(`timestamp_${name}`, `timestamp.${name}() int`, get),
      method(`timestamp_${name}_with_tz`, `timestamp.${name}(string) int`, get),
    ];
  }),
  ...spans.map(([name, unit]) => method(`duration_${name}`, `duration.${name}() int`, (duration: CelDuration) => duration.nanos / unit)),
  method('duration_getMilliseconds', 'duration.getMilliseconds() int', (duration: CelDuration) => (duration.nanos % second) / 1_000_000n),
];
