/** Streams into containers over WebSocket: the first byte of each message is its channel. */
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import type { Duplex, Writable } from 'node:stream';
import { StatusError, type Status } from '../machinery/status.ts';
import { byteTunnel, sendMessage } from '../wire/websocket.ts';
import { ConnectionError } from '../client/http.ts';
import { CommandError } from './errors.ts';
import { queryText, readAll, type Request, type Session } from './session.ts';

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
const channelProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

/** Opens a WebSocket to a path of the API server. A refusal is thrown as the server worded it. */
async function openWebSocket(session: Session, path: string, query: Request['query'], protocols: readonly string[]): Promise<WebSocket> {
  const { config } = session.connection;
  const token = config.token ?? (config.tokenFile ? readFileSync(config.tokenFile, 'utf8').trim() : undefined);
  const url = config.server.replace(/^http/, 'ws').replace(/\/$/, '') + path + queryText(query);
  const ws = new WebSocket(url, [...protocols], {
    headers: { 'user-agent': config.userAgent ?? 'kubectl', ...(token ? { authorization: `Bearer ${token}` } : {}), ...config.headers },
    rejectUnauthorized: config.insecureSkipTlsVerify !== true, perMessageDeflate: false,
    ...(config.ca ? { ca: config.ca } : {}), ...(config.cert ? { cert: config.cert } : {}), ...(config.key ? { key: config.key } : {}), ...(config.tlsServerName ? { servername: config.tlsServerName } : {}),
  });
  const end = (): void => ws.terminate();
  session.signal.addEventListener('abort', end, { once: true });
  ws.once('close', () => session.signal.removeEventListener('abort', end));
  await new Promise<void>((resolve, reject) => {
    ws.once('open', () => {
      // Nothing may arrive before somebody listens.
      ws.pause();
      resolve();
    });
    ws.once('error', (error) => reject(new ConnectionError(config.server, error)));
    ws.once('unexpected-response', (_request, response) => {
      readAll(response).then((text) => reject(refusal(text, response.statusCode ?? 0)), reject);
    });
  });
  return ws;
}

function refusal(text: string, code: number): Error {
  try {
    const status = JSON.parse(text) as Status;
    if (status.kind === 'Status') return new StatusError(status);
  } catch {
    // Plain text of a kubelet or proxy.
  }
  return new CommandError(`unable to upgrade connection: ${text.trim() || `the server answered with status ${code}`}`);
}

export interface StreamOptions {
  readonly stdin: boolean;
  readonly tty: boolean;
  readonly stderr?: boolean;
  /** Instead of the session's own streams. */
  readonly input?: AsyncIterable<Uint8Array>;
  readonly output?: Writable;
}

/** Joins the session's streams to those of a container. Resolves with the exit code of the process. */
export async function runStreams(session: Session, path: string, query: Request['query'], options: StreamOptions): Promise<number> {
  const { io } = session;
  const raw = options.tty && io.stdin.isTTY === true;
  const ws = await openWebSocket(session, path, { ...query, stdin: options.stdin, stdout: true, stderr: !options.tty && options.stderr !== false, tty: options.tty }, channelProtocols);
  if (raw) io.stdin.setRawMode?.(true);
  const resize = (): void => void sendMessage(ws, Buffer.concat([Buffer.from([channel.resize]), Buffer.from(JSON.stringify({ Width: io.stdout.columns ?? 80, Height: io.stdout.rows ?? 24 }))]));
  if (raw) {
    resize();
    io.stdout.on('resize', resize);
  }
  const ending = new AbortController();
  try {
    if (options.stdin) sendInput(ws, options.input ?? io.stdin, ending.signal).catch((error: unknown) => ws.emit('error', error as Error));
    return exitCode(await received(ws, session, options));
  } finally {
    ending.abort();
    ws.terminate();
    if (raw) {
      io.stdin.setRawMode?.(false);
      io.stdout.off('resize', resize);
    }
    if (options.stdin) io.stdin.pause();
  }
}

async function sendInput(ws: WebSocket, input: AsyncIterable<Uint8Array | string>, signal: AbortSignal): Promise<void> {
  for await (const chunk of input) {
    if (signal.aborted) return;
    await sendMessage(ws, Buffer.concat([Buffer.from([channel.stdin]), Buffer.from(chunk as Uint8Array)]));
  }
  // Half-closing is known to the fifth version only.
  if (ws.protocol === 'v5.channel.k8s.io') await sendMessage(ws, Buffer.from([channel.close, channel.stdin]));
}

/** Writes what comes; resolves with the status that ends the stream. */
function received(ws: WebSocket, session: Session, options: StreamOptions): Promise<Status | undefined> {
  const { stdout, stderr } = session.io;
  const output = options.output ?? stdout;
  const write = (chunk: Buffer): void => {
    if (output.write(chunk)) return;
    ws.pause();
    output.once('drain', () => ws.resume());
  };
  return new Promise((resolve, reject) => {
    let status: Status | undefined;
    ws.on('message', (data: Buffer) => {
      const body = data.subarray(1);
      if (data[0] === channel.stdout) write(body);
      else if (data[0] === channel.stderr) stderr.write(body);
      else if (data[0] === channel.error && body.length) {
        try {
          status = JSON.parse(body.toString()) as Status;
        } catch {
          status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: body.toString() };
        }
      }
    });
    ws.once('close', () => resolve(status));
    ws.once('error', reject);
    ws.resume();
  });
}

function exitCode(status: Status | undefined): number {
  if (status === undefined || status.status === 'Success') return 0;
  const cause = status.details?.causes?.find((c) => c.reason === 'ExitCode');
  if ((status.reason as string) === 'NonZeroExitCode' && cause?.message) return Number(cause.message);
  throw new CommandError(status.message ?? 'the stream ended with an error');
}

/** A tunnel of bytes to a pod's port forwarding, in which SPDY is spoken. */
export async function openTunnel(session: Session, path: string): Promise<Duplex> {
  const ws = await openWebSocket(session, path, {}, ['SPDY/3.1+portforward.k8s.io']);
  const tunnel = byteTunnel(ws);
  ws.resume();
  return tunnel;
}
