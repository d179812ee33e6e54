/** One HTTP/1.1 keep-alive connection with one request in flight; far cheaper than node's own client, which would be what is measured. */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

interface Reading {
  status: number;
  /** Bytes of the body that are still to come, of the present chunk where it is chunked. */
  left: number;
  chunked: boolean;
  readonly parts: Buffer[];
}

export class Connection {
  readonly #socket: TLSSocket;
  readonly #head: string;
  #buffer: Buffer = Buffer.alloc(0);
  #reading: Reading | undefined;
  #settle: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;
  /** Takes the body's parts as they come, for watches. */
  onPart: ((part: Buffer) => void) | undefined;

  private constructor(socket: TLSSocket, head: string) {
    this.#socket = socket;
    this.#head = head;
    socket.on('data', (data: Buffer) => this.#read(data));
    socket.on('error', (error: Error) => this.#settle?.reject(error));
    socket.on('close', () => this.#settle?.reject(new Error('connection closed')));
  }

  static async open(target: { readonly url: string; readonly authority: string | undefined; readonly token: string }): Promise<Connection> {
    const url = new URL(target.url);
    const socket = connect({ host: url.hostname, port: Number(url.port), ALPNProtocols: ['http/1.1'], ...(target.authority === undefined ? { rejectUnauthorized: false } : { ca: target.authority }) });
    socket.setNoDelay(true);
    await once(socket, 'secureConnect');
    return new Connection(socket, `Host: ${url.host}\r\nAuthorization: Bearer ${target.token}\r\nUser-Agent: k7s-bench\r\n`);
  }

  request(method: string, path: string, body?: string, type = 'application/json', accept = 'application/json'): Promise<Answer> {
    const content = body === undefined ? '' : `Content-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
    this.#socket.write(`${method} ${path} HTTP/1.1\r\n${this.#head}Accept: ${accept}\r\n${content}\r\n${body ?? ''}`);
    return new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
  }

  /** Reads nothing any more. */
  pause(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#settle = undefined;
    this.#socket.destroy();
  }

  #read(data: Buffer): void {
    this.#buffer = this.#buffer.length > 0 ? Buffer.concat([this.#buffer, data]) : data;
    if (!this.#reading && !this.#readHead()) return;
    const reading = this.#reading!;
    for (;;) {
      if (reading.left > 0) this.#take(reading);
      if (reading.left > 0) return;
      if (!reading.chunked) return this.#done(reading);
      const size = this.#nextChunk();
      if (size === undefined) return;
      if (size === 0) return this.#done(reading);
      reading.left = size;
    }
  }

  #readHead(): boolean {
    const end = this.#buffer.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const head = this.#buffer.toString('latin1', 0, end).toLowerCase();
    this.#buffer = this.#buffer.subarray(end + 4);
    const length = /\r\ncontent-length: *(\d+)/.exec(head);
    this.#reading = { status: Number(head.slice(9, 12)), left: length ? Number(length[1]) : 0, chunked: head.includes('transfer-encoding: chunked'), parts: [] };
    return true;
  }

  #take(reading: Reading): void {
    const part = this.#buffer.subarray(0, reading.left);
    this.#buffer = this.#buffer.subarray(part.length);
    reading.left -= part.length;
    if (part.length === 0) return;
    if (this.onPart) this.onPart(part);
    else reading.parts.push(part);
  }

  /** The size of the next chunk; its line, and the end of the chunk before, are consumed. Undefined: not all here yet. */
  #nextChunk(): number | undefined {
    const start = this.#buffer[0] === 13 ? 2 : 0;
    const end = this.#buffer.indexOf('\r\n', start);
    if (end < 0) return undefined;
    const size = Number.parseInt(this.#buffer.toString('latin1', start, end), 16);
    if (size === 0 && this.#buffer.length < end + 4) return undefined;
    this.#buffer = this.#buffer.subarray(size === 0 ? end + 4 : end + 2);
    return size;
  }

  #done(reading: Reading): void {
    this.#reading = undefined;
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.resolve({ status: reading.status, body: reading.parts.length === 1 ? reading.parts[0]! : Buffer.concat(reading.parts) });
  }
}
