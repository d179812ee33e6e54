import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dumpYaml, parseYaml, parseYamlDocuments, YamlSyntaxError } from './yaml.ts';

test('plain scalars mean what they mean to kubectl', () => {
  const { value } = parseYaml('a: [yes, no, on, off, y, n, True, ~, 0777, 0o17, 0b11, 0x1F, 1_000, 1e3, .5, 08, +12, 2001-01-01, "1", \'\', 9223372036854775807, 1e400x, =]');
  assert.deepEqual(value, { a: [true, false, true, false, true, false, true, null, 511, 15, 3, 31, 1000, 1000, 0.5, 8, 12, '2001-01-01', '1', '', 9223372036854775807n, '1e400x', '='] });
  assert.deepEqual(parseYaml('1: a\n1.5: b\nyes: c\nm: {<<: &x {d: e}, f: *x}').value, { '1': 'a', '1.5': 'b', true: 'c', m: { d: 'e', f: { d: 'e' } } });
});

test('several documents, empty ones left out', () => {
  assert.deepEqual(parseYamlDocuments('---\na: 1\n---\n# nothing\n---\nb: 2\n'), [{ a: 1 }, { b: 2 }]);
  assert.equal(parseYaml('# only a comment\n').value, null);
});

test('what is wrong is said with its line', () => {
  assert.throws(() => parseYaml('a: 1\nb: c: d\n'), (e) => e instanceof YamlSyntaxError && /^yaml: line 2: /.test(e.message));
  assert.deepEqual(parseYaml('a: 1\nb:\n  c: 1\n  c: 2\n', { duplicates: true }), { value: { a: 1, b: { c: 2 } }, duplicates: ['line 4: key "c" already set in map'] });
});

test('a text that cannot be read is refused in upstream\'s words', () => {
  const cases: [text: string, problem: string][] = [
    ['a: b: c', 'mapping values are not allowed in this context'],
    ['a: b\n  c: d', 'line 2: mapping values are not allowed in this context'],
    ['a: [1, 2', "line 1: did not find expected ',' or ']'"],
    ['a: {b: 1\nc: 2', "line 1: did not find expected ',' or '}'"],
    ['key: [a, b]]', 'did not find expected key'],
    ['- a\nb: c', "line 1: did not find expected '-' indicator"],
    ['- a\n b: |\n  x\n- c\n', 'line 2: mapping values are not allowed in this context'],
    ['a: |\n  x\n y: z', 'line 2: did not find expected key'],
    ['a:\n  b\nc\n', "line 4: could not find expected ':'"],
    ['a: - b', 'block sequence entries are not allowed in this context'],
    ['a:\n\t- b', 'line 2: found character that cannot start any token'],
    ['a: @b', 'found character that cannot start any token'],
    ['{', 'line 1: did not find expected node content'],
    ['a: "b', 'found unexpected end of stream'],
    ['a: "\\q"', 'found unknown escape character'],
    ['a: "\\x4"', 'did not find expected hexdecimal number'],
    ['a: *x', "unknown anchor 'x' referenced"],
    ['a: !x!y z', 'found undefined tag handle'],
    ['a: !!int x', 'cannot decode !!str `x` as a !!int'],
    ['a: !!binary "="', '!!binary value contains invalid base64 data'],
    ['a: \x01', 'control characters are not allowed'],
    ['%FOO\n---\na: 1', 'found unknown directive name'],
    ['%YAML 1.2\n---\na: 1', 'found incompatible YAML document'],
    ['a:\n  b: 1\n: c', 'line 2: did not find expected key'],
    ['a: b\n\t\n', 'line 2: found a tab character that violates indentation'],
    ['%', 'could not find expected directive name'],
  ];
  for (const [text, problem] of cases) assert.throws(() => parseYaml(text), { message: `yaml: ${problem}` }, text);
  assert.deepEqual(parseYaml('a: {\n  "b": [\n# c\n1,\n]\n}\nc: "d\n\ne"\n').value, { a: { b: [1] }, c: 'd\ne' });
  // What comes after the first document does not matter, and lines are those of a document.
  assert.deepEqual(parseYaml('a: 1\n---\nb: [').value, { a: 1 });
  assert.throws(() => parseYamlDocuments('a: 1\n---\nb: 1\nc: d: e\n'), { message: 'yaml: line 2: mapping values are not allowed in this context' });
});

test('aliases cannot grow without bound', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 10; i++) lines.push(`a${i}: &a${i} [${Array(10).fill(`*a${i - 1}`).join(', ')}]`);
  assert.throws(() => parseYaml(lines.join('\n')), { message: 'yaml: document contains excessive aliasing' });
});

test('texts are quoted where a reader would be misled', () => {
  const cases: [value: unknown, text: string][] = [
    ['hello world', 'hello world'], ['', '""'], ['yes', '"yes"'], ['1', '"1"'], ['1.5', '"1.5"'], ['null', '"null"'], ['2001-01-01', '"2001-01-01"'], ['1:20', '"1:20"'],
    ['a: b', "'a: b'"], ['a:b', 'a:b'], ['a #b', "'a #b'"], ["it's", "it's"], ["'q'", "'''q'''"], ['say "hi"', 'say "hi"'], [' x', "' x'"], ['x ', "'x '"], ['*x', "'*x'"],
    ['- x', "'- x'"], ['-x', '-x'], ['a\tb', '"a\\tb"'], ['{a}', "'{a}'"], ['a, b', 'a, b'], ['a]b', 'a]b'], ['<<', '<<'], ['=', '='], ['😀', '"\\U0001F600"'], ['é', 'é'],
    ['a\nb\n', '|\n  a\n  b'], ['a\nb', '|-\n  a\n  b'], ['a\n\n', '|+\n  a\n'], ['  a\nb', '|2-\n    a\n  b'], ['a \nb', '"a \\nb"'],
    [true, 'true'], [null, 'null'], [12, '12'], [1.5, '1.5'], [1234567.5, '1.2345675e+06'], [0.00001, '1e-05'], [{}, '{}'], [[], '[]'],
  ];
  for (const [value, text] of cases) {
    assert.equal(dumpYaml({ k: value }), `k: ${text}\n`);
    assert.deepEqual(parseYaml(dumpYaml({ k: value })).value, { k: value });
  }
});

test('structure, natural order of keys, folding', () => {
  const value = { list: [{ a: 1, b: ['x'] }, ['v', ['z']], []], a10: 1, a9: 1, 'a-b': 1, ab: 1, A: 1, k: { m: {} }, long: 'word '.repeat(20).trim() };
  assert.equal(
    dumpYaml(value),
    ['A: 1', 'a-b: 1', 'a9: 1', 'a10: 1', 'ab: 1', 'k:', '  m: {}', 'list:', '- a: 1', '  b:', '  - x', '- - v', '  - - z', '- []', `long: ${'word '.repeat(16).trim()}`, `  ${'word '.repeat(4).trim()}`, ''].join('\n'),
  );
  assert.deepEqual(parseYaml(dumpYaml(value)).value, value);
});
