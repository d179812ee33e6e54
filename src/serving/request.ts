/** One request and its answer, the same over HTTP/1.1, HTTP/2 and upgraded connections. */
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { StatusError } from '../machinery/status.ts';
import type { User } from './identity.ts';
import { SharedPiece } from './piece.ts';

/** Upstream's limit of a request's body. */
export const maxBodyBytes = 3 * 1024 * 1024;

/** Made once: each would cost a stack trace. */
const over = new DOMException('the request is over', 'AbortError');

/** Where the time of a request goes. */
export type Layer = 'authentication' | 'authorization' | 'apf-queue-wait' | 'mutating-webhook' | 'validating-webhook' | 'etcd';

/** What can be noted of a request while it is served. */
export interface Notes {
  /** `Request`: only where objects are written down too. */
  annotate(key: string, value: string, level?: 'Request'): void;
  spent(layer: Layer, milliseconds: number): void;
}

/** Where what happens in a request is written down for its audit event. What gives a promise is to be waited for before the client hears more. */
export interface Trail extends Notes {
  /** The body of a write, decoded and with its defaults. */
  requestObject(object: { readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly uid?: string; readonly resourceVersion?: string } } & object): void;
  requestPatch(value: unknown): void;
  /** A whole answer, before it is compressed. */
  answered(code: number, type: string, bytes: string | Uint8Array): Promise<unknown> | undefined;
  /** The beginning of any other answer. */
  started(code: number): Promise<unknown> | undefined;
  /** The answer is made, and may end. */
  finished(): Promise<unknown> | undefined;
}

export interface Upgrade {
  readonly socket: Duplex;
  /** What the client sent right after its head. */
  readonly head: Buffer;
}

export class ServingRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  /** The path as it was sent, without the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Set by authentication. */
  user: User | undefined;
  /** Go out with whatever the answer is. */
  answerHeaders: Readonly<Record<string, string>> | undefined;
  /** Bytes of the answer's body, where it was sent in one piece. */
  answerLength = 0;
  /** Bytes of the body, once it was read. */
  bodyLength = 0;
  /** By which answer and audit events can be found; empty: nobody asked for one. */
  auditId = '';
  /** Undefined: nothing is written down of it. */
  trail: Trail | undefined;
  /** Called when a long-running answer has begun in earnest: what was held for its beginning may go. */
  begun: (() => void) | undefined;
  /** Texts for Warning headers of the answer. */
  readonly warnings: string[] = [];
  readonly incoming: IncomingMessage | Http2ServerRequest;
  readonly #response: ServerResponse | Http2ServerResponse;
  #upgrade: Upgrade | undefined;
  #query: URLSearchParams | undefined;
  #abort: AbortController | undefined;
  #hijacked = false;
  #expired = false;
  /** The answer is made, and waits until it is written down. */
  #held = false;

  constructor(incoming: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse, upgrade?: Upgrade) {
    this.incoming = incoming;
    this.#response = response;
    this.#upgrade = upgrade;
    this.method = incoming.method ?? 'GET';
    this.url = incoming.url ?? '/';
    this.headers = incoming.headers;
    const mark = this.url.indexOf('?');
    this.path = mark < 0 ? this.url : this.url.slice(0, mark);
  }

  get query(): URLSearchParams {
    const mark = this.url.indexOf('?');
    return (this.#query ??= new URLSearchParams(mark < 0 ? '' : this.url.slice(mark + 1)));
  }

  get hasQuery(): boolean {
    return this.path.length !== this.url.length;
  }

  /** Every value of a header by itself, where `headers` joins those that were sent several times. */
  headerValues(name: string): string[] {
    const raw = this.incoming.rawHeaders;
    const lower = name.toLowerCase();
    const values: string[] = [];
    for (let i = 0; i + 1 < raw.length; i += 2) if (raw[i]!.toLowerCase() === lower) values.push(raw[i + 1]!);
    return values;
  }

  /** What lives as long as the connection: the key for what is remembered of it. */
  get connection(): object {
    return 'stream' in this.incoming ? (this.incoming.stream.session ?? this.incoming.socket) : this.incoming.socket;
  }

  /** For its certificate and addresses only. */
  get socket(): TLSSocket {
    return this.incoming.socket as TLSSocket;
  }

  /** Fires when the client goes away or the answer is done. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      const abort = new AbortController();
      this.#abort = abort;
      const response = this.#response;
      if (response.destroyed || ('stream' in response && response.stream?.destroyed)) abort.abort();
      else response.once('close', () => abort.abort(over));
    }
    return this.#abort.signal;
  }

  /** True when the client asks to leave HTTP on this connection; then `hijack` may be called. */
  get wantsUpgrade(): boolean {
    return this.#upgrade !== undefined;
  }

  /** Takes the connection out of HTTP; the caller writes the 101 answer itself. */
  hijack(): Upgrade {
    const upgrade = this.#upgrade;
    if (!upgrade) throw StatusError.badRequest('unable to upgrade: missing upgrade headers in request');
    this.#upgrade = undefined;
    this.#hijacked = true;
    void this.trail?.started(101);
    (this.#response as ServerResponse).detachSocket(upgrade.socket as TLSSocket);
    return upgrade;
  }

  body(limit = maxBodyBytes): Promise<Buffer> {
    const { incoming } = this;
    // Much cheaper than iterating, and most bodies are one chunk.
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      let complete = false;
      const leave = (): void => {
        if (!complete) reject(new DOMException('the client went away before its body had come', 'AbortError'));
      };
      if (incoming.readableEnded) return resolve(Buffer.alloc(0));
      if (incoming.destroyed) return leave();
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= limit) chunks.push(chunk);
        else {
          chunks.length = 0;
          // What else comes is dropped until the answer is out; then the connection goes.
          if (!('stream' in incoming) && !this.#response.headersSent) this.#response.setHeader('connection', 'close');
          reject(StatusError.tooLarge(`limit is ${limit}`));
        }
      });
      incoming.once('end', () => {
        complete = true;
        this.bodyLength = size;
        resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
      });
      incoming.once('error', reject);
      incoming.once('close', leave);
    });
  }

  /** The answer, when there was none in time: whatever the handler still says is dropped, and its signal fires. */
  expire(status: number, headers: OutgoingHttpHeaders, body: string): void {
    const late = this.answered;
    if (!late) this.send(status, { ...headers, ...(this.incoming.httpVersionMajor < 2 ? { connection: 'close' } : {}) }, body);
    this.#expired = true;
    this.#abort?.abort();
    // Half an answer must not be taken for a whole one.
    if (late && !this.#hijacked && !this.#response.writableEnded) (this.#response as ServerResponse).destroy();
  }

  /** On HTTP/2: the client shall make a new connection; what is under way on this one is finished. */
  leaveConnection(): void {
    if ('stream' in this.incoming) this.incoming.stream.session?.close();
  }

  /** The client went away before it had said everything. */
  get gone(): boolean {
    return this.incoming.destroyed && !this.incoming.readableEnded;
  }

  get expired(): boolean {
    return this.#expired;
  }

  /** True when an answer was begun (or the connection was taken over). */
  get answered(): boolean {
    return this.#hijacked || this.#held || this.#response.headersSent;
  }

  get statusCode(): number {
    return this.#response.statusCode;
  }

  setHeader(name: string, value: string): void {
    this.#response.setHeader(name, value);
  }

  send(status: number, headers: OutgoingHttpHeaders, body?: string | Uint8Array): void {
    if (this.#expired) return;
    if (this.warnings.length > 0) this.#addWarnings();
    this.#addHeaders(headers);
    if (this.trail) {
      const begun = body === undefined || headers['content-encoding'] !== undefined ? this.trail.started(status) : this.trail.answered(status, String(headers['content-type'] ?? ''), body);
      const stored = both(begun, this.trail.finished());
      if (stored) {
        this.#held = true;
        this.#response.statusCode = status;
        void stored.then(() => this.#write(status, headers, body));
        return;
      }
    }
    this.#write(status, headers, body);
  }

  #write(status: number, headers: OutgoingHttpHeaders, body: string | Uint8Array | undefined): void {
    const response = this.#response as ServerResponse;
    if (response.destroyed || response.headersSent) return;
    if (body === undefined) {
      response.writeHead(status, headers).end();
      return;
    }
    this.answerLength = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    headers['content-length'] = this.answerLength;
    response.writeHead(status, headers);
    if (this.method === 'HEAD') response.end();
    else response.end(body);
  }

  /** Begins an answer whose body is written in pieces. */
  stream(status: number, headers: OutgoingHttpHeaders): BodyWriter {
    if (this.#expired) throw new DOMException('the request took too long', 'TimeoutError');
    const response = this.#response as ServerResponse;
    if (this.warnings.length > 0) this.#addWarnings();
    this.#addHeaders(headers);
    const begun = this.trail?.started(status);
    if (begun) {
      this.#held = true;
      response.statusCode = status;
    }
    const begin = (): void => {
      if (response.destroyed || response.headersSent) return;
      response.writeHead(status, headers);
      response.flushHeaders();
    };
    if (!begun) begin();
    return new BodyWriter(response, this.trail, begun?.then(begin));
  }

  #addHeaders(headers: OutgoingHttpHeaders): void {
    if (this.auditId !== '') headers['audit-id'] = this.auditId;
    if (this.answerHeaders) Object.assign(headers, this.answerHeaders);
  }

  #addWarnings(): void {
    // Texts with control characters are never sent; the rest goes out as UTF-8, of which headers know bytes.
    const texts = [...new Set(this.warnings)].filter((text) => !/\p{Cc}/u.test(text));
    const lines = texts.map((text) => Buffer.from(`299 - "${text.replace(/[\\"]/g, '\\$&')}"`).toString('latin1'));
    if (lines.length === 0) return;
    this.#response.setHeader('warning', lines);
  }
}

function both(one: Promise<unknown> | undefined, other: Promise<unknown> | undefined): Promise<unknown> | undefined {
  return one && other ? Promise.all([one, other]) : (one ?? other);
}

/** Writes pieces; `write` answers false when the client is slow, then wait for `drained`. */
export class BodyWriter {
  readonly #response: ServerResponse;
  readonly #trail: Trail | undefined;
  /** The answer may not begin before. */
  #held: Promise<void> | undefined;
  /** Where shared pieces go without passing the response. */
  #socket: Socket | undefined;

  constructor(response: ServerResponse, trail?: Trail, held?: Promise<void>) {
    this.#response = response;
    this.#trail = trail;
    this.#held = held?.then(() => void (this.#held = undefined));
  }

  write(chunk: string | Uint8Array | SharedPiece): boolean {
    if (this.#held) {
      void this.#held.then(() => this.write(chunk));
      return false;
    }
    if (this.gone || this.#response.writableEnded) return true;
    if (!(chunk instanceof SharedPiece)) return this.#response.write(chunk);
    this.#socket ??= socketOf(this.#response);
    return this.#socket ? this.#socket.write(chunk.chunk) : this.#response.write(chunk.bytes);
  }

  /** Writes, and resolves when the system has taken it all or the client is gone: then its memory may be used for something else. */
  taken(chunk: Uint8Array): Promise<void> {
    const response = this.#response;
    if (this.gone || response.writableEnded) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        response.off('close', done);
        resolve();
      };
      response.on('close', done);
      response.write(chunk, done);
    });
  }

  /** Nobody reads any more. */
  get gone(): boolean {
    const response = this.#response as ServerResponse | Http2ServerResponse;
    return response.destroyed === true || ('stream' in response && response.stream.destroyed !== false);
  }

  /** Resolves when there is room again, or the client is gone. */
  drained(): Promise<void> {
    const response = this.#response;
    if (this.#held) return this.#held;
    const full = response.writableNeedDrain ? response : this.#socket?.writableNeedDrain ? this.#socket : undefined;
    if (!full || this.gone) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        full.off('drain', done);
        response.off('close', done);
        resolve();
      };
      full.on('drain', done);
      response.on('close', done);
    });
  }

  end(chunk?: string | Uint8Array): void {
    const stored = both(this.#held, this.#trail?.finished());
    if (stored) void stored.then(() => this.#response.end(chunk));
    else this.#response.end(chunk);
  }

  /** Breaks the answer off, so that the client does not take it for complete. */
  destroy(): void {
    this.#response.destroy();
  }

  /** The underlying response, to pipe into. */
  get writable(): ServerResponse {
    return this.#response;
  }
}

/** Of an answer in chunks over HTTP/1.1 of which everything until now has been handed to its connection; what is written there comes next. */
function socketOf(response: ServerResponse | Http2ServerResponse): Socket | undefined {
  if ('stream' in response || !response.chunkedEncoding) return undefined;
  const { socket } = response;
  return socket && response.writableLength === socket.writableLength ? socket : undefined;
}

export type Handler = (request: ServingRequest) => Promise<void> | void;
