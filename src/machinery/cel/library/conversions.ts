import type { Overload } from '../functions.ts';
import { define } from '../functions.ts';
import type { CelTimestamp, CelValue } from '../values.ts';
import { CelDuration, CelError, CelTypeValue, CelUint, maxInt, maxUint, minInt, typeNameOf } from '../values.ts';
import { durationText, readDuration, readTimestamp, timestampOf, timestampText } from './time.ts';

const intRange = new CelError('integer overflow');
const uintRange = new CelError('unsigned integer overflow');

export function conversionError(value: CelValue, to: string): CelError {
  return new CelError(`type conversion error from '${typeNameOf(value)}' to '${to}'`);
}

function intOf(value: bigint): CelValue {
  return value > maxInt || value < minInt ? intRange : value;
}
function uintOf(value: bigint): CelValue {
  return value < 0n || value > maxUint ? uintRange : new CelUint(value);
}

function doubleToInt(value: number): CelValue {
  if (!(value > -(2 ** 63) && value < 2 ** 63)) return intRange;
  return BigInt(Math.trunc(value));
}
function doubleToUint(value: number): CelValue {
  if (!(value > -1 && value < 2 ** 64)) return uintRange;
  return new CelUint(BigInt(Math.trunc(value)));
}

function textToInt(text: string): CelValue {
  if (!/^[+-]?\d+$/.test(text)) return conversionError(text, 'int');
  const value = BigInt(text.replace(/^\+/, ''));
  return value > maxInt || value < minInt ? conversionError(text, 'int') : value;
}
function textToUint(text: string): CelValue {
  if (!/^\d+$/.test(text) || BigInt(text) > maxUint) return conversionError(text, 'uint');
  return new CelUint(BigInt(text));
}
function textToDouble(text: string): CelValue {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text);
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (!special) return conversionError(text, 'double');
  if (special[2]!.toLowerCase() === 'nan') return NaN;
  return special[1] === '-' ? -Infinity : Infinity;
}
function textToBool(text: string): CelValue {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  return conversionError(text, 'bool');
}

/** The shortest digits that mean the number, with an exponent from 1e6 on and below 1e-4. */
export function doubleText(value: number, exponentFrom = 6): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (power >= -4 && power < exponentFrom) return plainDigits(value);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** Digits without an exponent. */
export function plainDigits(value: number): string {
  const text = String(value);
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!match) return text;
  const [, sign, whole, fraction = '', exponent] = match;
  const power = Number(exponent);
  const digits = whole! + fraction;
  const point = whole!.length + power;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function textFromBytes(value: Uint8Array): CelValue {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return new CelError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

function same(value: CelValue): CelValue {
  return value;
}

export const conversions: readonly Overload[] = [
  define('bool_to_bool', 'bool(bool) bool', same),
  define('string_to_bool', 'bool(string) bool', textToBool),
  define('bytes_to_bytes', 'bytes(bytes) bytes', same),
  define('string_to_bytes', 'bytes(string) bytes', (text: string) => new TextEncoder().encode(text)),
  define('double_to_double', 'double(double) double', same),
  define('int64_to_double', 'double(int) double', (value: bigint) => Number(value)),
  define('uint64_to_double', 'double(uint) double', (value: CelUint) => Number(value.value)),
  define('string_to_double', 'double(string) double', textToDouble),
  define('duration_to_duration', 'duration(duration) duration', same),
  define('int64_to_duration', 'duration(int) duration', (value: bigint) => new CelDuration(value)),
  define('string_to_duration', 'duration(string) duration', (text: string) => readDuration(text) ?? conversionError(text, 'google.protobuf.Duration')),
  define('dyn', 'dyn(A) dyn', same),
  define('int64_to_int64', 'int(int) int', same),
  define('uint64_to_int64', 'int(uint) int', (value: CelUint) => intOf(value.value)),
  define('double_to_int64', 'int(double) int', doubleToInt),
  define('string_to_int64', 'int(string) int', textToInt),
  define('timestamp_to_int64', 'int(timestamp) int', (time: CelTimestamp) => (time.nanos - (((time.nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)) / 1_000_000_000n),
  define('duration_to_int64', 'int(duration) int', (value: CelDuration) => value.nanos),
  define('uint64_to_uint64', 'uint(uint) uint', same),
  define('int64_to_uint64', 'uint(int) uint', uintOf),
  define('double_to_uint64', 'uint(double) uint', doubleToUint),
  define('string_to_uint64', 'uint(string) uint', textToUint),
  define('string_to_string', 'string(string) string', same),
  define('bool_to_string', 'string(bool) string', (value: boolean) => String(value)),
  define('bytes_to_string', 'string(bytes) string', textFromBytes),
  define('double_to_string', 'string(double) string', (value: number) => doubleText(value)),
  define('int64_to_string', 'string(int) string', (value: bigint) => String(value)),
  define('uint64_to_string', 'string(uint) string', (value: CelUint) => String(value.value)),
  define('timestamp_to_string', 'string(timestamp) string', timestampText),
  define('duration_to_string', 'string(duration) string', durationText),
  define('timestamp_to_timestamp', 'timestamp(timestamp) timestamp', same),
  define('int64_to_timestamp', 'timestamp(int) timestamp', (value: bigint) => timestampOf(value * 1_000_000_000n)),
  define('string_to_timestamp', 'timestamp(string) timestamp', (text: string) => readTimestamp(text) ?? conversionError(text, 'google.protobuf.Timestamp')),
  define('type', 'type(A) type<A>', (value: CelValue) => new CelTypeValue(typeNameOf(value))),
];
