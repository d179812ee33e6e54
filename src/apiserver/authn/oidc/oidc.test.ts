import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aggregate } from '../../files/load.ts';
import type { JWTAuthenticator } from '../../files/authentication.ts';
import { userOfClaims } from './claims.ts';
import { readAuthentication } from './oidc.ts';
import { validateAuthentication } from './validate.ts';

const issuer = { url: 'https://issuer.example.com', audiences: ['k7s'] };
const username = { claim: 'sub', prefix: '' };
const errorsOf = (jwt: JWTAuthenticator, disallowed: string[] = []): string => aggregate(validateAuthentication({ jwt: [jwt] }, disallowed).errors);

test('what is wrong with an issuer is said in upstream\'s words', () => {
  const mappings = { claimMappings: { username } };
  assert.equal(errorsOf({ ...mappings, issuer: { url: 'http://a:b@x/?q#f', audiences: ['a', 'a'] } }),
    '[jwt[0].issuer.url: Invalid value: "http://a:b@x/?q#f": URL scheme must be https, jwt[0].issuer.url: Invalid value: "http://a:b@x/?q#f": URL must not contain a username or password, '
    + 'jwt[0].issuer.url: Invalid value: "http://a:b@x/?q#f": URL must not contain a query, jwt[0].issuer.url: Invalid value: "http://a:b@x/?q#f": URL must not contain a fragment, '
    + 'jwt[0].issuer.audiences[1]: Duplicate value: "a", jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences]');
  assert.equal(errorsOf({ ...mappings, issuer }, [issuer.url]), 'jwt[0].issuer.url: Invalid value: "https://issuer.example.com": URL must not overlap with disallowed issuers: [https://issuer.example.com]');
  assert.equal(errorsOf({ ...mappings, issuer: { ...issuer, discoveryURL: issuer.url } }), 'jwt[0].issuer.discoveryURL: Invalid value: "https://issuer.example.com": discoveryURL must be different from URL');
  assert.equal(errorsOf({}), '[jwt[0].issuer.url: Required value, jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required, jwt[0].claimMappings.username: Required value: claim or expression is required]');
});

test('what is wrong with mappings and rules', () => {
  const of = (claimMappings: NonNullable<JWTAuthenticator['claimMappings']>, more: JWTAuthenticator = {}): string => errorsOf({ issuer, claimMappings, ...more });
  assert.equal(of({ username: { claim: 'sub' } }), 'jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing');
  assert.match(of({ username: { expression: 'claims.email' } }), /claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra/);
  assert.equal(of({ username: { expression: 'claims.?email.orValue("x")' } }, { claimValidationRules: [{ expression: 'claims.?email_verified.orValue(true) == true' }] }), '[]');
  assert.equal(of({ username, extra: [{ key: 'k8s.io/x', valueExpression: 'claims.x' }, { key: 'Foo', valueExpression: 'claims.x' }] }),
    '[jwt[0].claimMappings.extra[0].key: Invalid value: "k8s.io/x": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use, '
    + 'jwt[0].claimMappings.extra[1].key: Invalid value: "Foo": must be a domain-prefixed path (such as "acme.io/foo"), jwt[0].claimMappings.extra[1].key: Invalid value: "Foo": must be lowercase]');
  assert.equal(of({ username }, { claimValidationRules: [{ expression: 'claims.a + "x"' }], userValidationRules: [{ expression: 'user.nobody' }] }).split('\n')[0],
    '[jwt[0].claimValidationRules[0].expression: Invalid value: "claims.a + \\"x\\"": must evaluate to bool, jwt[0].userValidationRules[0].expression: Invalid value: "user.nobody": compilation failed: ERROR: <input>:1:5: undefined field \'nobody\'');
  assert.equal(of({ username }, { claimValidationRules: [{ claim: 'a', message: 'm' }, { claim: 'a' }, {}] }),
    '[jwt[0].claimValidationRules[0].message: Invalid value: "m": may not be specified when claim is set, jwt[0].claimValidationRules[1].claim: Duplicate value: "a", jwt[0].claimValidationRules[2]: Required value: claim or expression is required]');
  assert.equal(aggregate(validateAuthentication({ anonymous: { enabled: false, conditions: [{ path: '/x' }] } }, []).errors), 'anonymous.conditions: Invalid value: [{"path":"/x"}]: enabled should be set to true when conditions are defined');
});

test('claims become users; what does not fit is an error', () => {
  const userOf = (claims: object, claimMappings: JWTAuthenticator['claimMappings']) => {
    const config = { issuer, claimMappings: claimMappings! };
    const { errors, mappings } = validateAuthentication({ jwt: [config] }, []);
    assert.equal(aggregate(errors), '[]');
    return userOfClaims(claims as never, config, mappings[0]!);
  };
  assert.deepEqual(userOf({ sub: 'a', g: 'one' }, { username: { claim: 'sub', prefix: 'p:' }, groups: { claim: 'g', prefix: 'q:' } }), { name: 'p:a', groups: ['q:one'] });
  assert.throws(() => userOf({ sub: 'a', g: [1] }, { username, groups: { claim: 'g', prefix: '' } }), /parse groups claim "g"/);
  assert.throws(() => userOf({ email: 'a@b', email_verified: false }, { username: { claim: 'email', prefix: '' } }), { message: 'oidc: email not verified' });
  assert.throws(() => userOf({}, { username: { expression: 'claims.x' } }), /error evaluating username claim expression: expression 'claims.x' resulted in error: no such key: x/);
  assert.throws(() => userOf({ x: '' }, { username: { expression: 'claims.x' } }), { message: 'oidc: empty username via CEL expression is not allowed' });
  assert.throws(() => userOf({ x: 1 }, { username: { expression: 'claims.x' } }), /username claim expression must return a string/);
});

test('files are read strictly, in each of their versions', () => {
  const text = (version: string, more = '') => `apiVersion: apiserver.config.k8s.io/${version}\nkind: AuthenticationConfiguration\njwt: []\n${more}`;
  for (const version of ['v1', 'v1beta1', 'v1alpha1']) assert.deepEqual(readAuthentication(text(version)).jwt ?? [], []);
  assert.throws(() => readAuthentication(text('v2')), { message: 'no kind "AuthenticationConfiguration" is registered for version "apiserver.config.k8s.io/v2"' });
  assert.throws(() => readAuthentication(text('v1', 'oidc: {}')), { message: 'strict decoding error: unknown field "oidc"' });
  assert.throws(() => readAuthentication(''), { message: 'empty config data' });
});
