import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, request as httpsRequest, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { createAuthority, issue } from '../../src/wire/certificates.ts';
import { eventually, testServer, type Result, type TestServer } from '../apiserver.ts';

// Everything by which a cluster is extended, at once: a custom resource of two versions with defaults, rules and a conversion webhook,
// webhooks and a policy that change and refuse it, and an API server of its own behind the aggregator, which they judge too.

interface Thing {
  apiVersion: string;
  kind: string;
  metadata: Record<string, unknown> & { labels?: Record<string, string> };
  spec: { size?: string; width?: number; height?: number; tags?: string[] };
}
interface Review {
  readonly uid: string;
  readonly operation: string;
  readonly name?: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly object: Thing;
  readonly userInfo: { readonly username: string };
}

let server: TestServer;
let hooks: Server;
let notes: ChildProcess;
let notesPort = 0;
const reviews: Review[] = [];
let conversions = 0;

/** v1 says `size: 3x4`, v2 says width and height. */
function convert(thing: Thing, wanted: string): Thing {
  const { spec } = thing;
  const out = { ...thing, apiVersion: wanted };
  if (wanted.endsWith('/v2')) {
    const [width, height] = (spec.size ?? '').split('x').map(Number);
    return { ...out, spec: { width: width ?? 0, height: height ?? 0, ...(spec.tags ? { tags: spec.tags } : {}) } };
  }
  return { ...out, spec: { size: `${spec.width}x${spec.height}`, ...(spec.tags ? { tags: spec.tags } : {}) } };
}

const answers: Record<string, (body: { request: Review & { objects: Thing[]; desiredAPIVersion: string } }) => object> = {
  '/convert': ({ request }) => {
    conversions++;
    return { kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1', response: { uid: request.uid, convertedObjects: request.objects.map((o) => convert(o, request.desiredAPIVersion)), result: { status: 'Success' } } };
  },
  '/mutate': ({ request }) => {
    reviews.push(request);
    const patch = [{ op: 'add', path: '/spec/tags/-', value: `by ${request.userInfo.username} as ${request.kind.version}` }];
    return { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: request.uid, allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') } };
  },
  '/validate': ({ request }) => ({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: request.uid, allowed: request.object.spec.width !== 13, status: { message: 'thirteen is no width' } } }),
};

async function startHooks(): Promise<number> {
  const credential = await issue(server.authority, { commonName: 'hooks', ipAddresses: ['127.0.0.1'], usages: ['server'] });
  hooks = createServer({ cert: credential.certPem, key: credential.keyPem }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answers[new URL(request.url!, 'https://x').pathname]!(JSON.parse(Buffer.concat(chunks).toString()))));
    });
  });
  await new Promise<void>((resolve) => hooks.listen(0, '127.0.0.1', resolve));
  return (hooks.address() as AddressInfo).port;
}

/** The sample in `examples/`, a process of its own that knows the cluster by a kubeconfig. */
async function startNotes(): Promise<number> {
  const credential = await issue(server.authority, { commonName: 'notes', dnsNames: ['notes.default.svc'], usages: ['server'] });
  const at = (name: string, text: string): string => {
    const file = join(server.folder, name);
    writeFileSync(file, text);
    return file;
  };
  const kubeconfig = server.kubeconfig('notes', { 'client-certificate-data': Buffer.from(server.admin.certPem).toString('base64'), 'client-key-data': Buffer.from(server.admin.keyPem).toString('base64') });
  const flags = ['--kubeconfig', kubeconfig, '--host', '127.0.0.1', '--port', '0', '--tls-cert-file', at('notes.crt', credential.certPem), '--tls-private-key-file', at('notes.key', credential.keyPem)];
  notes = spawn(process.execPath, [join(import.meta.dirname, '../../examples/aggregated-server/main.ts'), ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let said = '';
    notes.stdout!.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const found = /served at https:\/\/[\d.]+:(\d+)/.exec(said);
      if (found) resolve(Number(found[1]));
    });
    notes.once('exit', (code) => reject(new Error(`the sample ended with ${code}: ${said}`)));
  });
}

const apply = (object: object, ...flags: string[]): Promise<Result> => server.kubectl(['apply', '-f', '-', ...flags], JSON.stringify(object));

async function must(object: object): Promise<void> {
  const { code, stderr } = await apply(object);
  assert.equal(code, 0, stderr);
}

before(async () => {
  const proxy = await createAuthority({ commonName: 'front-proxy-ca' });
  const proxyClient = await issue(proxy, { commonName: 'front-proxy-client', usages: ['client'] });
  server = await testServer({ frontProxy: { cert: proxyClient.certPem, key: proxyClient.keyPem, authority: proxy.certPem, allowedNames: ['front-proxy-client'] } });
  const [port] = await Promise.all([startHooks(), startNotes().then((found) => (notesPort = found))]);
  const caBundle = Buffer.from(server.authority.certPem).toString('base64');
  const clientConfig = (path: string): object => ({ url: `https://127.0.0.1:${port}${path}`, caBundle });
  const tags = { type: 'array', items: { type: 'string' }, default: ['defaulted'] };
  const schema = (spec: object): object => ({ openAPIV3Schema: { type: 'object', properties: { spec } } });
  await must({
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com', scope: 'Namespaced', names: { plural: 'things', singular: 'thing', kind: 'Thing' },
      conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig: clientConfig('/convert') } },
      versions: [
        { name: 'v1', served: true, storage: false, schema: schema({ type: 'object', properties: { size: { type: 'string', pattern: '^[0-9]+x[0-9]+$' }, tags } }) },
        {
          name: 'v2', served: true, storage: true,
          schema: schema({ type: 'object', required: ['width'], properties: { width: { type: 'integer' }, height: { type: 'integer', default: 7 }, tags }, 'x-kubernetes-validations': [{ rule: 'self.width <= self.height', message: 'wider than high' }] }),
        },
      ],
    },
  });
  const webhook = (path: string, rules: object[]): object => ({ name: `${path.slice(1)}.example.com`, admissionReviewVersions: ['v1'], sideEffects: 'None', clientConfig: clientConfig(path), rules });
  const ofThings = (...operations: string[]): object => ({ operations, apiGroups: ['example.com'], apiVersions: ['v2'], resources: ['things'] });
  await must({ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration', metadata: { name: 'm' }, webhooks: [webhook('/mutate', [ofThings('CREATE')])] });
  await must({ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata: { name: 'v' }, webhooks: [webhook('/validate', [ofThings('CREATE', 'UPDATE')])] });
  await must({
    apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy', metadata: { name: 'low' },
    spec: { matchConstraints: { resourceRules: [{ ...ofThings('CREATE', 'UPDATE') }] }, validations: [{ expression: 'object.spec.height < 100', messageExpression: '"too high: " + string(object.spec.height)' }] },
  });
  await must({ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicyBinding', metadata: { name: 'low' }, spec: { policyName: 'low', validationActions: ['Deny'] } });
  await must({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'notes', namespace: 'default' }, spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port: notesPort }] } });
  await must({
    apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: 'v1.notes.example.com' },
    spec: { group: 'notes.example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 15, caBundle, service: { name: 'notes', namespace: 'default', port: notesPort } },
  });
  await server.kubectl('wait --for=condition=Established crd/things.example.com');
  const waited = await server.kubectl('wait --for=condition=Available apiservice/v1.notes.example.com --timeout=30s');
  assert.equal(waited.code, 0, waited.stderr + (await server.kubectl('get apiservice v1.notes.example.com -o yaml')).stdout);
});
after(async () => {
  notes.kill();
  hooks.closeAllConnections();
  hooks.close();
  await server.stop();
});

const thing = (version: string, name: string, spec: object): object => ({ apiVersion: `example.com/${version}`, kind: 'Thing', metadata: { name, namespace: 'default' }, spec });
const specOf = async (resource: string): Promise<unknown> => (JSON.parse((await server.kubectl(['get', resource, '-o', 'json'])).stdout) as Thing).spec;

test('a custom resource passes conversion, defaults, rules, webhooks and a policy, in either version', async () => {
  await must(thing('v2', 'plain', { width: 3 }));
  assert.deepEqual(await specOf('things.v2.example.com/plain'), { width: 3, height: 7, tags: ['defaulted', 'by kubernetes-admin as v2'] });
  assert.deepEqual(await specOf('things.v1.example.com/plain'), { size: '3x7', tags: ['defaulted', 'by kubernetes-admin as v2'] });
  // The webhook asked for v2 only: what comes as v1 is shown to it as v2.
  const before = conversions;
  await must(thing('v1', 'old', { size: '2x5' }));
  assert.ok(conversions > before);
  const review = reviews.at(-1)!;
  assert.deepEqual([review.kind, review.object.spec], [{ group: 'example.com', version: 'v2', kind: 'Thing' }, { width: 2, height: 5, tags: ['defaulted'] }]);
  assert.deepEqual(await specOf('things.v2.example.com/old'), { width: 2, height: 5, tags: ['defaulted', 'by kubernetes-admin as v2'] });
  const refused = async (version: string, spec: object): Promise<string> => (await apply(thing(version, 'bad', spec))).stderr;
  assert.match(await refused('v2', { width: 9 }), /spec: Invalid value: .*wider than high/);
  assert.match(await refused('v1', { size: '9x3' }), /wider than high/);
  assert.match(await refused('v1', { size: 'big' }), /spec\.size in body should match/);
  assert.match(await refused('v2', { width: 13, height: 20 }), /admission webhook "validate\.example\.com" denied the request: thirteen is no width/);
  assert.match(await refused('v1', { size: '5x100' }), /ValidatingAdmissionPolicy 'low' with binding 'low' denied request: too high: 100/);
});

/** The first so many events since the sample began. */
function events(count: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const path = '/apis/notes.example.com/v1/namespaces/default/notes?watch=true&resourceVersion=1';
    httpsRequest(`${server.api.url}${path}`, { ca: server.authority.certPem, cert: server.admin.certPem, key: server.admin.keyPem, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const lines = text.split('\n').slice(0, -1);
        if (lines.length < count) return;
        resolve(lines.map((line) => JSON.parse(line) as { type: string; object: Thing }).map(({ type, object }) => `${type} ${String(object.metadata['name'])}`));
        response.destroy();
      });
      response.on('error', () => {});
    }).on('error', reject).end();
  });
}

test('the sample is part of the API: discovery, tables, explain, apply, watch, selectors', async () => {
  assert.match((await server.kubectl('api-resources --api-group=notes.example.com')).stdout, /notes +nt +notes.example.com\/v1 +true +Note/);
  assert.match((await server.kubectl('explain notes.spec')).stdout, /text\s+<string>\n\s+The text\./);
  const note = (name: string, text: string, labels: Record<string, string> = {}): object => ({ apiVersion: 'notes.example.com/v1', kind: 'Note', metadata: { name, namespace: 'default', labels }, spec: { text } });
  assert.equal((await apply(note('first', 'hello', { a: 'b' }))).stdout, 'note.notes.example.com/first created\n');
  assert.equal((await apply(note('first', 'hello again', { a: 'b' }))).stdout, 'note.notes.example.com/first configured\n');
  assert.equal((await apply(note('second', 'other'))).code, 0);
  assert.match((await server.kubectl('get nt')).stdout, /NAME +TEXT +AGE\nfirst +hello again +\S+\nsecond +other/);
  assert.match((await server.kubectl('get notes -l a=b -o name')).stdout, /^note\.notes\.example\.com\/first\n$/);
  assert.equal((await server.kubectl('delete note second')).code, 0);
  assert.match((await server.kubectl('get note second')).stderr, /Error from server \(NotFound\): notes\.notes\.example\.com "second" not found/);
  assert.deepEqual(await events(4), ['ADDED first', 'MODIFIED first', 'ADDED second', 'DELETED second']);
});

test('the extension server knows who asks, and asks the cluster what they may', async () => {
  const jane = await server.as({ name: 'jane', groups: ['readers'] });
  assert.match((await jane('get notes')).stderr, /notes\.notes\.example\.com is forbidden: User "jane" cannot list resource "notes" in API group "notes\.example\.com" in the namespace "default"/);
  await server.kubectl('create role readers --verb=get,list --resource=notes.notes.example.com,notes.notes.example.com/talk');
  await server.kubectl('create rolebinding readers --role=readers --group=readers');
  await eventually(async () => (await jane('get notes -o name')).stdout.includes('note.notes.example.com/first') || undefined, 'jane to be allowed', 30);
  // Whoever claims to be somebody else without being the front proxy is not believed.
  const claimed = await new Promise<number>((resolve, reject) => {
    httpsRequest(`https://127.0.0.1:${notesPort}/apis/notes.example.com/v1/namespaces/default/notes`, { ca: server.authority.certPem, servername: 'notes.default.svc', headers: { 'x-remote-user': 'kubernetes-admin', 'x-remote-group': 'system:masters' } }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    }).on('error', reject).end();
  });
  assert.equal(claimed, 403);
});

test('a connection is upgraded through the aggregator', async () => {
  const talk = (name: string): Promise<string> => new Promise((resolve, reject) => {
    const socket = new WebSocket(`${server.api.url.replace('https', 'wss')}/apis/notes.example.com/v1/namespaces/default/notes/${name}/talk`, ['v1.talk.example.com'], { ca: server.authority.certPem, cert: server.admin.certPem, key: server.admin.keyPem, headers: { 'x-remote-user': 'mallory' } });
    socket.on('open', () => socket.send('hello'));
    socket.on('message', (data: Buffer) => {
      resolve(`${socket.protocol} ${data.toString()}`);
      socket.close();
    });
    socket.on('error', reject);
  });
  assert.equal(await talk('first'), 'v1.talk.example.com first hears kubernetes-admin: hello');
  await assert.rejects(talk('nobody'), /Unexpected server response: 404/);
});

test('an extension server that has gone is said to be unavailable, and everything else goes on', async () => {
  notes.kill();
  await eventually(async () => (await server.kubectl('get apiservice v1.notes.example.com')).stdout.includes('False (FailedDiscoveryCheck)') || undefined, 'the check to fail', 30);
  const message = (await server.kubectl('get apiservice v1.notes.example.com -o jsonpath={.status.conditions[0].message}')).stdout;
  assert.match(message, new RegExp(`^failing or missing response from https://localhost:${notesPort}/apis/notes.example.com/v1: `));
  assert.match((await server.kubectl('get --raw /apis/notes.example.com/v1/namespaces/default/notes')).stderr, /the server is currently unable to handle the request/);
  assert.deepEqual(await specOf('things.v2.example.com/old'), { width: 2, height: 5, tags: ['defaulted', 'by kubernetes-admin as v2'] });
});
