import { Quantity, isQuantity, parseQuantity } from '../../quantity.ts';
import type { Overload } from '../functions.ts';
import { define, method } from '../functions.ts';
import type { CelValue } from '../values.ts';
import { CelError, CelOpaque, maxInt, minInt } from '../values.ts';

class Amount extends CelOpaque {
  readonly typeName = 'kubernetes.Quantity';
  readonly quantity: Quantity;

  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }

  equals(other: Amount): boolean {
    return this.quantity.cmp(other.quantity) === 0;
  }
}

function read(text: string): CelValue {
  try {
    return new Amount(parseQuantity(text));
  } catch (error) {
    return new CelError((error as Error).message);
  }
}

/** The whole number that an amount is; undefined where it is none, or too large for one. */
function whole({ quantity }: Amount): bigint | undefined {
  if (!quantity.isMultipleOf(0)) return undefined;
  const value = quantity.scaled(0);
  return value > maxInt || value < minInt ? undefined : value;
}

function plain(value: bigint): Quantity {
  return new Quantity(value, 0, 'DecimalExponent');
}

export const quantities: readonly Overload[] = [
  define('string_to_quantity', 'quantity(string) kubernetes.Quantity', read),
  define('is_quantity_string', 'isQuantity(string) bool', (text: string) => isQuantity(text)),
  define('quantity_sign', 'sign(kubernetes.Quantity) int', (a: Amount) => BigInt(a.quantity.sign())),
  method('quantity_is_greater_than', 'kubernetes.Quantity.isGreaterThan(kubernetes.Quantity) bool', (a: Amount, b: Amount) => a.quantity.cmp(b.quantity) > 0),
  method('quantity_is_less_than', 'kubernetes.Quantity.isLessThan(kubernetes.Quantity) bool', (a: Amount, b: Amount) => a.quantity.cmp(b.quantity) < 0),
  method('quantity_compare_to', 'kubernetes.Quantity.compareTo(kubernetes.Quantity) int', (a: Amount, b: Amount) => BigInt(a.quantity.cmp(b.quantity))),
  method('quantity_get_float', 'kubernetes.Quantity.asApproximateFloat() double', (a: Amount) => Number(a.quantity.scaled(-9)) / 1e9),
  method('quantity_get_int', 'kubernetes.Quantity.asInteger() int', (a: Amount) => whole(a) ?? new CelError('cannot convert value to integer')),
  method('quantity_is_integer', 'kubernetes.Quantity.isInteger() bool', (a: Amount) => whole(a) !== undefined),
  method('quantity_add', 'kubernetes.Quantity.add(kubernetes.Quantity) kubernetes.Quantity', (a: Amount, b: Amount) => new Amount(a.quantity.add(b.quantity))),
  method('quantity_add_int', 'kubernetes.Quantity.add(int) kubernetes.Quantity', (a: Amount, b: bigint) => new Amount(a.quantity.add(plain(b)))),
  method('quantity_sub', 'kubernetes.Quantity.sub(kubernetes.Quantity) kubernetes.Quantity', (a: Amount, b: Amount) => new Amount(a.quantity.sub(b.quantity))),
  method('quantity_sub_int', 'kubernetes.Quantity.sub(int) kubernetes.Quantity', (a: Amount, b: bigint) => new Amount(a.quantity.sub(plain(b)))),
];
