/**
 * Kubernetes quantities: `100m`, `1.5Gi`, `12e6`. A value is unscaled * 10^scale, exactly; the format decides how it is written.
 * Below nano precision it rounds up, away from zero.
 */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

const badFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const badSuffix = "unable to parse quantity's suffix";

const decimalSuffixes: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binarySuffixes: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const decimalNames: Readonly<Record<number, string>> = { [-9]: 'n', [-6]: 'u', [-3]: 'm', 0: '', 3: 'k', 6: 'M', 9: 'G', 12: 'T', 15: 'P', 18: 'E' };
const binaryNames = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const maxInt64 = (1n << 63n) - 1n;
const maxDecimalDigits = 18;

function power10(n: number): bigint {
  return 10n ** BigInt(n);
}

function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  if (quotient * by === value) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

/** An immutable amount. */
export class Quantity {
  readonly format: QuantityFormat;
  readonly #unscaled: bigint;
  readonly #scale: number;
  /** Set where the text that was read is already the canonical one. */
  readonly #text: string | undefined;

  constructor(unscaled: bigint, scale = 0, format: QuantityFormat = 'DecimalSI', text?: string) {
    this.#unscaled = unscaled;
    this.#scale = scale;
    this.format = format;
    this.#text = text;
  }

  static of(value: number, format: QuantityFormat = 'DecimalSI'): Quantity {
    return new Quantity(BigInt(Math.ceil(value)), 0, format);
  }

  static ofMilli(value: number, format: QuantityFormat = 'DecimalSI'): Quantity {
    return new Quantity(BigInt(Math.ceil(value)), -3, format);
  }

  static ofNano(value: bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
    return new Quantity(value, -9, format);
  }

  /** The amount in units of 10^scale, rounded up. */
  scaled(scale: number): bigint {
    const by = this.#scale - scale;
    return by >= 0 ? this.#unscaled * power10(by) : divideUp(this.#unscaled, power10(-by));
  }

  value(): number {
    return Number(this.scaled(0));
  }

  milli(): number {
    return Number(this.scaled(-3));
  }

  isZero(): boolean {
    return this.#unscaled === 0n;
  }

  sign(): -1 | 0 | 1 {
    return this.#unscaled === 0n ? 0 : this.#unscaled < 0n ? -1 : 1;
  }

  cmp(other: Quantity): -1 | 0 | 1 {
    const scale = Math.min(this.#scale, other.#scale);
    const a = this.scaled(scale);
    const b = other.scaled(scale);
    return a === b ? 0 : a < b ? -1 : 1;
  }

  /** The sum is written as this one is, unless this one is zero. */
  add(other: Quantity): Quantity {
    const scale = Math.min(this.#scale, other.#scale);
    return new Quantity(this.scaled(scale) + other.scaled(scale), scale, this.isZero() ? other.format : this.format);
  }

  sub(other: Quantity): Quantity {
    const scale = Math.min(this.#scale, other.#scale);
    return new Quantity(this.scaled(scale) - other.scaled(scale), scale, this.isZero() ? other.format : this.format);
  }

  mul(times: number): Quantity {
    return new Quantity(this.#unscaled * BigInt(times), this.#scale, this.format);
  }

  neg(): Quantity {
    return new Quantity(-this.#unscaled, this.#scale, this.format);
  }

  /** No finer than 10^scale. */
  roundUp(scale: number): Quantity {
    return this.#scale >= scale ? this : new Quantity(this.scaled(scale), scale, this.format);
  }

  /** Whether 10^scale divides it. */
  isMultipleOf(scale: number): boolean {
    return this.#scale >= scale || this.#unscaled % power10(scale - this.#scale) === 0n;
  }

  toString(): string {
    if (this.#text !== undefined) return this.#text;
    if (this.#unscaled === 0n) return '0';
    if (this.format === 'BinarySI' && this.isMultipleOf(0)) {
      let amount = this.scaled(0);
      if (amount <= -1024n || amount >= 1024n) {
        let step = 0;
        while (step < 6 && amount % 1024n === 0n) {
          amount /= 1024n;
          step++;
        }
        return `${amount}${binaryNames[step]}`;
      }
    }
    return this.#decimal();
  }

  toJSON(): string {
    return this.toString();
  }

  #decimal(): string {
    let amount = this.#unscaled;
    let exponent = this.#scale;
    while (amount % 10n === 0n) {
      amount /= 10n;
      exponent++;
    }
    while (exponent % 3 !== 0) {
      amount *= 10n;
      exponent--;
    }
    if (this.format === 'DecimalExponent') return exponent === 0 ? `${amount}` : `${amount}e${exponent}`;
    // Beyond exa there is no name: spell the zeros.
    while (exponent > 18) {
      amount *= 1000n;
      exponent -= 3;
    }
    return `${amount}${decimalNames[exponent] ?? ''}`;
  }
}

interface Suffix {
  readonly base: 2 | 10;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

function suffixOf(text: string): Suffix {
  const decimal = decimalSuffixes[text];
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: 'DecimalSI' };
  const binary = binarySuffixes[text];
  if (binary !== undefined) return { base: 2, exponent: binary, format: 'BinarySI' };
  if (/^[eE][-+]?[0-9]+$/.test(text)) return { base: 10, exponent: Number(text.slice(1)), format: 'DecimalExponent' };
  throw new Error(badSuffix);
}

/** One pass: a single pattern for all of it would try every way to share out a long row of digits. */
function partsOf(text: string): { readonly sign: string; readonly whole: string; readonly fraction: string; readonly suffixText: string } {
  let at = 0;
  const skip = (isPart: (c: number) => boolean): string => {
    const from = at;
    while (at < text.length && isPart(text.charCodeAt(at))) at++;
    return text.slice(from, at);
  };
  const isDigit = (c: number): boolean => c >= 0x30 && c <= 0x39;
  const sign = text[0] === '+' || text[0] === '-' ? text[at++]! : '';
  skip((c) => c === 0x30);
  const whole = skip(isDigit);
  if (text[at] === '.') at++;
  const fraction = skip(isDigit);
  return { sign, whole, fraction, suffixText: text.slice(at) };
}

/** Throws an Error in upstream's words when the text is no quantity. */
export function parseQuantity(text: string): Quantity {
  const { sign, whole, fraction, suffixText } = partsOf(text);
  if (text === '' || !/^[eEinumkKMGTP]*[-+]?[0-9]*$/.test(suffixText)) throw new Error(badFormat);
  if (text === '0') return new Quantity(0n, 0, 'DecimalSI', '0');
  const { base, exponent, format } = suffixOf(suffixText);
  // An exponent that would need more memory than anybody means: cap what is held, not what is meant.
  if (Math.abs(exponent) > 10_000) throw new Error(badSuffix);
  const num = whole === '' ? '0' : whole;
  const digits = num + fraction;
  const negative = sign === '-';
  const scale = (base === 10 ? exponent : 0) - fraction.length;
  const unsigned = BigInt(digits) * (base === 2 ? 1n << BigInt(exponent) : 1n);
  const fast = base === 2 ? fraction === '' && 15 - num.length - Math.trunc((exponent * 3) / 10) - 1 >= 0 : maxDecimalDigits - digits.length >= 0;
  if (fast && scale >= -9) {
    const canonical = base === 2 ? (BigInt(digits) & 7n) !== 0n : scale % 3 === 0 && !digits.endsWith('000') && digits[0] !== '0';
    return new Quantity(negative ? -unsigned : unsigned, scale, format, canonical ? text : undefined);
  }
  return exact(unsigned, scale, format, negative);
}

function exact(unsigned: bigint, scale: number, format: QuantityFormat, negative: boolean): Quantity {
  let amount = new Quantity(unsigned, scale, format).roundUp(-9);
  if (format === 'BinarySI') {
    if (amount.cmp(new Quantity(maxInt64)) > 0) amount = new Quantity(maxInt64, 0, format);
    // Below one there is no binary way to write it.
    else if (!amount.isZero() && amount.cmp(new Quantity(1n)) < 0) amount = new Quantity(amount.scaled(-9), -9, 'DecimalSI');
  }
  return negative ? amount.neg() : amount;
}

const alreadyCanonical = /^[1-9][0-9]{0,2}([numkMGTPE]|[KMGTP]i)?$/;

/** `0.1` -> `100m`, `1024Mi` -> `1Gi`; throws as parseQuantity does. */
export function canonicalQuantity(text: string): string {
  if (alreadyCanonical.test(text) || text === '0') return text;
  return parseQuantity(text.trim()).toString();
}

export function isQuantity(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch {
    return false;
  }
}
