import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timestamp } from '../../base/clock.ts';
import type { SigningRequest } from '../../wire/certificates.ts';
import { isOver } from './certificates.ts';
import { clientComplaint, kubeletClientComplaint, kubeletServingComplaint, type Csr } from './requests.ts';

const node: SigningRequest = { commonName: 'system:node:n', organizations: ['system:nodes'], dnsNames: [], ipAddresses: [], emailAddresses: [], uris: [] };
const client = ['digital signature', 'key encipherment', 'client auth'];
const server = ['digital signature', 'server auth'];

test('what kubelets may ask for', () => {
  assert.equal(kubeletClientComplaint(node, client), undefined);
  assert.equal(kubeletClientComplaint(node, ['digital signature', 'client auth']), undefined);
  assert.match(kubeletClientComplaint(node, [...client, 'server auth'])!, /^usages did not match/);
  assert.match(kubeletClientComplaint({ ...node, organizations: ['system:nodes', 'system:masters'] }, client)!, /organization is not system:nodes/);
  assert.match(kubeletClientComplaint({ ...node, commonName: 'root' }, client)!, /common name does not begin with/);
  assert.match(kubeletClientComplaint({ ...node, dnsNames: ['n'] }, client)!, /^DNS subjectAltNames are not allowed/);
  assert.equal(kubeletServingComplaint({ ...node, ipAddresses: ['10.0.0.1'] }, server), undefined);
  assert.match(kubeletServingComplaint(node, server)!, /^DNS or IP subjectAltName is required/);
  assert.match(kubeletServingComplaint({ ...node, dnsNames: ['n'] }, client)!, /^usages did not match/);
});

test('what clients of the API server may ask for', () => {
  assert.equal(clientComplaint(['client auth']), undefined);
  assert.equal(clientComplaint(['client auth', 'server auth']), 'invalid usage for client certificate: server auth');
  assert.equal(clientComplaint(['digital signature']), 'missing required usage for client certificate: client auth');
});

test('requests are over after their time', () => {
  const now = Date.parse('2025-01-02T12:00:00Z');
  const hours = (n: number): string => timestamp(now - n * 3_600_000);
  const csr = (created: number, ...conditions: [string, number][]): Csr => ({
    metadata: { name: 'x', creationTimestamp: hours(created) }, spec: { request: '', signerName: '' },
    status: { conditions: conditions.map(([type, age]) => ({ type, status: 'True', lastUpdateTime: hours(age) })) },
  }) as unknown as Csr;
  assert.equal(isOver(csr(23), now), false);
  assert.equal(isOver(csr(25), now), true);
  assert.equal(isOver(csr(2, ['Denied', 0.5]), now), false);
  assert.equal(isOver(csr(2, ['Denied', 1.5]), now), true);
  assert.equal(isOver(csr(2, ['Approved', 1.5], ['Failed', 1.5]), now), true);
  assert.equal(isOver(csr(2, ['Approved', 1.5]), now), false, 'approved, but its signer has not come to it');
});
