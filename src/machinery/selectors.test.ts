import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseFieldSelector, parseLabelSelector, selectorFromObject, selectorFromSet } from './selectors.ts';

const labels = { app: 'web', tier: 'front', rank: '7', empty: '' };

test('label selectors in text', () => {
  const cases: readonly [string, boolean][] = [
    ['', true], ['app=web', true], ['app==web', true], ['app!=web', false], ['app', true], ['!app', false], ['!gone', true], ['gone!=x', true], ['gone', false],
    ['app in (web, db)', true], ['app notin (web)', false], ['gone notin (x)', true], ['app in (web),tier=front', true], ['rank>6', true], ['rank<7', false], ['app>1', false],
    ['empty=', true], ['empty in ()', true], ['x in (foo,,baz)', false], [' app = web , tier ', true],
  ];
  for (const [text, expected] of cases) assert.equal(parseLabelSelector(text).matches(labels), expected, text);
});

test('malformed label selectors say what was expected', () => {
  const cases: readonly [string, RegExp][] = [
    ['app=web,', /found '', expected: identifier after ','/],
    ['app in web', /unable to parse requirement: found 'web' expected: '\('/],
    ['=x', /found '=', expected: !, identifier, or 'end of string'/],
    ['app web', /unable to parse requirement: found 'web', expected: in, notin, =, ==, !=, gt, lt/],
    ['a/b/c=1', /<nil>: Invalid value: "a\/b\/c": a qualified name/],
    ['app=-bad-', /unable to parse requirement: values\[0\]\[app\]: Invalid value: "-bad-": a valid label/],
  ];
  for (const [text, expected] of cases) assert.throws(() => parseLabelSelector(text), expected, text);
});

test('object form: absent selects nothing, empty everything', () => {
  assert.equal(selectorFromObject(undefined).matches(labels), false);
  assert.equal(selectorFromObject({}).matches(labels), true);
  assert.equal(selectorFromObject({ matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['front'] }] }).matches(labels), true);
  assert.equal(selectorFromObject({ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }).matches(labels), false);
  assert.throws(() => selectorFromObject({ matchExpressions: [{ key: 'app', operator: 'Near' }] }), /"Near" is not a valid label selector operator/);
});

test('printing and parsing again selects the same', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/).filter((x) => x !== 'in' && x !== 'notin');
  fc.assert(fc.property(fc.dictionary(name, name), fc.dictionary(name, name), (set, other) => {
    const selector = selectorFromSet(set);
    const again = parseLabelSelector(selector.toString());
    assert.equal(again.toString(), selector.toString());
    assert.equal(again.matches(other), selector.matches(other));
    assert.equal(selector.matches({ ...other, ...set }), true);
  }));
});

test('field selectors', () => {
  const values: Record<string, string> = { 'metadata.name': 'a', 'spec.nodeName': 'n,1', 'status.phase': 'Running' };
  const valueOf = (f: string): string => values[f] ?? '';
  assert.equal(parseFieldSelector('metadata.name=a,status.phase!=Pending').matches(valueOf), true);
  assert.equal(parseFieldSelector('spec.nodeName=n\\,1').matches(valueOf), true);
  assert.equal(parseFieldSelector('spec.nodeName=').matches(valueOf), false);
  assert.equal(parseFieldSelector('metadata.name==a').exact('metadata.name'), 'a');
  assert.throws(() => parseFieldSelector('nonsense'), /invalid selector: 'nonsense'; can't understand 'nonsense'/);
  assert.throws(() => parseFieldSelector('a=b=c'), /unescaped character/);
});
