import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { toJson } from './adapt.ts';
import { compile, evaluate } from './cel.ts';
import * as limits from './limits.ts';
import { celTypeOf } from './schema.ts';
import { bool, dyn, int, listOf, string } from './types.ts';
import type { CelType } from './types.ts';
import { CelError } from './values.ts';

function run(source: string, self?: unknown, type: CelType = dyn): unknown {
  const { program, message } = compile(source, { variables: { self: type } });
  if (!program) return message;
  const { value } = evaluate(program, { self: { json: self } });
  return value instanceof CelError ? value.message : toJson(value);
}

test('errors are in the words that clients know', () => {
  const cases: [string, unknown][] = [
    ['self.x', 'no such key: x'],
    ['[1, 2][3]', 'index out of bounds: 3'],
    ['1 / 0', 'division by zero'],
    ['1 % 0', 'modulus by zero'],
    ['9223372036854775807 + 1', 'integer overflow'],
    ['0u - 1u', 'unsigned integer overflow'],
    ['dyn(1) + dyn("a")', 'no such overload'],
    ['self.a.missing == 1 || true', true],
    ['self.a.missing == 1 && false', false],
    ['self.a.missing == 1 || false', 'no such key: missing'],
    ['"a" + 1', "ERROR: <input>:1:5: found no matching overload for '_+_' applied to '(string, int)'\n | \"a\" + 1\n | ....^"],
    ['nothing', "ERROR: <input>:1:1: undeclared reference to 'nothing' (in container '')\n | nothing\n | ^"],
    ['[1, "a"]', "ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, \"a\"]\n | ....^"],
    ['self.x >', "ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | self.x >\n | ........^"],
    ['1 2', "ERROR: <input>:1:3: Syntax error: extraneous input '2' expecting <EOF>\n | 1 2\n | ..^"],
    ['self.`a-b`', "ERROR: <input>:1:6: unsupported syntax: '`'\n | self.`a-b`\n | .....^"],
    ['duration("x")', 'ERROR: <input>:1:10: invalid duration argument\n | duration("x")\n | .........^'],
    ['"x".matches("(")', 'ERROR: <input>:1:13: invalid matches argument\n | "x".matches("(")\n | ............^'],
  ];
  for (const [source, wanted] of cases) assert.deepEqual(run(source, { a: {} }), wanted, source);
});

const schema = {
  type: 'object',
  required: ['replicas'],
  properties: {
    replicas: { type: 'integer' },
    ratio: { type: 'number' },
    port: { 'x-kubernetes-int-or-string': true },
    namespace: { type: 'string', maxLength: 10 },
    'a-b.c': { type: 'string' },
    since: { type: 'string', format: 'date-time' },
    names: { type: 'array', maxItems: 5, items: { type: 'string', maxLength: 4 }, 'x-kubernetes-list-type': 'set' },
    ports: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' }, n: { type: 'integer' } } }, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
  },
};

test('objects are seen through their schema', () => {
  const type = celTypeOf(schema, { resource: true })!;
  const object = {
    kind: 'Thing', metadata: { name: 'x', labels: { hidden: 'y' } }, replicas: 3, ratio: 2, port: '80%', namespace: 'ns', 'a-b.c': 'odd', since: '2024-01-02T03:04:05Z', names: ['b', 'a'],
    ports: [{ name: 'p', n: 1 }, { name: 'q', n: 2 }], labels: { 'x/y': 'z' }, unknown: 1,
  };
  const cases: [string, unknown][] = [
    ['self.replicas > 2 && self.ratio == 2.0 && type(self.ratio) == double', true],
    ['type(self.port) == string && self.port.endsWith("%")', true],
    ['self.__namespace__ + self.a__dash__b__dot__c', 'nsodd'],
    ['self.since.getFullYear()', 2024],
    ['self.since - duration("5s") < self.since', true],
    ['self.names == ["a", "b"]', true],
    ['self.names + ["a", "c"]', ['b', 'a', 'c']],
    ['self.ports + [self.ports[1]] == self.ports', true],
    ['self.ports.exists_one(p, p.n == 2)', true],
    ['self.labels.all(k, k.contains("/")) && self.labels["x/y"] == "z"', true],
    ['self.metadata.name + self.kind', 'xThing'],
    ['has(self.since) && !has(self.labels.nothing)', true],
    ['self.?ports[?5].orValue(self.ports[0]).n', 1],
    ['self.ports.map(p, p.n * 2).filter(n, n > 2)', [4]],
    ['self.ports.transformMap(i, p, p.name)', { 0: 'p', 1: 'q' }],
    ['self.metadata.labels', "ERROR: <input>:1:14: undefined field 'labels'\n | self.metadata.labels\n | .............^"],
    ['self.unknown', "ERROR: <input>:1:5: undefined field 'unknown'\n | self.unknown\n | ....^"],
  ];
  for (const [source, wanted] of cases) assert.deepEqual(run(source, object, type), wanted, source);
});

test('the cost of an evaluation is bounded', () => {
  const { program } = compile('self.all(a, self.all(b, self.all(c, a + b + c >= 0)))', { variables: { self: listOf(int) } });
  const { value, exceeded } = evaluate(program!, { self: { json: Array.from({ length: 200 }, (_, i) => i) } });
  assert.equal(exceeded, true);
  assert.equal((value as CelError).message, 'operation cancelled: actual cost limit exceeded');
  assert.ok(program!.estimatedCost.max > limits.estimatedRuleCostLimit);
});

test('what would cost too much does not happen', () => {
  const { program } = compile('self.matches("(a|b)*c") || true', { variables: { self: string } });
  const run = evaluate(program!, { self: { json: 'ab'.repeat(5_000_000) } });
  assert.equal(run.exceeded, true);
  const grown = compile('self.replace("a", self).size()', { variables: { self: string } });
  assert.ok(evaluate(grown.program!, { self: { json: 'a'.repeat(100_000) } }).value instanceof CelError);
});

test('the budgets nest', () => {
  assert.ok(limits.perCallLimit < limits.matchConditionsCostBudget && limits.matchConditionsCostBudget < limits.runtimeCostBudget);
  assert.ok(limits.estimatedRuleCostLimit < limits.estimatedDefinitionCostLimit && limits.maxMessageBytes < limits.maxRequestBytes);
});

test('a result type can be demanded', () => {
  assert.equal(compile('1', { variables: {}, result: [bool] }).message, 'must evaluate to bool');
  assert.ok(compile('"a"', { variables: {}, result: [bool, string] }).program);
});

test('no text makes the parser fail or hang', () => {
  const pieces = ['(', ')', '[', ']', '{', '}', '.', ',', '?', ':', '&&', '||', '!', '-', '+', '1', '0x', '1u', '1e5', '"', "'", '"""', 'r"', '\\', 'a', 'self', 'in', 'has(', '.map(x,', 'true', '`', '\n', '//', '\u{1f600}'];
  const check = (source: string): void => {
    const { program, issues, message } = compile(source, { variables: { self: dyn } });
    assert.ok(program ? message === '' : issues.length > 0);
  };
  fc.assert(fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 30 }), (parts) => check(parts.join(''))), { numRuns: 500 });
  fc.assert(fc.property(fc.string(), check), { numRuns: 200 });
  for (const open of ['(', '[', '{1:', '-', '!', 'a.', 'f(']) check(open.repeat(5000));
  check(Array.from({ length: 3000 }, () => 'true').join(' && '));
});
