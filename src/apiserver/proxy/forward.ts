/** Hands a request on to another server, ordinary or upgraded, and its answer back. */
import { request as httpRequest, type Agent as HttpAgent, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest, type Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StatusError } from '../../machinery/status.ts';
import type { ServingRequest } from '../../serving/request.ts';

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
  /** Keeps connections to this server. */
  readonly agent?: HttpAgent | HttpsAgent;
}

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
  if (request.wantsUpgrade) {
    headers['connection'] = 'Upgrade';
    headers['upgrade'] = request.headers.upgrade;
  }
  headers['host'] ??= `${target.host}:${target.port}`;
  return headers;
}

function open(request: ServingRequest, target: Target, signal: AbortSignal): ClientRequest {
  const { tls } = target;
  const common = { host: target.host, port: target.port, path: target.path, method: request.method, headers: outgoingHeaders(request, target), signal };
  if (!tls) return httpRequest({ ...common, ...(target.agent && !request.wantsUpgrade ? { agent: target.agent } : { agent: false }) });
  return httpsRequest({
    ...common,
    ...(tls.ca ? { ca: tls.ca } : {}), ...(tls.cert && tls.key ? { cert: tls.cert, key: tls.key } : {}),
    ...(tls.serverName ? { servername: tls.serverName } : {}), rejectUnauthorized: tls.insecure !== true,
    ...(target.agent && !request.wantsUpgrade ? { agent: target.agent as HttpsAgent } : { agent: false as const }),
  });
}

/** Resolves when the exchange is over. Throws 503 when the other server cannot be reached. */
export async function forward(request: ServingRequest, target: Target): Promise<void> {
  const upgrading = request.wantsUpgrade;
  const gone = new AbortController();
  if (!upgrading) request.signal.addEventListener('abort', () => gone.abort(), { once: true });
  const outgoing = open(request, target, gone.signal);
  const answer = new Promise<{ response: IncomingMessage; socket?: Duplex; head?: Buffer }>((resolve, reject) => {
    outgoing.once('response', (response) => resolve({ response }));
    outgoing.once('upgrade', (response, socket, head) => resolve({ response, socket, head }));
    outgoing.once('error', (error) => reject(StatusError.serviceUnavailable(`error trying to reach service: ${error.message}`)));
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
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(response.headers)) if (!hopByHop.has(name) && value !== undefined) headers[name] = value;
  const body = request.stream(response.statusCode ?? 502, headers);
  request.begun?.();
  // A client that has gone, or a server that broke off, has been told by the broken stream.
  await pipeline(response, body.writable).catch(() => body.destroy());
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
