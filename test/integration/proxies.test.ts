/** What is behind the proxy subresources sees what was asked, and its pages lead back through the proxy. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, test } from 'node:test';
import { text } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { testServer, type TestServer } from '../apiserver.ts';

/** Proxies keep away from addresses of this machine alone. */
const address = Object.values(networkInterfaces()).flat().find((i) => i && !i.internal && i.family === 'IPv4')?.address;
const skip = address === undefined ? 'this machine has no address but loopback' : false;

let server: TestServer;
const page = '<a href="/rewriteme">x</a><img src="relative.png">';
const behind = createServer((incoming, response) => {
  const { method, url = '', headers } = incoming;
  if (url.startsWith('/page')) return void response.setHeader('content-type', 'text/html; charset=utf-8').end(page);
  if (url.startsWith('/packed')) return void response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end(gzipSync(page));
  if (url.startsWith('/moved')) return void response.writeHead(302, { location: '/elsewhere' }).end();
  void text(incoming).then((body) => response.setHeader('content-type', 'application/json').end(JSON.stringify({ method, url, headers, body })));
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

const agent = new Agent({ rejectUnauthorized: false });
function ask(path: string, options: { method?: string; body?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${server.api.url}/api/v1/namespaces/default/${path}`, { agent, method: options.method ?? 'GET', headers: { authorization: 'Bearer admin', ...options.headers } }, (incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(parts) }));
    });
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}

before(async () => {
  if (address === undefined) return;
  await new Promise<void>((resolve) => behind.listen(0, address, resolve));
  const { port } = behind.address() as AddressInfo;
  server = await testServer({ tokenFile: 'admin,admin,admin,system:masters' });
  const create = async (object: object): Promise<void> => assert.equal((await server.kubectl('create -f -', JSON.stringify(object))).code, 0);
  const metadata = { name: 'web', namespace: 'default' };
  await create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } });
  await create({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i', ports: [{ containerPort: port }] }] } });
  await server.kubectl(['patch', 'pod', 'web', '--subresource=status', '--type=merge', '-p', JSON.stringify({ status: { podIP: address, podIPs: [{ ip: address }] } })]);
  await create({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ name: 'h', port: 80, targetPort: port }] } });
  await create({ apiVersion: 'v1', kind: 'Endpoints', metadata, subsets: [{ addresses: [{ ip: address, targetRef: { kind: 'Pod', ...metadata } }], ports: [{ name: 'h', port }] }] });
});
after(async () => {
  agent.destroy();
  behind.close();
  if (address !== undefined) await server.stop();
});

test('method, path, query and body go through; who the client is does not', { skip }, async () => {
  const { status, body } = await ask('pods/web/proxy/a%20b/c%2Fd?x=1&y=%2F', { method: 'PUT', body: 'hello' });
  const seen = JSON.parse(body.toString()) as { method: string; url: string; body: string; headers: Record<string, string> };
  assert.deepEqual([status, seen.method, seen.url, seen.body], [200, 'PUT', '/a%20b/c/d?x=1&y=%2F', 'hello']);
  assert.equal(seen.headers['authorization'], undefined);
  assert.equal(seen.headers['x-forwarded-for'], '127.0.0.1');
  assert.equal(seen.headers['x-forwarded-uri'], '/api/v1/namespaces/default/pods/web/proxy/a%20b/c/d');
});

test('links, redirects and the root of what is behind stay behind the proxy', { skip }, async () => {
  const root = '/api/v1/namespaces/default/services/web:h/proxy';
  const rewritten = page.replace('"/rewriteme"', `"${root}/rewriteme"`);
  assert.equal((await ask('services/web:h/proxy/page')).body.toString(), rewritten);
  assert.equal(gunzipSync((await ask('services/web:h/proxy/packed', { headers: { 'accept-encoding': 'gzip' } })).body).toString(), rewritten);
  const moved = await ask('services/web:h/proxy/moved');
  assert.deepEqual([moved.status, moved.headers.location], [302, `${root}/elsewhere`]);
  const bare = await ask('services/web:h/proxy?q=1');
  assert.deepEqual([bare.status, bare.headers.location], [301, `${root}/?q=1`]);
});

test('ports of a service by name, number and scheme', { skip }, async () => {
  for (const name of ['web:h', 'web:80', 'http:web:h']) assert.equal((await ask(`services/${name}/proxy/`)).status, 200, name);
  for (const name of ['web', 'web:81', 'web:x']) assert.equal((await ask(`services/${name}/proxy/`)).status, 503, name);
  // It does not speak TLS.
  assert.match((await ask('services/https:web:h/proxy/')).body.toString(), /error trying to reach service: /);
});
