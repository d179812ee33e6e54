/** One port that speaks HTTP/2 and HTTP/1.1 over TLS, and hands upgraded connections to the same handler. */
import { createServer, ServerResponse, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { createSecureServer, type Http2SecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Surroundings } from '../base/surroundings.ts';
import { isAbort } from '../base/abort.ts';
import { StatusError } from '../machinery/status.ts';
import { sendError } from './respond.ts';
import { ServingRequest, type Handler } from './request.ts';

export interface TlsOptions {
  /** PEM, certificate chain and key. */
  readonly cert: string;
  readonly key: string;
  /** PEM of the authorities whose client certificates are asked for; verifying them is authentication's business. */
  readonly clientAuthorities?: readonly string[];
  /** Certificates for single server names: exact ones before `*.` ones, the later of a kind before the earlier. */
  readonly byName?: readonly { readonly names: readonly string[]; readonly cert: string; readonly key: string }[];
  /** Default TLSv1.2. */
  readonly minVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  /** In OpenSSL's names; default: Node.js' choice. */
  readonly ciphers?: string;
}

export interface ServeOptions {
  readonly host?: string;
  /** 0: any free one. */
  readonly port: number;
  /** In place of host and port: a unix socket. */
  readonly path?: string;
  /** Absent: plain HTTP/1.1. */
  readonly tls?: TlsOptions;
  readonly handler: Handler;
  readonly surroundings: Surroundings;
  /** Default true. */
  readonly http2?: boolean;
  /** How many requests of a client may be under way on one HTTP/2 connection; default 1000. */
  readonly maxStreams?: number;
  /** Several processes listen on the port, and the kernel divides the connections. */
  readonly sharePort?: boolean;
  /** Called for connections that never came to speak TLS. */
  readonly handshakeFailed?: () => void;
  /** Closes the server. */
  readonly signal?: AbortSignal;
}

export interface Serving {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** New connections get the new certificate. */
  setTls(tls: TlsOptions): void;
  /** Takes no new connections; those that are there go on. */
  stopListening(): void;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

const keepAliveMs = 120_000;
/** A client that has not sent its head by then is not waited for. */
const headersTimeoutMs = 32_000;
const maxHeaderBytes = 1 << 20;

export async function serve(options: ServeOptions): Promise<Serving> {
  const { surroundings, handler } = options;
  const handle = (request: ServingRequest): void => {
    void run(handler, request, surroundings);
  };
  const server = options.tls ? secureServer(options.tls, options) : createServer({ keepAliveTimeout: keepAliveMs, requestTimeout: 0, maxHeaderSize: maxHeaderBytes });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (incoming: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse) =>
    handle(new ServingRequest(incoming, response)));
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    // An answer other than 101 goes out as an ordinary response on this socket, which then closes.
    const response = new ServerResponse(incoming);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.once('finish', () => socket.end());
    socket.on('error', () => socket.destroy());
    handle(new ServingRequest(incoming, response, { socket, head }));
  });
  server.on('sessionError', () => {});
  server.on('tlsClientError', (error: Error) => {
    options.handshakeFailed?.();
    surroundings.log.debug('TLS handshake failed', { error: error.message });
  });
  server.on('clientError', refuse);
  if ('headersTimeout' in server) server.headersTimeout = headersTimeoutMs;

  await listen(server, options);
  const { address, port } = options.path === undefined ? (server.address() as AddressInfo) : { address: options.path, port: 0 };
  let closed: Promise<void> | undefined;
  const stopListening = (): void => void (closed ??= new Promise<void>((resolve) => server.close(() => resolve())));
  const close = async (): Promise<void> => {
    stopListening();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  options.signal?.addEventListener('abort', () => void close(), { once: true });
  return {
    host: address,
    port,
    url: `${options.tls ? 'https' : 'http'}://${address.includes(':') ? `[${address}]` : address}:${port}`,
    setTls: (tls) => {
      if ('setSecureContext' in server) (server as Http2SecureServer).setSecureContext({ cert: tls.cert, key: tls.key, ...authorities(tls) });
    },
    stopListening,
    close,
  };
}

/** What is no HTTP is told so, as far as that is possible, and the connection ends. */
function refuse(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`, () => socket.destroy());
}

function authorities(tls: TlsOptions): { ca?: string[] } {
  return tls.clientAuthorities ? { ca: [...tls.clientAuthorities] } : {};
}

function secureServer(tls: TlsOptions, { http2 = true, maxStreams = 1000 }: ServeOptions): Http2SecureServer | HttpsServer {
  const settings = {
    allowHTTP1: true,
    cert: tls.cert,
    key: tls.key,
    ...authorities(tls),
    requestCert: tls.clientAuthorities !== undefined,
    rejectUnauthorized: false,
    minVersion: tls.minVersion ?? ('TLSv1.2' as const),
    ...(tls.ciphers ? { ciphers: tls.ciphers } : {}),
    // Informers keep many watches on one connection and cancel often.
    settings: { maxConcurrentStreams: maxStreams, initialWindowSize: 1 << 20, maxHeaderListSize: maxHeaderBytes },
    maxHeaderSize: maxHeaderBytes,
    maxSessionMemory: 1000,
    streamResetBurst: 100_000,
    streamResetRate: 10_000,
    keepAliveTimeout: keepAliveMs,
    requestTimeout: 0,
  };
  const server = http2 ? createSecureServer(settings as Parameters<typeof createSecureServer>[0]) : createHttpsServer(settings);
  // The last one that fits counts.
  const named = (tls.byName ?? []).flatMap(({ names, cert, key }) => names.map((name) => ({ name, context: { cert, key, ...authorities(tls) } })));
  for (const { name, context } of [...named.filter((one) => one.name.startsWith('*.')), ...named.filter((one) => !one.name.startsWith('*.'))]) server.addContext(name, context);
  return server;
}

function listen(server: Server, options: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...(options.path === undefined ? { port: options.port, host: options.host } : { path: options.path }), backlog: 1024, ...(options.sharePort ? { reusePort: true } : {}) }, () => {
      server.off('error', reject);
      server.on('error', (error) => options.surroundings.log.error('Server failed', error));
      resolve();
    });
  });
}

/** Runs the handler and turns what it throws into an answer. */
async function run(handler: Handler, request: ServingRequest, surroundings: Surroundings): Promise<void> {
  try {
    await handler(request);
  } catch (error) {
    if (request.answered) {
      if (!isAbort(error)) surroundings.log.debug('Request broke off', { path: request.path, error: String(error) });
      request.incoming.destroy();
      return;
    }
    if (!(error instanceof StatusError) && !isAbort(error)) {
      surroundings.log.error('Handler failed', error, { method: request.method, path: request.path, stack: error instanceof Error ? error.stack : undefined });
    }
    sendError(request, error);
  }
}
