/** WebSocket connections as Kubernetes uses them: channels in the first byte of each message, or a tunnel of plain bytes. */
import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';

/**
 * The server's half of the handshake. The subprotocol is ours to write: `SPDY/3.1+portforward.k8s.io` is no token, and the library
 * refuses a client that offers it. The connection is paused, so that no message comes before somebody listens.
 */
export function acceptWebSocket(incoming: IncomingMessage, socket: Duplex, head: Buffer, protocol: string | undefined): Promise<WebSocket> {
  const server = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false });
  delete incoming.headers['sec-websocket-protocol'];
  if (protocol !== undefined) server.on('headers', (lines) => lines.push(`Sec-WebSocket-Protocol: ${protocol}`));
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(new Error('the connection was closed in the handshake')));
    server.handleUpgrade(incoming, socket, head, (ws) => {
      ws.pause();
      resolve(ws);
    });
  });
}

export function offeredProtocols(header: string | undefined): string[] {
  return (header ?? '').split(',').map((p) => p.trim()).filter((p) => p !== '');
}

/** Resolves when the message has been handed to the kernel, or the connection is gone. */
export function sendMessage(ws: WebSocket, data: Uint8Array | string): Promise<void> {
  return new Promise((resolve) => {
    if (ws.readyState !== ws.OPEN) resolve();
    else ws.send(data, () => resolve());
  });
}

/** The messages of a connection as one stream of bytes. */
export function byteTunnel(ws: WebSocket): Duplex {
  const stream = new Duplex({
    read: () => ws.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      if (ws.readyState === ws.OPEN) ws.send(chunk, { binary: true }, (error) => done(error ?? null));
      else done(new Error('the connection is closed'));
    },
    final: (done) => {
      ws.close(1000);
      done();
    },
    destroy: (error, done) => {
      ws.close(1000);
      done(error);
    },
  });
  ws.on('message', (data: Buffer) => {
    if (!stream.push(data)) ws.pause();
  });
  ws.once('close', () => stream.push(null));
  ws.once('error', (error) => stream.destroy(error));
  ws.resume();
  return stream;
}
