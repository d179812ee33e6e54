/** Requests by path without a network: HTTP over a pair of streams in memory, as a user who is already known. */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { duplexPair, type Duplex } from 'node:stream';
import type { RawRequest, RawResponse } from '../../client/client.ts';
import type { User } from '../../serving/identity.ts';
import { ServingRequest } from '../../serving/request.ts';

export type RawHandler = (request: ServingRequest, user: User) => Promise<void>;

export function rawTransport(handle: RawHandler, user: User, userAgent: string): (request: RawRequest) => Promise<RawResponse> {
  // Never listens: connections are handed to it.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 0 }, (incoming: IncomingMessage, response: ServerResponse) => {
    handle(new ServingRequest(incoming, response), user).catch(() => response.destroy());
  });
  return (request) =>
    new Promise((resolve, reject) => {
      const [near, far] = duplexPair() as [Duplex, Duplex];
      server.emit('connection', far);
      const outgoing = httpRequest({
        createConnection: () => near, method: request.method, path: request.path,
        // Node leaves the length of a DELETE's body out.
        headers: { host: 'localhost', 'user-agent': userAgent, ...request.headers, ...(request.body === undefined ? {} : { 'content-length': Buffer.byteLength(request.body) }) },
        ...(request.signal ? { signal: request.signal } : {}),
      });
      outgoing.on('response', (response) => {
        const headers: Record<string, string> = {};
        for (const [name, value] of Object.entries(response.headers)) headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
        response.on('close', () => near.destroy());
        resolve({ status: response.statusCode ?? 0, headers, body: response as AsyncIterable<Uint8Array> });
      });
      outgoing.on('error', reject);
      outgoing.end(request.body);
    });
}
