/**
 * The API's times are text. Everything here is pure arithmetic on the proleptic Gregorian calendar in UTC.
 * Canonical Time: `2006-01-02T15:04:05Z`; canonical MicroTime: `2006-01-02T15:04:05.000000Z`.
 */
export interface Instant {
  /** Seconds since 1970-01-01T00:00:00Z, floor. */
  readonly seconds: number;
  readonly nanos: number;
}

export class TimeSyntaxError extends Error {}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;
const canonical = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const layouts = {
  time: { text: '2006-01-02T15:04:05Z07:00', parts: ['2006', '-', '01', '-', '02', 'T', '15', ':', '04', ':', '05', 'Z07:00'] },
  microTime: { text: '2006-01-02T15:04:05.000000Z07:00', parts: ['2006', '-', '01', '-', '02', 'T', '15', ':', '04', ':', '05', '.000000', 'Z07:00'] },
};

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysOfMonth(year: number, month: number): number {
  return month === 2 && isLeap(year) ? 29 : (monthDays[month - 1] ?? 0);
}

/** Days since 1970-01-01; months count from March so that the leap day comes last. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

function civilFromDays(days: number): [year: number, month: number, day: number] {
  const z = days + 719468;
  const era = Math.floor(z / 146097);
  const dayOfEra = z - era * 146097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const mp = Math.floor((5 * dayOfYear + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - Math.floor((153 * mp + 2) / 5) + 1];
}

/** RFC 3339 text to an instant; throws TimeSyntaxError. */
export function parseTime(text: string, layout = layouts.time): Instant {
  const m = rfc3339.exec(text);
  if (m === null) throw new TimeSyntaxError(syntaxMessage(text, layout));
  const year = Number(m[1]), month = Number(m[2]), day = Number(m[3]), hour = Number(m[4]), minute = Number(m[5]), second = Number(m[6]);
  const bad = month < 1 || month > 12 ? 'month' : day < 1 || day > daysOfMonth(year, month) ? 'day' : hour > 23 ? 'hour' : minute > 59 ? 'minute' : second > 59 ? 'second' : '';
  if (bad) throw new TimeSyntaxError(`parsing time ${JSON.stringify(text)}: ${bad} out of range`);
  const offset = m[8] === undefined ? 0 : (m[8] === '-' ? -1 : 1) * (Number(m[9]) * 3600 + Number(m[10]) * 60);
  if (Number(m[9] ?? 0) > 24 || Number(m[10] ?? 0) > 60) throw new TimeSyntaxError(`parsing time ${JSON.stringify(text)}: time zone offset hour out of range`);
  const nanos = m[7] === undefined ? 0 : Number(m[7].slice(0, 9).padEnd(9, '0'));
  return { seconds: daysFromCivil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset, nanos };
}

function two(n: number): string {
  return n < 10 ? `0${n}` : `${n}`;
}

function wholeSeconds(seconds: number): string {
  const days = Math.floor(seconds / 86400);
  const rest = seconds - days * 86400;
  const [year, month, day] = civilFromDays(days);
  const minutes = Math.floor(rest / 60);
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(rest % 60)}`;
}

/** The text of a Time. */
export function formatTime(seconds: number): string {
  return `${wholeSeconds(seconds)}Z`;
}

/** The text of a MicroTime. */
export function formatMicroTime(seconds: number, nanos: number): string {
  return `${wholeSeconds(seconds)}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}

export function canonicalTime(text: string): string {
  const { seconds } = parseTime(text);
  return canonical.test(text) ? text : formatTime(seconds);
}

export function canonicalMicroTime(text: string): string {
  const { seconds, nanos } = parseTime(text, layouts.microTime);
  // Six digits are part of the layout here, not optional as in Time.
  if (!/:\d\d[.,]\d{6}(?!\d)/.test(text)) throw new TimeSyntaxError(syntaxMessage(text, layouts.microTime));
  return formatMicroTime(seconds, nanos);
}

/** Says where text leaves the layout, in the words that clients of the API know. */
function syntaxMessage(text: string, layout: { text: string; parts: string[] }): string {
  const say = (rest: string, part: string): string => `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout.text)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(part)}`;
  let at = 0;
  for (const part of layout.parts) {
    const rest = text.slice(at);
    const pattern = part === '2006' ? /^\d{4}/ : part === 'Z07:00' ? /^(Z|[+-]\d\d:\d\d)/ : part === '.000000' ? /^[.,]\d{6}(?!\d)/ : /^\d\d$/.test(part) ? /^\d\d/ : undefined;
    const length = pattern === undefined ? (rest.startsWith(part) ? part.length : 0) : (pattern.exec(rest)?.[0].length ?? 0);
    if (length === 0) return say(rest, part);
    at += length;
    if (part === '05' && layout === layouts.time) at += /^[.,]\d+/.exec(text.slice(at))?.[0].length ?? 0;
  }
  return `parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(text.slice(at))}`;
}

const units: readonly (readonly [string, bigint])[] = [['h', 3_600_000_000_000n], ['m', 60_000_000_000n], ['s', 1_000_000_000n], ['ms', 1_000_000n], ['us', 1000n], ['ns', 1n]];

function durationMessage(text: string): string {
  const quoted = JSON.stringify(text);
  let rest = text.replace(/^[+-]/, '');
  do {
    const [all, unit] = /^(?:\d+\.?\d*|\.\d+)([^.\d]*)/.exec(rest) ?? ['', undefined];
    if (unit === undefined) return `time: invalid duration ${quoted}`;
    if (unit === '') return `time: missing unit in duration ${quoted}`;
    if (!/^(h|ms|m|s|us|µs|μs|ns)$/.test(unit)) return `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`;
    rest = rest.slice(all.length);
  } while (rest !== '');
  return `time: invalid duration ${quoted}`;
}

/** `1h30m`, `-1.5s`, `300ms` to nanoseconds; throws TimeSyntaxError. */
export function parseDuration(text: string): bigint {
  const m = /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:h|ms|m|s|us|µs|μs|ns))+$/.exec(text);
  if (/^[+-]?0$/.test(text)) return 0n;
  if (m === null) throw new TimeSyntaxError(durationMessage(text));
  let total = 0n;
  for (const [, whole, fraction = '', unit] of text.matchAll(/(\d*)\.?(\d*)(h|ms|m|s|us|µs|μs|ns)/g)) {
    const size = units.find(([name]) => name === unit!.replace(/[µμ]/, 'u'))![1];
    total += BigInt(whole || '0') * size;
    if (fraction) total += (BigInt(fraction) * size) / 10n ** BigInt(fraction.length);
  }
  return m[1] === '-' ? -total : total;
}

/** Nanoseconds to `1h30m0s`, `1.5s`, `300ms`, `0s`. */
export function formatDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s';
  const sign = nanos < 0n ? '-' : '';
  const n = nanos < 0n ? -nanos : nanos;
  const decimal = (value: bigint, unit: bigint): string => {
    const fraction = (value % unit).toString().padStart(unit.toString().length - 1, '0').replace(/0+$/, '');
    return `${value / unit}${fraction && unit > 1n ? `.${fraction}` : ''}`;
  };
  if (n < 1000n) return `${sign}${n}ns`;
  if (n < 1_000_000n) return `${sign}${decimal(n, 1000n)}µs`;
  if (n < 1_000_000_000n) return `${sign}${decimal(n, 1_000_000n)}ms`;
  const hours = n / 3_600_000_000_000n;
  const minutes = (n / 60_000_000_000n) % 60n;
  const seconds = decimal(n % 60_000_000_000n, 1_000_000_000n);
  return `${sign}${hours ? `${hours}h` : ''}${hours || minutes ? `${minutes}m` : ''}${seconds}s`;
}
