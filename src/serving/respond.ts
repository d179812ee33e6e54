/** Ways to answer: objects in a negotiated form, errors as Status, text; long answers are compressed. */
import type { OutgoingHttpHeaders } from 'node:http';
import { gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { isAbort } from '../base/abort.ts';
import { StatusError, type Status } from '../machinery/status.ts';
import { dumpYaml } from '../machinery/yaml.ts';
import { json, yaml } from './negotiation.ts';
import type { ServingRequest } from './request.ts';

/** Answers shorter than this go out as they are, as upstream does. */
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
  if (bytes.length >= gzipThreshold && acceptsGzip(request)) {
    const packed = await compress(bytes, { level: 1 });
    headers['content-encoding'] = 'gzip';
    headers['vary'] = 'Accept-Encoding';
    request.send(code, headers, packed);
    return;
  }
  request.send(code, headers, bytes);
}

export function acceptsGzip(request: ServingRequest): boolean {
  const accept = request.headers['accept-encoding'];
  return typeof accept === 'string' && accept.includes('gzip');
}
