import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { issue } from '../../src/wire/certificates.ts';
import { testServer, type Result, type TestServer } from '../apiserver.ts';

interface Review {
  readonly uid: string;
  readonly operation: string;
  readonly name?: string;
  readonly subResource?: string;
  readonly kind: Record<string, string>;
  readonly resource: Record<string, string>;
  readonly object: Record<string, unknown>;
  readonly options: unknown;
}

let server: TestServer;
let hooks: Server;
const seen: Review[] = [];

before(async () => {
  server = await testServer({ disabledAdmission: ['ServiceAccount'] });
  const credential = await issue(server.authority, { commonName: 'hooks', ipAddresses: ['127.0.0.1'], usages: ['server'] });
  hooks = createServer({ cert: credential.certPem, key: credential.keyPem }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { request: review } = JSON.parse(Buffer.concat(chunks).toString()) as { request: Review };
      seen.push(review);
      response.setHeader('content-type', 'application/json');
      if (request.url?.startsWith('/turn')) {
        const patch = Buffer.from(JSON.stringify([{ op: 'replace', path: '/container', value: 'b' }])).toString('base64');
        return void response.end(JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: review.uid, allowed: true, patchType: 'JSONPatch', patch } }));
      }
      response.end(JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: review.uid, allowed: review.name !== 'guarded', status: { message: `no ${review.subResource}` } } }));
    });
  });
  await new Promise<void>((resolve) => hooks.listen(0, '127.0.0.1', resolve));
  const rule = (operations: string[], ...resources: string[]): object => ({ operations, apiGroups: [''], apiVersions: ['v1'], resources });
  const made = await apply({
    apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata: { name: 'guard' },
    webhooks: [{
      name: 'guard.example.com', admissionReviewVersions: ['v1'], sideEffects: 'None',
      clientConfig: { url: `https://127.0.0.1:${(hooks.address() as AddressInfo).port}/`, caBundle: Buffer.from(server.authority.certPem).toString('base64') },
      rules: [rule(['CONNECT'], 'pods/exec', 'pods/attach', 'pods/portforward', 'pods/proxy'), rule(['CREATE', 'UPDATE'], 'pods/binding', 'pods/eviction', 'serviceaccounts/token'), rule(['DELETE'], 'pods')],
    }],
  });
  assert.equal(made.code, 0, made.stderr);
  for (const name of ['guarded', 'free']) await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { containers: [{ name: 'a', image: 'i' }] } });
  await server.kubectl('create serviceaccount guarded');
});
after(async () => {
  hooks.closeAllConnections();
  hooks.close();
  await server.stop();
});

const apply = (object: object): Promise<Result> => server.kubectl(['apply', '-f', '-'], JSON.stringify(object));
const post = (path: string, object: object): Promise<Result> => server.kubectl(['create', `--raw=${path}`, '-f', '-'], JSON.stringify(object));
const denied = (what: string): RegExp => new RegExp(`admission webhook "guard.example.com" denied the request: no ${what}`);

test('connections are put to webhooks with what the query asks for', async () => {
  assert.match((await server.kubectl('exec guarded -c a -- ls -l')).stderr, denied('exec'));
  const exec = seen.at(-1)!;
  assert.deepEqual([exec.operation, exec.kind, exec.resource, exec.subResource, exec.options], ['CONNECT', { group: '', version: 'v1', kind: 'PodExecOptions' }, { group: '', version: 'v1', resource: 'pods' }, 'exec', null]);
  assert.deepEqual(exec.object, { kind: 'PodExecOptions', apiVersion: 'v1', stdout: true, stderr: true, container: 'a', command: ['ls', '-l'] });
  assert.match((await server.kubectl('get --raw /api/v1/namespaces/default/pods/guarded/proxy/some/path/')).stderr, denied('proxy'));
  assert.deepEqual(seen.at(-1)!.object, { kind: 'PodProxyOptions', apiVersion: 'v1', path: '/some/path/' });
  assert.match((await server.kubectl('attach guarded')).stderr, denied('attach'));
  assert.match((await server.kubectl('port-forward pod/guarded 0:80')).stderr, /not running|no portforward/);
});

test('bindings, evictions and tokens are put to them once, as what they are', async () => {
  const pod = '/api/v1/namespaces/default/pods';
  const binding = (name: string): object => ({ apiVersion: 'v1', kind: 'Binding', metadata: { name }, target: { kind: 'Node', name: 'n' } });
  assert.match((await post(`${pod}/guarded/binding`, binding('guarded'))).stderr, denied('binding'));
  const before = seen.length;
  assert.equal((await post(`${pod}/free/binding`, binding('free'))).code, 0);
  assert.deepEqual(seen.slice(before).map((r) => [r.operation, r.kind['kind'], r.subResource, r.name]), [['CREATE', 'Binding', 'binding', 'free']]);
  const eviction = (name: string): object => ({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'default' } });
  await server.kubectl('delete pod guarded --grace-period=3 --wait=false');
  assert.deepEqual(seen.at(-1)!.options, { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', gracePeriodSeconds: 3, propagationPolicy: 'Background' });
  assert.match((await post(`${pod}/guarded/eviction`, eviction('guarded'))).stderr, denied('eviction'));
  const earlier = seen.length;
  assert.equal((await post(`${pod}/free/eviction`, eviction('free'))).code, 0);
  assert.deepEqual(seen.slice(earlier).map((r) => [r.operation, r.kind, r.subResource]), [['CREATE', { group: 'policy', version: 'v1', kind: 'Eviction' }, 'eviction']]);
  assert.match((await server.kubectl('create token guarded')).stderr, denied('token'));
  assert.deepEqual(seen.at(-1)!.kind, { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' });
});

test('policies judge them too', async () => {
  await apply({
    apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy', metadata: { name: 'no-shell' },
    spec: { matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CONNECT'], resources: ['pods/exec'] }] }, validations: [{ expression: "!('sh' in object.command)", messageExpression: '"no shell in " + request.name' }] },
  });
  await apply({ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicyBinding', metadata: { name: 'b' }, spec: { policyName: 'no-shell', validationActions: ['Deny'] } });
  await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'other', namespace: 'default' }, spec: { containers: [{ name: 'a', image: 'i' }] } });
  assert.match((await server.kubectl('exec other -- sh')).stderr, /ValidatingAdmissionPolicy 'no-shell' with binding 'b' denied request: no shell in other/);
  assert.doesNotMatch((await server.kubectl('exec other -- ls')).stderr, /denied/);
});

test('what they make of the options is what is done', async () => {
  const made = await apply({
    apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration', metadata: { name: 'turn' },
    webhooks: [{
      name: 'turn.example.com', admissionReviewVersions: ['v1'], sideEffects: 'None', matchConditions: [{ name: 'turned', expression: "request.name == 'turned'" }],
      clientConfig: { url: `https://127.0.0.1:${(hooks.address() as AddressInfo).port}/turn`, caBundle: Buffer.from(server.authority.certPem).toString('base64') },
      rules: [{ operations: ['CONNECT'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods/exec'] }],
    }],
  });
  assert.equal(made.code, 0, made.stderr);
  for (const name of ['turned', 'straight']) await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { nodeName: 'nowhere', containers: [{ name: 'a', image: 'i' }] } });
  const exec = async (name: string): Promise<string> => (await post(`/api/v1/namespaces/default/pods/${name}/exec?container=a&command=ls`, {})).stderr;
  assert.match(await exec('straight'), /pods "nowhere" not found/);
  assert.match(await exec('turned'), /container b is not valid for pod turned/);
});
