/** What streams to a client, logs, over WebSocket: an empty message first, then the bytes as they come, or their base64 as text. */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { ServingRequest } from '../../serving/request.ts';
import { acceptWebSocket, offeredProtocols, sendMessage } from '../../wire/websocket.ts';

const base64Protocol = 'base64.binary.k8s.io';
const protocols = ['binary.k8s.io', base64Protocol];

export async function streamToSocket(request: ServingRequest, source: Readable): Promise<void> {
  const offered = offeredProtocols(request.headers['sec-websocket-protocol']);
  const chosen = offered.find((p) => protocols.includes(p));
  if (offered.length > 0 && chosen === undefined) {
    source.destroy();
    return request.send(403, {}, '');
  }
  const { socket, head } = request.hijack();
  const ws = await acceptWebSocket(request.incoming as IncomingMessage, socket, head, chosen);
  ws.once('close', () => source.destroy());
  ws.on('error', () => ws.terminate());
  // What the client says is read, so that its leaving is noticed, and passed over.
  ws.resume();
  request.begun?.();
  const formed = (bytes: Buffer): Buffer | string => (chosen === base64Protocol ? bytes.toString('base64') : bytes);
  await sendMessage(ws, formed(Buffer.alloc(0)));
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) await sendMessage(ws, formed(chunk));
    ws.close(1000);
  } catch {
    // A client that has gone, or a kubelet that broke off: both ends learn it by the closed connection.
    ws.terminate();
  }
}
