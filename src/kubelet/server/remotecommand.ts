/** Commands over WebSocket channels, carried to the runtime over SPDY. */
import type { WebSocket } from 'ws';
import { SpdyConnection, type SpdyStream } from '../../wire/spdy.ts';
import { requestUpgrade } from '../../wire/upgrade.ts';
import { sendMessage } from '../../wire/websocket.ts';

export interface StreamsWanted {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The best first; v5 is v4 that can also close stdin alone. */
export const channelProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'channel.k8s.io', 'base64.channel.k8s.io'] as const;

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

interface Backend {
  readonly error: SpdyStream;
  readonly stdin?: SpdyStream;
  readonly stdout?: SpdyStream;
  readonly stderr?: SpdyStream;
  readonly resize?: SpdyStream;
}

function openStreams(connection: SpdyConnection, wanted: StreamsWanted): Backend {
  const open = (streamtype: string): SpdyStream => {
    const stream = connection.open({ streamtype });
    // A broken connection shows as the end of every stream.
    stream.on('error', () => connection.close());
    return stream;
  };
  return {
    error: open('error'),
    ...(wanted.stdin ? { stdin: open('stdin') } : {}),
    ...(wanted.stdout ? { stdout: open('stdout') } : {}),
    ...(wanted.stderr ? { stderr: open('stderr') } : {}),
    ...(wanted.tty ? { resize: open('resize') } : {}),
  };
}

export async function serveChannels(ws: WebSocket, protocol: string, url: string, wanted: StreamsWanted): Promise<void> {
  const base64 = protocol.includes('base64');
  const upgraded = await requestUpgrade(url, 'POST', { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' }).catch((error: unknown) => {
    ws.close(1011, 'the runtime refused');
    throw error;
  });
  const connection = new SpdyConnection(upgraded.socket, upgraded.head);
  const backend = openStreams(connection, wanted);
  const send = (number: number, data: Buffer): Promise<void> =>
    sendMessage(ws, base64 ? `${number}${data.toString('base64')}` : Buffer.concat([Buffer.from([number]), data]));

  ws.on('message', (message: Buffer) => fromClient(message, base64, protocol.startsWith('v5.'), backend, ws));
  ws.once('close', () => connection.close());
  ws.once('error', () => connection.close());
  ws.resume();

  // An empty message on each channel says that it is open.
  if (wanted.stdout) await send(channel.stdout, Buffer.alloc(0));
  if (wanted.stderr) await send(channel.stderr, Buffer.alloc(0));
  const status: Buffer[] = [];
  await Promise.all([
    carry(backend.stdout, (data) => send(channel.stdout, data)),
    carry(backend.stderr, (data) => send(channel.stderr, data)),
    carry(backend.error, async (data) => void status.push(data)),
  ]);
  await sendStatus(Buffer.concat(status), protocol, (data) => send(channel.error, data));
  ws.close(1000);
  connection.close();
}

async function carry(stream: SpdyStream | undefined, to: (data: Buffer) => Promise<void>): Promise<void> {
  if (!stream) return;
  for await (const data of stream) await to(data as Buffer);
}

/** v4 and v5 carry the Status itself, the oldest only its text when the command failed. */
async function sendStatus(status: Buffer, protocol: string, send: (data: Buffer) => Promise<void>): Promise<void> {
  if (status.length === 0) return;
  if (/^v[45]\./.test(protocol)) return send(status);
  const { status: outcome, message } = JSON.parse(status.toString()) as { status?: string; message?: string };
  if (outcome !== 'Success') await send(Buffer.from(message ?? 'command failed'));
}

function fromClient(message: Buffer, base64: boolean, closable: boolean, backend: Backend, ws: WebSocket): void {
  if (message.length === 0) return;
  const number = base64 ? message[0]! - 0x30 : message[0]!;
  const data = base64 ? Buffer.from(message.toString('latin1', 1), 'base64') : message.subarray(1);
  if (number === channel.close && closable) {
    if (data[0] === channel.stdin) backend.stdin?.end();
    return;
  }
  const target = number === channel.stdin ? backend.stdin : number === channel.resize ? backend.resize : undefined;
  if (!target || target.writableEnded || data.length === 0) return;
  if (target.write(data)) return;
  ws.pause();
  target.once('drain', () => ws.resume());
}
