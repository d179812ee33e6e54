/** Taking questions over UDP and TCP on one port. */
import { createSocket } from 'node:dgram';
import { createServer, isIPv6, type Socket } from 'node:net';
import type { Transport } from './upstream.ts';

/** Answers one message; undefined for what deserves no answer. Never rejects. */
export type Answer = (message: Buffer, transport: Transport) => Promise<Buffer | undefined>;

export interface Listening {
  readonly port: number;
  close(): void;
}

const idleMs = 10_000;
const maxConnections = 512;

const attempts = 20;

/** Port 0 takes a free one, the same for both: one that UDP finds free may be taken for TCP, so another is tried. */
export async function listen(host: string, port: number, answer: Answer): Promise<Listening> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await listenOnce(host, port, answer);
    } catch (error) {
      if (port !== 0 || attempt === attempts || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

async function listenOnce(host: string, port: number, answer: Answer): Promise<Listening> {
  const udp = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject);
    udp.bind(port, host, resolve);
  });
  udp.removeAllListeners('error');
  // A client that is gone makes no difference to the others.
  udp.on('error', () => undefined);
  udp.on('message', (message, from) => {
    void answer(message, 'udp').then((reply) => {
      if (reply) udp.send(reply, from.port, from.address, () => undefined);
    });
  });
  const chosen = udp.address().port;
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    converse(socket, answer);
  });
  tcp.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject);
    tcp.listen(chosen, host, resolve);
  }).catch((error: unknown) => {
    udp.close();
    throw error;
  });
  return {
    port: chosen,
    close() {
      udp.close();
      tcp.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Each message has its length before it; a client may send several, and gets each answer when it is ready. */
function converse(socket: Socket, answer: Answer): void {
  let received = Buffer.alloc(0);
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const message = Buffer.from(received.subarray(2, 2 + received.readUInt16BE(0)));
      received = received.subarray(2 + message.length);
      void answer(message, 'tcp').then((reply) => {
        if (!reply || !socket.writable) return;
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length);
        socket.write(Buffer.concat([length, reply]));
      });
    }
  });
}
