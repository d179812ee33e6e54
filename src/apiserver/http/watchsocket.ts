/** A watch over WebSocket: each event is a message of its own, text for JSON, binary for protobuf. */
import type { IncomingMessage } from 'node:http';
import type { SharedPiece } from '../../serving/piece.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { acceptWebSocket, offeredProtocols, sendMessage } from '../../wire/websocket.ts';

/** What a watch writes its events to. */
export interface WatchBody {
  /** False: the client is slow, wait for `drained`. */
  write(piece: SharedPiece): boolean;
  drained(): Promise<void>;
  end(): void;
}

/** The client is slow when more than this waits for it. */
const highWaterMark = 64 * 1024;
/** Messages say themselves where they end: the length before a frame of protobuf is not sent. */
const lengthBytes = 4;

export function wantsWebSocket(request: ServingRequest): boolean {
  return request.wantsUpgrade && request.headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Takes the connection over. `closed` is called when the client has left. Undefined: the handshake was refused, and that was answered;
 * as upstream does, of clients without an origin, and of those that offer a choice of subprotocols.
 */
export async function acceptWatchSocket(request: ServingRequest, binary: boolean, closed: () => void): Promise<WatchBody | undefined> {
  const protocols = offeredProtocols(request.headers['sec-websocket-protocol']);
  if (protocols.length > 1) return request.send(400, {}, '') as undefined;
  if (!isOrigin(request.headers.origin)) return request.send(403, {}, '') as undefined;
  const { socket, head } = request.hijack();
  const ws = await acceptWebSocket(request.incoming as IncomingMessage, socket, head, protocols[0]);
  ws.once('close', closed);
  ws.on('error', () => ws.terminate());
  // What the client says is read, so that its pings and its leaving are noticed, and passed over.
  ws.resume();
  let sent = Promise.resolve();
  return {
    write: ({ bytes }) => {
      sent = sendMessage(ws, binary ? bytes.subarray(lengthBytes) : bytes.toString());
      return ws.bufferedAmount < highWaterMark;
    },
    drained: () => sent,
    end: () => ws.close(1000),
  };
}

function isOrigin(origin: string | undefined): boolean {
  return origin !== undefined && URL.canParse(origin);
}
