import assert from 'node:assert/strict';
import { readdirSync, readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, surroundings, testServer, type TestServer } from '../apiserver.ts';
import { call, send } from '../http.ts';
import { issue } from '../../src/wire/certificates.ts';
import { LogFile } from '../../src/apiserver/audit/log.ts';
import { parsePolicy } from '../../src/apiserver/audit/policy.ts';

interface Event {
  readonly [field: string]: unknown;
  readonly level: string;
  readonly auditID: string;
  readonly stage: string;
  readonly requestURI: string;
  readonly responseStatus?: Record<string, unknown>;
  readonly annotations?: Record<string, string>;
  readonly requestObject?: Record<string, unknown>;
  readonly responseObject?: Record<string, unknown>;
}

const policy = `
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: None
  nonResourceURLs: ["/healthz*", "/readyz*", "/livez*"]
- level: RequestResponse
  omitManagedFields: true
  resources: [{group: "", resources: ["configmaps", "pods", "namespaces"]}, {group: apps, resources: ["*"]}]
- level: Request
  omitStages: ["RequestReceived"]
  resources: [{group: "", resources: ["secrets"], resourceNames: ["one"]}]
- level: Metadata
`;
const folder = mkdtempSync(join(tmpdir(), 'k7s-audit-'));
const file = join(folder, 'audit.log');
const configmaps = '/api/v1/namespaces/default/configmaps';
let server: TestServer;

const readEvents = (path: string): Event[] => readFileSync(path, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as Event);
/** All events of the request that the answer belongs to, once it is complete. */
async function eventsOf(id: string | string[] | undefined, last = 'ResponseComplete'): Promise<Event[]> {
  return eventually(() => {
    const found = readEvents(file).filter((event) => event.auditID === id);
    return found.some((event) => event.stage === last) ? found : undefined;
  }, 'the events');
}

before(async () => {
  server = await testServer({ tokenFile: 'root,root,root,"system:masters"\nbob,bob,b', audit: { policy, log: { path: file } } });
  await call(server.api.url, { path: '/api/v1/namespaces/default/serviceaccounts', method: 'POST', token: 'root', body: JSON.stringify({ metadata: { name: 'default' } }) });
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const root = (path: string, method = 'GET', body?: unknown, headers: Record<string, string> = {}) =>
  call(server.api.url, { path, method, token: 'root', headers: { 'user-agent': 'test/1', ...headers }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
const user = { username: 'root', uid: 'root', groups: ['system:masters', 'system:authenticated'] };
const allowed = { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' };

void test('a create: what was asked with its defaults, what was answered, without managed fields', async () => {
  const answer = await root(configmaps, 'POST', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: '1' } });
  const [received, complete, ...more] = await eventsOf(answer.headers['audit-id']);
  assert.equal(more.length, 0);
  const { metadata } = answer.json() as { metadata: Record<string, unknown> };
  assert.ok(metadata['managedFields']);
  const { managedFields: _fields, ...rest } = metadata;
  const first = { kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'RequestResponse', auditID: answer.headers['audit-id'], requestURI: configmaps, verb: 'create', user, sourceIPs: ['127.0.0.1'], userAgent: 'test/1' };
  const { requestReceivedTimestamp, stageTimestamp, ...head } = received!;
  assert.deepEqual(head, { ...first, stage: 'RequestReceived', objectRef: { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' } });
  assert.match(String(requestReceivedTimestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  assert.equal(stageTimestamp, requestReceivedTimestamp);
  const { requestReceivedTimestamp: _received, stageTimestamp: _stage, ...tail } = complete!;
  assert.deepEqual(tail, {
    ...first, stage: 'ResponseComplete', objectRef: { resource: 'configmaps', namespace: 'default', name: 'a', apiVersion: 'v1' }, responseStatus: { metadata: {}, code: 201 },
    requestObject: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' }, data: { x: '1' } },
    responseObject: { kind: 'ConfigMap', apiVersion: 'v1', metadata: rest, data: { x: '1' } }, annotations: allowed,
  });
  const deployment = await root('/apis/apps/v1/namespaces/default/deployments', 'POST', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } });
  const made = (await eventsOf(deployment.headers['audit-id'])).at(-1)!;
  assert.equal((made.requestObject!['spec'] as { replicas: number }).replicas, 1, 'defaults are in it');
});

void test('patches, deletions, failures and tables', async () => {
  const patch = await root(`${configmaps}/a`, 'PATCH', { data: { y: '2' } }, { 'content-type': 'application/merge-patch+json' });
  const patched = (await eventsOf(patch.headers['audit-id'])).at(-1)!;
  assert.deepEqual([patched.requestObject, patched.responseObject?.['data']], [{ data: { y: '2' } }, { x: '1', y: '2' }]);

  const missing = await root(`${configmaps}/nothere`);
  const failed = (await eventsOf(missing.headers['audit-id'])).at(-1)!;
  const status = { metadata: {}, status: 'Failure', message: 'configmaps "nothere" not found', reason: 'NotFound', details: { name: 'nothere', kind: 'configmaps' }, code: 404 };
  assert.deepEqual(failed.responseStatus, status);
  assert.deepEqual(failed.responseObject, { kind: 'Status', apiVersion: 'v1', ...status });

  const table = await root(`${configmaps}?limit=1`, 'GET', undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  const listed = (await eventsOf(table.headers['audit-id'])).at(-1)!;
  assert.equal(listed.responseObject?.['kind'], 'Table');
  assert.ok(!JSON.stringify(listed.responseObject).includes('managedFields'));

  const removed = await root(`${configmaps}/a`, 'DELETE', { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 });
  const deletion = (await eventsOf(removed.headers['audit-id'])).at(-1)!;
  assert.deepEqual(deletion.requestObject, { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/__internal', gracePeriodSeconds: 0 });
  assert.deepEqual([deletion.responseStatus?.['status'], deletion.responseStatus?.['code'], (deletion.responseStatus?.['details'] as { name: string } | undefined)?.name], ['Success', 200, 'a']);
});

void test('answers in protobuf are shown as objects', async () => {
  const answer = await root('/api/v1/namespaces/default', 'GET', undefined, { accept: 'application/vnd.kubernetes.protobuf' });
  assert.equal(answer.status, 200);
  const event = (await eventsOf(answer.headers['audit-id'])).at(-1)!;
  assert.equal(event.responseObject?.['kind'], 'Namespace');
  assert.equal((event.responseObject?.['metadata'] as { name: string } | undefined)?.name, 'default');
});

void test('a watch says when it began', async () => {
  const answer = await root(`${configmaps}?watch=1&timeoutSeconds=1`);
  const events = await eventsOf(answer.headers['audit-id']);
  assert.deepEqual(events.map((event) => [event.stage, event.responseStatus]), [['RequestReceived', undefined], ['ResponseStarted', { metadata: {}, code: 200 }], ['ResponseComplete', { metadata: {}, code: 200 }]]);
});

void test('who may not, who is somebody else, and who is nobody', async () => {
  const denied = await call(server.api.url, { path: '/version', token: 'bob', headers: { 'audit-id': 'my-id' } });
  assert.equal(denied.headers['audit-id'], 'my-id');
  const version = (await eventsOf('my-id')).at(-1)!;
  assert.match(version.annotations?.['authorization.k8s.io/reason'] ?? '', /^RBAC: allowed by ClusterRoleBinding "(system:[a-z-]+)" of ClusterRole "\1" to Group "system:authenticated"$/);
  const as = await root('/api/v1/namespaces/default/secrets', 'GET', undefined, { 'impersonate-user': 'alice', 'impersonate-group': 'g' });
  assert.equal(as.status, 403);
  const events = await eventsOf(as.headers['audit-id']);
  assert.deepEqual(events[0]?.['impersonatedUser'], undefined);
  assert.deepEqual([events[1]?.['impersonatedUser'], events[1]?.['user'], events[1]?.annotations?.['authorization.k8s.io/decision'], events[1]?.responseObject], [{ username: 'alice', groups: ['g', 'system:authenticated'] }, user, 'forbid', undefined]);
  const wrong = await call(server.api.url, { path: '/api/v1/nodes', token: 'wrong' });
  const nobody = await eventsOf(wrong.headers['audit-id'], 'ResponseStarted');
  assert.deepEqual(nobody.map((event) => [event.stage, event['user'], event.responseStatus]), [['ResponseStarted', {}, { metadata: {}, status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 }]]);
});

void test('rules: the first that fits; resource names; omitted stages; None', async () => {
  const one = await root('/api/v1/namespaces/default/secrets/one');
  const two = await root('/api/v1/namespaces/default/secrets/two');
  assert.deepEqual((await eventsOf(one.headers['audit-id'])).map((event) => [event.level, event.stage]), [['Request', 'ResponseComplete']]);
  assert.deepEqual((await eventsOf(two.headers['audit-id'])).map((event) => [event.level, event.stage]), [['Metadata', 'RequestReceived'], ['Metadata', 'ResponseComplete']]);
  const ready = await root('/readyz');
  await eventsOf((await root('/version')).headers['audit-id']);
  assert.ok(ready.headers['audit-id'], 'every answer has one');
  assert.equal(readEvents(file).some((event) => event.auditID === ready.headers['audit-id']), false);
  const metrics = (await root('/metrics')).text;
  assert.match(metrics, /^apiserver_audit_event_total [1-9]/m);
  assert.match(metrics, /^apiserver_audit_level_total\{level="None"\} [1-9]/m);
  for (const [text, why] of [['kind: Policy\napiVersion: audit.k8s.io/v1', /0 rules/], ['kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [{level: Loud}]', /rules\[0\]\.level: Unsupported value: "Loud"/], ['kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [{level: None, nonResourceURLs: [x], namespaces: [y]}]', /must begin with a '\/'.*cannot apply to both/]] as const) assert.throws(() => parsePolicy(text), why);
});

void test('a pod that breaks a standard is annotated with the policy', async () => {
  await root('/api/v1/namespaces/default', 'PATCH', { metadata: { labels: { 'pod-security.kubernetes.io/audit': 'restricted' } } }, { 'content-type': 'application/merge-patch+json' });
  const pod = await root('/api/v1/namespaces/default/pods?dryRun=All', 'POST', { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  assert.equal(pod.status, 201, pod.text);
  const event = (await eventsOf(pod.headers['audit-id'])).at(-1)!;
  assert.equal(event.annotations?.['pod-security.kubernetes.io/enforce-policy'], 'privileged:latest');
  assert.match(event.annotations?.['pod-security.kubernetes.io/audit-violations'] ?? '', /^would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false/);
});

void test('a webhook gets batches, and gets them again when it fails at first', async () => {
  const got: { kind: string; apiVersion: string; items: Event[] }[] = [];
  let failures = 1;
  const hook = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const bad = failures-- > 0;
      if (!bad) got.push(JSON.parse(Buffer.concat(parts).toString()) as (typeof got)[number]);
      response.writeHead(bad ? 500 : 200).end();
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const { port } = hook.address() as AddressInfo;
  const webhook = { server: { server: `http://127.0.0.1:${port}/audit` }, initialBackoffMs: 20, batch: { maxWaitMs: 50 } };
  const other = await testServer({ audit: { policy: 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]', webhook } });
  try {
    const answer = await call(other.api.url, { path: '/version' });
    const list = await eventually(() => got.find(({ items }) => items.some((item) => item.auditID === answer.headers['audit-id'])), 'the batch');
    assert.deepEqual([list.kind, list.apiVersion], ['EventList', 'audit.k8s.io/v1']);
    assert.ok(failures < 0);
  } finally {
    await other.stop();
    hook.close();
  }
});

void test('what webhooks of admission did is annotated', async () => {
  const pair = await issue(server.authority, { commonName: 'hook', ipAddresses: ['127.0.0.1'], usages: ['server'] });
  const hook = createTlsServer({ cert: pair.certPem, key: pair.keyPem }, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { request: { uid } } = JSON.parse(Buffer.concat(parts).toString()) as { request: { uid: string } };
      const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/data', value: { set: 'yes' } }])).toString('base64');
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid, allowed: true, patchType: 'JSONPatch', patch, auditAnnotations: { why: 'because' } } }));
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const clientConfig = (port: number) => ({ url: `https://127.0.0.1:${port}/`, caBundle: Buffer.from(server.authority.certPem).toString('base64') });
  const { port } = hook.address() as AddressInfo;
  const common = { rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }], sideEffects: 'None', admissionReviewVersions: ['v1'], failurePolicy: 'Ignore' };
  const configurations = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
  try {
    const made = await root(configurations, 'POST', { metadata: { name: 'hooks' }, webhooks: [{ ...common, name: 'sets.example.com', clientConfig: clientConfig(port) }, { ...common, name: 'nobody.example.com', clientConfig: clientConfig(1) }] });
    assert.equal(made.status, 201, made.text);
    const answer = await eventually(async () => {
      const tried = await root(`${configmaps}?dryRun=All`, 'POST', { metadata: { name: 'hooked' } });
      return tried.text.includes('"set":"yes"') ? tried : undefined;
    }, 'the webhook to be asked');
    const { annotations } = (await eventsOf(answer.headers['audit-id'])).at(-1)!;
    assert.deepEqual(annotations, {
      ...allowed,
      'failed-open.mutation.webhook.admission.k8s.io/round_0_index_1': 'nobody.example.com',
      'mutation.webhook.admission.k8s.io/round_0_index_0': '{"configuration":"hooks","webhook":"sets.example.com","mutated":true}',
      'mutation.webhook.admission.k8s.io/round_0_index_1': '{"configuration":"hooks","webhook":"nobody.example.com","mutated":false}',
      'patch.webhook.admission.k8s.io/round_0_index_0': '{"configuration":"hooks","webhook":"sets.example.com","patch":[{"op":"add","path":"/data","value":{"set":"yes"}}],"patchType":"JSONPatch"}',
      'sets.example.com/why': 'because',
    });
  } finally {
    await root(`${configurations}/hooks`, 'DELETE');
    hook.close();
  }
});

void test('a client that goes away before its answer', async () => {
  const { request } = send(server.api.url, { path: configmaps, method: 'POST', token: 'root', open: true, headers: { 'audit-id': 'gone', 'content-type': 'application/json', 'content-length': '10' } });
  await eventually(() => readEvents(file).find((event) => event.auditID === 'gone'), 'the first event');
  request.destroy();
  assert.equal((await eventsOf('gone')).at(-1)?.stage, 'ResponseComplete');
});

void test('files are rotated by size, and old ones removed or packed', async () => {
  const path = join(folder, 'rotated.log');
  let time = Date.parse('2025-03-04T05:06:07.008Z');
  const clock = { ...surroundings.clock, now: () => (time += 60_000) };
  const log = new LogFile({ path, maxSizeMb: 1, maxBackups: 2, compress: true }, { ...surroundings, clock });
  const line = `${'x'.repeat(600 * 1024)}\n`;
  for (let i = 0; i < 5; i++) log.write(line);
  log.close();
  const names = await eventually(() => {
    const all = readdirSync(folder).filter((name) => name.startsWith('rotated')).sort();
    return all.length === 3 && all.filter((name) => name.endsWith('.gz')).length === 2 ? all : undefined;
  }, 'the old files');
  assert.match(names[0]!, /^rotated-2025-03-04T05-\d\d-07\.008\.log\.gz$/);
  assert.equal(readFileSync(path, 'utf8'), line);
});
