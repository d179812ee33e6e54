/** ImagePolicyWebhook: asked about images, remembered, and what happens when it cannot be asked. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, testServer, type TestServer } from '../apiserver.ts';
import { call, type Answer } from '../http.ts';

const folder = mkdtempSync(join(tmpdir(), 'k7s-imagepolicy-'));
const asked: { spec: Record<string, unknown>; [field: string]: unknown }[] = [];
let hook: Server;
let down = false;
const servers: TestServer[] = [];

before(async () => {
  hook = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      if (down) return void response.writeHead(404).end();
      const review = JSON.parse(Buffer.concat(parts).toString()) as (typeof asked)[number];
      asked.push(review);
      const bad = JSON.stringify(review.spec).includes('evil');
      const status = bad ? { allowed: false, reason: 'evil is not nice' } : { allowed: true, auditAnnotations: { seen: 'yes' } };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ...review, status }));
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  for (const server of servers) await server.stop();
  hook.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(imagePolicy: Record<string, unknown>): Promise<TestServer> {
  const kubeConfigFile = join(folder, 'webhook.conf');
  writeFileSync(kubeConfigFile, JSON.stringify({ apiVersion: 'v1', kind: 'Config', 'current-context': 'c', clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/` } }], contexts: [{ name: 'c', context: { cluster: 'c' } }] }));
  const server = await testServer({
    tokenFile: 'root,root,root,"system:masters"', enabledAdmission: ['ImagePolicyWebhook'], disabledAdmission: ['ServiceAccount'],
    admissionConfiguration: new Map([['ImagePolicyWebhook', { imagePolicy: { kubeConfigFile, retryBackoff: 1, ...imagePolicy } }]]),
    audit: { policy: 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]', log: { path: join(folder, 'audit.log') } },
  });
  servers.push(server);
  return server;
}

const create = (server: TestServer, name: string, image: string, annotations: Record<string, string> = {}): Promise<Answer> =>
  call(server.api.url, { path: '/api/v1/namespaces/default/pods', method: 'POST', token: 'root', headers: { 'audit-id': name }, body: JSON.stringify({ metadata: { name, annotations }, spec: { initContainers: [{ name: 'i', image: 'first' }], containers: [{ name: 'c', image }] } }) });

async function annotationsOf(id: string): Promise<Record<string, string>> {
  return eventually(() => {
    const lines = readFileSync(join(folder, 'audit.log'), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as { auditID: string; stage: string; annotations?: Record<string, string> });
    return lines.find((event) => event.auditID === id && event.stage === 'ResponseComplete')?.annotations;
  }, 'the event');
}

void test('a review names images, its own annotations and the namespace; answers are remembered', async () => {
  const server = await start({});
  const good = await create(server, 'good', 'nice:1', { 'x.image-policy.k8s.io/break-glass': 'ticket', other: 'not this' });
  assert.equal(good.status, 201, good.text);
  assert.deepEqual(asked.at(-1), {
    kind: 'ImageReview', apiVersion: 'imagepolicy.k8s.io/v1alpha1', metadata: { creationTimestamp: null },
    spec: { containers: [{ image: 'nice:1' }, { image: 'first' }], annotations: { 'x.image-policy.k8s.io/break-glass': 'ticket' }, namespace: 'default' }, status: { allowed: false },
  });
  assert.equal((await annotationsOf('good'))['imagepolicywebhook.image-policy.k8s.io/seen'], 'yes');
  const before = asked.length;
  assert.equal((await create(server, 'good2', 'nice:1', { 'x.image-policy.k8s.io/break-glass': 'ticket' })).status, 201);
  assert.equal(asked.length, before);
  const bad = await create(server, 'bad', 'evil:1');
  assert.deepEqual([bad.status, (bad.json() as { message: string }).message], [403, 'pods "bad" is forbidden: image policy webhook backend denied one or more images: evil is not nice']);
});

void test('when it cannot be asked defaultAllow decides', async () => {
  down = true;
  try {
    const strict = await create(await start({}), 'strict', 'unknown:1');
    assert.deepEqual([strict.status, (strict.json() as { message: string }).message], [403, 'pods "strict" is forbidden: the server could not find the requested resource']);
    const open = await create(await start({ defaultAllow: true }), 'open', 'unknown:1');
    assert.equal(open.status, 201, open.text);
    assert.equal((open.json() as { metadata: { annotations: Record<string, string> } }).metadata.annotations['alpha.image-policy.k8s.io/failed-open'], 'true');
    assert.equal((await annotationsOf('open'))['imagepolicywebhook.image-policy.k8s.io/failed-open'], 'true');
  } finally {
    down = false;
  }
});

void test('a configuration that is not right ends the start', async () => {
  await assert.rejects(start({ allowTTL: 4000 }), /valid value is between 1s and 30m0s, got 1h6m40s/);
  await assert.rejects(testServer({ enabledAdmission: ['ImagePolicyWebhook'] }), /no config specified/);
});
