/** Watches over HTTP/2 and WebSocket, and how answers are packed and laid out. The expectations are what an upstream server did. */
import assert from 'node:assert/strict';
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { WebSocket } from 'ws';
import { WatchFrameReader, unwrapUnknown } from '../../src/schema/protobuf.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { eventually, testServer, type TestServer } from '../apiserver.ts';
import { call, type Answer } from '../http.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';
const maps = '/api/v1/namespaces/default/configmaps';

let server: TestServer;
before(async () => {
  // Its history begins later than with the first revision: watches from there are told 410.
  const store = memoryStore();
  for (let n = 0; n < 10; n++) await store.commit([{ type: 'put', key: '/elsewhere/x', value: Buffer.from(String(n)) }]);
  await store.compact(10);
  server = await testServer({ store, tokenFile: 'admin,admin,admin,system:masters' });
});
after(() => server.stop());

const ask = (method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> =>
  call(server.api.url, { method, path, token: 'admin', headers, ...(body ? { body: JSON.stringify(body) } : {}) });
const create = async (name: string, more: object = {}): Promise<string> => {
  const answer = await ask('POST', maps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...more } });
  assert.equal(answer.status, 201, answer.text);
  return (answer.json()['metadata'] as { resourceVersion: string }).resourceVersion;
};

interface Event {
  readonly type: string;
  readonly object: { readonly kind: string; readonly metadata: { readonly name?: string; readonly annotations?: Record<string, string> }; readonly code?: number; readonly reason?: string };
}
const events = (text: string): Event[] => text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Event);
const named = (list: readonly Event[]): string[] => list.map((e) => `${e.type} ${e.object.metadata.name ?? e.object.kind}`);

interface Stream {
  readonly stream: ClientHttp2Stream;
  readonly seen: () => Event[];
  readonly ended: Promise<void>;
}

function open(session: ClientHttp2Session, path: string): Stream {
  const stream = session.request({ ':path': path, authorization: 'Bearer admin' });
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  const ended = new Promise<void>((resolve, reject) => void stream.once('close', resolve).once('error', reject));
  return { stream, ended, seen: () => events(text.slice(0, text.lastIndexOf('\n') + 1)) };
}

test('many watches share one HTTP/2 connection: each ends by itself, by its time, or with what is too old', async () => {
  const session = connect(server.api.url, { ca: server.authority.certPem });
  try {
    const from = await create('first');
    const watches = Array.from({ length: 20 }, () => open(session, `${maps}?watch=1&resourceVersion=${from}`));
    const timed = open(session, `${maps}?watch=1&resourceVersion=${from}&timeoutSeconds=1`);
    const initial = open(session, `${maps}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=color%3Dred`);
    await create('second', { labels: { color: 'red' } });
    await eventually(() => watches.every((w) => w.seen().length === 1), 'the event on every stream');
    assert.deepEqual(named(watches[19]!.seen()), ['ADDED second']);
    // One stream is given up, and the others do not notice.
    watches[0]!.stream.close();
    await watches[0]!.ended;
    await timed.ended;
    assert.equal(timed.stream.rstCode, 0);
    await ask('DELETE', `${maps}/second`);
    await eventually(() => watches.slice(1).every((w) => w.seen().length === 2), 'the deletion on the others');
    assert.deepEqual([watches[0]!.seen().length, ...named(watches[1]!.seen())], [1, 'ADDED second', 'DELETED second']);
    await eventually(() => initial.seen().some((e) => e.type === 'DELETED'), 'the deletion of what was listed first');
    const end = initial.seen().find((e) => e.type === 'BOOKMARK');
    assert.equal(end?.object.metadata.annotations?.['k8s.io/initial-events-end'], 'true');
    const old = open(session, `${maps}?watch=1&resourceVersion=1`);
    await old.ended;
    assert.deepEqual(old.seen().map((e) => [e.type, e.object.code, e.object.reason]), [['ERROR', 410, 'Expired']]);
    assert.equal(session.destroyed, false);
  } finally {
    session.destroy();
  }
});

interface Talk {
  readonly socket: WebSocket;
  readonly texts: string[];
  readonly binaries: Buffer[];
  /** 101 or what was answered instead, and the code of the close. */
  readonly over: Promise<[status: number, close: number]>;
}

function talk(path: string, headers: Record<string, string> = { origin: 'http://localhost' }, protocols: string[] = []): Talk {
  const socket = new WebSocket(server.api.url.replace('https', 'wss') + path, protocols, { ca: server.authority.certPem, headers: { authorization: 'Bearer admin', ...headers } });
  const texts: string[] = [], binaries: Buffer[] = [];
  socket.on('message', (data: Buffer, binary) => void (binary ? binaries.push(data) : texts.push(data.toString())));
  const over = new Promise<[number, number]>((resolve, reject) => {
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      resolve([response.statusCode ?? 0, 0]);
    });
    socket.on('close', (code) => resolve([101, code]));
    socket.on('error', reject);
  });
  return { socket, texts, binaries, over };
}

test('over WebSocket each event is a message, text for JSON, until time or the client ends it', async () => {
  const from = await create('messages');
  const watch = talk(`${maps}?watch=true&resourceVersion=${from}&timeoutSeconds=3`);
  const left = talk(`${maps}?watch=true&resourceVersion=${from}`);
  await new Promise((resolve) => watch.socket.once('open', resolve));
  // Nobody listens to what a client says.
  watch.socket.send('hello');
  await create('one');
  await create('two');
  await eventually(() => watch.texts.length === 2 && left.texts.length === 2, 'both events');
  left.socket.close();
  await left.over;
  assert.deepEqual(named(watch.texts.flatMap(events)), ['ADDED one', 'ADDED two']);
  assert.deepEqual(watch.texts.map((text) => text.endsWith('}\n')), [true, true]);
  assert.deepEqual([await watch.over, watch.binaries], [[101, 1000], []]);
});

test('over WebSocket in protobuf, as tables, from the beginning with a bookmark', async () => {
  const framed = (message: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(message.length);
    return Buffer.concat([length, message]);
  };
  await create('coded');
  const coded = talk(`${maps}?watch=true&fieldSelector=metadata.name%3Dcoded&timeoutSeconds=1`, { origin: 'http://localhost', accept: `${protobuf};stream=watch` });
  const tables = talk(`${maps}?watch=true&fieldSelector=metadata.name%3Dcoded&timeoutSeconds=1`, { origin: 'http://localhost', accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  const marked = talk(`${maps}?watch=true&fieldSelector=metadata.name%3Dnone&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`);
  const old = talk(`${maps}?watch=true&resourceVersion=1`);
  await Promise.all([coded.over, tables.over, marked.over, old.over]);
  assert.deepEqual([old.texts.flatMap(events).map((e) => [e.type, e.object.code]), await old.over], [[['ERROR', 410]], [101, 1000]]);
  assert.deepEqual([coded.texts, coded.binaries.length], [[], 1]);
  const frames = [...new WatchFrameReader().push(framed(coded.binaries[0]!))];
  assert.deepEqual(frames.map((frame) => [frame.type, unwrapUnknown(frame.body).kind]), [['ADDED', 'ConfigMap']]);
  assert.deepEqual(tables.texts.flatMap(events).map((e) => [e.type, e.object.kind]), [['ADDED', 'Table']]);
  const bookmark = marked.texts.flatMap(events);
  assert.deepEqual(bookmark.map((e) => [e.type, e.object.metadata.annotations?.['k8s.io/initial-events-end']]), [['BOOKMARK', 'true']]);
});

test('handshakes of WebSocket: an origin, at most one subprotocol, and errors as ordinary answers', async () => {
  const path = `${maps}?watch=true&timeoutSeconds=1`;
  const origin = { origin: 'http://localhost' };
  assert.deepEqual(await talk(path, {}).over, [403, 0]);
  assert.deepEqual(await talk(path, { origin: '::' }).over, [403, 0]);
  assert.deepEqual(await talk(path, origin, ['foo.bar', 'x.y']).over, [400, 0]);
  const one = talk(path, origin, ['base64.binary.k8s.io']);
  await new Promise((resolve) => one.socket.once('open', resolve));
  assert.equal(one.socket.protocol, 'base64.binary.k8s.io');
  assert.deepEqual(await one.over, [101, 1000]);
  assert.deepEqual(await talk(path, { ...origin, accept: 'application/yaml' }).over, [406, 0]);
  assert.deepEqual(await talk(path, { ...origin, authorization: 'Bearer nobody' }).over, [401, 0]);
  assert.deepEqual(await talk(maps, origin).over, [200, 0]);
});

test('long answers are packed for whoever takes gzip by its name, short ones never', async () => {
  const big = (name: string, size: number): Promise<Answer> => ask('POST', maps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'x'.repeat(size) } });
  await big('short', 100_000);
  await big('long', 140_000);
  const read = (path: string, coding?: string): Promise<Answer> => ask('GET', `${maps}${path}`, undefined, coding === undefined ? {} : { 'accept-encoding': coding });
  for (const [path, coding, packed] of [['/short', 'gzip', false], ['/long', 'gzip', true], ['/long', 'deflate, gzip , br', true], ['/long', undefined, false], ['/long', 'identity', false], ['/long', 'gzip;q=0', false], ['/long', 'x-gzip', false], ['', 'gzip', true], ['?limit=1', 'gzip', false]] as const) {
    const answer = await read(path, coding);
    assert.deepEqual([answer.status, answer.headers['content-encoding'], answer.headers.vary], [200, packed ? 'gzip' : undefined, packed ? 'Accept-Encoding' : undefined], `${path} ${coding}`);
  }
});

test('what is packed is what it was', async () => {
  const session = connect(server.api.url, { ca: server.authority.certPem });
  try {
    const stream = session.request({ ':path': `${maps}/long`, authorization: 'Bearer admin', 'accept-encoding': 'gzip' });
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part as Buffer);
    const packed = Buffer.concat(parts);
    assert.ok(packed.length < 10_000);
    assert.equal(gunzipSync(packed).toString(), (await ask('GET', `${maps}/long`)).text);
  } finally {
    session.destroy();
  }
});

test('pretty, by parameter, media type or browser: objects, lists, tables and errors', async () => {
  const isPretty = async (path: string, headers: Record<string, string> = {}): Promise<boolean> => {
    const { text } = await ask('GET', path, undefined, headers);
    assert.equal(text.trimEnd(), JSON.stringify(JSON.parse(text), null, text.startsWith('{\n') ? 2 : 0));
    return text.startsWith('{\n');
  };
  const object = `${maps}/first`;
  for (const [value, expected] of [['1', true], ['true', true], ['T', true], ['yes', false], ['false', false], ['0', false], ['', false]] as const) assert.equal(await isPretty(`${object}?pretty=${value}`), expected, value);
  assert.deepEqual([await isPretty(object), await isPretty(`${maps}?pretty=1&limit=3`), await isPretty(`${maps}/nope?pretty=1`), await isPretty(`${maps}/nope`)], [false, true, true, false]);
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  for (const [accept, expected] of [['application/json;pretty=1', true], ['application/json;pretty=true', false], [table, false], [`${table};pretty=1`, true]] as const) assert.equal(await isPretty(object, { accept }), expected, accept);
  assert.equal(await isPretty(object, { 'user-agent': 'Mozilla/5.0' }), true);
  assert.equal(await isPretty(object, { 'user-agent': 'Mozilla/5.0', accept: 'application/json' }), true);
  assert.equal(await isPretty(`${object}?pretty=false`, { 'user-agent': 'curl/8' }), false);
});
