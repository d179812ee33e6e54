import type { Overload } from '../functions.ts';
import { define, method } from '../functions.ts';
import { CelError, CelOpaque } from '../values.ts';

class Version extends CelOpaque {
  readonly typeName = 'kubernetes.Semver';
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly #before: readonly string[];

  constructor(numbers: readonly [bigint, bigint, bigint], before: readonly string[]) {
    super();
    this.numbers = numbers;
    this.#before = before;
  }

  equals(other: Version): boolean {
    return this.compare(other) === 0;
  }

  /** Build metadata does not count; a pre-release comes before its release. */
  compare(other: Version): -1 | 0 | 1 {
    for (const [i, number] of this.numbers.entries()) {
      if (number !== other.numbers[i]) return number < other.numbers[i]! ? -1 : 1;
    }
    const [a, b] = [this.#before, other.#before];
    if (a.length === 0 || b.length === 0) return a.length === b.length ? 0 : a.length === 0 ? 1 : -1;
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const order = comparePart(a[i]!, b[i]!);
      if (order !== 0) return order;
    }
    return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
  }
}

function comparePart(a: string, b: string): -1 | 0 | 1 {
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (left !== right) return left ? -1 : 1;
  const [x, y] = left ? [BigInt(a), BigInt(b)] : [a, b];
  return x === y ? 0 : x < y ? -1 : 1;
}

const number = '(0|[1-9]\\d*)';
const before = '(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)';
const pattern = new RegExp(`^${number}\\.${number}\\.${number}(?:-(${before}(?:\\.${before})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`);

function read(text: string, normalize = false): Version | CelError {
  const plain = normalize ? normalized(text) : text;
  if (plain instanceof CelError) return plain;
  if (plain === '') return new CelError('Version string empty');
  const match = pattern.exec(plain);
  if (match) return new Version([BigInt(match[1]!), BigInt(match[2]!), BigInt(match[3]!)], match[4]?.split('.') ?? []);
  return new CelError(plain.split('.').length < 3 ? 'No Major.Minor.Patch elements found' : `Invalid character(s) found in version ${JSON.stringify(plain)}`);
}

/** Without a leading v and leading zeros, with the parts that a short version leaves out. */
function normalized(text: string): string | CelError {
  const bare = text.replace(/^v/, '');
  const [major = '', minor, ...rest] = bare.split('.');
  const parts = [major, ...(minor === undefined ? [] : [minor]), ...(rest.length > 0 ? [rest.join('.')] : [])].map((part) => {
    if (part.length <= 1) return part;
    const cut = part.replace(/^0+/, '');
    return /^\d/.test(cut) ? cut : `0${cut}`;
  });
  if (parts.length < 3 && /[+-]/.test(parts.at(-1)!)) return new CelError('short version cannot contain PreRelease/Build meta data');
  while (parts.length < 3) parts.push('0');
  return parts.join('.');
}

export const semvers: readonly Overload[] = [
  define('string_to_semver', 'semver(string) kubernetes.Semver', (text: string) => read(text)),
  define('string_bool_to_semver', 'semver(string, bool) kubernetes.Semver', read),
  define('is_semver_string', 'isSemver(string) bool', (text: string) => !(read(text) instanceof CelError)),
  define('is_semver_string_bool', 'isSemver(string, bool) bool', (text: string, normalize: boolean) => !(read(text, normalize) instanceof CelError)),
  method('semver_is_greater_than', 'kubernetes.Semver.isGreaterThan(kubernetes.Semver) bool', (a: Version, b: Version) => a.compare(b) > 0),
  method('semver_is_less_than', 'kubernetes.Semver.isLessThan(kubernetes.Semver) bool', (a: Version, b: Version) => a.compare(b) < 0),
  method('semver_compare_to', 'kubernetes.Semver.compareTo(kubernetes.Semver) int', (a: Version, b: Version) => BigInt(a.compare(b))),
  method('semver_major', 'kubernetes.Semver.major() int', (a: Version) => a.numbers[0]),
  method('semver_minor', 'kubernetes.Semver.minor() int', (a: Version) => a.numbers[1]),
  method('semver_patch', 'kubernetes.Semver.patch() int', (a: Version) => a.numbers[2]),
];
