/** Connections into the cluster through a proxy that is asked for them (HTTP CONNECT): nothing here has the addresses that are asked for. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, Agent, request } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { json } from 'node:stream/consumers';
import type { EgressProxy } from '../../src/apiserver/proxy/egress.ts';
import { createAuthority, issue } from '../../src/wire/certificates.ts';
import { testServer, type TestServer } from '../apiserver.ts';
import { call, type Answer } from '../http.ts';

const pod = '203.0.113.7';
const folder = mkdtempSync(join(tmpdir(), 'k7s-egress-'));
const asked: string[] = [];
const servers: Server[] = [];
const ports = new Map<string, number>();
let server: TestServer;

async function listening(made: Server, at: string | 0 = 0): Promise<number> {
  servers.push(made);
  await new Promise<void>((resolve) => (at === 0 ? made.listen(0, '127.0.0.1', resolve) : made.listen(at, resolve)));
  return at === 0 ? (made.address() as AddressInfo).port : 0;
}

function proxy(made: Server): Server {
  return made.on('connect', (incoming, socket) => {
    asked.push(incoming.url ?? '');
    const port = ports.get(incoming.url ?? '');
    if (port === undefined) return void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    const far = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      far.pipe(socket).pipe(far);
    });
    for (const end of [far, socket]) end.on('error', () => void (far.destroy(), socket.destroy()));
  });
}

const root = (path: string, method = 'GET', body?: unknown): Promise<Answer> => call(server.api.url, { path, method, token: 'root', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });

async function started(egress: EgressProxy, caBundle: string): Promise<TestServer> {
  server = await testServer({ tokenFile: 'root,root,root,"system:masters"', egress });
  const create = async (path: string, object: object): Promise<void> => assert.equal((await root(path, 'POST', object)).status, 201, path);
  const core = '/api/v1/namespaces/default';
  const metadata = { name: 'web', namespace: 'default' };
  await create(`${core}/serviceaccounts`, { metadata: { name: 'default' } });
  await create(`${core}/pods`, { metadata, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } });
  assert.equal((await root(`${core}/pods/web/status`, 'PUT', { ...((await root(`${core}/pods/web`)).json() as object), status: { podIP: pod, podIPs: [{ ip: pod }] } })).status, 200);
  await create(`${core}/services`, { metadata, spec: { ports: [{ port: 443 }] } });
  await create('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', { metadata: { name: 'web', labels: { 'kubernetes.io/service-name': 'web' } }, addressType: 'IPv4', endpoints: [{ addresses: [pod] }], ports: [{ name: '', port: 8443 }] });
  await create('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
    metadata: { name: 'web' }, webhooks: [{
      name: 'web.example.com', clientConfig: { service: { namespace: 'default', name: 'web' }, caBundle }, sideEffects: 'None', admissionReviewVersions: ['v1'],
      rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE'] }],
    }],
  });
  return server;
}

let authority: Awaited<ReturnType<typeof createAuthority>>;
before(async () => {
  authority = await createAuthority({ commonName: 'behind' });
  const { certPem: cert, keyPem: key } = await issue(authority, { commonName: 'web', dnsNames: ['web.default.svc'], usages: ['server'] });
  ports.set(`${pod}:8080`, await listening(createServer((incoming, response) => response.end(`plain ${incoming.url}`))));
  const secure = createTlsServer({ cert, key }, (incoming, response) => {
    if (incoming.method !== 'POST') return void response.end('secure');
    void json(incoming).then((review) => response.setHeader('content-type', 'application/json').end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: (review as { request: { uid: string } }).request.uid, allowed: false, status: { message: 'seen' } } })));
  });
  secure.on('upgrade', (_, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  ports.set(`${pod}:8443`, await listening(secure));
});
after(() => {
  for (const one of servers) {
    one.closeAllConnections();
    one.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

function echoed(): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${server.api.url}/api/v1/namespaces/default/pods/https:web:8443/proxy/x`, { agent: new Agent({ rejectUnauthorized: false }), headers: { authorization: 'Bearer root', connection: 'Upgrade', upgrade: 'echo' } });
    outgoing.on('upgrade', (_, socket) => {
      socket.once('data', (chunk: Buffer) => {
        socket.destroy();
        resolve(String(chunk));
      });
      socket.write('hello');
    });
    outgoing.on('response', (response) => reject(new Error(`answered ${response.statusCode}`)));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

async function everything(transport: string): Promise<void> {
  const pods = '/api/v1/namespaces/default/pods';
  asked.length = 0;
  assert.equal((await root(`${pods}/web:8080/proxy/a`)).text, 'plain /a');
  assert.equal((await root(`${pods}/https:web:8443/proxy/a`)).text, 'secure');
  assert.equal(await echoed(), 'hello');
  assert.match((await root('/api/v1/namespaces/default/configmaps', 'POST', { metadata: { name: 'x' } })).text, /admission webhook \\"web\.example\.com\\" denied the request: seen/);
  assert.deepEqual([...new Set(asked)], [`${pod}:8080`, `${pod}:8443`]);
  assert.match((await root(`${pods}/web:1/proxy/a`)).text, new RegExp(`error trying to reach service: proxy error from .* while dialing ${pod}:1, code 502: 502 Bad Gateway`));
  const metrics = (await root('/metrics')).text.split('\n');
  assert.ok(metrics.includes(`apiserver_egress_dialer_dial_failure_count{protocol="http_connect",transport="${transport}",stage="proxy"} 1`));
}

test('through a socket', async () => {
  const socketPath = join(folder, 'proxy.sock');
  await listening(proxy(createServer()), socketPath);
  const { stop } = await started({ socketPath }, Buffer.from(authority.certPem).toString('base64'));
  try {
    await everything('uds');
    // A proxy that is not there.
    servers.at(-1)!.closeAllConnections();
    await new Promise((resolve) => servers.at(-1)!.close(resolve));
    assert.match((await root('/api/v1/namespaces/default/pods/web:9/proxy/a')).text, /error trying to reach service: dialing proxy \\".*proxy\.sock\\" failed: dial unix .*proxy\.sock: connect: no such file or directory/);
  } finally {
    await stop();
  }
});

test('through an address, with certificates on both sides', async () => {
  const { certPem: cert, keyPem: key } = await issue(authority, { commonName: 'proxy', ipAddresses: ['127.0.0.1'], usages: ['server'] });
  const client = await issue(authority, { commonName: 'kube-apiserver', usages: ['client'] });
  const port = await listening(proxy(createTlsServer({ cert, key, ca: authority.certPem, requestCert: true, rejectUnauthorized: true })));
  const { stop } = await started({ host: '127.0.0.1', port, tls: { ca: authority.certPem, cert: client.certPem, key: client.keyPem } }, Buffer.from(authority.certPem).toString('base64'));
  try {
    await everything('tcp');
  } finally {
    await stop();
  }
});
