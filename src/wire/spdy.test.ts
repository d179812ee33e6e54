import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { constants, inflateSync } from 'node:zlib';
import { SpdyConnection } from './spdy.ts';

/** A connection whose other end is looked at by the test. */
function wire(): { socket: Duplex; written: () => Buffer } {
  const out: Buffer[] = [];
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      out.push(chunk);
      done();
    },
  });
  return { socket, written: () => Buffer.concat(out.splice(0)) };
}

const data = (id: number, text: string, last = false): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(id);
  head.writeUInt32BE(((last ? 1 << 24 : 0) | text.length) >>> 0, 4);
  return Buffer.concat([head, Buffer.from(text)]);
};

test('header blocks of all streams are one zlib stream that can be read piece by piece', () => {
  const { socket, written } = wire();
  const connection = new SpdyConnection(socket, Buffer.alloc(0));
  connection.open({ streamType: 'stdin' });
  const first = written();
  connection.open({ streamtype: 'stdout', port: '80' });
  const second = written();
  assert.equal(first.readUInt16BE(0), 0x8003);
  assert.equal(first.readUInt16BE(2), 1);
  assert.equal(first.readUInt32BE(8), 1);
  assert.equal(second.readUInt32BE(8), 3);
  const read = (bytes: Buffer): string => inflateSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString('latin1');
  const one = read(first.subarray(18));
  assert.equal(one, '\0\0\0\u0001\0\0\0\u000astreamtype\0\0\0\u0005stdin');
  assert.ok(read(Buffer.concat([first.subarray(18), second.subarray(18)])).startsWith(`${one}\0\0\0\u0002`));
});

test('data in pieces, half-close, pings and resets', async () => {
  const { socket, written } = wire();
  const connection = new SpdyConnection(socket, Buffer.alloc(0));
  const stream = connection.open({ streamtype: 'stdout' });
  const other = connection.open({ streamtype: 'error' });
  written();
  stream.write('in');
  stream.end();
  await new Promise((resolve) => stream.once('finish', resolve));
  assert.deepEqual(written(), Buffer.concat([data(1, 'in'), data(1, '', true)]));

  const reply = Buffer.from([0x80, 0x03, 0, 2, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0]);
  const ping = Buffer.from([0x80, 0x03, 0, 6, 0, 0, 0, 4, 0, 0, 0, 2]);
  const bytes = Buffer.concat([reply, data(1, 'hel'), ping, data(1, 'lo', true), data(99, 'nobody'), Buffer.from([0x80, 0x03, 0, 3, 0, 0, 0, 8, 0, 0, 0, 3, 0, 0, 0, 5])]);
  for (let at = 0; at < bytes.length; at += 5) socket.push(bytes.subarray(at, at + 5));
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  assert.equal(text, 'hello');
  for await (const chunk of other) assert.fail(String(chunk));
  assert.deepEqual(written().subarray(0, ping.length), ping);
});

test('a stream that ends while its reader is slow does not hold up the others', async () => {
  const { socket } = wire();
  const connection = new SpdyConnection(socket, Buffer.alloc(0));
  const [slow, other] = [connection.open({ streamtype: 'stdout' }), connection.open({ streamtype: 'error' })];
  const many = 'x'.repeat(200_000);
  socket.push(Buffer.concat([data(1, many), data(1, '', true)]));
  await new Promise((resolve) => slow.once('readable', resolve));
  socket.push(data(3, 'status', true));
  let text = '';
  for await (const chunk of other) text += String(chunk);
  assert.equal(text, 'status');
  let length = 0;
  for await (const chunk of slow) length += (chunk as Buffer).length;
  assert.equal(length, many.length);
});
