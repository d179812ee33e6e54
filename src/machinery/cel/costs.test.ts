import { test } from 'node:test';
import assert from 'node:assert/strict';
import { compile, evaluate } from './cel.ts';
import { mutationFunctions } from './environment.ts';
import { authorizerValue } from './library/authorizer.ts';
import { celTypeOf } from './schema.ts';
import { opaque } from './types.ts';

/** What upstream estimates for an expression, from and to, and what it counts when the expression runs. */
const costs: readonly [source: string, min: number, max: number, actual: number][] = [
  ["'ABCDEFGHIJ abcdefghij'.lowerAscii()", 3, 3, 3],
  ["'ABCDEFGHIJ abcdefghij'.lowerAscii() == 'abcdefghij ABCDEFGHIJ'.lowerAscii()", 7, 9, 9],
  ["'ABCDEFGHIJ abcdefghij'.upperAscii()", 3, 3, 3],
  ["'ABCDEFGHIJ abcdefghij'.upperAscii() == 'abcdefghij ABCDEFGHIJ'.upperAscii()", 7, 9, 9],
  ["strings.quote('ABCDEFGHIJ abcdefghij')", 3, 3, 3],
  ["strings.quote('ABCDEFGHIJ abcdefghij') == strings.quote('ABCDEFGHIJ abcdefghij')", 7, 11, 9],
  ["'abc 123 def 123'.replace('123', '456')", 3, 3, 3],
  ["'abc 123 def 123'.replace('', 'x')", 3, 3, 3],
  ["'abc 123 def 123'.replace('123', '')", 3, 3, 3],
  ["'abc 123 def 123'.replace('123', '456', 1)", 3, 3, 3],
  ["'abc 123 def 123'.split(' ')", 3, 3, 3],
  ["'abc 123 def 123'.split(' ', 1)", 3, 3, 3],
  ["'abc 123 def 123'.substring(5)", 2, 2, 2],
  ["'abc 123 def 123'.substring(5, 8)", 2, 2, 2],
  ["'  abc 123 def 123  '.trim()", 2, 2, 2],
  ["'abc 123 def 123'.find('123')", 2, 2, 2],
  ["'abc 123 def 123'.findAll('123')", 2, 2, 2],
  ["'abc 123 def 123'.findAll('123', 1)", 2, 2, 2],
  ["jsonpatch.escapeKey('abc/def~ abc/def~')", 2, 2, 2],
  ["authorizer.path('/healthz')", 2, 2, 2],
  ["authorizer.group('apps').resource('deployments').subresource('status').namespace('test').name('backend')", 6, 6, 6],
  ["authorizer.group('').resource('pods').fieldSelector('spec.nodeName=example-node-name.fully.qualified.domain.name.example.com')", 1821, 1821, 1821],
  ["authorizer.group('').resource('pods').labelSelector('spec.nodeName=example-node-name.fully.qualified.domain.name.example.com')", 1821, 1821, 1821],
  ["authorizer.path('/healthz').check('get').allowed()", 350003, 350003, 350003],
  ["authorizer.group('apps').resource('deployments').subresource('status').namespace('test').name('backend').check('create').allowed()", 350007, 350007, 350007],
  ['quantity("12Mi")', 1, 1, 1],
  ['isQuantity("20")', 1, 1, 1],
  ['isQuantity("20M")', 1, 1, 1],
  ['quantity("200M") == quantity("200M")', 3, 3, 3],
  ['quantity("200M") == quantity("0.2G") && quantity("0.2G") == quantity("200M")', 3, 6, 6],
  ['quantity("2M") == quantity("0.002G") && quantity("2000k") == quantity("2M") && quantity("0.002G") == quantity("2000k")', 3, 9, 9],
  ['quantity("50M").isLessThan(quantity("50Mi"))', 3, 3, 3],
  ['quantity("50Mi").isGreaterThan(quantity("50M"))', 3, 3, 3],
  ['quantity("200M").compareTo(quantity("0.2G")) > 0', 4, 4, 4],
  ['format.named("dns1123subdomain")', 1, 1, 1],
  ['format.named("dns1123Subdomain").value().validate("my-name")', 34, 34, 17],
  ['format.named("dns1123Label").value().validate("my-name")', 34, 34, 10],
  ['format.named("dns1123Label").value() == format.named("dns1123Label").value()', 5, 11, 5],
  ['sets.contains([], [])', 21, 21, 21],
  ['sets.contains([1], [])', 21, 21, 21],
  ['sets.contains([1], [1])', 22, 22, 22],
  ['sets.contains([1], [1, 1])', 23, 23, 23],
  ['sets.contains([1, 1], [1])', 23, 23, 23],
  ['sets.contains([2, 1], [1])', 23, 23, 23],
  ['semver("1.0.0")', 1, 1, 1],
  ['semver("1234.56789012345.67890123456789")', 4, 4, 4],
  ['isSemver("1.0.0")', 1, 1, 1],
  ['isSemver("1234.56789012345.67890123456789")', 4, 4, 4],
  ['semver("1.2.3").major()', 2, 2, 2],
  ["{'a': 1, 'b': 2}.all(k, v, v > 0)", 37, 41, 41],
  ["{'a': 1, 'b': 2}.exists(k, v, v > 0)", 39, 43, 40],
  ["{'a': 1, 'b': 2}.existsOne(k, v, v > 0)", 38, 40, 40],
  ["{'a': 1, 'b': 2}.transformMap(k, v, v + 1)", 71, 71, 71],
  ["{'a': 1, 'b': 2}.transformMap(k, v, v < 5, v + 1)", 67, 75, 75],
  ["{'a': 1, 'b': 2}.transformMapEntry(k, v, {k: v + 1})", 131, 131, 131],
  ["{'a': 1, 'b': 2}.transformMapEntry(k, v, v < 5, {k: v + 1})", 67, 135, 135],
  ['[1, 2].all(i, v, v > 0)', 17, 21, 21],
  ['[1, 2].exists(i, v, v > 0)', 19, 23, 20],
  ['[1, 2].existsOne(i, v, v > 0)', 18, 20, 20],
  ['[1, 2].transformList(i, v, v + 1)', 49, 49, 49],
  ['[1, 2].transformList(i, v, v < 5, v + 1)', 27, 53, 53],
  ["ip('192.168.0.1')", 2, 2, 2],
  ["ip('192.168.0.1').family()", 3, 3, 3],
  ["ip('192.168.0.1') == ip('192.168.0.1')", 5, 5, 5],
  ["ip('2001:db8:3333:4444:5555:6666:7777:8888')", 4, 4, 4],
  ["ip('2001:db8:3333:4444:5555:6666:7777:8888').family()", 5, 5, 5],
  ["ip('2001:db8:3333:4444:5555:6666:7777:8888') == ip('192.168.0.1')", 7, 7, 7],
  ["cidr('192.168.0.0/16').masked()", 3, 3, 3],
  ["cidr('192.168.0.0/16').containsCIDR(cidr('192.0.0.0/30'))", 7, 11, 7],
  ["cidr('192.168.0.0/16').containsCIDR('192.0.0.0/30')", 7, 11, 7],
  ["cidr('192.168.0.0/16').containsIP(ip('192.0.0.1'))", 4, 7, 4],
  ["cidr('192.168.0.0/16').containsIP('192.169.0.1')", 5, 8, 5],
  ["url('https:://kubernetes.io/').getHost()", 4, 4, 4],
  ["url('https:://kubernetes.io/') == url('https:://kubernetes.io/')", 7, 9, 7],
  ["url('https:://kubernetes.io/') == url('http://x.b')", 5, 5, 5],
];

test('functions cost what they cost upstream', () => {
  const variables = { authorizer: opaque('kubernetes.authorization.Authorizer') };
  const bindings = { authorizer: { value: authorizerValue(() => ({ allowed: true })) } };
  for (const [source, min, max, actual] of costs) {
    const { program, message } = compile(source, { variables, functions: mutationFunctions, mixedLiterals: true, unfolded: true });
    assert.ok(program, message);
    assert.deepEqual([program.estimatedCost, evaluate(program, bindings).cost], [{ min, max }, actual], source);
  }
});

test('names, fields and indexes cost one each; asking whether a field is there costs no more than getting to it', () => {
  const json = { a: { b: [1, 2] }, i: 1 };
  const cases: [string, number][] = [
    ['self.a.b[1]', 4],
    ['self.a.b[self.i]', 5],
    ['self.a.b[3 - 3]', 5],
    ['has(self.a.b)', 2],
    ['has(self.a)', 1],
    ['self.i == 1 && self.i == 2', 6],
    ['self.i == 2 && self.i == 1', 3],
    ['self.i in [1, 2, 3]', 2],
    ['[1, 2, 3].exists(x, x == 2)', 16],
  ];
  for (const [source, cost] of cases) {
    const { program, message } = compile(source, { variables: { self: { kind: 'dyn' } } });
    assert.ok(program, message);
    assert.equal(evaluate(program, { self: { json } }).cost, cost, source);
  }
});

test('estimates go by the limits of the schema', () => {
  const schema = (more: object): object => ({ type: 'object', properties: { names: { type: 'array', items: { type: 'string', ...more }, ...more } } });
  const estimate = (more: object): number => {
    const self = celTypeOf(schema(more) as { type: string })!;
    return compile('self.names.all(n, n.contains("x"))', { variables: { self } }).program!.estimatedCost.max;
  };
  assert.ok(estimate({}) > 10_000_000);
  assert.equal(estimate({ maxItems: 10, maxLength: 20 }), 3 + 10 * (2 + 1 + 1 + 8));
});
