/** Ways to answer: objects in a negotiated form, errors as Status, text; long answers are compressed. */
import type { OutgoingHttpHeaders } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { createGzip, gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { isAbort } from '../base/abort.ts';
import { StatusError, type Status } from '../machinery/status.ts';
import { dumpYaml } from '../machinery/yaml.ts';
import { json, yaml } from './negotiation.ts';
import type { ServingRequest } from './request.ts';

/** Answers no longer than this go out as they are, as upstream does. */
const gzipThreshold = 128 * 1024;
const compress = promisify(gzip);

/** Any error as the Status that the client gets. */
export function toStatus(error: unknown): Status {
  if (error instanceof StatusError) return error.status;
  if (isAbort(error)) return StatusError.timeout('request did not complete within the allowed duration').status;
  return StatusError.internal(error instanceof Error ? error.message : String(error)).status;
}

export function sendError(request: ServingRequest, error: unknown): void {
  const status = toStatus(error);
  const code = status.code ?? 500;
  const headers: OutgoingHttpHeaders = { 'cache-control': 'no-cache, private' };
  const retry = status.details?.retryAfterSeconds;
  if (retry) headers['retry-after'] = String(retry);
  sendJson(request, code, status, headers);
}

/** A small object as JSON, or YAML when only that is asked for. */
export function sendJson(request: ServingRequest, code: number, object: unknown, headers: OutgoingHttpHeaders = {}): void {
  if (request.headers.accept === yaml) {
    headers['content-type'] = yaml;
    request.send(code, headers, dumpYaml(object));
    return;
  }
  headers['content-type'] = json;
  request.send(code, headers, `${JSON.stringify(object)}\n`);
}

export function sendText(request: ServingRequest, code: number, text: string, type = 'text/plain; charset=utf-8'): void {
  request.send(code, { 'content-type': type, 'x-content-type-options': 'nosniff' }, text);
}

/** Encoded bytes; compressed when they are many and the client takes it. */
export async function sendBytes(request: ServingRequest, code: number, headers: OutgoingHttpHeaders, bytes: Uint8Array): Promise<void> {
  if (bytes.length > gzipThreshold && acceptsGzip(request)) {
    await request.trail?.answered(code, String(headers['content-type'] ?? ''), bytes);
    const packed = await compress(bytes, { level: 1 });
    headers['content-encoding'] = 'gzip';
    headers['vary'] = 'Accept-Encoding';
    request.send(code, headers, packed);
    return;
  }
  request.send(code, headers, bytes);
}

/**
 * An answer that is made piece by piece: a short one goes out whole, a long one in pieces, each made when the client has taken the one
 * before, whose memory it may use again. Other requests run in between; `undefined` from the maker only lets them.
 */
export async function sendPieces(request: ServingRequest, code: number, headers: OutgoingHttpHeaders, pieces: Iterator<Buffer | undefined, void>): Promise<void> {
  let first = (await nextPiece(pieces)) ?? Buffer.alloc(0);
  let second: Buffer | undefined;
  if (first.length <= gzipThreshold) {
    const copy = Buffer.from(first);
    second = await nextPiece(pieces);
    if (!second) return sendBytes(request, code, headers, copy);
    first = copy;
  }
  if (acceptsGzip(request)) {
    headers['content-encoding'] = 'gzip';
    headers['vary'] = 'Accept-Encoding';
    const body = request.stream(code, headers);
    for await (const piece of gzipped(first, second, pieces)) {
      if (body.gone) return;
      if (!body.write(piece)) await body.drained();
    }
    return body.end();
  }
  const body = request.stream(code, headers);
  await body.taken(first);
  for (let piece = second ?? (await nextPiece(pieces)); piece; piece = await nextPiece(pieces)) {
    if (body.gone) return;
    await body.taken(piece);
    await turn();
  }
  body.end();
}

/** Packed in libuv's threads, which read ahead; whoever stops reading stops the maker too. */
function gzipped(first: Buffer, second: Buffer | undefined, pieces: Iterator<Buffer | undefined, void>): AsyncIterable<Buffer> {
  const copies = (async function* (): AsyncGenerator<Buffer, void, void> {
    yield Buffer.from(first);
    for (let piece = second ?? (await nextPiece(pieces)); piece; piece = await nextPiece(pieces)) yield Buffer.from(piece);
  })();
  const packer = createGzip({ level: 1 });
  // An error destroys the packer, and its reader gets it.
  pipeline(Readable.from(copies, { highWaterMark: 1 }), packer, () => {});
  return packer;
}

async function nextPiece(pieces: Iterator<Buffer | undefined, void>): Promise<Buffer | undefined> {
  for (;;) {
    const next = pieces.next();
    if (next.done) return undefined;
    if (next.value) return next.value;
    await turn();
  }
}

/** Lets everything else that is waiting run first. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function acceptsGzip(request: ServingRequest): boolean {
  const accept = request.headers['accept-encoding'];
  // By its bare name only: who gives it a weight is not understood, as upstream does not.
  return typeof accept === 'string' && accept.includes('gzip') && accept.split(',').some((coding) => coding.trim() === 'gzip');
}
