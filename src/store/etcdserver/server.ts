/** `etcdServer`: etcd's v3 API on addresses of its own, gRPC and the pages for monitors on one port. */
import { createServer as createHttp, type Server as HttpServer } from 'node:http';
import { createServer as createHttp2, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { createServer as createPlain, type Server, type Socket } from 'node:net';
import { createServer as createTls, type TLSSocket } from 'node:tls';
import type { Surroundings } from '../../base/surroundings.ts';
import { answerPage, isGrpc, serveCall, type GrpcOptions, type Method } from './grpc.ts';
import type { Member } from './member.ts';
import { pages, serverMetrics, type Page } from './pages.ts';
import { services, type ServiceOptions } from './services.ts';

export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Whose client certificates are asked for, and believed. */
  readonly clientAuthority?: string;
}

export interface ServerOptions extends Omit<ServiceOptions, 'count' | 'maxAnswerBytes'> {
  readonly member: Member;
  readonly surroundings: Surroundings;
  /** `http`, `https` or `unix` addresses. */
  readonly listen: readonly string[];
  /** Where only the pages for monitors are. */
  readonly listenMetrics?: readonly string[];
  readonly tls?: ServerTls;
}

/** What etcd adds to the size of a request for the frame around it. */
const overheadBytes = 512 << 10;
const sessionMegabytes = 1024;
const windowBytes = 4 << 20;

export interface EtcdServer {
  readonly urls: readonly string[];
  close(): Promise<void>;
}

export async function etcdServer(options: ServerOptions): Promise<EtcdServer> {
  const { member, surroundings } = options;
  const metrics = serverMetrics(member);
  const methods = services(member, surroundings, { ...options, maxAnswerBytes: options.maxRequestBytes + overheadBytes, count: metrics.watchers });
  const answer = pages(member, metrics.metrics);
  const grpc: GrpcOptions = { maxMessageBytes: options.maxRequestBytes + overheadBytes, handled: metrics.handled };
  const doors = [
    ...options.listen.map((url) => ({ url: new URL(url), http: http1(answer), http2: http2(methods, grpc, answer) })),
    ...(options.listenMetrics ?? []).map((url) => ({ url: new URL(url), http: http1(answer), http2: http2(new Map(), grpc, answer) })),
  ];
  const opened: Door[] = [];
  try {
    for (const { url, http, http2: h2 } of doors) opened.push(await open(url, http, h2, options.tls));
  } catch (error) {
    await Promise.all(opened.map((door) => door.close()));
    throw error;
  }
  return { urls: opened.slice(0, options.listen.length).map(({ url }) => url), close: async () => void (await Promise.all(opened.map((door) => door.close()))) };
}

function http1(answer: (path: string) => Page): HttpServer {
  return createHttp((request, response) => {
    const { status, type, body } = answer(pathOf(request.url));
    response.writeHead(status, { 'content-type': type }).end(body);
  });
}

function http2(methods: ReadonlyMap<string, Method>, options: GrpcOptions, answer: (path: string) => Page): Http2Server {
  const server = createHttp2({ maxSessionMemory: sessionMegabytes, settings: { initialWindowSize: windowBytes } });
  server.on('session', (session) => session.setLocalWindowSize(windowBytes * 4));
  server.on('stream', (stream, headers) => {
    stream.setMaxListeners(0);
    const path = headers[':path'] ?? '';
    if (isGrpc(headers)) void serveCall(stream, path, headers, methods, options);
    else answerPage(stream, answer(pathOf(path)));
  });
  // A connection that breaks takes its streams with it, and they know.
  server.on('sessionError', () => {});
  return server;
}

function pathOf(url = '/'): string {
  return url.split('?', 1)[0]!;
}

interface Door {
  readonly url: string;
  close(): Promise<void>;
}

async function open(url: URL, http: HttpServer, h2: Http2Server, tls: ServerTls | undefined): Promise<Door> {
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  h2.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  const accept = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // 'close' follows.
    socket.on('error', () => {});
    const protocol = (socket as Partial<TLSSocket>).alpnProtocol;
    if (protocol === 'h2') h2.emit('connection', socket);
    else if (protocol === 'http/1.1') http.emit('connection', socket);
    else distinguish(socket, http, h2);
  };
  const server = url.protocol === 'https:' ? secure(url, tls, accept) : createPlain({ noDelay: true }, accept);
  await listen(server, url);
  return {
    url: bound(server, url),
    close: async () => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function secure(url: URL, tls: ServerTls | undefined, accept: (socket: Socket) => void): Server {
  if (!tls) throw new TypeError(`${url.href} needs a certificate and its key`);
  const { cert, key, clientAuthority } = tls;
  const server = createTls({ cert, key, ALPNProtocols: ['h2', 'http/1.1'], ...(clientAuthority ? { ca: clientAuthority, requestCert: true, rejectUnauthorized: true } : {}) }, accept);
  // Whoever shows no certificate has been told so.
  server.on('tlsClientError', () => {});
  return server;
}

/** HTTP/2 begins with a preface of its own; nothing that HTTP/1 says begins so. */
function distinguish(socket: Socket, http: HttpServer, h2: Http2Server): void {
  socket.once('readable', () => {
    const first = socket.read() as Buffer | null;
    if (first === null) return void socket.destroy();
    socket.unshift(first);
    if (first.subarray(0, 3).toString('latin1') === 'PRI') h2.emit('connection', socket);
    else http.emit('connection', socket);
  });
}

function listen(server: Server, url: URL): Promise<void> {
  return new Promise((done, reject) => {
    server.once('error', reject);
    if (url.protocol === 'unix:') server.listen(url.hostname + url.pathname, done);
    else server.listen(Number(url.port || (url.protocol === 'https:' ? 443 : 80)), url.hostname.replace(/^\[|\]$/g, ''), done);
  });
}

function bound(server: Server, url: URL): string {
  const address = server.address();
  return typeof address === 'object' && address ? `${url.protocol}//${url.hostname}:${address.port}` : url.href;
}
