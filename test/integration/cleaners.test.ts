/** Controllers that take away what nobody needs any more: old tokens, and classes of attributes that nothing names. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { runControllers } from '../../src/controllers/index.ts';
import { eventually, surroundings, testServer, type TestServer } from '../apiserver.ts';

const yearMs = 366 * 24 * 3_600_000;

let server: TestServer;
before(async () => {
  server = await testServer();
});
after(() => server.stop());

async function kubectl(args: string, input?: object): Promise<string> {
  const { code, stdout, stderr } = await server.kubectl(args, input && JSON.stringify(input));
  assert.equal(code, 0, `kubectl ${args}: ${stderr}`);
  return stdout.trim();
}
const create = (object: object): Promise<string> => kubectl('create -f -', object);
const until = (args: string, expected: RegExp): Promise<string> => eventually(async () => {
  const text = await kubectl(args);
  return expected.test(text) ? text : undefined;
}, `${args} to give ${expected}`);

/** Runs one controller, some years from now, while `body` runs. */
async function running(name: string, years: number, body: () => Promise<void>): Promise<void> {
  const over = new AbortController();
  const clock = Object.create(systemClock, { now: { value: () => systemClock.now() + years * yearMs } }) as Clock;
  const ended = runControllers({
    client: server.api.client({ name: 'system:kube-controller-manager', groups: ['system:authenticated'] }),
    clientFor: (account) => server.api.client({ name: `system:serviceaccount:kube-system:${account}`, groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'] }),
    surroundings: { ...surroundings, clock }, signal: over.signal, options: { controllers: [name] },
  });
  try {
    await body();
  } finally {
    over.abort();
    await ended;
  }
}

const cleaner = 'legacy-serviceaccount-token-cleaner-controller';
const labels = 'get secret -l made=here --ignore-not-found -o jsonpath={range.items[*]}{.metadata.name}={.metadata.labels.kubernetes\\.io/legacy-token-invalid-since};{end}';

test('tokens that accounts were given on their own are marked, and later deleted, when nobody uses them', async () => {
  const today = new Date(systemClock.now()).toISOString().slice(0, 10);
  assert.equal(await kubectl('get configmap -n kube-system kube-apiserver-legacy-service-account-token-tracking -o jsonpath={.data.since}'), today);
  for (const [name, extra] of [['unused', {}], ['mounted', {}], ['unlisted', {}], ['recent', { 'kubernetes.io/legacy-token-last-used': new Date(systemClock.now() + 1.5 * yearMs).toISOString().slice(0, 10) }]] as const) {
    await create({ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/service-account-token', metadata: { name, labels: { made: 'here', ...extra }, annotations: { 'kubernetes.io/service-account.name': 'robot' } } });
  }
  await create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' }, secrets: ['unused', 'mounted', 'recent'].map((name) => ({ name })) });
  await create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'user' }, spec: { serviceAccountName: 'robot', containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', secret: { secretName: 'mounted' } }] } });
  // Not long enough ago, whatever the label says.
  await running(cleaner, 0, async () => void (await until(labels, /unused=;/)));
  await running(cleaner, 2, async () => {
    const marked = await until(labels, /unused=\d{4}-\d\d-\d\d;/);
    assert.match(marked, /^mounted=;recent=;unlisted=;unused=/);
  });
  await running(cleaner, 4, async () => {
    assert.match(await until(labels, /^(?!.*unused)/), /^mounted=;recent=\d{4}-\d\d-\d\d;unlisted=;$|^mounted=;recent=;unlisted=;$/);
  });
});

test('a class of attributes stays as long as a claim or a volume names it', async () => {
  const name = 'fast';
  await create({ apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttributesClass', metadata: { name }, driverName: 'a.example.com', parameters: { iops: '1' } });
  assert.equal(await kubectl(`get volumeattributesclass ${name} -o jsonpath={.metadata.finalizers[*]}`), 'kubernetes.io/vac-protection');
  await create({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'c' }, spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'none', volumeAttributesClassName: name, resources: { requests: { storage: '1Gi' } } } });
  await running('volumeattributesclass-protection-controller', 0, async () => {
    await kubectl(`delete volumeattributesclass ${name} --wait=false`);
    // Another one shows that the controller has had its turn.
    await create({ apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttributesClass', metadata: { name: 'free' }, driverName: 'a.example.com', parameters: { iops: '1' } });
    await kubectl('delete volumeattributesclass free');
    assert.match(await kubectl('get volumeattributesclass -o name'), /^volumeattributesclass.storage.k8s.io\/fast$/);
    await kubectl('patch pvc c --type=merge -p {"metadata":{"finalizers":null}}');
    await kubectl('delete pvc c');
    await until('get volumeattributesclass -o name', /^$/);
  });
});
