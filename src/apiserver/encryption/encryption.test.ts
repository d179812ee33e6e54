import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../base/ids.ts';
import { memoryStore } from '../../store/memory.ts';
import { encryptionPackage, type EncryptionConfiguration } from '../files/encryption.ts';
import { aggregate, readConfiguration } from '../files/load.ts';
import { aesCbc, aesGcm, secretbox, seededGcm } from './ciphers.ts';
import { validateEncryption } from './config.ts';
import { Keyring } from './keyring.ts';
import { decodeEnvelope, encodeEnvelope } from './kmsmessages.ts';
import { open, seal } from './secretbox.ts';
import { encipheredStore, resourceOfKey } from './store.ts';

const key = (n: number, length = 32): Buffer => Buffer.alloc(length, n);
const secret = (n: number, length = 32): string => key(n, length).toString('base64');
const path = '/registry/secrets/default/s';
const noKms = () => Promise.reject(new Error('no plugin'));
const ringOf = (config: EncryptionConfiguration) => Keyring.of(config, systemRandom, noKms);
const errorsOf = (config: EncryptionConfiguration, reload = false): string => aggregate(validateEncryption(config, reload));

test('secretbox is NaCl\'s: its own example, and every length', () => {
  // From the tests of NaCl (tests/secretbox.c).
  const example = {
    key: '1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389', nonce: '69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37',
    plain: 'be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705',
    sealed: 'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5',
  };
  const [k, nonce, plain] = [example.key, example.nonce, example.plain].map((hex) => Buffer.from(hex, 'hex')) as [Buffer, Buffer, Buffer];
  assert.equal(seal(plain, nonce, k).toString('hex'), example.sealed);
  for (let length = 0; length < 200; length++) {
    const text = Buffer.from(systemRandom.bytes(length));
    const sealed = seal(text, nonce, k);
    assert.deepEqual(open(sealed, nonce, k), text);
    sealed[length % sealed.length]! ^= 1;
    assert.equal(open(sealed, nonce, k), undefined);
  }
});

test('each cipher reads what it wrote, and says what is wrong with the rest', async () => {
  const plain = Buffer.from('k8s\0 some object');
  for (const size of [16, 24, 32]) {
    for (const make of [aesCbc, aesGcm]) {
      const cipher = make(key(1, size), systemRandom);
      assert.deepEqual(await cipher.decipher(await cipher.encipher(plain, path), path), plain);
    }
  }
  for (const cipher of [secretbox(key(2), systemRandom), seededGcm(key(3), systemRandom)]) assert.deepEqual(await cipher.decipher(await cipher.encipher(plain, path), path), plain);
  const gcm = aesGcm(key(1), systemRandom);
  const moved = await gcm.encipher(plain, path);
  assert.throws(() => gcm.decipher(moved, '/registry/secrets/default/other'), /message authentication failed/);
  assert.throws(() => aesCbc(key(1), systemRandom).decipher(Buffer.alloc(17), path), /not a multiple of the block size/);
  assert.throws(() => secretbox(key(1), systemRandom).decipher(Buffer.alloc(10), path), /shorter than the required size/);
});

test('an envelope of a key management plugin survives the wire', () => {
  const envelope = { data: Buffer.from('data'), keyId: 'one', encryptedDek: Buffer.from('dek'), annotations: new Map([['a.example.com', Buffer.from('1')], ['b.example.com', Buffer.alloc(0)]]), dekType: 1 };
  assert.deepEqual(decodeEnvelope(encodeEnvelope(envelope)), envelope);
});

test('keys of the store name their resources', () => {
  assert.deepEqual(resourceOfKey('/registry/secrets/default/s'), { group: '', resource: 'secrets' });
  assert.deepEqual(resourceOfKey('/registry/services/specs/default/s'), { group: '', resource: 'services' });
  assert.deepEqual(resourceOfKey('/registry/deployments/default/s'), { group: 'apps', resource: 'deployments' });
  assert.deepEqual(resourceOfKey('/registry/events/default/s'), { group: '', resource: 'events' });
  assert.deepEqual(resourceOfKey('/registry/example.com/things/default/s'), { group: 'example.com', resource: 'things' });
});

test('the first key writes, all read, and what another one wrote is out of date', async () => {
  const inner = memoryStore();
  let ring = await ringOf({ resources: [{ resources: ['secrets'], providers: [{ aescbc: { keys: [{ name: 'one', secret: secret(1) }] } }, { identity: {} }] }] });
  const store = encipheredStore(inner, () => ring);
  const value = Buffer.from('plain');
  await inner.commit([{ type: 'put', key: '/registry/secrets/default/old', value: Buffer.from('plain') }]);
  await store.commit([{ type: 'put', key: path, value }, { type: 'put', key: '/registry/configmaps/default/c', value: Buffer.from('plain') }]);
  assert.match(Buffer.from((await inner.get(path)).entry!.value).toString('latin1'), /^k8s:enc:aescbc:v1:one:/);
  assert.equal(Buffer.from((await inner.get('/registry/configmaps/default/c')).entry!.value).toString(), 'plain');
  const read = async (at: string) => (await store.get(at)).entry!;
  assert.equal(store.outdated!(path, (await read(path)).value), false);
  assert.equal((await read(path)).value, value, 'who wrote it gets his own bytes back');
  const old = await read('/registry/secrets/default/old');
  assert.equal(store.outdated!(old.key, old.value), true);

  ring = await ringOf({ resources: [{ resources: ['*.'], providers: [{ secretbox: { keys: [{ name: 'new', secret: secret(2) }] } }, { aescbc: { keys: [{ name: 'other', secret: secret(9) }, { name: 'one', secret: secret(1) }] } }] }] });
  const again = encipheredStore(inner, () => ring);
  const entry = (await again.get(path)).entry!;
  assert.equal(Buffer.from(entry.value).toString(), 'plain');
  assert.equal(again.outdated!(path, entry.value), true);
  const unread = (await again.range({ start: '/registry/', end: '/registry0' })).entries.map((e) => [e.key, e.problem?.message]);
  assert.deepEqual(unread, [
    ['/registry/configmaps/default/c', 'unable to transform key "/registry/configmaps/default/c": no matching prefix found'],
    ['/registry/secrets/default/old', 'unable to transform key "/registry/secrets/default/old": no matching prefix found'],
    [path, undefined],
  ]);
});

test('wildcards are found from the narrow to the wide, and an earlier wide rule masks a later narrow one', async () => {
  const of = (name: string) => [{ aesgcm: { keys: [{ name, secret: secret(1) }] } }];
  const ring = await ringOf({ resources: [{ resources: ['pods'], providers: of('pods') }, { resources: ['*.apps', '*.'], providers: of('some') }, { resources: ['*.*'], providers: of('all') }] });
  const stamp = (group: string, resource: string): string => ring.cipherOf({ group, resource }).stamp.split(':')[4]!;
  assert.deepEqual([stamp('', 'pods'), stamp('', 'secrets'), stamp('apps', 'deployments'), stamp('example.com', 'things')], ['pods', 'some', 'some', 'all']);
  await assert.rejects(ringOf({ resources: [{ resources: ['*.apps'], providers: of('a') }, { resources: ['deployments.apps'], providers: of('b') }] }), /resource "deployments.apps" is masked by earlier rule "\*.apps"/);
});

test('what is wrong with a configuration is said in upstream\'s words', () => {
  const read = (text: string) => readConfiguration<EncryptionConfiguration>(`apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n${text}`, 'EncryptionConfiguration', [encryptionPackage]);
  assert.throws(() => read('resources:\n- resorces: [secrets]'), { message: 'strict decoding error: unknown field "resources[0].resorces"' });
  assert.equal(errorsOf({}), 'resources: Required value: at least one resources is required');
  assert.equal(errorsOf({ resources: [{ resources: ['secrets'], providers: [{ aescbc: { keys: [{ name: 'k', secret: 'YWJj' }] } }] }] }),
    'resources[0].providers[0].aescbc.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 3, expected one of [16 24 32]');
  const names = { resources: ['Secrets', '*', 'events.events.k8s.io', 'apiserveripinfo', 'x.*'], providers: [{ identity: {} }] };
  assert.deepEqual(validateEncryption({ resources: [names] }, false).map((e) => e.field), ['', '[0]', '[1]', '[2]', '[3]', '[4]'].map((i) => `resources[0].resources${i}`));
  assert.equal(errorsOf({ resources: [{ resources: ['secrets', '*.'], providers: [{ kms: { apiVersion: 'v2', name: 'a:b', endpoint: 'http://x' } }] }] }),
    '[resources[0].resources: Invalid value: ["secrets","*."]: using overlapping resources such as \'secrets\' and \'*.\' in the same resource list is not allowed as they will be masked, '
    + "resources[0].providers[0].kms.name: Invalid value: \"a:b\": invalid KMS provider name a:b, must not contain ':', "
    + 'resources[0].providers[0].kms.endpoint: Invalid value: "http://x": unsupported scheme "http" for KMS provider, only unix is supported]');
});

test('what upstream\'s server has enciphered is read', async () => {
  const written: Readonly<Record<string, string>> = {
    '/registry/secrets/default/s': 'azhzOmVuYzphZXNjYmM6djE6azE6wCSQl5WAe0iQG5v6pp9Ynpa+uxxzOFahxVZ5NjrT26Ji4ttu17ZaQOECWHEGZs61FmSaHUsmq5i9XiMoU/Q8E5hOF2UBCfwJ/lxYSnzUZFN87J8Gwp5a+USZ3c54XsmUruvx'
      + 'SmKucbb9SLvhqHBNOtcIqJHSdV3VwnevhYELaKbW8EYVTyJNDtXAfFVfiMrxOhvGYnD7N32J1EeWQI+VQWY+EMV7BH4mu8k429/+OEgYJetCOFHXmi7emD/dHx8i/TUtAEESIQ5lxVkey/x9L1jU9A/DYQFyX6Qn'
      + '2SpQmHCqHrkiZ9qT9R116PH63Ssc',
    '/registry/configmaps/default/c': 'azhzOmVuYzphZXNnY206djE6azI6LyZhUs5kH9N2vULpomWa+gkLyPi4XahRT0Renu0dX6dtMw4KDmFAXQQQIkXMZMiqnX3QzeFwBcf1rF3j6kp3NiJiyesYRL8xkQP+yC3gzbCOANZmx0pPg8w5hCYtaAUmlSmx'
      + '/n+NAq1Hqi5BP7wZRDitI0pqNQkixk4Dfk0ZCPz8M2IULIR/PMsqDyzR1LMc0dC19ZEFUZbqJXcCXrx0gogZWzjlFOvseC1YxIFY682pBJaIIEuDfJDxyCA7z2TEK0ZmQUXa4Aq4lsfosZM+VmPtYva63tlh8sp8'
      + 'aWAeTtIC2fz+e3W3',
    '/registry/serviceaccounts/default/a': 'azhzOmVuYzpzZWNyZXRib3g6djE6azM6KybFb59jf6vU++XxicR77U0MnJNfWvhmx1L0Wts4untljT6QvLTtFOOJH952YQecQlwVrXR7kpak1mzIaUZlr3Q9yPsKEqS7V3qfX6C5jLji4H1jWi2kLu5kQVi1OCOg'
      + 'cMz4t009u2DwKqCusDSlzLXIsfahYgfW19hSL7UW4UOAcxjAyKzG1c6PioIVcw==',
  };
  const ring = await ringOf({ resources: [
    { resources: ['secrets'], providers: [{ aescbc: { keys: [{ name: 'k1', secret: secret(1) }] } }] },
    { resources: ['configmaps'], providers: [{ aesgcm: { keys: [{ name: 'k2', secret: secret(2, 16) }] } }] },
    { resources: ['serviceaccounts'], providers: [{ secretbox: { keys: [{ name: 'k3', secret: secret(3) }] } }] },
  ] });
  for (const [at, value] of Object.entries(written)) {
    const { plain } = await ring.cipherOf(resourceOfKey(at)).decipher(Buffer.from(value, 'base64'), at);
    assert.match(plain.toString('latin1'), /^k8s\0/, at);
  }
});

test('below another prefix the ciphers know the keys that stand in etcd', async () => {
  const inner = memoryStore();
  const ring = await ringOf({ resources: [{ resources: ['secrets'], providers: [{ aesgcm: { keys: [{ name: 'one', secret: secret(1) }] } }] }] });
  const store = encipheredStore(inner, () => ring, (at) => `/other${at.slice('/registry'.length)}`);
  await store.commit([{ type: 'put', key: path, value: Buffer.from('plain') }]);
  const value = Buffer.from((await inner.get(path)).entry!.value);
  const cipher = ring.cipherOf(resourceOfKey(path));
  assert.equal((await cipher.decipher(value, '/other/secrets/default/s')).plain.toString(), 'plain');
  await assert.rejects(cipher.decipher(value, path), { message: 'cipher: message authentication failed' });
});
