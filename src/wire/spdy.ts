/**
 * SPDY/3.1 as the streaming servers of container runtimes speak it, the client's side: open streams, write, half-close, read.
 * Those servers neither send window updates nor mind their absence, so the only back-pressure is the connection's own.
 * Header blocks go out in stored blocks of one zlib stream, which every inflater reads and which needs no dictionary; those that
 * come in say nothing that is needed and are skipped unread.
 */
import { Duplex } from 'node:stream';

const version = 3;
const controlBit = 0x80;
const fin = 0x01;
const kind = { synStream: 1, synReply: 2, reset: 3, settings: 4, ping: 6, goAway: 7, headers: 8, windowUpdate: 9 } as const;
const cancel = 5;
const maxData = 32 * 1024;

function frameHead(type: number, flags: number, length: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE((controlBit << 8) | version, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt32BE(((flags << 24) | length) >>> 0, 4);
  return head;
}

function nameValueBlock(headers: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  const number = (n: number): Buffer => {
    const b = Buffer.alloc(4);
    b.writeUInt32BE(n);
    return b;
  };
  const entries = Object.entries(headers);
  parts.push(number(entries.length));
  for (const [name, value] of entries) {
    for (const text of [name.toLowerCase(), value]) {
      const bytes = Buffer.from(text);
      parts.push(number(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

/** An empty block: inflaters hand out what they have when they see it, and not before. */
const flush = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);

/** A piece of a zlib stream, uncompressed; the first carries the stream's header. */
function stored(data: Buffer, first: boolean): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt16LE(data.length, 1);
  head.writeUInt16LE(~data.length & 0xffff, 3);
  return Buffer.concat([...(first ? [Buffer.from([0x78, 0x01])] : []), head, data, flush]);
}

export class SpdyStream extends Duplex {
  readonly id: number;
  readonly #connection: SpdyConnection;

  constructor(id: number, connection: SpdyConnection) {
    super({ allowHalfOpen: true, emitClose: true });
    this.id = id;
    this.#connection = connection;
  }

  override _read(): void {
    this.#connection.wanted(this.id);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#connection.send(this.id, chunk, false, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#connection.send(this.id, Buffer.alloc(0), true, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#connection.abandon(this.id, !this.readableEnded || !this.writableFinished);
    done(error);
  }
}

export class SpdyConnection {
  readonly #socket: Duplex;
  readonly #streams = new Map<number, SpdyStream>();
  /** Streams whose reader has enough for now. */
  readonly #full = new Set<number>();
  #pending: Buffer = Buffer.alloc(0);
  #nextId = 1;
  #firstBlock = true;
  #ended = false;

  constructor(socket: Duplex, head: Buffer) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.once('error', (error) => this.#end(error));
    socket.once('close', () => this.#end());
    if (head.length > 0) this.#receive(head);
  }

  open(headers: Readonly<Record<string, string>>): SpdyStream {
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = new SpdyStream(id, this);
    this.#streams.set(id, stream);
    const ids = Buffer.alloc(10);
    ids.writeUInt32BE(id, 0);
    const block = stored(nameValueBlock(headers), this.#firstBlock);
    this.#firstBlock = false;
    this.#socket.write(Buffer.concat([frameHead(kind.synStream, 0, ids.length + block.length), ids, block]));
    return stream;
  }

  close(): void {
    this.#end();
    this.#socket.destroy();
  }

  /** For streams only. */
  send(id: number, data: Buffer, last: boolean, done: (error?: Error | null) => void): void {
    if (this.#ended) return done(new Error('the connection is closed'));
    for (let at = 0; at < data.length || at === 0; at += maxData) {
      const piece = data.subarray(at, at + maxData);
      const end = at + maxData >= data.length;
      const head = Buffer.alloc(8);
      head.writeUInt32BE(id, 0);
      head.writeUInt32BE((((last && end ? fin : 0) << 24) | piece.length) >>> 0, 4);
      const frame = Buffer.concat([head, piece]);
      if (!end) this.#socket.write(frame);
      else this.#socket.write(frame, (error) => done(error));
    }
  }

  /** For streams only: there is room again. */
  wanted(id: number): void {
    if (this.#full.delete(id) && this.#full.size === 0) this.#socket.resume();
  }

  /** For streams only. */
  abandon(id: number, tell: boolean): void {
    this.#streams.delete(id);
    this.wanted(id);
    if (!tell || this.#ended) return;
    const body = Buffer.alloc(8);
    body.writeUInt32BE(id, 0);
    body.writeUInt32BE(cancel, 4);
    this.#socket.write(Buffer.concat([frameHead(kind.reset, 0, 8), body]));
  }

  #receive(chunk: Buffer): void {
    let data = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    while (data.length >= 8) {
      const length = data.readUInt32BE(4) & 0xff_ffff;
      if (data.length < 8 + length) break;
      this.#frame(data.subarray(0, 8), data.subarray(8, 8 + length));
      data = data.subarray(8 + length);
    }
    this.#pending = data;
  }

  #frame(head: Buffer, body: Buffer): void {
    const flags = head[4]!;
    if ((head[0]! & controlBit) === 0) return this.#data(head.readUInt32BE(0) & 0x7fff_ffff, body, (flags & fin) !== 0);
    const type = head.readUInt16BE(2);
    if (type === kind.ping) {
      // Ours would be odd; an even one wants its echo.
      if (body.readUInt32BE(0) % 2 === 0) this.#socket.write(Buffer.concat([frameHead(kind.ping, 0, 4), body]));
    } else if (type === kind.synReply || type === kind.headers) {
      if ((flags & fin) !== 0) this.#data(body.readUInt32BE(0) & 0x7fff_ffff, Buffer.alloc(0), true);
    } else if (type === kind.reset) {
      this.#data(body.readUInt32BE(0) & 0x7fff_ffff, Buffer.alloc(0), true);
    }
  }

  #data(id: number, data: Buffer, last: boolean): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    if (data.length > 0 && !stream.push(Buffer.from(data))) {
      this.#full.add(id);
      this.#socket.pause();
    }
    if (!last) return;
    stream.push(null);
    // It will not ask for more, and the others must not wait for that.
    this.wanted(id);
  }

  #end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const stream of this.#streams.values()) {
      if (error) stream.destroy(error);
      else if (!stream.readableEnded) stream.push(null);
    }
  }
}
