/** Questions that are not the cluster's go to the node's own name servers; answers are kept for a short time. */
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { connect, isIPv6 } from 'node:net';
import type { Surroundings } from '../../base/surroundings.ts';
import { codeOf, codes, isTruncated, ttlOffsets, type Query } from './wire.ts';

export type Transport = 'udp' | 'tcp';

export interface Upstream {
  readonly host: string;
  readonly port: number;
}

/** The servers of a resolv.conf; none when it cannot be read. */
export async function readResolvers(path = '/etc/resolv.conf'): Promise<Upstream[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => ({ host: match[1]!, port: 53 }));
}

const answerMs = 2000;
const distrustMs = 5000;
const maxCached = 10_000;
const maxSeconds = 30;
const maxOpen = 1000;

interface Cached {
  readonly message: Buffer;
  readonly ttls: readonly number[];
  readonly storedMs: number;
  readonly expiresMs: number;
}

export class Forwarder {
  readonly #servers: readonly Upstream[];
  readonly #surroundings: Surroundings;
  /** In the order of use: the first is the one to forget. */
  readonly #cache = new Map<string, Cached>();
  readonly #distrusted = new Map<Upstream, number>();
  #open = 0;
  hits = 0;
  misses = 0;

  constructor(servers: readonly Upstream[], surroundings: Surroundings) {
    this.#servers = servers;
    this.#surroundings = surroundings;
  }

  get size(): number {
    return this.#cache.size;
  }

  /** An answer, not yet adapted to the client; undefined when no server gives one. */
  async forward(query: Query, transport: Transport): Promise<Buffer | undefined> {
    const key = `${query.name.toLowerCase()} ${query.type} ${query.class} ${query.edns?.dnssec ?? false} ${query.edns !== undefined}`;
    const cached = this.#cached(key);
    if (cached) return cached;
    if (this.#open >= maxOpen) return undefined;
    this.#open++;
    try {
      for (const server of this.#order()) {
        try {
          const message = await this.#ask(server, query.bytes, transport);
          this.#distrusted.delete(server);
          this.#keep(key, message);
          return message;
        } catch (error) {
          this.#distrusted.set(server, this.#surroundings.clock.monotonic() + distrustMs);
          this.#surroundings.log.debug('A name server does not answer', { server: server.host, err: error });
        }
      }
      return undefined;
    } finally {
      this.#open--;
    }
  }

  /** Those that answered lately first; with all in doubt, all are tried. */
  #order(): readonly Upstream[] {
    const now = this.#surroundings.clock.monotonic();
    const trusted = this.#servers.filter((server) => (this.#distrusted.get(server) ?? 0) <= now);
    return trusted.length > 0 ? trusted : this.#servers.slice(0, 1);
  }

  #cached(key: string): Buffer | undefined {
    const found = this.#cache.get(key);
    const now = this.#surroundings.clock.monotonic();
    if (!found || found.expiresMs <= now) {
      this.#cache.delete(key);
      this.misses++;
      return undefined;
    }
    this.hits++;
    this.#cache.delete(key);
    this.#cache.set(key, found);
    const age = Math.floor((now - found.storedMs) / 1000);
    const message = Buffer.from(found.message);
    for (const at of found.ttls) message.writeUInt32BE(Math.max(0, message.readUInt32BE(at) - age), at);
    return message;
  }

  #keep(key: string, message: Buffer): void {
    const code = codeOf(message);
    if (isTruncated(message) || (code !== codes.NOERROR && code !== codes.NXDOMAIN)) return;
    const ttls = ttlOffsets(message);
    const seconds = Math.min(maxSeconds, ...ttls.map((at) => message.readUInt32BE(at)));
    if (ttls.length === 0 || seconds <= 0) return;
    const now = this.#surroundings.clock.monotonic();
    this.#cache.set(key, { message, ttls, storedMs: now, expiresMs: now + seconds * 1000 });
    if (this.#cache.size > maxCached) this.#cache.delete(this.#cache.keys().next().value!);
  }

  #ask(server: Upstream, query: Buffer, transport: Transport): Promise<Buffer> {
    const message = Buffer.from(query);
    // Unpredictable, together with the port: somebody else must not be able to answer.
    Buffer.from(this.#surroundings.random.bytes(2)).copy(message, 0);
    return new Promise((resolve, reject) => {
      const exchange = transport === 'udp' ? overUdp : overTcp;
      const timer = this.#surroundings.clock.after(answerMs, () => finish(() => reject(new Error('no answer in time'))));
      const end = exchange(server, message, (answer) => finish(() => (answer instanceof Error ? reject(answer) : resolve(answer))));
      const finish = (settle: () => void): void => {
        timer.cancel();
        end();
        settle();
      };
    });
  }
}

type Exchange = (server: Upstream, message: Buffer, done: (answer: Buffer | Error) => void) => () => void;

/** Same id and same question: an answer to what was asked. */
function answers(message: Buffer, answer: Buffer): boolean {
  return answer.length >= 12 && answer.readUInt16BE(0) === message.readUInt16BE(0) && (answer.readUInt8(2) & 0x80) !== 0;
}

const overUdp: Exchange = (server, message, done) => {
  const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
  let open = true;
  socket.on('error', done);
  socket.on('message', (answer) => {
    if (answers(message, answer)) done(answer);
  });
  // A connected socket takes answers from this server only, and hears of a closed port at once.
  socket.connect(server.port, server.host, () => {
    if (open) socket.send(message);
  });
  return () => {
    if (open) socket.close();
    open = false;
  };
};

const overTcp: Exchange = (server, message, done) => {
  const socket = connect(server.port, server.host);
  let received = Buffer.alloc(0);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  socket.on('error', done);
  socket.on('close', () => done(new Error('connection closed')));
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
    const answer = received.subarray(2, 2 + received.readUInt16BE(0));
    done(answers(message, answer) ? answer : new Error('an answer to something else'));
  });
  socket.write(Buffer.concat([length, message]));
  return () => void socket.destroy();
};
