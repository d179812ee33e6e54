import assert from 'node:assert/strict';
import { request as httpsRequest } from 'node:https';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { serve, type Serving } from '../../src/serving/server.ts';
import { sendJson } from '../../src/serving/respond.ts';
import { ClientCertificates, subjectValues } from '../../src/serving/x509.ts';
import { requestHeaderAuthenticator } from '../../src/serving/requestheader.ts';
import { createAuthority, issue } from '../../src/wire/certificates.ts';
import { eventually, surroundings, testServer, type TestServer } from '../apiserver.ts';

let server: TestServer;
let kubelet: Serving;
let extension: Serving;
const asked: string[] = [];

before(async () => {
  const nodeAuthority = await createAuthority({ commonName: 'kubelets' });
  const proxyAuthority = await createAuthority({ commonName: 'front-proxy-ca' });
  const extensionAuthority = await createAuthority({ commonName: 'extension-ca' });
  const kubeletServing = await issue(nodeAuthority, { commonName: 'node-1', ipAddresses: ['127.0.0.1'], usages: ['server'] });
  const kubeletClient = await issue(nodeAuthority, { commonName: 'apiserver-kubelet-client', organizations: ['system:masters'], usages: ['client'] });
  const proxyClient = await issue(proxyAuthority, { commonName: 'front-proxy-client', usages: ['client'] });
  const extensionServing = await issue(extensionAuthority, { commonName: 'extension', dnsNames: ['extension.default.svc'], usages: ['server'] });

  const kubeletClients = new ClientCertificates(() => nodeAuthority.certPem, surroundings.clock);
  kubelet = await serve({
    host: '127.0.0.1', port: 0, surroundings,
    tls: { cert: kubeletServing.certPem, key: kubeletServing.keyPem, clientAuthorities: [nodeAuthority.certPem] },
    handler: (request) => {
      const { certificate } = kubeletClients.of(request);
      asked.push(`${certificate ? subjectValues(certificate, 'CN')[0] : 'nobody'} ${request.url}`);
      if (request.path.startsWith('/containerLogs/')) return request.send(200, { 'content-type': 'text/plain' }, 'hello from the container\n');
      if (request.path.startsWith('/exec/') && request.wantsUpgrade) {
        const { socket } = request.hijack();
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
        socket.pipe(socket);
        return;
      }
      request.send(404, {}, 'no such thing');
    },
  });
  const remote = requestHeaderAuthenticator({ certificates: new ClientCertificates(() => proxyAuthority.certPem, surroundings.clock), allowedNames: ['front-proxy-client'] });
  extension = await serve({
    host: '127.0.0.1', port: 0, surroundings,
    tls: { cert: extensionServing.certPem, key: extensionServing.keyPem, clientAuthorities: [proxyAuthority.certPem] },
    handler: async (request) => {
      const user = await remote(request);
      if (!user) return request.send(401, {}, 'who is it?');
      if (request.path === '/apis/example.com/v1') {
        return sendJson(request, 200, { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'example.com/v1', resources: [{ name: 'things', singularName: 'thing', namespaced: true, kind: 'Thing', verbs: ['get', 'list'], shortNames: ['th'] }] });
      }
      if (request.path === '/apis/example.com/v1/namespaces/default/things/one') {
        return sendJson(request, 200, { kind: 'Thing', apiVersion: 'example.com/v1', metadata: { name: 'one', namespace: 'default' }, user: user.name, groups: user.groups });
      }
      sendJson(request, 404, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'NotFound', code: 404 });
    },
  });
  server = await testServer({
    kubelet: { cert: kubeletClient.certPem, key: kubeletClient.keyPem, authority: nodeAuthority.certPem },
    frontProxy: { cert: proxyClient.certPem, key: proxyClient.keyPem, authority: proxyAuthority.certPem },
  });
  const apply = async (object: unknown): Promise<void> => {
    const { code, stderr } = await server.kubectl('create -f -', JSON.stringify(object));
    assert.equal(code, 0, stderr);
  };
  await apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } });
  await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'default' }, spec: { nodeName: 'node-1', containers: [{ name: 'main', image: 'x' }, { name: 'side', image: 'x' }] } });
  const node = server.api.client({ name: 'kubelet', groups: ['system:masters'] });
  const { nodes } = await import('../../src/api/core/v1/index.ts');
  await node.create(nodes, { metadata: { name: 'node-1' }, status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } } } });
  await apply({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'extension', namespace: 'default' }, spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port: extension.port }] } });
  await apply({
    apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: 'v1.example.com' },
    spec: {
      group: 'example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 100, caBundle: Buffer.from(extensionAuthority.certPem).toString('base64'),
      service: { name: 'extension', namespace: 'default', port: extension.port },
    },
  });
});
after(async () => {
  await server.stop();
  await kubelet.close();
  await extension.close();
});

test('logs come from the kubelet, which knows the server by its certificate', async () => {
  const { stdout, stderr } = await server.kubectl('logs web -c main --tail=5');
  assert.equal(stderr, '');
  assert.equal(stdout, 'hello from the container\n');
  assert.ok(asked.includes('apiserver-kubelet-client /containerLogs/default/web/main?tailLines=5'), asked.join('\n'));
});

test('logs over WebSocket: an empty message, then what there is, binary or in base64', async () => {
  const messages = (protocol: string[]): Promise<unknown[]> => new Promise((resolve, reject) => {
    const got: unknown[] = [];
    const ws = new WebSocket(`${server.api.url.replace('https', 'wss')}/api/v1/namespaces/default/pods/web/log?container=main`, protocol, { ca: server.authority.certPem, cert: server.admin.certPem, key: server.admin.keyPem });
    ws.on('message', (data: Buffer, binary: boolean) => got.push(binary ? data : data.toString()));
    ws.on('close', () => resolve([ws.protocol, ...got]));
    ws.on('error', reject);
  });
  const text = Buffer.from('hello from the container\n');
  assert.deepEqual(await messages(['binary.k8s.io']), ['binary.k8s.io', Buffer.alloc(0), text]);
  assert.deepEqual(await messages([]), ['', Buffer.alloc(0), text]);
  assert.deepEqual(await messages(['other', 'base64.binary.k8s.io']), ['base64.binary.k8s.io', '', text.toString('base64')]);
  await assert.rejects(messages(['other']), /403/);
});

function upgrade(path: string): Promise<{ status: number; echoed: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(`${server.api.url}${path}`, {
      ca: server.authority.certPem, cert: server.admin.certPem, key: server.admin.keyPem, agent: false, headers: { connection: 'Upgrade', upgrade: 'echo' },
    });
    outgoing.on('upgrade', (response, socket) => {
      socket.on('data', (chunk: Buffer) => {
        resolve({ status: response.statusCode!, echoed: chunk.toString() });
        socket.destroy();
      });
      socket.write('through both');
    });
    outgoing.on('response', (response) => {
      response.resume();
      resolve({ status: response.statusCode!, echoed: '' });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

test('exec leaves HTTP on both sides; what the kubelet refuses is refused', async () => {
  const path = '/api/v1/namespaces/default/pods/web';
  assert.deepEqual(await upgrade(`${path}/exec?container=main&command=ls&command=-l&stdin=true&stdout=true`), { status: 101, echoed: 'through both' });
  assert.ok(asked.some((line) => line.endsWith('/exec/default/web/main?command=ls&command=-l&input=1&output=1')), asked.join('\n'));
  assert.equal((await upgrade(`${path}/attach?container=main&stdout=true`)).status, 404);
  assert.equal((await upgrade(`${path}/exec?container=nope`)).status, 400);
});

test('a container that is not there, or not named, is said so', async () => {
  assert.match((await server.kubectl('logs web -c nope')).stderr, /container nope is not valid for pod web/);
  assert.match((await server.kubectl(['get', '--raw', '/api/v1/namespaces/default/pods/web/log'])).stderr, /a container name must be specified for pod web, choose one of: \[main side\]/);
});

test('a proxy is asked for its root with a slash, by GET and by HEAD; nothing else has HEAD', async () => {
  await server.kubectl(['patch', 'pod', 'web', '--subresource=status', '-p', '{"status":{"podIP":"10.9.9.9","podIPs":[{"ip":"10.9.9.9"}]}}']);
  const ask = (method: string, path: string): Promise<[number | undefined, string | undefined]> => new Promise((resolve, reject) => {
    const outgoing = httpsRequest(`${server.api.url}${path}`, { method, ca: server.authority.certPem, cert: server.admin.certPem, key: server.admin.keyPem, agent: false });
    outgoing.on('response', (response) => {
      response.resume();
      resolve([response.statusCode, response.headers.location]);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
  const path = '/api/v1/namespaces/default/pods/web';
  for (const method of ['GET', 'HEAD']) assert.deepEqual(await ask(method, `${path}/proxy?a=b`), [301, `${path}/proxy/?a=b`]);
  for (const other of [path, `${path}/status`, `${path}/log`]) assert.deepEqual(await ask('HEAD', other), [405, undefined]);
});

test('an extension server becomes part of the API', async () => {
  await eventually(async () => (await server.kubectl('get apiservice v1.example.com -o jsonpath={.status.conditions[0].status}')).stdout === 'True' || undefined, 'the APIService to be available');
  assert.match((await server.kubectl('api-resources --api-group=example.com')).stdout, /things +th +example.com\/v1 +true +Thing/);
  const thing = JSON.parse((await server.kubectl('get th one -o json')).stdout);
  assert.equal(thing.user, 'kubernetes-admin');
  assert.deepEqual(thing.groups, ['system:masters', 'system:authenticated']);
});

test('an extension server without a service says why it is not available', async () => {
  await server.kubectl('create -f -', JSON.stringify({
    apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: 'v1.gone.example.com' },
    spec: { group: 'gone.example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true, service: { name: 'gone', namespace: 'default', port: 443 } },
  }));
  const message = await eventually(async () => (await server.kubectl('get apiservice v1.gone.example.com -o jsonpath={.status.conditions[0].message}')).stdout || undefined, 'a condition');
  assert.equal(message, 'service/gone in "default" is not present');
  assert.match((await server.kubectl('get apiservices')).stdout, /v1.apps +Local +True/);
});
