/** A plain HTTPS client for tests: one request a connection, nothing done behind one's back. */
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { ClientRequest, IncomingHttpHeaders } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  json(): Record<string, unknown>;
}

export interface Sent {
  readonly request: ClientRequest;
  readonly answer: Promise<Answer>;
}

export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The head goes out and the body is announced, but not sent: the caller ends the request. */
  readonly open?: boolean;
}

/** Against a server whose certificate is not looked at. */
export function send(url: string, { method = 'GET', path, token, headers = {}, body, open = false }: Call): Sent {
  const target = new URL(url);
  const options: RequestOptions = {
    host: target.hostname, port: target.port, path, method, rejectUnauthorized: false, agent: false,
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }), ...(body === undefined || headers['content-type'] ? {} : { 'content-type': 'application/json' }), ...headers },
  };
  const request = httpsRequest(options);
  const answer = new Promise<Answer>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(parts).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: () => JSON.parse(text) as Record<string, unknown> });
      });
    });
  });
  answer.catch(() => {});
  if (open) request.flushHeaders();
  else request.end(body);
  return { request, answer };
}

export const call = (url: string, request: Call): Promise<Answer> => send(url, request).answer;
