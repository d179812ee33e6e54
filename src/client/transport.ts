/**
 * Bytes to one server and back: HTTP/2 where the server speaks it, else HTTP/1.1. Sessions are made on demand, shared by all
 * requests, replaced when they die, and do not keep a process alive that has nothing under way.
 */
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import * as net from 'node:net';
import * as tls from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { isAbort } from '../base/abort.ts';
import type { RawRequest, RawResponse } from './client.ts';

export interface TransportConfig {
  /** `https://host:port`, perhaps with a path in front of the API's own. */
  readonly server: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecureSkipTlsVerify?: boolean;
  /** Name to check the server's certificate against instead of the host. */
  readonly tlsServerName?: string;
}

/** The server could not be reached, or the connection broke before it answered. `code` is the system's, e.g. ECONNREFUSED. */
export class ConnectionError extends Error {
  readonly server: string;
  readonly code: string;

  constructor(server: string, cause: unknown) {
    super(`${server}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'ConnectionError';
    this.server = server;
    this.code = (cause as { code?: string } | undefined)?.code ?? '';
  }
}

/** After this long without a byte from the server the session is pinged, and given up when the answer takes longer than the second. */
const pingAfterMs = 30_000;
const pingTimeoutMs = 15_000;
const connectTimeoutMs = 30_000;
const streamWindow = 4 << 20;
const sessionWindow = 32 << 20;

interface Session {
  readonly h2: http2.ClientHttp2Session;
  streams: number;
  usable: boolean;
}

export class Transport {
  readonly #config: TransportConfig;
  readonly #clock: Clock;
  readonly #url: URL;
  readonly #prefix: string;
  #sessions: Session[] = [];
  #connecting: Promise<void> | undefined;
  #agent: http.Agent | undefined;
  #closed = false;

  constructor(config: TransportConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.#url = new URL(config.server);
    this.#prefix = this.#url.pathname.replace(/\/$/, '');
    if (this.#url.protocol === 'http:') this.#agent = new http.Agent({ keepAlive: true });
  }

  /** Resolves with the head of the answer; the body follows as it comes. */
  async exchange(request: RawRequest): Promise<RawResponse> {
    for (let attempt = 0; ; attempt++) {
      request.signal?.throwIfAborted();
      let reused = false;
      try {
        if (!this.#agent) {
          reused = this.#pick() !== undefined;
          const session = await this.#session();
          if (session) return await this.#over2(session, request);
        }
        return await this.#over1(request);
      } catch (error) {
        if (isAbort(error, request.signal)) throw request.signal?.reason ?? error;
        const retry = attempt < 2 && (wasRefused(error) || (reused && request.method === 'GET'));
        if (!retry || this.#closed) throw error instanceof ConnectionError ? error : new ConnectionError(this.#config.server, error);
      }
    }
  }

  close(): void {
    this.#closed = true;
    for (const session of this.#sessions) session.h2.destroy();
    this.#sessions = [];
    this.#agent?.destroy();
  }

  #pick(): Session | undefined {
    return this.#sessions.find((s) => s.usable && s.streams < (s.h2.remoteSettings?.maxConcurrentStreams ?? 100));
  }

  /** A session with room for a stream; undefined when the server speaks HTTP/1.1 only. */
  async #session(): Promise<Session | undefined> {
    for (;;) {
      if (this.#closed) throw new Error('the client is closed');
      const session = this.#pick();
      if (session || this.#agent) return session;
      this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined));
      await this.#connecting;
    }
  }

  #tlsOptions(): tls.ConnectionOptions {
    const { ca, cert, key, insecureSkipTlsVerify, tlsServerName } = this.#config;
    const host = this.#url.hostname.replace(/^\[|\]$/g, '');
    return {
      host,
      port: Number(this.#url.port || 443),
      servername: tlsServerName ?? (net.isIP(host) ? '' : host),
      rejectUnauthorized: !insecureSkipTlsVerify,
      ...(ca ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
    };
  }

  async #connect(): Promise<void> {
    const socket = tls.connect({ ...this.#tlsOptions(), ALPNProtocols: ['h2', 'http/1.1'] });
    await new Promise<void>((resolve, reject) => {
      const timer = this.#clock.after(connectTimeoutMs, () => socket.destroy(new Error('timed out while connecting')));
      const settle = (end: () => void) => (): void => {
        timer.cancel();
        end();
      };
      socket.once('secureConnect', settle(resolve));
      socket.once('error', (error) => settle(() => reject(error))());
      socket.once('close', settle(() => reject(new Error('the connection was closed'))));
    });
    if (this.#closed) {
      socket.destroy();
      throw new Error('the client is closed');
    }
    socket.setNoDelay(true);
    if (socket.alpnProtocol === 'h2') this.#adopt(socket);
    else {
      socket.destroy();
      this.#agent = new https.Agent({ keepAlive: true, ...this.#tlsOptions() });
    }
  }

  #adopt(socket: tls.TLSSocket): void {
    const h2 = http2.connect(this.#url.origin, {
      createConnection: () => socket,
      settings: { initialWindowSize: streamWindow, enablePush: false },
    });
    const session: Session = { h2, streams: 0, usable: true };
    const drop = (): void => {
      session.usable = false;
      watchdog.cancel();
      this.#sessions = this.#sessions.filter((s) => s !== session);
    };
    h2.once('connect', () => h2.setLocalWindowSize(sessionWindow));
    h2.on('goaway', drop);
    h2.on('close', drop);
    // Every stream reports the failure itself.
    h2.on('error', drop);
    let seen = socket.bytesRead;
    const watchdog = this.#clock.every(pingAfterMs, () => {
      if (socket.bytesRead !== seen || session.streams === 0) return void (seen = socket.bytesRead);
      const timer = this.#clock.after(pingTimeoutMs, () => h2.destroy(new Error('the server does not answer pings')));
      if (!h2.ping(() => timer.cancel())) timer.cancel();
    });
    h2.unref();
    this.#sessions.push(session);
  }

  #over2(session: Session, request: RawRequest): Promise<RawResponse> {
    const headers: http2.OutgoingHttpHeaders = { ':method': request.method, ':path': this.#prefix + request.path };
    for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value;
    const stream = session.h2.request(headers, {
      endStream: request.body === undefined,
      ...(request.signal ? { signal: request.signal } : {}),
    });
    if (session.streams++ === 0) session.h2.ref();
    stream.once('close', () => {
      if (--session.streams === 0 && !session.h2.destroyed) session.h2.unref();
    });
    if (request.body !== undefined) stream.end(request.body);
    return new Promise((resolve, reject) => {
      stream.on('error', reject);
      stream.once('close', () => reject(new Error('the connection was closed before the answer')));
      stream.once('response', (head) => {
        const answer: Record<string, string> = {};
        for (const name in head) if (name[0] !== ':') answer[name] = String(head[name]);
        resolve({ status: head[':status'] ?? 0, headers: answer, body: this.#received(stream, request) });
      });
    });
  }

  /** The body, with failures told in our words. */
  async *#received(body: AsyncIterable<Uint8Array>, request: RawRequest): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* body;
    } catch (error) {
      request.signal?.throwIfAborted();
      throw new ConnectionError(this.#config.server, error);
    }
  }

  #over1(request: RawRequest): Promise<RawResponse> {
    const module = this.#url.protocol === 'http:' ? http : https;
    return new Promise((resolve, reject) => {
      const outgoing = module.request(
        {
          host: this.#url.hostname.replace(/^\[|\]$/g, ''),
          port: this.#url.port,
          method: request.method,
          path: this.#prefix + request.path,
          headers: { ...request.headers, ...(request.body === undefined ? {} : { 'content-length': Buffer.byteLength(request.body) }) },
          agent: this.#agent!,
          ...(request.signal ? { signal: request.signal } : {}),
        },
        (incoming) => {
          const answer: Record<string, string> = {};
          for (const [name, value] of Object.entries(incoming.headers)) answer[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
          resolve({ status: incoming.statusCode ?? 0, headers: answer, body: this.#received(incoming, request) });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(request.body);
    });
  }
}

/** The server never began with the request, so that it may be sent again whatever it is. */
function wasRefused(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return code === 'ERR_HTTP2_GOAWAY_SESSION' || code === 'ERR_HTTP2_INVALID_SESSION' || (code === 'ERR_HTTP2_STREAM_ERROR' && !!message?.includes('REFUSED_STREAM'));
}
