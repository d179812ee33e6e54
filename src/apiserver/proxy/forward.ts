/** Hands a request on to another server, ordinary or upgraded, and its answer back. */
import { request as httpRequest, type Agent as HttpAgent, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest, type Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createDeflateRaw, createGunzip, createGzip, createInflateRaw } from 'node:zlib';
import { StatusError } from '../../machinery/status.ts';
import type { ServingRequest } from '../../serving/request.ts';
import type { Egress } from './egress.ts';
import { linkRewriter, rewriteUrl, type Rewriting } from './rewrite.ts';
import { unreachable } from './unreachable.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
  /** Absent: plain HTTP. */
  readonly tls?: {
    /** PEM; absent together with `insecure`: the system's authorities. */
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly serverName?: string;
    readonly insecure?: boolean;
  };
  /** With the query. */
  readonly path: string;
  /** Set over those of the request; undefined removes one. */
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  /** What it says of going elsewhere does not reach the client. */
  readonly rejectRedirects?: boolean;
  /** What the bytes of each direction of an upgraded connection pass through. */
  readonly through?: (() => Duplex) | undefined;
  /** Connections are not made directly. */
  readonly via?: Egress | undefined;
  /** Keeps connections to this server. */
  readonly agent?: HttpAgent | HttpsAgent;
  /** Pages that come from there are to lead back through the proxy. */
  readonly rewriting?: Rewriting;
}

/** What every connection to something in the cluster has to go through. */
export type Way = Pick<Target, 'through' | 'via'>;

/** Belong to one connection, not to the message. */
const hopByHop = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings', 'proxy-authorization', 'proxy-authenticate']);

function outgoingHeaders(request: ServingRequest, target: Target): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (!name.startsWith(':') && !hopByHop.has(name) && value !== undefined) headers[name] = value;
  }
  for (const [name, value] of Object.entries(target.headers ?? {})) {
    const lower = name.toLowerCase();
    if (value === undefined) delete headers[lower];
    else headers[lower] = value;
  }
  const client = request.socket.remoteAddress;
  if (client !== undefined) headers['x-forwarded-for'] = headers['x-forwarded-for'] === undefined ? client : `${String(headers['x-forwarded-for'])}, ${client}`;
  if (request.wantsUpgrade) {
    headers['connection'] = 'Upgrade';
    headers['upgrade'] = request.headers.upgrade;
  }
  headers['host'] ??= `${target.host}:${target.port}`;
  return headers;
}

function open(method: string, target: Target, headers: OutgoingHttpHeaders, signal: AbortSignal, keep: boolean): ClientRequest {
  const { tls } = target;
  const common = { host: target.host, port: target.port, path: target.path, method, headers, signal };
  if (!tls) return httpRequest({ ...common, agent: target.via?.http ?? ((keep && target.agent) || false) });
  return httpsRequest({
    ...common,
    ...(tls.ca ? { ca: tls.ca } : {}), ...(tls.cert && tls.key ? { cert: tls.cert, key: tls.key } : {}),
    ...(tls.serverName ? { servername: tls.serverName } : {}), rejectUnauthorized: tls.insecure !== true,
    agent: target.via?.https ?? ((keep && (target.agent as HttpsAgent | undefined)) || false),
  });
}

/** A plain GET, with nothing of a client's request in it. Rejects with what the other side, or the way to it, has to say. */
export function ask(target: Target, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = open('GET', target, {}, signal, true);
    outgoing.once('response', resolve);
    outgoing.on('error', (error) => reject(new Error(unreachable(error, target), { cause: error })));
    outgoing.end();
  });
}

/** Resolves when the exchange is over. Throws 503 (500 for what was to be upgraded) when the other server cannot be reached. */
export async function forward(request: ServingRequest, target: Target): Promise<void> {
  const upgrading = request.wantsUpgrade;
  const gone = new AbortController();
  if (!upgrading) request.signal.addEventListener('abort', () => gone.abort(), { once: true });
  const outgoing = open(request.method, target, outgoingHeaders(request, target), gone.signal, !upgrading);
  const answer = new Promise<{ response: IncomingMessage; socket?: Duplex; head?: Buffer }>((resolve, reject) => {
    outgoing.once('response', (response) => resolve({ response }));
    outgoing.once('upgrade', (response, socket, head) => resolve({ response, socket, head }));
    outgoing.once('error', (error) => {
      const why = unreachable(error, target);
      reject(upgrading ? failed(`error dialing backend: ${why}`) : StatusError.serviceUnavailable(`error trying to reach service: ${why}`));
    });
  });
  if (upgrading || request.method === 'GET' || request.method === 'HEAD') outgoing.end();
  else request.incoming.pipe(outgoing);
  const { response, socket, head } = await answer;
  outgoing.on('error', () => {});
  if (socket) return splice(request, response, socket, head!, target.through);
  if (target.rejectRedirects && isRedirect(response)) {
    response.destroy();
    return request.send(502, {}, 'the backend attempted to redirect this request, which is not permitted');
  }
  const { statusCode = 502 } = response;
  if (upgrading && statusCode < 400) {
    response.destroy();
    throw failed(`invalid upgrade response: status code ${statusCode}`);
  }
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(response.headers)) if (!hopByHop.has(name) && value !== undefined) headers[name] = value;
  const through = target.rewriting && !upgrading ? rewritten(headers, target.rewriting) : [];
  const body = request.stream(statusCode, headers);
  request.begun?.();
  // A client that has gone, or a server that broke off, has been told by the broken stream.
  await pipeline([response, ...through, body.writable]).catch(() => body.destroy());
}

function failed(message: string): StatusError {
  return new StatusError({ status: 'Failure', code: 500, message });
}

/** What the body has to go through on its way, for which the headers are made fit. */
function rewritten(headers: OutgoingHttpHeaders, rewriting: Rewriting): Duplex[] {
  if (typeof headers['location'] === 'string' && headers['location'] !== '') {
    headers['location'] = rewriteUrl(headers['location'], rewriting);
    return [];
  }
  if (String(headers['content-type'] ?? '').split(';', 1)[0]!.trim() !== 'text/html') return [];
  const encoding = String(headers['content-encoding'] ?? '');
  const coding: Readonly<Record<string, () => [Duplex[], Duplex[]]>> = {
    '': () => [[], []], gzip: () => [[createGunzip()], [createGzip()]], deflate: () => [[createInflateRaw()], [createDeflateRaw()]],
  };
  const made = Object.hasOwn(coding, encoding) ? coding[encoding]!() : undefined;
  if (!made) return [];
  delete headers['content-length'];
  return [...made[0], linkRewriter(rewriting), ...made[1]];
}

function isRedirect({ statusCode = 0, headers }: IncomingMessage): boolean {
  return statusCode >= 300 && statusCode <= 399 && !!headers.location;
}

/** Both connections have left HTTP: bytes go through as they come, until one of them closes. */
function splice(request: ServingRequest, response: IncomingMessage, far: Duplex, farHead: Buffer, through: (() => Duplex) | undefined): void {
  const { socket: near, head } = request.hijack();
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage}`];
  for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) lines.push(`${response.rawHeaders[i]}: ${response.rawHeaders[i + 1]}`);
  near.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (farHead.length > 0) near.write(farHead);
  if (head.length > 0) far.write(head);
  for (const [a, b] of [[near, far], [far, near]] as const) {
    a.on('error', () => b.destroy());
    a.on('close', () => b.destroy());
    if (through) a.pipe(through()).pipe(b);
    else a.pipe(b);
  }
}
