import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { canonicalQuantity, isQuantity, parseQuantity, Quantity } from './quantity.ts';

const canonical: readonly [string, string][] = [
  ['0', '0'], ['0.0', '0'], ['-0', '0'], ['0Ki', '0'], ['000', '0'],
  ['100m', '100m'], ['0.1', '100m'], ['.5', '500m'], ['1.5', '1500m'], ['1000m', '1'], ['1500m', '1500m'], ['2000', '2k'], ['1234', '1234'], ['1001000', '1001k'],
  ['1024Mi', '1Gi'], ['1025Mi', '1025Mi'], ['0.5Gi', '512Mi'], ['1.5Gi', '1536Mi'], ['1Ki', '1Ki'], ['1000Ki', '1000Ki'], ['2048Ki', '2Mi'],
  ['0.1Mi', '104857600m'], ['8Mi', '8Mi'], ['1e3', '1e3'], ['1E3', '1E3'], ['12e6', '12e6'], ['1000e0', '1e3'], ['1e4', '10e3'],
  ['1n', '1n'], ['0.1n', '1n'], ['1.1n', '2n'], ['-0.1n', '-1n'], ['1u', '1u'], ['0.001', '1m'], ['0.0001', '100u'],
  ['10E', '10E'], ['1.G', '1.G'], ['100000Ei', '9223372036854775807'], ['0.5Ki', '512'], ['0.001Ki', '1024m'], ['-1024', '-1024'], ['-1Ki', '-1Ki'],
  ['123456789012345678901234567890', '123456789012345678901234567890'], ['1000000000000000000000', '1000E'],
];

test('quantities are written in canonical form', () => {
  for (const [text, expected] of canonical) assert.equal(canonicalQuantity(text), expected, text);
});

test('what is no quantity is refused', () => {
  for (const text of ['', ' 1', '1 ', '1.1.M', '1+1.0M', '0.1mi', '0.1am', 'aoeu', '.5i', '1i', '-3.01i', '-3.01e-', 'null', '1Kb']) assert.equal(isQuantity(text), false, text);
});

test('values round up, milli too', () => {
  assert.equal(parseQuantity('100m').value(), 1);
  assert.equal(parseQuantity('-100m').value(), -1);
  assert.equal(parseQuantity('1.0001').milli(), 1001);
  assert.equal(parseQuantity('1Gi').value(), 1073741824);
  assert.equal(parseQuantity('2').milli(), 2000);
});

test('a sum keeps the format of its first part that is not zero', () => {
  assert.equal(parseQuantity('1Gi').add(parseQuantity('1G')).toString(), '2073741824');
  assert.equal(parseQuantity('0').add(parseQuantity('1Gi')).toString(), '1Gi');
  assert.equal(parseQuantity('250m').add(parseQuantity('750m')).toString(), '1');
  assert.equal(parseQuantity('1').sub(parseQuantity('1500m')).toString(), '-500m');
});

const amounts = fc.tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'e3', 'e-2')).map(([n, s]) => `${n}${s}`);

test('canonical form is a fixed point and keeps the amount', () => {
  fc.assert(fc.property(amounts, (text) => {
    const once = parseQuantity(text);
    const again = parseQuantity(once.toString());
    assert.equal(again.cmp(once), 0);
    assert.equal(again.toString(), once.toString());
  }));
});

test('addition and order agree', () => {
  fc.assert(fc.property(amounts, amounts, (a, b) => {
    const x = parseQuantity(a);
    const y = parseQuantity(b);
    assert.equal(x.add(y).cmp(y.add(x)), 0);
    assert.equal(x.add(y).sub(y).cmp(x), 0);
    assert.equal(x.cmp(y), x.sub(y).sign());
  }));
});

test('the parser never fails with anything but an Error of its own', () => {
  fc.assert(fc.property(fc.string(), (text) => {
    assert.equal(typeof isQuantity(text), 'boolean');
  }));
  assert.equal(new Quantity(5n).toString(), '5');
});
