/** Encryption at rest in whole servers: what stands in the store, keys that change, a plugin that holds the key. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { openEncryption, type Encryption } from '../../src/apiserver/encryption/encryption.ts';
import { systemRandom } from '../../src/base/ids.ts';
import type { Store } from '../../src/store/store.ts';
import { embeddedStore } from '../../src/store/embedded.ts';
import { etcdStore } from '../../src/store/etcd/etcd.ts';
import { ProtobufReader, ProtobufWriter, WireType } from '../../src/wire/protobuf.ts';
import { eventually, surroundings, testServer } from '../apiserver.ts';
import { skipWithoutEtcd, startEtcd } from '../etcd.ts';

const folder = mkdtempSync(join(tmpdir(), 'k7s-encryption-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const key = (): string => Buffer.from(systemRandom.bytes(32)).toString('base64');

function configuration(name: string, rules: readonly { resources: string[]; providers: object[] }[]): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources: rules }));
  return file;
}

const text = async (store: Store, at: string): Promise<string> => Buffer.from((await store.get(at)).entry?.value ?? []).toString('latin1');
const headOf = (value: string): string => /^k8s:enc:\w+:v\d:[^:]+:/.exec(value)?.[0] ?? value.slice(0, 8);

async function serverOver(store: Store, encryption: Encryption) {
  const server = await testServer({ store: encryption.over(store), healthChecks: encryption.checks });
  return { ...server, stop: async () => (await server.stop(), encryption.close()) };
}

async function rewritten(store: Store): Promise<void> {
  const [old, next, at] = [key(), key(), '/registry/secrets/default/s'];
  const aescbc = (...keys: [string, string][]) => ({ aescbc: { keys: keys.map(([name, secret]) => ({ name, secret })) } });
  const first = await serverOver(store, await openEncryption({ file: configuration('first.json', [{ resources: ['secrets', 'things.example.com'], providers: [aescbc(['old', old]), { identity: {} }] }]), reload: false, surroundings }));
  await first.kubectl('create secret generic s --from-literal=word=sesame');
  await first.kubectl('create configmap c --from-literal=word=sesame');
  await first.stop();
  assert.equal(headOf(await text(store, at)), 'k8s:enc:aescbc:v1:old:');
  assert.doesNotMatch(await text(store, at), /c2VzYW1l|sesame/);
  assert.match(await text(store, '/registry/configmaps/default/c'), /sesame/);

  const second = await serverOver(store, await openEncryption({ file: configuration('second.json', [{ resources: ['secrets'], providers: [aescbc(['new', next], ['old', old])] }]), reload: false, surroundings }));
  const read = async (): Promise<string> => Buffer.from((await second.kubectl('get secret s -o jsonpath={.data.word}')).stdout, 'base64').toString();
  assert.equal(await read(), 'sesame');
  // An update that changes nothing brings the value under the present key.
  const secret = (await second.kubectl('get secret s -o json')).stdout;
  assert.equal((await second.kubectl('replace -f -', secret)).code, 0);
  assert.equal(headOf(await text(store, at)), 'k8s:enc:aescbc:v1:new:');
  assert.equal(await read(), 'sesame');
  await second.stop();

  const third = await serverOver(store, await openEncryption({ file: configuration('third.json', [{ resources: ['secrets'], providers: [aescbc(['lost', key()])] }]), reload: false, surroundings }));
  const refused = await third.kubectl('get secret s');
  assert.match(refused.stderr, /Internal error occurred: unable to transform key "\/registry\/secrets\/default\/s": no matching key was found for the provided AES transformer/);
  assert.equal((await third.kubectl('get configmap c')).code, 0);
  await third.stop();
}

test('embedded store: values are enciphered, keys change, an update without a change rewrites', async () => {
  const store = await embeddedStore({ folder: join(folder, 'data'), surroundings });
  try {
    await rewritten(store);
  } finally {
    await store.close();
  }
});

test('the same in etcd', { skip: skipWithoutEtcd }, async () => {
  const etcd = await startEtcd();
  const store = await etcdStore({ endpoints: etcd.endpoints, surroundings });
  try {
    await rewritten(store);
  } finally {
    await store.close();
    await etcd.stop();
  }
});

/** A plugin whose cipher is XOR, and whose key may change. */
async function startPlugin(socket: string) {
  const state = { keyId: 'key-1', healthz: 'ok', encrypts: 0, decrypts: 0 };
  const fields = (bytes: Buffer): Map<number, Buffer> => {
    const reader = new ProtobufReader(bytes);
    const out = new Map<number, Buffer>();
    while (!reader.done) out.set(reader.uint32() >>> 3, Buffer.from(reader.bytes()));
    return out;
  };
  const message = (...values: readonly (Uint8Array | string)[]): Buffer => {
    const writer = new ProtobufWriter();
    [...values.entries()].reverse().forEach(([i, value]) => {
      writer.bytes(Buffer.from(value as string));
      writer.tag(i + 1, WireType.bytes);
    });
    return writer.finish();
  };
  const xor = (bytes: Buffer): Buffer => Buffer.from(bytes.map((b) => b ^ 0x5a));
  const server = new Server();
  const raw = (bytes: Buffer): Buffer => bytes;
  const method = (name: string, handler: (request: Map<number, Buffer>) => Buffer) => ({
    definition: { path: `/v2.KeyManagementService/${name}`, requestStream: false, responseStream: false, requestSerialize: raw, requestDeserialize: raw, responseSerialize: raw, responseDeserialize: raw } as const,
    handler: (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => answer(null, handler(fields(call.request))),
  });
  const methods = {
    Status: method('Status', () => message('v2', state.healthz, state.keyId)),
    Encrypt: method('Encrypt', (request) => (state.encrypts++, message(xor(request.get(1)!), state.keyId))),
    Decrypt: method('Decrypt', (request) => (state.decrypts++, message(xor(request.get(1)!)))),
  };
  server.addService(
    Object.fromEntries(Object.entries(methods).map(([name, { definition }]) => [name, definition])),
    Object.fromEntries(Object.entries(methods).map(([name, { handler }]) => [name, handler])),
  );
  await new Promise<void>((resolve, reject) => server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())));
  return { state, stop: () => server.forceShutdown() };
}

test('a key management plugin: one call for many writes, its health in /readyz, another key makes values out of date', async () => {
  const socket = join(folder, 'kms.sock');
  const plugin = await startPlugin(socket);
  const store = await embeddedStore({ folder: join(folder, 'kms'), surroundings });
  const file = configuration('kms.json', [{ resources: ['secrets'], providers: [{ kms: { apiVersion: 'v2', name: 'vault', endpoint: `unix://${socket}` } }] }]);
  const open = () => openEncryption({ file, reload: false, surroundings });
  try {
    const first = await serverOver(store, await open());
    for (const name of ['a', 'b', 'c']) assert.equal((await first.kubectl(`create secret generic ${name} --from-literal=word=sesame`)).code, 0);
    assert.equal((await first.kubectl('get --raw /readyz/kms-providers')).stdout, 'ok');
    await first.stop();
    assert.equal(headOf(await text(store, '/registry/secrets/default/a')), 'k8s:enc:kms:v2:vault:');
    assert.deepEqual([plugin.state.encrypts, plugin.state.decrypts], [1, 0]);

    plugin.state.keyId = 'key-2';
    const second = await serverOver(store, await open());
    assert.equal((await second.kubectl('get secret b -o jsonpath={.data.word}')).stdout, Buffer.from('sesame').toString('base64'));
    assert.equal(plugin.state.decrypts, 1, 'all values have one key');
    const before = await text(store, '/registry/secrets/default/a');
    await second.kubectl('replace -f -', (await second.kubectl('get secret a -o json')).stdout);
    assert.notEqual(await text(store, '/registry/secrets/default/a'), before);
    await second.stop();

    plugin.state.healthz = 'sealed';
    const third = await serverOver(store, await open());
    assert.match((await third.kubectl('get --raw /readyz')).stderr, /kms-providers failed/);
    await third.stop();
  } finally {
    await store.close();
    plugin.stop();
  }
});

test('with automatic reload another file counts at once; one with a mistake does not', async () => {
  const store = await embeddedStore({ folder: join(folder, 'reload'), surroundings });
  const [one, two] = [key(), key()];
  const gcm = (...keys: [string, string][]) => [{ resources: ['*.*'], providers: [{ aesgcm: { keys: keys.map(([name, secret]) => ({ name, secret })) } }, { identity: {} }] }];
  const file = configuration('reload.json', gcm(['one', one]));
  const server = await serverOver(store, await openEncryption({ file, reload: true, surroundings }));
  try {
    await server.kubectl('create configmap a --from-literal=x=y');
    assert.equal(headOf(await text(store, '/registry/configmaps/default/a')), 'k8s:enc:aesgcm:v1:one:');
    writeFileSync(file, '{"kind":"Nonsense"}');
    configuration('reload.json', gcm(['two', two], ['one', one]));
    await eventually(async () => {
      await server.kubectl('annotate configmap a --overwrite now='.concat(String(systemRandom.next())));
      return headOf(await text(store, '/registry/configmaps/default/a')) === 'k8s:enc:aesgcm:v1:two:' || undefined;
    }, 'the new key');
  } finally {
    await server.stop();
    await store.close();
  }
});
