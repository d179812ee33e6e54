/**
 * Requests to kubelets over connections of our own. An open TLS connection takes some 50 KB of memory, a handshake that resumes an
 * earlier session half a millisecond: a small cluster's connections are kept open, a large one's are made anew each time from a ticket.
 */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { Answer } from './answer.ts';

export interface Target {
  readonly address: string;
  readonly port: number;
}

export interface ConnectionsOptions {
  /** Without it the requests are plain HTTP, with no token. */
  readonly tls?: ConnectionOptions;
  readonly path: string;
  readonly clock: Clock;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #sessions = new Map<string, Buffer>();
  readonly #kept = new Map<string, Socket>();
  readonly #open = new Set<Socket>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** The body of a 200; everything else is an Error. `keep`: the connection stays open for the next request. */
  async get(target: Target, request: { readonly token: string | undefined; readonly keep: boolean; readonly limitMs: number }): Promise<string> {
    const key = `${target.address}:${target.port}`;
    const expired = Promise.withResolvers<never>();
    const timer = this.#options.clock.after(request.limitMs, () => expired.reject(new Error(`request to ${key} took longer than ${request.limitMs} ms`)));
    expired.promise.catch(() => {});
    try {
      const kept = this.#kept.get(key);
      this.#kept.delete(key);
      if (kept && !kept.destroyed) {
        const answer = await this.#exchange(kept, key, request, expired.promise, true);
        if (answer) return bodyOf(answer);
      }
      return bodyOf((await this.#exchange(this.#connect(target, key), key, request, expired.promise, false))!);
    } finally {
      timer.cancel();
    }
  }

  /** Forgets what belongs to none of these. */
  retain(targets: Iterable<Target>): void {
    const wanted = new Set<string>();
    for (const { address, port } of targets) wanted.add(`${address}:${port}`);
    for (const key of this.#sessions.keys()) if (!wanted.has(key)) this.#sessions.delete(key);
    for (const [key, socket] of this.#kept) if (!wanted.has(key)) socket.destroy();
  }

  close(): void {
    for (const socket of this.#open) socket.destroy(new Error('scraping has ended'));
    this.#open.clear();
    this.#kept.clear();
  }

  #connect({ address, port }: Target, key: string): Socket {
    const { tls } = this.#options;
    if (!tls) return this.#track(connectPlain({ host: address, port }), key);
    const session = this.#sessions.get(key);
    const socket = connectTls({ ...tls, host: address, port, ...(isIP(address) ? {} : { servername: address }), ...(session ? { session } : {}) });
    // Tickets are not asked for while one still works.
    if (session) socket.once('secureConnect', () => this.#check(socket, key));
    else socket.on('session', (ticket: Buffer) => this.#sessions.set(key, ticket));
    return this.#track(socket, key);
  }

  #check(socket: TLSSocket, key: string): void {
    if (!socket.isSessionReused()) this.#sessions.delete(key);
  }

  #track(socket: Socket, key: string): Socket {
    this.#open.add(socket);
    socket.setNoDelay(true);
    socket.once('close', () => {
      this.#open.delete(socket);
      if (this.#kept.get(key) === socket) this.#kept.delete(key);
    });
    // Between two requests nobody else listens.
    socket.on('error', () => socket.destroy());
    return socket;
  }

  /** Undefined when a connection that was `kept` turns out to have ended in the meantime. */
  async #exchange(socket: Socket, key: string, request: { readonly token: string | undefined; readonly keep: boolean }, expired: Promise<never>, kept: boolean): Promise<Answer | undefined> {
    let received = false;
    const answer = new Answer();
    const ended = Promise.withResolvers<void>();
    const onData = (chunk: Buffer): void => {
      received = true;
      try {
        answer.push(chunk);
        if (answer.done) ended.resolve();
      } catch (error) {
        ended.reject(error as Error);
      }
    };
    const onEnd = (): void => (answer.end() ? ended.resolve() : ended.reject(new Error(`connection to ${key} ended before the answer did`)));
    const onError = (error: Error): void => ended.reject(error);
    socket.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onError);
    socket.write(this.#head(key, request));
    try {
      await Promise.race([ended.promise, expired]);
    } catch (error) {
      socket.destroy();
      if (kept && !received && !this.#expired(error, key)) return undefined;
      throw error;
    } finally {
      socket.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onError);
    }
    if (request.keep && answer.reusable) this.#kept.set(key, socket.resume());
    else socket.destroy();
    return answer;
  }

  #expired(error: unknown, key: string): boolean {
    return error instanceof Error && error.message.startsWith(`request to ${key} took longer`);
  }

  #head(key: string, { token, keep }: { readonly token: string | undefined; readonly keep: boolean }): string {
    const authorization = token && this.#options.tls ? `Authorization: Bearer ${token}\r\n` : '';
    return `GET ${this.#options.path} HTTP/1.1\r\nHost: ${key}\r\nUser-Agent: metrics-server\r\nAccept: text/plain\r\n${authorization}${keep ? '' : 'Connection: close\r\n'}\r\n`;
  }
}

function bodyOf(answer: Answer): string {
  if (answer.status !== 200) throw new Error(`request failed, status: "${answer.status} ${answer.reason}"`);
  return answer.body;
}
