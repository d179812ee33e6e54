import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { createServer, connect, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createAuthority, createSigningRequest, issue, readSigningRequest, signRequest, stillGood } from './certificates.ts';

test('an issued certificate carries its names and its key, and chains to the authority', async () => {
  const authority = await createAuthority({ commonName: 'k7sCA' });
  const { certPem, keyPem } = await issue(authority, {
    commonName: 'system:node:k7s', organizations: ['system:nodes', 'system:masters'],
    dnsNames: ['kubernetes.default', 'localhost'], ipAddresses: ['192.168.49.2', '::1'], usages: ['server', 'client'],
  });
  const certificate = new X509Certificate(certPem);
  const issuer = new X509Certificate(authority.certPem);
  assert.ok(issuer.ca);
  assert.ok(!certificate.ca);
  assert.equal(issuer.subject, 'CN=k7sCA');
  assert.deepEqual(certificate.subject.split('\n').sort(), ['CN=system:node:k7s', 'O=system:masters', 'O=system:nodes']);
  assert.ok(certificate.verify(issuer.publicKey) && certificate.checkIssued(issuer));
  assert.ok(certificate.checkPrivateKey(createPrivateKey(keyPem)));
  assert.equal(certificate.checkHost('kubernetes.default'), 'kubernetes.default');
  assert.equal(certificate.checkIP('192.168.49.2'), '192.168.49.2');
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
});

test('a TLS server and client know each other by them', async () => {
  const authority = await createAuthority({ commonName: 'ca' });
  const server = await issue(authority, { commonName: 'server', dnsNames: ['localhost'], usages: ['server'] });
  const client = await issue(authority, { commonName: 'jane', organizations: ['dev', 'ops'], usages: ['client'] });
  let subject: unknown;
  const listener = createServer({ cert: server.certPem, key: server.keyPem, ca: authority.certPem, requestCert: true }, (socket: TLSSocket) => {
    subject = socket.authorized && socket.getPeerCertificate().subject;
    socket.end('hello');
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const socket = connect({ port: (listener.address() as AddressInfo).port, servername: 'localhost', ca: authority.certPem, cert: client.certPem, key: client.keyPem });
  const [data] = await once(socket, 'data');
  assert.equal(String(data), 'hello');
  assert.deepEqual({ ...(subject as object) }, { O: ['dev', 'ops'], CN: 'jane' });
  socket.destroy();
  listener.close();
});

test('a signing request is read, checked and signed with what it asks for', async () => {
  const authority = await createAuthority({ commonName: 'ca' });
  const { requestPem, keyPem } = await createSigningRequest({
    commonName: 'system:node:n1', organizations: ['system:nodes'], dnsNames: ['n1'], ipAddresses: ['10.0.0.7'],
  });
  assert.deepEqual(await readSigningRequest(requestPem), {
    commonName: 'system:node:n1', organizations: ['system:nodes'], dnsNames: ['n1'], ipAddresses: ['10.0.0.7'], emailAddresses: [], uris: [],
  });
  const certificate = new X509Certificate(await signRequest(authority, requestPem, { purposes: ['digital signature', 'server auth'], seconds: 3600 }));
  assert.ok(certificate.checkPrivateKey(createPrivateKey(keyPem)));
  assert.equal(certificate.checkIP('10.0.0.7'), '10.0.0.7');
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  assert.ok(Date.parse(certificate.validTo) - Date.parse(certificate.validFrom) === 3600_000 + 300_000);
  await assert.rejects(signRequest(authority, requestPem, { purposes: ['flying'] }), { message: 'unrecognized usage: flying' });
  await assert.rejects(readSigningRequest('-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n'));
});

test('a certificate is renewed when its authority, its names or its time no longer fit', async () => {
  const authority = await createAuthority({ commonName: 'ca' });
  const other = await createAuthority({ commonName: 'ca' });
  const names = { commonName: 'x', dnsNames: ['a.example'], ipAddresses: ['10.0.0.1'] };
  const credential = await issue(authority, { ...names, usages: ['server'], days: 10 });
  const now = Date.parse(new X509Certificate(credential.certPem).validFrom);
  assert.ok(stillGood(credential, authority, now, names));
  assert.ok(!stillGood(credential, other, now, names));
  assert.ok(!stillGood(credential, authority, now + 11 * 86_400_000, names));
  assert.ok(!stillGood(credential, authority, now, { ...names, ipAddresses: ['10.0.0.2'] }));
});

/** Made by openssl: RSA, signed with PSS. */
const foreign = `-----BEGIN CERTIFICATE REQUEST-----
MIIC7DCCAZ8CAQAwKDELMAkGA1UECgwCbzExCzAJBgNVBAoMAm8yMQwwCgYDVQQD
DANqb2UwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQD7zh9AhZ+khSi1
sY2AJuDRJDsAFfvQjXEoOvQDEwzDscZJm6KMp1EGJuRlThZ8AMhz3ykBLlsVKFtF
Rx+rdrONsmwTq32DAncAIiX0RkXudL0xsmhPctXgKb6TfCpYG8jXnizACKqJp37X
uC22QPz4ZUCkUMvkVbklFu9fzkzrUyTuPLM1lpQn68F5q8rEF+VCs2vkhKHjnkYQ
43tf/uIlJn2ij79e7b6Ttp/a5HEfY17oMJkIFWD/1iDZ5pWpFAi8kx/6jAfNzJRd
ZHAuRp+gST1Kzl6N0shHPfRQdRdBBE/wUI7ithB+UwDUXvqq8i7TrvLxKxelCSeT
h2XBYjF3AgMBAAGgSjBIBgkqhkiG9w0BCQ4xOzA5MDcGA1UdEQQwMC6CA2EuYocE
AQIDBIcQIAENuAAAAAAAAAAAAAAAAYEDeEB5hgpzcGlmZmU6Ly96MEIGCSqGSIb3
DQEBCjA1oA8wDQYJYIZIAWUDBAIBBQChHDAaBgkqhkiG9w0BAQgwDQYJYIZIAWUD
BAIBBQCiBAICAN4DggEBACm1DZUes62I8JZicwwZE6OY3E2PuTd1cb371aEXRiYh
fCL6MqtcshBfQir1Yuz88VzRjBTZgmTpeISuuXFiJYLxWiJ/5y4XWwbKYNsCruoG
UJlQ6n1+gyak0kwzMpah468B5tD1I9swH3OInVDm0fnD78cj5vwQw94bWb+8LNrV
FE7hvueq4khOu8seJZUnDeojJgld9sv7YTCS1xYyOtgK/sKqVW+31h7XOoSvU3lp
lzFGuLAY7LFxyg0EfIN0JnGS9R1chWFIqwwI6/tckOvJyM9/A/CtYTDeORK9K648
l/ANC39yZ1Df3igvVM4Ximeb916MF4su7eD0GRZjoDc=
-----END CERTIFICATE REQUEST-----
`;

test('a request of somebody else keeps its key and its names', async () => {
  const authority = await createAuthority({ commonName: 'ca' });
  assert.deepEqual(await readSigningRequest(foreign), {
    commonName: 'joe', organizations: ['o1', 'o2'], dnsNames: ['a.b'], ipAddresses: ['1.2.3.4', '2001:db8::1'], emailAddresses: ['x@y'], uris: ['spiffe://z'],
  });
  const certificate = new X509Certificate(await signRequest(authority, foreign, { purposes: ['client auth'] }));
  assert.equal(certificate.publicKey.asymmetricKeyType, 'rsa');
  assert.equal(certificate.subjectAltName, 'DNS:a.b, IP Address:1.2.3.4, IP Address:2001:DB8:0:0:0:0:0:1, email:x@y, URI:spiffe://z');
  assert.ok(certificate.verify(new X509Certificate(authority.certPem).publicKey));
});

test('an authority may have a key of another kind', async () => {
  const { requestPem, keyPem } = await createSigningRequest({ commonName: 'x' });
  for (const { privateKey } of [generateKeyPairSync('rsa', { modulusLength: 2048 }), generateKeyPairSync('ed25519'), generateKeyPairSync('ec', { namedCurve: 'P-384' })]) {
    const own = await createAuthority({ commonName: 'first' });
    // What counts here is the signature: the name and the identifier come from the certificate.
    const authority = { certPem: own.certPem, keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
    const certificate = new X509Certificate(await signRequest(authority, requestPem, { purposes: ['client auth'] }));
    assert.ok(certificate.verify(createPublicKey(privateKey)) && certificate.issuer === 'CN=first' && certificate.checkPrivateKey(createPrivateKey(keyPem)));
  }
});

test('no request whose bytes are damaged is taken for another one', async () => {
  const body = Buffer.from(foreign.replace(/-----.*-----|\s/g, ''), 'base64');
  const whole = await readSigningRequest(foreign);
  for (let i = 0; i < body.length; i++) {
    const damaged = Buffer.from(body);
    damaged[i]! ^= 1 << (i % 8);
    const text = `-----BEGIN CERTIFICATE REQUEST-----\n${damaged.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    // What neither is signed nor is the signature may say what it likes of it.
    const read = await readSigningRequest(text).catch(() => undefined);
    if (read) assert.deepEqual(read, whole, `byte ${i}`);
  }
  await assert.rejects(readSigningRequest(foreign.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE')), { message: 'PEM block type must be CERTIFICATE REQUEST' });
  await assert.rejects(readSigningRequest(foreign.slice(0, 200)));
});
