import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialsFor } from './credentials.ts';
import { parseReference, withTag } from './reference.ts';

test('image names', () => {
  assert.deepEqual(parseReference('busybox'), { registry: 'docker.io', repository: 'library/busybox' });
  assert.deepEqual(parseReference('org/app:1'), { registry: 'docker.io', repository: 'org/app' });
  assert.deepEqual(parseReference('localhost:5000/a/b@sha256:'.concat('0'.repeat(64))), { registry: 'localhost:5000', repository: 'a/b' });
  for (const bad of ['', 'Not A Name', 'UPPER', 'a:b:c', '-x', 'a//b']) assert.equal(parseReference(bad), undefined, bad);
  assert.equal(withTag('localhost:5000/a'), 'localhost:5000/a:latest');
  assert.equal(withTag('a:1'), 'a:1');
});

test('credentials: the most particular first', () => {
  const auth = Buffer.from('u:p:q').toString('base64');
  const config = { auths: { 'https://index.docker.io/v1/': { auth }, 'reg.example.com': { username: 'a', password: 'b' }, 'reg.example.com/team': { username: 'c', password: 'd' }, '*.example.com': { username: 'e', password: 'f' } } };
  const secret = { data: { '.dockerconfigjson': Buffer.from(JSON.stringify(config)).toString('base64') } } as never;
  assert.deepEqual(credentialsFor('busybox', [secret]).map((c) => [c.username, c.password]), [['u', 'p:q']]);
  assert.deepEqual(credentialsFor('reg.example.com/team/x', [secret]).map((c) => c.username), ['c', 'a', 'e']);
  assert.deepEqual(credentialsFor('other.io/x', [secret]), []);
  assert.deepEqual(credentialsFor('busybox', [{ data: { '.dockerconfigjson': 'bm90IGpzb24=' } } as never]), []);
});
