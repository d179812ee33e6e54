import assert from 'node:assert/strict';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createAuthority, issue } from '../wire/certificates.ts';
import { StatusError } from '../machinery/status.ts';
import { configmaps, namespaces, pods } from '../api/core/v1/index.ts';
import { deployments } from '../api/apps/v1/index.ts';
import { ConnectionError, httpClient, lines, type HttpClient } from './http.ts';

type Handler = (request: http2.Http2ServerRequest | http.IncomingMessage, response: http.ServerResponse, body: string) => void;

const authority = await createAuthority({ commonName: 'test' });
const serving = await issue(authority, { commonName: 'server', ipAddresses: ['127.0.0.1'], usages: ['server'] });
const asClient = await issue(authority, { commonName: 'someone', usages: ['client'] });

function listen(t: TestContext, kind: 'h2' | 'https' | 'http', handler: Handler): Promise<{ url: string; sessions: () => http2.ServerHttp2Session[] }> {
  const sessions: http2.ServerHttp2Session[] = [];
  const onRequest = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk))).on('end', () => handler(request, response, body));
  };
  const tlsOptions = { cert: serving.certPem, key: serving.keyPem, ca: authority.certPem, requestCert: true, rejectUnauthorized: false };
  const server = kind === 'h2'
    ? http2.createSecureServer({ ...tlsOptions, allowHTTP1: true }, onRequest as never).on('session', (s) => sessions.push(s))
    : kind === 'https' ? https.createServer(tlsOptions, onRequest) : http.createServer(onRequest);
  t.after(() => {
    sessions.forEach((s) => s.destroy());
    server.close();
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => {
    resolve({ url: `${kind === 'http' ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`, sessions: () => sessions });
  }));
}

function clientOf(t: TestContext, server: string, more: Partial<Parameters<typeof httpClient>[0]> = {}): HttpClient {
  const client = httpClient({ server, ca: authority.certPem, cert: asClient.certPem, key: asClient.keyPem, ...more });
  t.after(() => client.close());
  return client;
}

for (const kind of ['h2', 'https', 'http'] as const) {
  test(`${kind}: methods, paths, bodies and errors`, async (t) => {
    const seen: string[] = [];
    const { url } = await listen(t, kind, (request, response, body) => {
      seen.push(`${request.httpVersion} ${request.method} ${request.url} ${request.headers['content-type'] ?? '-'} ${body || '-'}`);
      if (request.url!.includes('missing')) {
        response.writeHead(404, { 'content-type': 'application/json' });
        response.end(JSON.stringify(StatusError.notFound({ group: '', resource: 'pods' }, 'missing').status));
      } else response.end(JSON.stringify({ metadata: { name: 'a' }, items: null }));
    });
    const client = clientOf(t, url);
    const version = kind === 'h2' ? '2.0' : '1.1';
    assert.equal((await client.get(namespaces, 'a')).metadata.name, 'a');
    assert.deepEqual((await client.list(pods, { namespace: 'x', labelSelector: 'a=b', limit: 5 })).items, []);
    await client.create(deployments, { metadata: { name: 'd', namespace: 'x' } }, { fieldManager: 'm', dryRun: true });
    await client.patch(configmaps, 'c', { type: 'application/merge-patch+json', body: { data: null } }, { namespace: 'x', subresource: 'status' });
    await client.delete(pods, 'p', { namespace: 'x', gracePeriodSeconds: 0 });
    await assert.rejects(client.get(pods, 'missing', { namespace: 'x' }), (e) => e instanceof StatusError && e.reason === 'NotFound' && e.message === 'pods "missing" not found');
    assert.deepEqual(seen, [
      `${version} GET /api/v1/namespaces/a - -`,
      `${version} GET /api/v1/namespaces/x/pods?labelSelector=a%3Db&limit=5 - -`,
      `${version} POST /apis/apps/v1/namespaces/x/deployments?fieldManager=m&dryRun=All application/json {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","namespace":"x"}}`,
      `${version} PATCH /api/v1/namespaces/x/configmaps/c/status application/merge-patch+json {"data":null}`,
      `${version} DELETE /api/v1/namespaces/x/pods/p application/json {"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0}`,
      `${version} GET /api/v1/namespaces/x/pods/missing - -`,
    ]);
  });

  test(`${kind}: a watch streams events, throws ERROR events, and ends with its signal`, async (t) => {
    const { url } = await listen(t, kind, (request, response) => {
      response.writeHead(200);
      response.write('{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n{"type":"MODI');
      setTimeout(() => {
        response.write('FIED","object":{"metadata":{"name":"ä"}}}\n');
        if (request.url!.includes('namespaces/x')) response.end(`${JSON.stringify({ type: 'ERROR', object: StatusError.expired('too old').status })}\n`);
      }, 5);
    });
    const client = clientOf(t, url);
    const seen: string[] = [];
    await assert.rejects(async () => {
      for await (const e of client.watch(pods, { namespace: 'x' })) if (e.type !== 'BOOKMARK') seen.push(`${e.type} ${e.object.metadata.name}`);
    }, (e) => e instanceof StatusError && e.reason === 'Expired');
    assert.deepEqual(seen, ['ADDED a', 'MODIFIED ä']);
    const controller = new AbortController();
    await assert.rejects(async () => {
      for await (const e of client.watch(pods, { signal: controller.signal })) if (e.type === 'MODIFIED') controller.abort();
    }, { name: 'AbortError' });
  });
}

test('a broken session is replaced, parallel requests share one, and a refused connection says so', async (t) => {
  const { url, sessions } = await listen(t, 'h2', (_request, response) => response.end('{"metadata":{}}'));
  const client = clientOf(t, url);
  await Promise.all(Array.from({ length: 50 }, () => client.get(namespaces, 'a')));
  assert.equal(sessions().length, 1);
  sessions()[0]!.destroy();
  await client.get(namespaces, 'a');
  assert.equal(sessions().length, 2);
  sessions()[1]!.goaway();
  await client.get(namespaces, 'a');
  await assert.rejects(clientOf(t, 'https://127.0.0.1:1').get(namespaces, 'a'), (e) => e instanceof ConnectionError && e.code === 'ECONNREFUSED');
  await assert.rejects(clientOf(t, url, { ca: (await createAuthority({ commonName: 'other' })).certPem }).get(namespaces, 'a'), ConnectionError);
});

test('Retry-After is obeyed, warnings and tokens are carried', async (t) => {
  let asked = 0;
  const { url } = await listen(t, 'h2', (request, response) => {
    assert.equal(request.headers.authorization, 'Bearer secret');
    if (asked++ === 0) response.writeHead(429, { 'retry-after': '0' }).end('busy');
    else response.writeHead(200, { warning: '299 - "one \\"quoted\\"", 299 - "two"' }).end('{}');
  });
  const warnings: string[] = [];
  await clientOf(t, url, { token: 'secret', onWarning: (w) => warnings.push(w) }).get(namespaces, 'a');
  assert.equal(asked, 2);
  assert.deepEqual(warnings, ['one "quoted"', 'two']);
});

test('lines are cut wherever the bytes are', async () => {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (const byte of Buffer.from('ä\n\nbc\nd')) yield Uint8Array.of(byte);
  }
  const cut: string[] = [];
  for await (const line of lines(bytes())) cut.push(line);
  assert.deepEqual(cut, ['ä', 'bc', 'd']);
});
