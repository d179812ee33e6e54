/** gRPC over HTTP/2, the serving side: frames in, frames out, a status behind them. */
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { once } from 'node:events';
import { code, RpcError, rpcError } from './errors.ts';

export interface Call {
  /** Fires when the caller has gone, or has had enough. */
  readonly signal: AbortSignal;
}

export interface StreamCall extends Call {
  /** What the caller sends, until it has said everything. */
  readonly requests: AsyncIterable<Buffer>;
  /** Resolves when there is room for more. */
  write(message: Buffer): Promise<void>;
}

export type Method =
  | { readonly kind: 'unary'; handle(request: Buffer, call: Call): Buffer | Promise<Buffer> }
  | { readonly kind: 'stream'; handle(call: StreamCall): Promise<void> };

export interface GrpcOptions {
  /** A larger message is refused. */
  readonly maxMessageBytes: number;
  handled?(method: string, code: number): void;
}

const contentType = 'application/grpc';
const prefixBytes = 5;

export function isGrpc(headers: IncomingHttpHeaders): boolean {
  return headers['content-type']?.startsWith(contentType) ?? false;
}

/** Never rejects: what goes wrong is the caller's answer. */
export async function serveCall(stream: ServerHttp2Stream, path: string, headers: IncomingHttpHeaders, methods: ReadonlyMap<string, Method>, options: GrpcOptions): Promise<void> {
  const gone = new AbortController();
  stream.once('close', () => gone.abort(new RpcError(code.canceled, 'etcdserver: request canceled')));
  // 'close' follows.
  stream.on('error', () => {});
  let status = 0;
  try {
    const method = methods.get(path);
    if (!method) throw unknownMethod(path);
    if (method.kind === 'stream') await serveStream(stream, method, gone.signal, options);
    else await serveUnary(stream, method, gone.signal, options);
  } catch (error) {
    const failure = gone.signal.aborted ? new RpcError(code.canceled, 'etcdserver: request canceled') : rpcError(error);
    status = failure.code;
    finish(stream, failure);
  }
  options.handled?.(path, status);
}

function unknownMethod(path: string): RpcError {
  const [, service = '', name = ''] = path.split('/');
  return new RpcError(code.unimplemented, name ? `unknown method ${name} for service ${service}` : `malformed method name: ${JSON.stringify(path)}`);
}

async function serveUnary(stream: ServerHttp2Stream, method: Method & { kind: 'unary' }, signal: AbortSignal, options: GrpcOptions): Promise<void> {
  let request: Buffer | undefined;
  for await (const message of messages(stream, options.maxMessageBytes)) request ??= message;
  if (request === undefined) throw new RpcError(code.internal, 'the request has no message');
  const answer = await method.handle(request, { signal });
  if (stream.destroyed) return;
  respond(stream);
  stream.end(frame(answer));
}

async function serveStream(stream: ServerHttp2Stream, method: Method & { kind: 'stream' }, signal: AbortSignal, options: GrpcOptions): Promise<void> {
  respond(stream);
  await method.handle({
    signal,
    requests: messages(stream, options.maxMessageBytes),
    write: async (message) => {
      if (signal.aborted) throw signal.reason;
      if (!stream.write(frame(message))) await once(stream, 'drain', { signal });
    },
  });
  if (!stream.destroyed) stream.end();
}

function respond(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': contentType }, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': '' }));
}

function finish(stream: ServerHttp2Stream, failure: RpcError): void {
  if (stream.destroyed || stream.closed) return;
  const trailers = { 'grpc-status': String(failure.code), 'grpc-message': percentEncoded(failure.message) };
  if (!stream.headersSent) return stream.respond({ ':status': 200, 'content-type': contentType, ...trailers }, { endStream: true });
  stream.removeAllListeners('wantTrailers');
  stream.once('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end();
}

function percentEncoded(text: string): string {
  return Buffer.from(text).toString('latin1').replace(/[^ -$&-~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

function frame(message: Buffer): Buffer {
  const out = Buffer.allocUnsafe(prefixBytes + message.length);
  out[0] = 0;
  out.writeUInt32BE(message.length, 1);
  out.set(message, prefixBytes);
  return out;
}

async function* messages(stream: ServerHttp2Stream, maxBytes: number): AsyncGenerator<Buffer, void, void> {
  let chunks: Buffer[] = [];
  let have = 0;
  let need = prefixBytes;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    have += chunk.length;
    if (have < need) continue;
    let rest = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, have);
    for (;;) {
      need = prefixBytes + (rest.length >= prefixBytes ? messageLength(rest, maxBytes) : 0);
      if (rest.length < need) break;
      yield rest.subarray(prefixBytes, need);
      rest = rest.subarray(need);
    }
    chunks = rest.length > 0 ? [rest] : [];
    have = rest.length;
  }
}

function messageLength(prefix: Buffer, maxBytes: number): number {
  if (prefix[0] !== 0) throw new RpcError(code.unimplemented, 'grpc: Decompressor is not installed for grpc-encoding');
  const length = prefix.readUInt32BE(1);
  if (length > maxBytes) throw new RpcError(code.resourceExhausted, `grpc: received message larger than max (${length} vs. ${maxBytes})`);
  return length;
}

/** A plain answer to who asks for a page over HTTP/2. */
export function answerPage(stream: ServerHttp2Stream, page: { readonly status: number; readonly type: string; readonly body: string }): void {
  stream.on('error', () => {});
  stream.respond({ [constants.HTTP2_HEADER_STATUS]: page.status, 'content-type': page.type });
  stream.end(page.body);
}
