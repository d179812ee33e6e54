import assert from 'node:assert/strict';
import { connect as connectH2, type ClientHttp2Session } from 'node:http2';
import { request as requestH1, type RequestOptions } from 'node:https';
import { after, before, test } from 'node:test';
import type { Client } from '../client/client.ts';
import { silent } from '../base/log.ts';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/ids.ts';
import { createAuthority, issue } from '../wire/certificates.ts';
import { delegatedAuthenticator, demand, subjectAccessReviewAuthorizer } from './delegated.ts';
import { Health, ping } from './health.ts';
import { SharedPiece } from './piece.ts';
import { sendBytes, sendJson } from './respond.ts';
import { requestInfo } from './requestinfo.ts';
import { serve, type Serving } from './server.ts';

const surroundings = { clock: systemClock, random: systemRandom, log: silent };
/** Shared ones and such as are not, in turns; together more than any buffer takes. */
const sharedPieces = Array.from({ length: 300 }, (_, i) => (i % 7 === 3 ? `${i}:text;` : new SharedPiece(Buffer.from(`${i}:${'z'.repeat(i * 50)};`))));
const sharedBody = `${sharedPieces.map((piece) => (typeof piece === 'string' ? piece : piece.bytes.toString())).join('')}end`;

let serving: Serving;
let certificates: Awaited<ReturnType<typeof makeCertificates>>;
let reviews = 0;

async function makeCertificates() {
  const ca = await createAuthority({ commonName: 'test-ca' });
  const proxyCa = await createAuthority({ commonName: 'front-proxy-ca' });
  const client = (authority: typeof ca, commonName: string, organizations: string[] = []) =>
    issue(authority, { commonName, organizations, usages: ['client'] });
  return {
    ca, proxyCa,
    server: await issue(ca, { commonName: 'server', ipAddresses: ['127.0.0.1'], usages: ['server'] }),
    alice: await client(ca, 'alice', ['devs', 'ops']),
    proxy: await client(proxyCa, 'front-proxy-client'),
    stranger: await client(await createAuthority({ commonName: 'test-ca' }), 'alice'),
    serverOnly: await issue(ca, { commonName: 'alice', usages: ['server'] }),
  };
}

/** Knows one token, and lets alice do everything. */
const reviewer = {
  async create(_ref: unknown, object: { spec: { token?: string; user?: string } }) {
    reviews++;
    if (object.spec.token !== undefined) {
      return { status: object.spec.token === 'good' ? { authenticated: true, user: { username: 'token-user', groups: ['g'] } } : { authenticated: false } };
    }
    return { status: { allowed: object.spec.user === 'alice', reason: object.spec.user === 'alice' ? '' : 'because' } };
  },
} as unknown as Client;

before(async () => {
  certificates = await makeCertificates();
  const { ca, proxyCa, server } = certificates;
  const authenticate = delegatedAuthenticator({
    client: reviewer, clock: systemClock, clientAuthority: () => ca.certPem,
    requestHeader: { authority: () => proxyCa.certPem, allowedNames: ['front-proxy-client'] },
  });
  const authorize = subjectAccessReviewAuthorizer({ client: reviewer, clock: systemClock });
  const health = new Health({ '/livez': [ping], '/readyz': [ping, { name: 'broken', check: () => Promise.reject(new Error('secret')) }] });
  serving = await serve({
    host: '127.0.0.1', port: 0, surroundings,
    tls: { cert: server.certPem, key: server.keyPem, clientAuthorities: [ca.certPem, proxyCa.certPem] },
    handler: async (request) => {
      if (await health.handle(request)) return;
      if (request.path === '/upgrade') {
        const { socket } = request.hijack();
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
        socket.pipe(socket);
        return;
      }
      if (request.path === '/throws') throw new Error('boom');
      if (request.path === '/echo') return request.send(200, { 'content-type': 'text/plain' }, await request.body(10));
      if (request.path === '/big') return sendBytes(request, 200, {}, Buffer.alloc(200_000, 'x'));
      if (request.path === '/stream') {
        const body = request.stream(200, {});
        for (let i = 0; i < 200; i++) if (!body.write(Buffer.alloc(10_000, 'y'))) await body.drained();
        return body.end();
      }
      if (request.path === '/shared') {
        const body = request.stream(200, {});
        for (const piece of sharedPieces) if (!body.write(piece)) await body.drained();
        return body.end('end');
      }
      const user = await authenticate(request);
      if (request.path === '/private') await demand(authorize, { ...requestInfo('GET', '/private'), user });
      request.warnings.push('careful "now"');
      sendJson(request, 200, user);
    },
  });
});
after(() => serving.close());

function h1(path: string, options: RequestOptions = {}, body?: string): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  return new Promise((resolve, reject) => {
    const request = requestH1(`${serving.url}${path}`, { ca: certificates.ca.certPem, agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString('latin1') }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

function h2(session: ClientHttp2Session, path: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path, ...headers });
    let status = 0;
    let body = '';
    stream.on('response', (head) => (status = Number(head[':status'])));
    stream.on('data', (chunk: Buffer) => (body += chunk.toString()));
    stream.on('end', () => resolve({ status, body }));
    stream.on('error', reject);
  });
}

test('client certificates name the user over HTTP/1.1 and HTTP/2', async () => {
  const { alice, ca } = certificates;
  const answer = await h1('/who', { cert: alice.certPem, key: alice.keyPem });
  assert.equal(answer.status, 200);
  assert.deepEqual(JSON.parse(answer.body).groups, ['devs', 'ops', 'system:authenticated']);
  assert.equal(answer.headers['warning'], '299 - "careful \\"now\\""');
  const session = connectH2(serving.url, { ca: ca.certPem, cert: alice.certPem, key: alice.keyPem });
  try {
    const [one, two] = await Promise.all([h2(session, '/who'), h2(session, '/private')]);
    assert.equal(JSON.parse(one.body).name, 'alice');
    assert.equal(two.status, 200);
    assert.equal((await h2(session, '/stream')).body.length, 2_000_000);
  } finally {
    session.close();
  }
});

test('pieces that several answers share stand in each in their place', async () => {
  const session = connectH2(serving.url, { ca: certificates.ca.certPem });
  try {
    const answers = await Promise.all([h1('/shared'), h1('/shared'), h2(session, '/shared')]);
    for (const answer of answers) assert.ok(answer.body === sharedBody, `${answer.body.length} of ${sharedBody.length}`);
  } finally {
    session.close();
  }
});

test('a certificate of a stranger, or one not meant for clients, is nobody', async () => {
  for (const credential of [certificates.stranger, certificates.serverOnly]) {
    const answer = await h1('/who', { cert: credential.certPem, key: credential.keyPem });
    assert.equal(JSON.parse(answer.body).name, 'system:anonymous');
  }
});

test('X-Remote-User counts only with the front proxy certificate', async () => {
  const { proxy, alice } = certificates;
  const headers = { 'x-remote-user': 'bob', 'x-remote-group': ['a, b', 'c'], 'x-remote-extra-scopes': 'view' };
  const trusted = JSON.parse((await h1('/who', { cert: proxy.certPem, key: proxy.keyPem, headers })).body);
  assert.equal(trusted.name, 'bob');
  assert.deepEqual(trusted.groups, ['a, b', 'c', 'system:authenticated']);
  assert.deepEqual(trusted.extra, { scopes: ['view'] });
  assert.equal(JSON.parse((await h1('/who', { cert: alice.certPem, key: alice.keyPem, headers })).body).name, 'alice');
  assert.equal(JSON.parse((await h1('/who', { headers })).body).name, 'system:anonymous');
});

test('tokens are reviewed once and remembered; a bad one is 401', async () => {
  reviews = 0;
  for (let i = 0; i < 3; i++) assert.equal(JSON.parse((await h1('/who', { headers: { authorization: 'Bearer good' } })).body).name, 'token-user');
  assert.equal(reviews, 1);
  const bad = await h1('/who', { headers: { authorization: 'Bearer bad' } });
  assert.equal(bad.status, 401);
  assert.equal(JSON.parse(bad.body).reason, 'Unauthorized');
});

test('what is not allowed is Forbidden in words that name the user', async () => {
  const answer = await h1('/private');
  assert.equal(answer.status, 403);
  assert.equal(JSON.parse(answer.body).message, 'forbidden: User "system:anonymous" cannot get path "/private": because');
});

test('health lists checks and keeps reasons to itself', async () => {
  assert.equal((await h1('/livez')).body, 'ok');
  const ready = await h1('/readyz?verbose');
  assert.equal(ready.status, 500);
  assert.equal(ready.body, '[+]ping ok\n[-]broken failed: reason withheld\nreadyz check failed\n');
  assert.equal((await h1('/readyz?verbose&exclude=broken')).status, 200);
  assert.equal((await h1('/readyz/ping')).body, 'ok');
});

test('errors are Status objects, bodies are limited, long answers are compressed', async () => {
  const broken = await h1('/throws');
  assert.equal(broken.status, 500);
  assert.equal(JSON.parse(broken.body).message, 'Internal error occurred: boom');
  assert.equal((await h1('/echo', { method: 'POST' }, '0123456789')).body, '0123456789');
  assert.equal((await h1('/echo', { method: 'POST' }, '0123456789a')).status, 413);
  const packed = await h1('/big', { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.ok(packed.body.length < 5000);
});

test('an upgrade hands over the connection, and can be refused like any request', async () => {
  const headers = { connection: 'Upgrade', upgrade: 'echo' };
  const echoed = await new Promise<string>((resolve, reject) => {
    const request = requestH1(`${serving.url}/upgrade`, { ca: certificates.ca.certPem, headers, agent: false });
    request.on('upgrade', (_response, socket) => {
      socket.on('data', (chunk: Buffer) => {
        resolve(chunk.toString());
        socket.destroy();
      });
      socket.write('ping');
    });
    request.on('error', reject);
    request.end();
  });
  assert.equal(echoed, 'ping');
  assert.equal((await h1('/private', { headers })).status, 403);
});

test('paths are read as the API means them', () => {
  const info = (method: string, path: string, watching = false) => {
    const { verb, group, namespace, resource, subresource, name, isResource } = requestInfo(method, path, watching);
    return [isResource, verb, group, namespace, resource, subresource, name];
  };
  assert.deepEqual(info('GET', '/api/v1/namespaces/a/pods/b/log'), [true, 'get', '', 'a', 'pods', 'log', 'b']);
  assert.deepEqual(info('GET', '/api/v1/namespaces/a'), [true, 'get', '', 'a', 'namespaces', '', 'a']);
  assert.deepEqual(info('PUT', '/api/v1/namespaces/a/finalize'), [true, 'update', '', 'a', 'namespaces', 'finalize', 'a']);
  assert.deepEqual(info('GET', '/apis/apps/v1/deployments', true), [true, 'watch', 'apps', '', 'deployments', '', '']);
  assert.deepEqual(info('DELETE', '/apis/apps/v1/namespaces/x/deployments'), [true, 'deletecollection', 'apps', 'x', 'deployments', '', '']);
  assert.deepEqual(info('GET', '/api/v1/watch/namespaces/x/pods'), [true, 'watch', '', 'x', 'pods', '', '']);
  assert.deepEqual(info('GET', '/apis/apps/v1'), [false, 'get', '', '', '', '', '']);

});
