import { doubleText } from './conversions.ts';
import { durationText, timestampText } from './time.ts';
import type { CelValue } from '../values.ts';
import { CelDuration, CelError, CelList, CelMap, CelTimestamp, CelTypeValue, CelUint, typeNameOf } from '../values.ts';

const clause = /%(?:%|(?:\.(\d+))?(.)|$)/gsu;

class FormatFailure extends Error {}

/** `"%d of %s".format([1, "x"])` */
export function formatText(format: string, args: CelList): CelValue {
  let next = 0;
  try {
    const text = format.replace(clause, (whole: string, precision: string | undefined, verb: string | undefined) => {
      if (whole === '%%') return '%';
      if (whole === '%') throw new FormatFailure('could not parse formatting clause: unexpected end of string');
      if (!verb || !'sdfebxXo'.includes(verb)) throw new FormatFailure(`could not parse formatting clause: unrecognized formatting clause "${verb ?? ''}"`);
      if (next >= args.length) throw new FormatFailure(`index ${next} out of range`);
      return formatted(verb, args.at(next++), precision === undefined ? 6 : Number(precision));
    });
    // More arguments than clauses are no error.
    return text;
  } catch (error) {
    if (error instanceof FormatFailure) return new CelError(error.message);
    throw error;
  }
}

function fail(what: string, value: CelValue): never {
  throw new FormatFailure(`error during formatting: ${what}, was given ${typeNameOf(value)}`);
}

function formatted(verb: string, value: CelValue, precision: number): string {
  const whole = typeof value === 'bigint' ? value : value instanceof CelUint ? value.value : undefined;
  switch (verb) {
    case 's':
      return plainText(value);
    case 'd':
      return whole !== undefined ? String(whole) : special(value, 'decimal clause can only be used on integers');
    case 'o':
      return whole !== undefined ? whole.toString(8) : fail('octal clause can only be used on integers', value);
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      return whole !== undefined ? whole.toString(2) : fail('only integers and bools can be formatted as binary', value);
    case 'f':
      return finite(value, 'fixed-point clause can only be used on doubles', (number) => fixed(number, checkedPrecision(precision)));
    case 'e':
      return finite(value, 'scientific clause can only be used on doubles', (number) => exponential(number, checkedPrecision(precision)));
    default: {
      const text = hexadecimal(value, whole);
      return verb === 'X' ? text.toUpperCase() : text;
    }
  }
}

function checkedPrecision(precision: number): number {
  if (precision > 100) throw new FormatFailure('error during formatting: precision is too large');
  return precision;
}

function hexadecimal(value: CelValue, whole: bigint | undefined): string {
  if (whole !== undefined) return whole.toString(16);
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return fail('only integers, byte buffers, and strings can be formatted as hex', value);
}

/** The names of what is no number pass where a number is asked for. */
function special(value: CelValue, complaint: string): string {
  const name = typeof value === 'number' ? specialName(value) : value;
  return name === 'NaN' || name === 'Infinity' || name === '-Infinity' ? name : fail(complaint, value);
}

function specialName(value: number): string | undefined {
  return Number.isFinite(value) ? undefined : String(value);
}

function finite(value: CelValue, complaint: string, write: (number: number) => string): string {
  if (typeof value === 'bigint') return write(Number(value));
  if (value instanceof CelUint) return write(Number(value.value));
  if (typeof value === 'number' && Number.isFinite(value)) return write(value);
  return special(value, complaint);
}

/** Halves go to the even digit; toFixed takes them up. */
function fixed(value: number, precision: number): string {
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}${precision > 0 ? `.${'0'.repeat(precision)}` : ''}`;
  const rounded = value.toFixed(precision);
  if (precision >= 100) return rounded;
  const longer = value.toFixed(precision + 1);
  // oxlint-disable-next-line oxc/number-arg-out-of-range -- 100 digits are allowed, and tell a half from what is nearly one
  const tie = longer.endsWith('5') && value.toFixed(100).slice(longer.length).replaceAll('0', '') === '';
  const below = longer.slice(0, precision === 0 ? -2 : -1);
  return tie && '02468'.includes(below.at(-1)!) ? below : rounded;
}

function exponential(value: number, precision: number): string {
  return value.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2');
}

function plainText(value: CelValue): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return value;
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'number':
      return specialName(value) ?? doubleText(value, 21);
    default:
      break;
  }
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof CelTypeValue) return value.name;
  if (value instanceof CelDuration) return durationText(value);
  if (value instanceof CelTimestamp) return timestampText(value);
  if (value instanceof CelList) return `[${value.values().map(plainText).join(', ')}]`;
  if (value instanceof CelMap && !value.type) return mapText(value);
  return fail('string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps', value);
}

function mapText(map: CelMap): string {
  const parts: [string, string][] = [];
  for (const [key, member] of map.entries()) {
    if (typeof key === 'object' && !(key instanceof CelUint)) throw new FormatFailure(`error during formatting: map key of type ${typeNameOf(key)} is not allowed`);
    parts.push([plainText(key), plainText(member)]);
  }
  parts.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  return `{${parts.map(([key, member]) => `${key}: ${member}`).join(', ')}}`;
}
