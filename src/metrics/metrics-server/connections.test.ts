import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createPlain, type AddressInfo, type Socket } from 'node:net';
import { createServer } from 'node:https';
import { createSecureContext, type TLSSocket } from 'node:tls';
import { test, type TestContext } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { createAuthority, issue } from '../../wire/certificates.ts';
import { Answer } from './answer.ts';
import { Connections } from './connections.ts';

const read = (text: string, step: number): Answer => {
  const answer = new Answer();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += step) answer.push(bytes.subarray(at, at + step));
  return answer;
};

test('answers of every framing, however they are cut into pieces', () => {
  for (const step of [1, 3, 7, 1000]) {
    const long = read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello', step);
    assert.deepEqual([long.done, long.reusable, long.body], [true, true, 'hello']);
    const chunked = read('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n1;x=y\r\no\r\n0\r\nTrailer: z\r\n\r\n', step);
    assert.deepEqual([chunked.status, chunked.done, chunked.body], [200, true, 'hello']);
    const open = read('HTTP/1.0 200 OK\r\n\r\nhello', step);
    assert.deepEqual([open.done, open.end(), open.reusable, open.body], [false, true, false, 'hello']);
    const short = read('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello', step);
    assert.deepEqual([short.end(), short.done], [false, false]);
    assert.deepEqual([read('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n', step).reason], ['Service Unavailable']);
  }
  assert.throws(() => read('220 mail.example ESMTP\r\n', 100), /malformed HTTP response/);
  assert.throws(() => read(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(20_000)}`, 1000), /a line is too long/);
  assert.throws(() => read('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 100), /malformed chunked encoding/);
});

const once200 = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const request = { token: undefined, keep: true, limitMs: 5000 };

async function plainServer(t: TestContext, onRequest: (socket: Socket, nth: number) => void): Promise<{ target: { address: string; port: number }; connections: () => number }> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createPlain((socket) => {
    count++;
    sockets.add(socket);
    let nth = 0;
    socket.on('data', () => onRequest(socket, ++nth)).on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { target: { address: '127.0.0.1', port: (server.address() as AddressInfo).port }, connections: () => count };
}

test('a kept connection serves the next request; one that ended in the meantime is replaced', async (t) => {
  const { target, connections } = await plainServer(t, (socket, nth) => (nth === 3 ? socket.destroy() : socket.write(once200)));
  const pool = new Connections({ path: '/', clock: systemClock });
  t.after(() => pool.close());
  for (let i = 0; i < 3; i++) assert.equal(await pool.get(target, request), 'ok');
  assert.equal(connections(), 2);
  pool.retain([]);
  assert.equal(await pool.get(target, { ...request, keep: false }), 'ok');
  assert.equal(connections(), 3);
});

test('silence, an early end and another status are errors that say so', async (t) => {
  const pool = new Connections({ path: '/', clock: systemClock });
  t.after(() => pool.close());
  const silent = await plainServer(t, () => {});
  await assert.rejects(pool.get(silent.target, { ...request, limitMs: 50 }), /took longer than 50 ms/);
  const early = await plainServer(t, (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok'));
  await assert.rejects(pool.get(early.target, request), /ended before the answer did/);
  const refusing = await plainServer(t, (socket) => socket.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n'));
  await assert.rejects(pool.get(refusing.target, request), { message: 'request failed, status: "401 Unauthorized"' });
});

test('TLS: the second handshake resumes the first; the certificate must be of the address, the authority known', async (t) => {
  const authority = await createAuthority({ commonName: 'kubelets' });
  const pair = await issue(authority, { commonName: 'node', ipAddresses: ['127.0.0.1'], usages: ['server'] });
  const resumed: boolean[] = [];
  const tokens: (string | undefined)[] = [];
  const server = createServer({ cert: pair.certPem, key: pair.keyPem }, (incoming, response) => {
    resumed.push((incoming.socket as TLSSocket).isSessionReused());
    tokens.push(incoming.headers.authorization);
    response.end('ok');
  }).listen(0, '0.0.0.0');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const trusting = new Connections({ path: '/', clock: systemClock, tls: { secureContext: createSecureContext({ ca: authority.certPem }) } });
  const stranger = new Connections({ path: '/', clock: systemClock, tls: {} });
  t.after(() => [trusting, stranger].forEach((pool) => pool.close()));
  const single = { token: 'secret', keep: false, limitMs: 5000 };
  for (let i = 0; i < 3; i++) assert.equal(await trusting.get({ address: '127.0.0.1', port }, single), 'ok');
  assert.deepEqual(resumed, [false, true, true]);
  assert.deepEqual(tokens, Array(3).fill('Bearer secret'));
  await assert.rejects(trusting.get({ address: '127.0.0.2', port }, single), /IP: 127\.0\.0\.2 is not in the cert's list/);
  await assert.rejects(stranger.get({ address: '127.0.0.1', port }, single), /unable to verify|self.signed/);
  assert.equal(tokens.length, 3, 'nobody else got the token');
});
