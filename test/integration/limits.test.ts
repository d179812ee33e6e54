import assert from 'node:assert/strict';
import { connect as connectH2 } from 'node:http2';
import { after, before, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { eventually, testServer, type TestServer } from '../apiserver.ts';
import { call, send, type Answer } from '../http.ts';

const tokenFile = 'root,root,root,"system:masters"\nbob,bob,b';
const configmaps = '/api/v1/namespaces/default/configmaps';
let server: TestServer;

before(async () => {
  server = await testServer({ tokenFile });
});
after(() => server.stop());

const root = (path: string, method = 'GET', body?: string, headers: Record<string, string> = {}): Promise<Answer> => call(server.api.url, { path, method, token: 'root', headers, ...(body === undefined ? {} : { body }) });

/** A connection on which this text was sent, and nothing more. */
function halfOpen(text: string): Promise<TLSSocket> {
  const { hostname, port } = new URL(server.api.url);
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }, () => {
      socket.write(text);
      resolve(socket);
    });
    socket.on('error', reject);
  });
}

void test('a body of more than 3 MiB, and an object that no store would take', async () => {
  const large = await root(configmaps, 'POST', 'a'.repeat(3_500_000));
  assert.deepEqual([large.status, large.json()['message'], large.json()['reason']], [413, 'Request entity too large: limit is 3145728', 'RequestEntityTooLarge']);
  const annotations = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`a${i}`, 'x'.repeat(200_000)]));
  const service = await root('/api/v1/namespaces/default/endpoints', 'POST', JSON.stringify({ metadata: { name: 'big' }, subsets: Array.from({ length: 40_000 }, (_, i) => ({ addresses: [{ ip: `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}` }], ports: [{ port: 1 }] })) }));
  assert.equal(service.status, 500, service.text.slice(0, 300));
  assert.deepEqual(service.json(), { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'etcdserver: request is too large', code: 500 });
  assert.equal((await root(configmaps, 'POST', JSON.stringify({ metadata: { name: 'noted', annotations } }))).status, 422);
});

void test('a long URL is served, a head without end is refused', async () => {
  assert.equal((await root(`/api?x=${'a'.repeat(9000)}`)).status, 200);
  assert.equal((await root('/api', 'GET', undefined, { 'x-large': 'a'.repeat(100_000) })).status, 200);
  const socket = await halfOpen(`GET / HTTP/1.1\r\nhost: x\r\nx-large: ${'a'.repeat(1_200_000)}`);
  const text = await new Promise<string>((resolve) => {
    let got = '';
    socket.on('data', (part: Buffer) => (got += part.toString()));
    socket.on('close', () => resolve(got));
    socket.on('error', () => {});
  });
  assert.match(text, /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/);
});

void test('a request that is not done in time ends with 504; a wish that nobody understands with 400', async () => {
  const wrong = await root(`${configmaps}?timeout=1x`);
  assert.deepEqual([wrong.status, wrong.json()['message']], [400, 'invalid timeout specified in the request URL - time: unknown unit "x" in duration "1x"']);
  const { answer } = send(server.api.url, { path: `${configmaps}?timeout=100ms`, method: 'POST', token: 'root', open: true, headers: { 'content-type': 'application/json', 'content-length': '10' } });
  const late = await answer;
  assert.deepEqual([late.status, late.headers['content-type']], [504, 'text/plain; charset=utf-8']);
  assert.equal(late.text, '{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout","reason":"Timeout","details":{},"code":504}\n');
  assert.match((await root('/metrics')).text, /^apiserver_request_terminations_total\{verb="POST",group="",version="v1",resource="configmaps",subresource="",scope="resource",component="apiserver",code="504"\} 1$/m);
  const watch = await root(`${configmaps}?watch=1&timeout=10ms&timeoutSeconds=1`);
  assert.equal(watch.status, 200, 'watches have their own time');
});

void test('half-open, slow and flooding clients do not stop others', async () => {
  const silent = await Promise.all(Array.from({ length: 60 }, () => halfOpen('')));
  const heads = await Promise.all(Array.from({ length: 60 }, () => halfOpen('GET /api HTTP/1.1\r\nhost: x\r\nx-slow: ')));
  const bodies = await Promise.all(Array.from({ length: 60 }, () => halfOpen(`POST ${configmaps} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer bob\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`)));
  // These never read what they are sent.
  const deaf = await Promise.all(Array.from({ length: 20 }, () => halfOpen(`GET /openapi/v2 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer bob\r\n\r\n`.repeat(20))));
  for (const socket of deaf) socket.pause();
  try {
    for (let i = 0; i < 5; i++) assert.equal((await root(configmaps)).status, 200);
    assert.equal((await root(configmaps, 'POST', JSON.stringify({ metadata: { name: 'alive' } }))).status, 201);
  } finally {
    for (const socket of [...silent, ...heads, ...bodies, ...deaf]) socket.destroy();
  }
});

void test('request metrics: labels of upstream, of what was handled only', async () => {
  await root(`${configmaps}/nothing`);
  await root('/apis/nowhere.example.com/v1/things');
  await call(server.api.url, { path: '/api/v1/namespaces/default/secrets', token: 'bob' });
  await root(`${configmaps}/applied?fieldManager=t`, 'PATCH', JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' } }), { 'content-type': 'application/apply-patch+yaml' });
  await root('/readyz');
  assert.equal((await call(server.api.url, { path: '/version', token: 'nobody' })).status, 401);
  const watch = send(server.api.url, { path: `${configmaps}?watch=1&resourceVersion=0`, token: 'root' });
  await new Promise((resolve) => watch.request.once('response', (response) => response.once('data', resolve)));
  const { text } = await root('/metrics');
  for (const line of [
    /^apiserver_request_total\{verb="GET",dry_run="",group="",version="v1",resource="configmaps",subresource="",scope="resource",component="apiserver",code="404"\} 1$/m,
    /^apiserver_request_total\{verb="APPLY",dry_run="",group="",version="v1",resource="configmaps",subresource="",scope="resource",component="apiserver",code="201"\} 1$/m,
    /^apiserver_request_total\{verb="GET",dry_run="",group="",version="",resource="",subresource="\/readyz",scope="",component="",code="200"\} 1$/m,
    /^apiserver_request_duration_seconds_bucket\{verb="LIST",dry_run="",group="",version="v1",resource="configmaps",subresource="",scope="namespace",component="apiserver",le="60"\} \d+$/m,
    /^apiserver_request_sli_duration_seconds_count\{verb="GET",/m,
    /^apiserver_response_sizes_bucket\{verb="LIST",group="",version="v1",resource="configmaps",.*le="1e\+06"\} [1-9]/m,
    /^apiserver_longrunning_requests\{verb="WATCH",group="",version="v1",resource="configmaps",subresource="",scope="namespace",component="apiserver"\} 1$/m,
    /^apiserver_current_inflight_requests\{request_kind="readOnly"\} [1-9]/m,
    /^apiserver_storage_objects\{resource="configmaps"\} [1-9]/m,
    /^apiserver_storage_objects\{resource="deployments\.apps"\} 0$/m,
    /^apiserver_watch_events_total\{group="",version="v1",resource="configmaps"\} [1-9]/m,
    /^etcd_request_duration_seconds_count\{operation="create",group="",resource="configmaps"\} [1-9]/m,
    /^authentication_attempts\{result="success"\} [1-9]/m,
    /^authentication_attempts\{result="error"\} 1$/m,
    /^authenticated_user_requests\{username="other"\} [1-9]/m,
    /^authentication_duration_seconds_bucket\{result="success",le="16.384"\} [1-9]/m,
    /^authorization_attempts_total\{result="allowed"\} [1-9]/m,
    /^authorization_attempts_total\{result="no-opinion"\} [1-9]/m,
    /^authorization_duration_seconds_count\{result="allowed"\} [1-9]/m,
    /^process_cpu_seconds_total [0-9.]+$/m,
    /^process_resident_memory_bytes [1-9]\d+$/m,
    /^process_open_fds [1-9]/m,
  ]) assert.match(text, line);
  assert.doesNotMatch(text, /nowhere|code="403"/);
  watch.request.destroy();
});

void test('health: one path a check, which are wrong, which are left out', async () => {
  assert.equal((await root('/readyz/shutdown')).text, 'ok');
  assert.equal((await root('/livez/ping')).text, 'ok');
  assert.equal((await root('/readyz/nothing')).status, 404);
  const verbose = (await root('/readyz?verbose&exclude=etcd&exclude=foo')).text;
  assert.match(verbose, /^\[\+\]ping ok\n/);
  assert.match(verbose, /\[\+\]etcd excluded: ok\n/);
  assert.match(verbose, /\[\+\]shutdown ok\nwarn: some health checks cannot be excluded: no matches for "foo"\nreadyz check passed\n$/);
  const { text } = await root('/metrics/slis');
  assert.match(text, /^kubernetes_healthcheck\{name="shutdown",type="readyz"\} 1$/m);
  assert.match(text, /^kubernetes_healthchecks_total\{name="ping",type="readyz",status="success"\} [1-9]/m);
});

void test('profiles are for those who may get them, and can be switched off', async () => {
  assert.equal((await call(server.api.url, { path: '/debug/pprof/profile?seconds=1', token: 'bob' })).status, 403);
  assert.deepEqual([(await root('/debug/pprof')).status, (await root('/debug/pprof')).headers['location']], [302, '/debug/pprof/']);
  assert.match((await root('/debug/pprof/')).text, /<a href="profile">/);
  const profile = await root('/debug/pprof/profile?seconds=0.2');
  assert.ok(Array.isArray(profile.json()['nodes']));
  assert.match((await root('/debug/pprof/cmdline')).text, /node/);
  assert.equal((await root('/debug/pprof/goroutine')).status, 404);
  assert.equal((await root('/statusz')).status, 404);
  const without = await testServer({ tokenFile, profiling: false });
  try {
    assert.equal((await call(without.api.url, { path: '/debug/pprof/', token: 'root' })).status, 404);
  } finally {
    await without.stop();
  }
});

void test('a server that ends says so first, and finishes what is under way', async () => {
  const other = await testServer({ tokenFile, limits: { shutdownDelayMs: 3000, drainMs: 10_000 } });
  const open = send(other.api.url, { path: configmaps, method: 'POST', token: 'root', open: true, headers: { 'content-type': 'application/json' } });
  await eventually(async () => /"mutating"\} 1/.test((await call(other.api.url, { path: '/metrics', token: 'root' })).text), 'the request to be under way');
  const stopped = other.stop();
  const ready = await eventually(async () => {
    const answer = await call(other.api.url, { path: '/readyz', token: 'root' });
    return answer.status === 500 ? answer : undefined;
  }, 'readyz to fail');
  assert.match(ready.text, /^\[-\]shutdown failed: reason withheld$/m);
  assert.equal((await call(other.api.url, { path: '/livez', token: 'root' })).status, 200);
  open.request.end(JSON.stringify({ metadata: { name: 'last' } }));
  assert.equal((await open.answer).status, 201);
  await stopped;
});

void test('a server that ends can turn others away until it has finished', async () => {
  const other = await testServer({ tokenFile, limits: { drainMs: 20_000, sendRetryAfter: true } });
  const open = send(other.api.url, { path: configmaps, method: 'POST', token: 'root', open: true, headers: { 'content-type': 'application/json' } });
  await eventually(async () => /"mutating"\} 1/.test((await call(other.api.url, { path: '/metrics', token: 'root' })).text), 'the request to be under way');
  const stopped = other.stop();
  const refused = await eventually(async () => {
    const answer = await call(other.api.url, { path: configmaps, token: 'root' });
    return answer.status === 429 ? answer : undefined;
  }, 'requests to be turned away');
  assert.deepEqual([refused.text, refused.headers['retry-after'], refused.headers['connection']], ['The apiserver is shutting down, please try again later.\n', '5', 'close']);
  assert.equal((await call(other.api.url, { path: '/livez', token: 'root' })).status, 200);
  open.request.end(JSON.stringify({ metadata: { name: 'last' } }));
  assert.equal((await open.answer).status, 201);
  await stopped;
});

void test('clients of HTTP/2 can be told to come by another connection', async () => {
  const other = await testServer({ tokenFile, limits: { goawayChance: 1 } });
  const session = connectH2(other.api.url, { rejectUnauthorized: false });
  try {
    const goaway = new Promise((resolve) => session.once('goaway', resolve));
    const status = await new Promise((resolve) => session.request({ ':path': '/readyz', authorization: 'Bearer root' }).on('response', (headers) => resolve(headers[':status'])).resume().end());
    assert.equal(status, 200);
    assert.equal(await goaway, 0);
  } finally {
    session.destroy();
    await other.stop();
  }
});
