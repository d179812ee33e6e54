import { test } from 'node:test';
import assert from 'node:assert/strict';
import { toJson } from '../adapt.ts';
import { compile, evaluate } from '../cel.ts';
import { mutationFunctions } from '../environment.ts';
import { Regex } from '../regex/regex.ts';
import { opaque } from '../types.ts';
import { CelError } from '../values.ts';
import { authorizerValue, requestResourceValue } from './authorizer.ts';
import type { AuthorizationQuestion } from './authorizer.ts';

function run(source: string): unknown {
  const { program, message } = compile(source, { variables: {}, functions: mutationFunctions });
  assert.ok(program, message);
  const { value } = evaluate(program, {});
  return value instanceof CelError ? { error: value.message } : toJson(value);
}

function check(cases: readonly [string, unknown][]): void {
  for (const [source, wanted] of cases) assert.deepEqual(run(source), wanted, source);
}

test('addresses and networks', () => {
  check([
    ["ip('::ffff').isGlobalUnicast()", true],
    ["ip('2001:DB8::1') == ip('2001:db8::1') && !ip.isCanonical('2001:DB8::1')", true],
    ["string(ip('2001:db8:0:0::1'))", '2001:db8::1'],
    ["ip('127.0.0.1').isLoopback() && ip('169.254.1.1').isLinkLocalUnicast() && ip('224.0.0.1').isLinkLocalMulticast() && ip('0.0.0.0').isUnspecified()", true],
    ["ip('255.255.255.255').isGlobalUnicast()", false],
    ["[ip('1.2.3.4').family(), ip('::').family()]", [4, 6]],
    ["isIP('1.2.3') || isIP('::ffff:1.2.3.4') || isIP('fe80::1%eth0') || isIP('01.2.3.4')", false],
    ["ip('x')", { error: 'IP Address "x" parse error during conversion from string: ParseAddr("x"): unable to parse IP' }],
    ["string(cidr('192.168.1.7/16').masked())", '192.168.0.0/16'],
    ["cidr('10.0.0.0/8').containsIP('10.1.2.3') && !cidr('10.0.0.0/8').containsIP(ip('11.1.2.3'))", true],
    ["cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && !cidr('10.1.0.0/16').containsCIDR(cidr('10.0.0.0/8'))", true],
    ["cidr('::/0').containsIP('10.1.2.3')", false],
    ["isCIDR('10.0.0.0/33') || isCIDR('10.0.0.0') || isCIDR('10.0.0.0/08')", false],
    ["type(ip('::1')) == net.IP && cidr('10.0.0.0/8').prefixLength() == 8", true],
  ]);
});

test('URLs', () => {
  check([
    ["url('https://user@example.com:80/a%20b?x=1&x=2&y=a+b#frag').getQuery()", { x: ['1', '2'], y: ['a b'] }],
    ["url('https://user@example.com:80/a').getHost()", 'example.com:80'],
    ["url('https://[::1]:80/').getHostname() + url('https://[::1]:80/').getPort()", '::180'],
    ["url('https://example.com/with spaces/').getEscapedPath()", '/with%20spaces/'],
    ["url('/path').getScheme()", ''],
    ["isURL('https://example.com') && !isURL('example.com/x') && !isURL('') && !isURL('https://exa mple.com') && !isURL('https://a:b/')", true],
    ["url('../x')", { error: 'URL parse error during conversion from string: parse "../x": invalid URI for request' }],
  ]);
});

test('quantities and versions', () => {
  check([
    ["quantity('50k').add(20).sub(quantity('100k')).sub(-50000).asInteger()", 20],
    ["quantity('1.5Gi') == quantity('1536Mi') && quantity('1').compareTo(quantity('2')) == -1 && sign(quantity('-1')) == -1", true],
    ["quantity('50.703k').asApproximateFloat()", 50703],
    ["quantity('0.5').asInteger()", { error: 'cannot convert value to integer' }],
    ["isQuantity('1.3Gi') && !isQuantity('200K')", true],
    ["semver('1.2.3').isLessThan(semver('1.10.0')) && semver('1.0.0-rc.1').isLessThan(semver('1.0.0')) && semver('1.0.0+a') == semver('1.0.0+b')", true],
    ["semver('v01.2', true).minor()", 2],
    ["isSemver('1.2') || isSemver('v1.2.3') || isSemver('01.2.3') || isSemver('1.2-rc', true)", false],
  ]);
});

test('named formats', () => {
  check([
    ["format.dns1123Label().validate('my-name').hasValue()", false],
    ["format.named('dns1123Subdomain').value().validate('a..b').value()[0].startsWith('a lowercase RFC 1123 subdomain')", true],
    ["format.named('unknown').hasValue()", false],
    ["format.uuid().validate('x').value() + format.date().validate('2021-02-30').value() + format.byte().validate('a').value()", ['does not match the UUID format', 'invalid date', 'invalid base64']],
    ["format.datetime().validate('2021-01-01T00:00:00Z').hasValue()", false],
  ]);
});

test('lists, sets, texts, patches', () => {
  check([
    ['[1, 3, 2].isSorted() || [3, 2].max() != 3 || [duration("1m"), duration("1s")].sum() != duration("61s")', false],
    ['[1, 2, 2].indexOf(2) + [1, 2, 2].lastIndexOf(2) + [1].indexOf(5)', 2],
    ['[1, 2][?1].hasValue() && [].sum() == 0', true],
    ['sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1]) && !sets.intersects([1], [2])', true],
    ['"abc 123 def".find("[0-9]+") + "a1b22".findAll("[0-9]+").join(",")', '1231,22'],
    ['"a1b22c333".findAll("[0-9]+", 2)', ['1', '22']],
    ['"aXbX".replace("X", "$&", 1) + "ab".replace("", "-")', 'a$&bX-a-b-'],
    ['jsonpatch.escapeKey("a/b~c")', 'a~1b~0c'],
    ['"%d %s %.2f %x".format([dyn(1), [dyn(true), null], 2.0, "a"])', '1 [true, null] 2.00 61'],
  ]);
});

test('an authorizer is asked what the expression says', () => {
  const asked: AuthorizationQuestion[] = [];
  const authorize = (question: AuthorizationQuestion): { allowed: boolean; reason: string } => {
    asked.push(question);
    return { allowed: question.verb === 'get', reason: 'because' };
  };
  const type = opaque('kubernetes.authorization.Authorizer');
  const variables = { authorizer: type, 'authorizer.requestResource': opaque('kubernetes.authorization.ResourceCheck') };
  const { program, message } = compile(
    "authorizer.serviceAccount('ns', 'sa').group('apps').resource('deployments').namespace('x').check('get').allowed() && authorizer.requestResource.check('delete').reason() == 'because'",
    { variables },
  );
  assert.ok(program, message);
  const bindings = { authorizer: { value: authorizerValue(authorize) }, 'authorizer.requestResource': { value: requestResourceValue(authorize, { group: '', resource: 'pods' }) } };
  assert.equal(evaluate(program, bindings).value, true);
  assert.deepEqual(asked, [
    { serviceAccount: { namespace: 'ns', name: 'sa' }, group: 'apps', resource: 'deployments', namespace: 'x', verb: 'get' },
    { group: '', resource: 'pods', verb: 'delete' },
  ]);
});

test('regular expressions are those of RE2 and cannot run away', () => {
  const cases: [string, string, string | undefined][] = [
    ['a|ab', 'xab', 'a'], ['(?:a|ab)(?:c|bcd)', 'abcd', 'abcd'], ['a{2,3}?', 'aaaa', 'aa'], ['^b', 'ab', undefined], ['(?m)^b$', 'a\nb\nc', 'b'], ['(?i)ÄB', 'xäb', 'äb'],
    ['[^[:alpha:]\\d]+', 'ab12--c', '--'], ['\\pL+', '12äöü3', 'äöü'], ['[\\x41-\\x{43}]+', 'xABCD', 'ABC'], ['\\Qa.b\\E+', 'a.bbb', 'a.bbb'], ['\\bfoo\\b', 'a foo b', 'foo'],
    ['.', '😀', '😀'], ['(?s).+', 'a\nb', 'a\nb'], ['x*', 'aaa', ''], ['[]a]+', 'b]a', ']a'], ['(?P<n>a)+?b', 'aab', 'aab'],
  ];
  for (const [pattern, text, wanted] of cases) {
    const match = new Regex(pattern).find(text, 0);
    assert.equal(match && text.slice(match.start, match.end), wanted, pattern);
  }
  for (const bad of ['(', 'a**', '[', '\\1', '(?=a)', 'a{1001}', '\\', '[b-a]', '*']) assert.throws(() => new Regex(bad), /error parsing regexp/, bad);
  assert.equal(new Regex('(a*)*(a|aa)*b').find('a'.repeat(5000), 0), undefined);
  assert.throws(() => new Regex('((a{1000}){1000}){1000}'), /too large/);
});
