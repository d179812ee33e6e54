import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemClock, type Clock } from '../base/clock.ts';
import { ensurePki, readPki } from './pki.ts';

const folder = mkdtempSync(join(tmpdir(), 'k7s-pki-'));
after(() => rmSync(folder, { recursive: true }));
const request = { dnsNames: ['kubernetes.default.svc', 'localhost'], ipAddresses: ['10.96.0.1', '192.168.49.1'], nodes: [{ name: 'k7s', address: '192.168.49.2' }] };

test('who is who: subjects, authorities and file modes', async () => {
  await ensurePki(folder, request, systemClock);
  const pki = readPki(folder);
  const subject = (pem: string): string => new X509Certificate(pem).subject.split('\n').sort().join(' ');
  assert.equal(subject(pki.admin.certPem), 'CN=kubernetes-admin O=system:masters');
  assert.equal(subject(pki.apiServerKubeletClient.certPem), 'CN=kube-apiserver-kubelet-client O=system:masters');
  assert.equal(subject(pki.node('k7s').client.certPem), 'CN=system:node:k7s O=system:nodes');
  assert.equal(subject(pki.node('k7s').proxy.certPem), 'CN=system:kube-proxy O=system:node-proxier');
  assert.equal(new X509Certificate(pki.apiServer.certPem).checkIP('10.96.0.1'), '10.96.0.1');
  assert.equal(new X509Certificate(pki.node('k7s').serving.certPem).checkIP('192.168.49.2'), '192.168.49.2');
  const proxyCa = new X509Certificate(pki.frontProxyCa.certPem);
  assert.ok(new X509Certificate(pki.frontProxyClient.certPem).verify(proxyCa.publicKey));
  assert.ok(!new X509Certificate(pki.admin.certPem).verify(proxyCa.publicKey));
  assert.equal(createPrivateKey(pki.serviceAccount.privatePem).asymmetricKeyType, 'ec');
  assert.equal(statSync(join(folder, 'ca.key')).mode & 0o777, 0o600);
});

test('what is good stays; what ends soon or misses an address is made again, by the same authority', async () => {
  const before = readPki(folder);
  await ensurePki(folder, request, systemClock);
  assert.deepEqual({ ...readPki(folder), node: 0 }, { ...before, node: 0 });
  await ensurePki(folder, { ...request, ipAddresses: ['192.168.58.1'] }, systemClock);
  const moved = readPki(folder);
  assert.equal(moved.ca.certPem, before.ca.certPem);
  assert.equal(moved.admin.certPem, before.admin.certPem);
  assert.notEqual(moved.apiServer.certPem, before.apiServer.certPem);
  const later: Clock = { ...systemClock, now: () => Date.now() + 350 * 86_400_000 };
  await ensurePki(folder, request, later);
  assert.notEqual(readPki(folder).admin.certPem, before.admin.certPem);
  assert.equal(readPki(folder).ca.certPem, before.ca.certPem);
});
