import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
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
