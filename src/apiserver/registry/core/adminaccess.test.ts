import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReadonlyObject } from '../../objects.ts';
import type { Storage } from '../storage.ts';
import { adminAccessHooks } from './adminaccess.ts';

const labels: Readonly<Record<string, Record<string, string>>> = { set: { 'resource.kubernetes.io/admin-access': 'true' }, other: { 'resource.kubernetes.io/admin-access': 'yes' }, plain: {} };
const looked: string[] = [];
const namespaces = { get: (_: string, name: string) => { looked.push(name); return Promise.resolve({ object: { metadata: { name, labels: labels[name] } } }); } } as unknown as Storage;
const { findings } = adminAccessHooks(namespaces);
const requests = [{ name: 'a', exactly: { deviceClassName: 'c' } }, { name: 'b', exactly: { deviceClassName: 'c', adminAccess: true } }];
const claim = (namespace: string, more: object = {}): ReadonlyObject => ({ metadata: { namespace }, spec: { devices: { requests } }, ...more }) as unknown as ReadonlyObject;
const told = async (object: ReadonlyObject, old?: ReadonlyObject, subresource = ''): Promise<string[]> => (await findings!(object, old, { subresource } as never)).map((e) => `${e.field}: ${e.detail}`);
const words = 'Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace';

test('access for administrators is asked for in namespaces that have the label', async () => {
  assert.deepEqual(await told(claim('set')), []);
  assert.deepEqual(await told(claim('other')), [`spec.devices.requests[1].adminAccess: ${words}`]);
  assert.deepEqual(await told({ metadata: { namespace: 'plain' }, spec: { spec: { devices: { requests } } } } as unknown as ReadonlyObject), [`spec.devices.requests[1].adminAccess: ${words}`]);
});

test('a status gives it there only, and what has been given stays', async () => {
  const given = { status: { allocation: { devices: { results: [{ request: 'b', adminAccess: true }] } } } };
  assert.deepEqual(await told(claim('plain', given), claim('plain'), 'status'), [`status.allocation.devices.results[0].adminAccess: ${words}`]);
  assert.deepEqual(await told(claim('set', given), claim('set'), 'status'), []);
  assert.deepEqual(await told(claim('plain', given), claim('plain', given), 'status'), []);
});

test('nobody looks for the namespace of other claims, or of other changes', async () => {
  looked.length = 0;
  assert.deepEqual(await told({ metadata: { namespace: 'plain' }, spec: { devices: { requests: requests.slice(0, 1) } } } as unknown as ReadonlyObject), []);
  assert.deepEqual(await told(claim('plain'), claim('plain')), []);
  assert.deepEqual(looked, []);
});
