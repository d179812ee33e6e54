import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { keyPairComplaint } from './tlspair.ts';

const certificate = [
  '-----BEGIN CERTIFICATE-----',
  'MIIBbDCCAROgAwIBAgIUQLPVYhUKaif3NzvX3UyQatwoLE4wCgYIKoZIzj0EAwIw',
  'DDEKMAgGA1UEAwwBdDAeFw0yNjExMjcwODEwMzRaFw0yNjEyMjcwODEwMzRaMAwx',
  'CjAIBgNVBAMMAXQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATFPMKY3oJ3U5Cg',
  '6k6RxxPuj3cAgBAkgLN41ImamugGkbfq2aWzPo/ce+uc3eWYUmB5gBojBzPVKQ7s',
  'xnunMBouo1MwUTAdBgNVHQ4EFgQU9eKCybK20IiclX1AzUuDpqaAT3swHwYDVR0j',
  'BBgwFoAU9eKCybK20IiclX1AzUuDpqaAT3swDwYDVR0TAQH/BAUwAwEB/zAKBggq',
  'hkjOPQQDAgNHADBEAiABoy9061Q3FxvxQT7zjVTG4dTHhW57/KPnbQZjCj53ngIg',
  'OhXZItmuDxQD1RDh6tmVJyJDcOMWOOFsptKU4AbuDag=',
  '-----END CERTIFICATE-----',
].join('\n');
const key = [
  '-----BEGIN EC PRIVATE KEY-----',
  'MHcCAQEEIGDv+2rySJvz9k199XEkuYSxmKW2NKnwPUnvVywrOtScoAoGCCqGSM49',
  'AwEHoUQDQgAExTzCmN6Cd1OQoOpOkccT7o93AIAQJICzeNSJmproBpG36tmlsz6P',
  '3HvrnN3lmFJgeYAaIwcz1SkO7MZ7pzAaLg==',
  '-----END EC PRIVATE KEY-----',
].join('\n');
const other = (type: 'ec' | 'ed25519'): string => {
  const pair = type === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' }) : generateKeyPairSync('ed25519');
  return pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
};

test('a certificate and its key fit; what does not is said in known words', () => {
  assert.equal(keyPairComplaint(certificate, key), undefined);
  assert.equal(keyPairComplaint('a', 'a'), 'tls: failed to find any PEM data in certificate input');
  assert.equal(keyPairComplaint(key, certificate), 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched');
  assert.equal(keyPairComplaint(certificate, 'a'), 'tls: failed to find any PEM data in key input');
  assert.equal(keyPairComplaint(certificate, certificate), 'tls: found a certificate rather than a key in the PEM for the private key');
  assert.equal(keyPairComplaint(certificate, other('ec')), 'tls: private key does not match public key');
  assert.equal(keyPairComplaint(certificate, other('ed25519')), 'tls: private key type does not match public key type');
  assert.equal(keyPairComplaint(certificate, key.replace(/[A-Za-z0-9+/]{64}/, 'AAAA')), 'tls: failed to parse private key');
});
