/** Where audit events go: what requests wait for, what is cut, what is counted; and where the time of slow requests went. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { AuditConfig } from '../../src/apiserver/audit/audit.ts';
import type { WebhookBackendOptions } from '../../src/apiserver/audit/backends.ts';
import { issue } from '../../src/wire/certificates.ts';
import { eventually, testServer, type TestServer } from '../apiserver.ts';
import { call, send, type Answer } from '../http.ts';

interface Event {
  readonly auditID: string;
  readonly stage: string;
  readonly requestURI: string;
  readonly level: string;
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
  readonly annotations?: Record<string, string>;
}

const folder = mkdtempSync(join(tmpdir(), 'k7s-audit-backends-'));
const toClose: (() => Promise<unknown> | void)[] = [];
after(async () => {
  for (const close of toClose.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

const policy = (level: string, more = ''): string => `apiVersion: audit.k8s.io/v1\nkind: Policy\nomitManagedFields: true\nrules: [{level: ${level}}]\n${more}`;
const configmaps = '/api/v1/namespaces/default/configmaps';

/** A webhook that says what it got, and answers when it is told to. */
interface Hook {
  readonly server: Server;
  readonly got: Event[];
  answer: (events: readonly Event[], respond: (code: number) => void) => void;
}

async function hookServer(): Promise<Hook> {
  const hook: Hook = {
    got: [], answer: (_events, respond) => respond(200),
    server: createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { items } = JSON.parse(Buffer.concat(parts).toString()) as { items: Event[] };
        hook.answer(items, (code) => {
          if (code === 200) hook.got.push(...items);
          response.writeHead(code).end();
        });
      });
    }),
  };
  await new Promise<void>((resolve) => hook.server.listen(0, '127.0.0.1', resolve));
  toClose.push(() => void hook.server.close());
  return hook;
}

async function start(audit: AuditConfig): Promise<TestServer> {
  const server = await testServer({ tokenFile: 'root,root,root,"system:masters"', audit });
  toClose.push(() => server.stop());
  return server;
}

const webhookOf = (hook: Hook, options: Partial<WebhookBackendOptions>): WebhookBackendOptions => ({ server: { server: `http://127.0.0.1:${(hook.server.address() as AddressInfo).port}/` }, initialBackoffMs: 1, ...options });
const root = (server: TestServer, path: string, method = 'GET', body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  call(server.api.url, { path, method, token: 'root', headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
const metric = async (server: TestServer, name: string): Promise<string | undefined> => (await root(server, '/metrics')).text.split('\n').find((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));

void test('blocking: answers end, and watches begin, when their events are stored', async () => {
  const hook = await hookServer();
  const server = await start({ policy: policy('Metadata'), webhook: webhookOf(hook, { mode: 'blocking' }) });
  let release: (() => void) | undefined;
  hook.answer = (events, respond) => {
    if (events.some((event) => event.auditID === 'held' && event.stage === 'ResponseComplete')) release = () => respond(200);
    else respond(200);
  };
  let over = false;
  const { answer } = send(server.api.url, { path: '/version', token: 'root', headers: { 'audit-id': 'held' } });
  void answer.then(() => (over = true));
  await eventually(() => hook.got.find((event) => event.auditID === 'held' && event.stage === 'RequestReceived'), 'the first event');
  await root(server, '/readyz');
  assert.equal(over, false);
  await eventually(() => release, 'the last event');
  release!();
  await answer;
  assert.deepEqual(hook.got.filter((event) => event.auditID === 'held').map((event) => event.stage), ['RequestReceived', 'ResponseComplete']);
  const watch = await root(server, `${configmaps}?watch=1&timeoutSeconds=1`, 'GET', undefined, { 'audit-id': 'watch' });
  assert.equal(watch.status, 200);
  assert.deepEqual(hook.got.filter((event) => event.auditID === 'watch').map((event) => event.stage), ['RequestReceived', 'ResponseStarted', 'ResponseComplete'], 'all are there when the client has its answer');
  // What cannot be stored is no matter.
  hook.answer = (_events, respond) => respond(500);
  assert.equal((await root(server, configmaps)).status, 200);
  assert.match((await metric(server, 'apiserver_audit_error_total')) ?? '', /^apiserver_audit_error_total\{plugin="webhook"\} [1-9]/);
  assert.equal(await metric(server, 'apiserver_audit_requests_rejected_total'), 'apiserver_audit_requests_rejected_total 0');
});

void test('blocking-strict: a request whose first event is not stored is not served', async () => {
  const hook = await hookServer();
  const server = await start({ policy: policy('Metadata'), webhook: webhookOf(hook, { mode: 'blocking-strict' }) });
  hook.answer = (events, respond) => respond(events.some((event) => event.requestURI.startsWith('/version')) ? 500 : 200);
  const refused = await root(server, '/version?a=b');
  assert.deepEqual([refused.status, refused.text], [500, 'Internal Server Error: "/version?a=b": failed to store audit event\n']);
  assert.equal(hook.got.some((event) => event.requestURI.startsWith('/version')), false);
  assert.equal(await metric(server, 'apiserver_audit_requests_rejected_total'), 'apiserver_audit_requests_rejected_total 1');
  assert.equal(await metric(server, 'apiserver_audit_error_total'), 'apiserver_audit_error_total{plugin="webhook"} 1');
  // Once it is served, it is too late.
  hook.answer = (events, respond) => respond(events.some((event) => event.stage === 'ResponseComplete') ? 500 : 200);
  assert.equal((await root(server, configmaps)).status, 200);
});

void test('a buffer that is full loses events, and counts them', async () => {
  const hook = await hookServer();
  const server = await start({ policy: policy('Metadata'), webhook: webhookOf(hook, { mode: 'batch', batch: { bufferSize: 1, maxSize: 2, maxWaitMs: 60_000 } }) });
  await root(server, '/version');
  await root(server, '/version');
  assert.match((await metric(server, 'apiserver_audit_error_total')) ?? '', /^apiserver_audit_error_total\{plugin="buffered"\} [1-9]/);
});

void test('what is too long loses its objects, and is dropped where that is not enough', async () => {
  const path = join(folder, 'short.log');
  const server = await start({ policy: policy('RequestResponse', 'omitStages: [RequestReceived]'), log: { path, mode: 'blocking', truncateBytes: 2000 } });
  const event = (id: string): Event | undefined => readFileSync(path, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as Event).find((one) => one.auditID === id);
  await root(server, configmaps, 'POST', { metadata: { name: 'small' }, data: { a: 'b' } }, { 'audit-id': 'small' });
  await root(server, configmaps, 'POST', { metadata: { name: 'large' }, data: { a: 'b'.repeat(3000) } }, { 'audit-id': 'large' });
  await root(server, `${configmaps}?labelSelector=a!=${'b'.repeat(63)}${',a'.repeat(1000)}`, 'GET', undefined, { 'audit-id': 'long' });
  const large = await eventually(() => event('large'), 'the event');
  assert.deepEqual([large.requestObject, large.responseObject, large.annotations?.['audit.k8s.io/truncated']], [undefined, undefined, 'true']);
  assert.ok(event('small')?.responseObject);
  assert.equal(event('small')?.annotations?.['audit.k8s.io/truncated'], undefined);
  assert.equal(event('long'), undefined);
  assert.equal(await metric(server, 'apiserver_audit_error_total'), 'apiserver_audit_error_total{plugin="truncate"} 1');
});

void test('slow requests say where their time went; patches of webhooks are shown where objects are', async () => {
  const path = join(folder, 'slow.log');
  const server = await start({ policy: `apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata, verbs: [create]}, {level: Request}]`, log: { path } });
  const pair = await issue(server.authority, { commonName: 'hook', ipAddresses: ['127.0.0.1'], usages: ['server'] });
  let delay = 600;
  const patch = Buffer.from('[{"value":{"set":"yes"},"op":"add","path":"/data"}]').toString('base64');
  const hook = createTlsServer({ cert: pair.certPem, key: pair.keyPem }, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => setTimeout(() => {
      const { request: { uid } } = JSON.parse(Buffer.concat(parts).toString()) as { request: { uid: string } };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid, allowed: true, patchType: 'JSONPatch', patch } }));
    }, delay));
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  toClose.push(() => void hook.close());
  const webhook = {
    name: 'sets.example.com', clientConfig: { url: `https://127.0.0.1:${(hook.address() as AddressInfo).port}/`, caBundle: Buffer.from(server.authority.certPem).toString('base64') },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }], sideEffects: 'None', admissionReviewVersions: ['v1'],
  };
  await root(server, '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', 'POST', { metadata: { name: 'hooks' }, webhooks: [webhook] });
  const event = (id: string): Promise<Event> => eventually(() => readFileSync(path, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as Event).find((one) => one.auditID === id), 'the event');
  const made = await root(server, configmaps, 'POST', { metadata: { name: 'slow' } }, { 'audit-id': 'slow' });
  assert.match(made.text, /"set":"yes"/);
  const { annotations: slow = {} } = await event('slow');
  for (const layer of ['total', 'mutating-webhook', 'etcd', 'authentication', 'authorization']) assert.match(slow[`apiserver.latency.k8s.io/${layer}`] ?? '', /^\d+(\.\d+)?(m|µ)?s$/, layer);
  assert.equal(slow['patch.webhook.admission.k8s.io/round_0_index_0'], undefined, 'a rule that leaves objects out leaves their patches out');
  delay = 0;
  await root(server, `${configmaps}/slow`, 'PUT', { metadata: { name: 'slow' } }, { 'audit-id': 'patched' });
  const { annotations: patched = {} } = await event('patched');
  assert.equal(patched['patch.webhook.admission.k8s.io/round_0_index_0'], '{"configuration":"hooks","webhook":"sets.example.com","patch":[{"op":"add","path":"/data","value":{"set":"yes"}}],"patchType":"JSONPatch"}');
  assert.equal(Object.keys(patched).some((key) => key.startsWith('apiserver.latency')), false);
});
