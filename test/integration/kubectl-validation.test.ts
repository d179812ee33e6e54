/** What the real kubectl does with our OpenAPI v2 document, which it asks for as protobuf, and that the ordinary ways of writing work. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run, testServer, type Result, type TestServer } from '../apiserver.ts';
import { realProgram } from '../kubectl.ts';

let server: TestServer;
before(async () => {
  server = await testServer();
});
after(() => server.stop());

const object = (kind: string, name: string, rest: object, apiVersion = 'v1'): object => ({ apiVersion, kind, metadata: { name }, ...rest });
const list = (...items: object[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx', ports: [{ containerPort: 80 }], resources: { requests: { cpu: '100m' } } }] } };
const several = (value: string): string => list(
  object('ConfigMap', 'settings', { data: { value } }),
  object('Service', 'web', { spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] } }),
  object('Deployment', 'web', { spec: { selector: { matchLabels: { app: 'web' } }, template } }, 'apps/v1'),
  object('Role', 'reader', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }, 'rbac.authorization.k8s.io/v1'),
);

function works(result: Result, stdout?: string | RegExp): void {
  assert.equal(result.code, 0, result.stderr);
  assert.doesNotMatch(result.stderr, /error|proto/i);
  if (stdout instanceof RegExp) assert.match(result.stdout, stdout);
  else if (stdout !== undefined) assert.equal(result.stdout, stdout);
}

test('a List of several kinds is validated and applied', async () => {
  works(await server.kubectl('apply -f -', several('1')), 'configmap/settings created\nservice/web created\ndeployment.apps/web created\nrole.rbac.authorization.k8s.io/reader created\n');
  works(await server.kubectl('apply --validate=true -f -', several('2')), 'configmap/settings configured\nservice/web unchanged\ndeployment.apps/web unchanged\nrole.rbac.authorization.k8s.io/reader unchanged\n');
  works(await server.kubectl('create -f -', list(object('ConfigMap', 'a', {}), object('Secret', 'b', { stringData: { c: 'd' } }))), 'configmap/a created\nsecret/b created\n');
});

test('what is wrong in an item of a List is refused', async () => {
  const wrong = list(object('ConfigMap', 'fine', {}), object('Deployment', 'wrong', { spec: { selector: { matchLabels: { app: 'web' } }, template, replicaz: 2 } }, 'apps/v1'));
  const refused = await server.kubectl('apply --validate=true -f -', wrong);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /ValidationError\(Deployment\.spec\): unknown field "replicaz" in io\.k8s\.api\.apps\.v1\.DeploymentSpec/);
});

test('explain reads the document', async () => {
  works(await server.kubectl('explain --output=plaintext-openapiv2 pod.spec'), /^KIND: +Pod\nVERSION: +v1\n\nRESOURCE: spec <Object>[^]*\n   containers\t<\[\]Object> -required-\n/);
  works(await server.kubectl('explain --output=plaintext-openapiv2 deployment.spec.template.spec.containers.resources.limits'), /<map\[string\]/);
});

test('single objects are applied, compared, replaced, edited and strictly created', async () => {
  const map = (value: string): string => JSON.stringify(object('ConfigMap', 'single', { data: { value } }));
  const value = async (): Promise<string> => (await server.kubectl('get configmap single -o jsonpath={.data.value}')).stdout;
  works(await server.kubectl('apply -f -', map('1')), 'configmap/single created\n');
  works(await server.kubectl('diff -f -', map('1')), '');
  const different = await server.kubectl('diff -f -', map('2'));
  assert.equal(different.code, 1, different.stderr);
  assert.match(different.stdout, /^- +value: "1"\n\+ +value: "2"$/m);
  works(await server.kubectl('replace -f -', map('3')), 'configmap/single replaced\n');
  const editor = join(server.folder, 'editor.sh');
  writeFileSync(editor, '#!/bin/sh\nsed -i \'s/value: "3"/value: "4"/\' "$1"\n', { mode: 0o755 });
  const credentials = { 'client-certificate-data': Buffer.from(server.admin.certPem).toString('base64'), 'client-key-data': Buffer.from(server.admin.keyPem).toString('base64') };
  const edited = await run(realProgram('kubectl'), ['edit', 'configmap', 'single'], { env: { KUBECONFIG: server.kubeconfig('editor', credentials), KUBE_EDITOR: editor } });
  works(edited, 'configmap/single edited\n');
  assert.equal(await value(), '4');
  const strict = await server.kubectl('create --validate=strict -f -', JSON.stringify({ ...object('ConfigMap', 'strict', {}), dater: {} }));
  assert.equal(strict.code, 1);
  assert.match(strict.stderr, /strict decoding error: unknown field "dater"/);
});

test('the document is answered in the form that is asked for', async () => {
  const ask = (accept: string, more: Record<string, string> = {}): Promise<{ code: number; type: string | undefined; etag: string }> => new Promise((resolve, reject) => {
    const options = { ca: server.authority.certPem, cert: server.admin.certPem, key: server.admin.keyPem, headers: { accept, ...more } };
    request(`${server.api.url}/openapi/v2`, options, (answer) => {
      answer.resume();
      resolve({ code: answer.statusCode ?? 0, type: answer.headers['content-type'], etag: answer.headers.etag ?? '' });
    }).on('error', reject).end();
  });
  const protobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
  const { etag } = await ask('application/json');
  assert.match(etag, /^"[0-9A-F]{128}"$/);
  for (const accept of ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', protobuf]) assert.deepEqual(await ask(accept), { code: 200, type: protobuf, etag });
  assert.deepEqual(await ask('*/*'), { code: 200, type: 'application/json', etag });
  assert.equal((await ask(protobuf, { 'if-none-match': etag })).code, 304);
  assert.equal((await ask('text/plain')).code, 406);
});
