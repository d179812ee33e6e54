import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { issue } from '../../src/wire/certificates.ts';
import { eventually, testServer, type Result, type TestServer } from '../apiserver.ts';

interface Review {
  readonly uid: string;
  readonly operation: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly dryRun: boolean;
  readonly kind: Record<string, string>;
  readonly resource: Record<string, string>;
  readonly subResource?: string;
  readonly userInfo: { readonly username: string };
  readonly object: { metadata: { labels?: Record<string, string>; annotations?: Record<string, string> }; spec?: Record<string, unknown> } | null;
  readonly oldObject: object | null;
  readonly options: object;
}

type Reply = Record<string, unknown>;

let server: TestServer;
let hooks: Server;
let port = 0;
const seen: Record<string, Review[]> = {};
const replies: Record<string, (review: Review) => Reply> = {};
const silent: (() => void)[] = [];

before(async () => {
  server = await testServer();
  const credential = await issue(server.authority, { commonName: 'hooks', ipAddresses: ['127.0.0.1'], dnsNames: ['hook.default.svc'], usages: ['server'] });
  hooks = createServer({ cert: credential.certPem, key: credential.keyPem }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = new URL(request.url!, 'https://x').pathname.slice(1);
      const { request: review } = JSON.parse(Buffer.concat(chunks).toString()) as { request: Review };
      (seen[path] ??= []).push(review);
      if (path === 'silent') return void silent.push(() => response.end());
      if (path === 'broken') return void response.writeHead(500).end('out of order');
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: review.uid, allowed: true, ...replies[path]?.(review) } }));
    });
  });
  await new Promise<void>((resolve) => hooks.listen(0, '127.0.0.1', resolve));
  port = (hooks.address() as AddressInfo).port;
});
after(async () => {
  for (const end of silent) end();
  hooks.closeAllConnections();
  hooks.close();
  await server.stop();
});

const apply = (object: object, ...flags: string[]): Promise<Result> => server.kubectl(['apply', '-f', '-', ...flags], JSON.stringify(object));
const configMap = (name: string, labels: Record<string, string> = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels }, data: { a: 'b' } });
const patch = (...operations: object[]): Reply => ({ patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') });

function hook(name: string, path: string, more: object = {}): object {
  return {
    name: `${name}.example.com`, admissionReviewVersions: ['v1'], sideEffects: 'None',
    clientConfig: { url: `https://127.0.0.1:${port}/${path}`, caBundle: Buffer.from(server.authority.certPem).toString('base64') },
    rules: [{ operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
    objectSelector: { matchLabels: { hook: name } }, ...more,
  };
}

async function configure(kind: 'Mutating' | 'Validating', name: string, ...webhooks: object[]): Promise<void> {
  const result = await apply({ apiVersion: 'admissionregistration.k8s.io/v1', kind: `${kind}WebhookConfiguration`, metadata: { name }, webhooks });
  assert.equal(result.code, 0, result.stderr);
}

test('a validating webhook sees the request and refuses it in its own words', async () => {
  replies['deny'] = (review) => ({ allowed: review.name !== 'bad', status: { code: 403, message: 'no such thing' }, warnings: ['think twice'] });
  await configure('Validating', 'deny', hook('deny', 'deny'));
  const refused = await apply(configMap('bad', { hook: 'deny' }));
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /admission webhook "deny\.example\.com" denied the request: no such thing/);
  assert.match(refused.stderr, /Warning: think twice/);
  const good = await apply(configMap('good', { hook: 'deny' }));
  assert.equal(good.stdout, 'configmap/good created\n');
  const review = seen['deny']![0]!;
  assert.deepEqual([review.operation, review.namespace, review.name, review.userInfo.username, review.dryRun, review.oldObject], ['CREATE', 'default', 'bad', 'kubernetes-admin', false, null]);
  assert.deepEqual(review.options, { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'kubectl-client-side-apply', fieldValidation: 'Strict' });
  assert.deepEqual([review.kind, review.resource], [{ group: '', version: 'v1', kind: 'ConfigMap' }, { group: '', version: 'v1', resource: 'configmaps' }]);
  const before = seen['deny']!.length;
  await apply(configMap('elsewhere'));
  assert.equal(seen['deny']!.length, before, 'its selector does not want it');
});

test('mutating webhooks patch one after the other, and are asked again when they want to', async () => {
  replies['first'] = ({ object }) => (object!.metadata.annotations?.['later'] ? patch({ op: 'add', path: '/metadata/annotations/sawLater', value: 'yes' }) : patch({ op: 'add', path: '/data/first', value: '1' }));
  replies['second'] = () => patch({ op: 'add', path: '/metadata/annotations/later', value: 'x' });
  const selector = { objectSelector: { matchLabels: { hook: 'change' } } };
  await configure('Mutating', 'change', hook('first', 'first', { ...selector, reinvocationPolicy: 'IfNeeded' }), hook('second', 'second', selector));
  assert.equal((await apply(configMap('changed', { hook: 'change' }))).code, 0);
  const made = JSON.parse((await server.kubectl('get configmap changed -o json')).stdout) as { data: object; metadata: { annotations: Record<string, string> } };
  assert.deepEqual(made.data, { a: 'b', first: '1' });
  assert.equal(made.metadata.annotations['later'], 'x');
  assert.equal(made.metadata.annotations['sawLater'], 'yes');
  assert.deepEqual([seen['first']!.length, seen['second']!.length], [2, 1]);
  replies['second'] = () => patch({ op: 'replace', path: '/nothing/there', value: 'x' });
  assert.match((await apply(configMap('unfit', { hook: 'change' }))).stderr, /Internal error occurred: replace operation does not apply: doc is missing path: \/nothing\/there: missing value/);
});

test('failures follow the policy', async () => {
  await configure('Validating', 'failing',
    hook('down', 'x', { clientConfig: { url: 'https://127.0.0.1:1/x' } }), hook('broken', 'broken'), hook('silent', 'silent', { timeoutSeconds: 1 }),
    hook('lenient', 'broken', { failurePolicy: 'Ignore' }), hook('stranger', 'x', { clientConfig: { url: `https://127.0.0.1:${port}/x` } }),
    hook('gone', 'x', { clientConfig: { service: { namespace: 'default', name: 'gone', path: '/x' } } }), hook('sides', 'sides', { sideEffects: 'NoneOnDryRun' }));
  const failure = async (name: string): Promise<string> => (await apply(configMap(`f-${name}`, { hook: name }))).stderr;
  assert.match(await failure('down'), /Error from server \(InternalError\): .*Internal error occurred: failed calling webhook "down\.example\.com": failed to call webhook: Post "https:\/\/127\.0\.0\.1:1\/x\?timeout=10s": dial tcp 127\.0\.0\.1:1: connect: connection refused/s);
  assert.match(await failure('broken'), /failed to call webhook: an error on the server \("out of order"\) has prevented the request from succeeding/);
  assert.match(await failure('silent'), /failed to call webhook: Post "https:\/\/127\.0\.0\.1:\d+\/silent\?timeout=1s": context deadline exceeded/);
  assert.match(await failure('stranger'), /x509: certificate signed by unknown authority/);
  assert.match(await failure('gone'), /Post "https:\/\/gone\.default\.svc:443\/x\?timeout=10s": service "gone" not found/);
  assert.equal(await failure('lenient'), '');
  assert.equal((await apply(configMap('dry', { hook: 'sides' }), '--dry-run=server')).code, 0);
  assert.equal(seen['sides']![0]!.dryRun, true);
});

test('a webhook behind a service, for deletes, scales and other versions', async () => {
  await apply({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'hook', namespace: 'default' }, spec: { type: 'ExternalName', externalName: 'localhost' } });
  await configure('Validating', 'service', hook('service', 'service', {
    clientConfig: { service: { namespace: 'default', name: 'hook', path: '/service', port }, caBundle: Buffer.from(server.authority.certPem).toString('base64') }, objectSelector: {},
    rules: [
      { operations: ['DELETE'], apiGroups: [''], apiVersions: ['*'], resources: ['configmaps'] }, { operations: ['UPDATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments/scale'] },
      { operations: ['CREATE'], apiGroups: ['autoscaling'], apiVersions: ['v1'], resources: ['horizontalpodautoscalers'] },
    ],
  }));
  await apply(configMap('victim'));
  replies['service'] = ({ operation }) => ({ allowed: operation !== 'DELETE' });
  assert.match((await server.kubectl('delete configmap victim')).stderr, /admission webhook "service\.example\.com" denied the request without explanation/);
  assert.equal(seen['service']![0]!.object, null);
  assert.ok(seen['service']![0]!.oldObject);
  await server.kubectl('create deployment web --image=nginx');
  assert.equal((await server.kubectl('scale deployment web --replicas=3')).code, 0);
  const scale = seen['service']!.at(-1)!;
  assert.deepEqual([scale.kind, scale.subResource, scale.object!.spec], [{ group: 'autoscaling', version: 'v1', kind: 'Scale' }, 'scale', { replicas: 3 }]);
  assert.equal((await server.kubectl('autoscale deployment web --max=5 --cpu=50%')).code, 0);
  const scaler = seen['service']!.at(-1)!;
  assert.deepEqual([scaler.kind['version'], scaler.object!.spec!['targetCPUUtilizationPercentage']], ['v1', 50]);
  await server.kubectl('delete validatingwebhookconfiguration service');
  await eventually(async () => (await server.kubectl('delete configmap victim --ignore-not-found')).code === 0 || undefined, 'the webhook to be forgotten');
});

test('match conditions decide before anybody is asked', async () => {
  const conditions = (...expressions: string[]): object => ({ matchConditions: expressions.map((expression, i) => ({ name: `c${i}`, expression })) });
  await configure('Validating', 'conditions',
    hook('picky', 'picky', conditions("request.operation == 'CREATE'", "object.metadata.name.startsWith('pick')", 'oldObject == null')),
    hook('wrong', 'picky', conditions('object.spec.nothing == 1')), hook('unsure', 'picky', { ...conditions('object.spec.nothing == 1'), failurePolicy: 'Ignore' }));
  assert.equal((await apply(configMap('other', { hook: 'picky' }))).code, 0);
  assert.equal(seen['picky'], undefined);
  assert.equal((await apply(configMap('picked', { hook: 'picky' }))).code, 0);
  assert.equal(seen['picky']!.length, 1);
  assert.match((await apply(configMap('w', { hook: 'wrong' }))).stderr, /configmaps "w" is forbidden: expression 'object\.spec\.nothing == 1' resulted in error: no such key: spec/);
  assert.equal((await apply(configMap('u', { hook: 'unsure' }))).code, 0);
  assert.equal(seen['picky']!.length, 1);
  const bad = await apply({ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata: { name: 'bad' }, webhooks: [hook('bad', 'picky', conditions('object.'))] });
  assert.match(bad.stderr, /ValidatingWebhookConfiguration "bad" is invalid: webhooks\[0\]\.matchConditions\[0\]\.expression: Invalid value: "object\.": compilation failed: /);
});

test('metrics say how often webhooks were asked, refused, failed and were passed over', async () => {
  const text = (await server.kubectl('get --raw /metrics')).stdout;
  const prefix = 'apiserver_admission_webhook_';
  for (const line of [
    `${prefix}request_total{name="deny.example.com",type="validating",operation="CREATE",code="403",rejected="true"} 1`, `${prefix}request_total{name="deny.example.com",type="validating",operation="CREATE",code="200",rejected="false"} 1`,
    `${prefix}rejection_count{name="deny.example.com",type="validating",operation="CREATE",error_type="no_error",rejection_code="403"} 1`,
    `${prefix}rejection_count{name="down.example.com",type="validating",operation="CREATE",error_type="calling_webhook_error",rejection_code="400"} 1`,
    `${prefix}fail_open_count{name="lenient.example.com",type="validating"} 1`,
  ]) assert.ok(text.includes(`${line}\n`), line);
  assert.match(text, /apiserver_admission_webhook_admission_duration_seconds_count\{name="first\.example\.com",type="admit",operation="CREATE",rejected="false"\} [1-9]/);
  assert.match(text, /apiserver_admission_controller_admission_duration_seconds_count\{name="ValidatingAdmissionWebhook",type="validate",operation="CREATE",rejected="true"\} [1-9]/);
  assert.match(text, /apiserver_admission_step_admission_duration_seconds_bucket\{type="admit",operation="CREATE",rejected="false",le="0\.005"\} \d+/);
});
