/** A connection that leaves HTTP, as exec does: over it the note answers every message, and says who sent it. */
import type { IncomingMessage } from 'node:http';
import type { ServingRequest } from '../../src/serving/request.ts';
import { StatusError } from '../../src/machinery/status.ts';
import { acceptWebSocket, offeredProtocols, sendMessage } from '../../src/wire/websocket.ts';
import type { Note } from './notes.ts';

const protocol = 'v1.talk.example.com';

export async function talk(request: ServingRequest, note: Note): Promise<void> {
  if (!request.wantsUpgrade) throw StatusError.badRequest('Upgrade request required');
  const offered = offeredProtocols(request.headers['sec-websocket-protocol'] as string | undefined);
  const { socket, head } = request.hijack();
  const connection = await acceptWebSocket(request.incoming as IncomingMessage, socket, head, offered.includes(protocol) ? protocol : undefined);
  connection.on('message', (data: Buffer) => {
    void sendMessage(connection, `${note.metadata.name} hears ${request.user?.name ?? 'nobody'}: ${data.toString()}`);
  });
  connection.resume();
  await new Promise<void>((resolve) => connection.once('close', () => resolve()));
}
