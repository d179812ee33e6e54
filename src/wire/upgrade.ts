/** Leaving HTTP on a connection: asking a server for it, and joining two connections that have left it. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';

export interface Upgraded {
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly headers: IncomingHttpHeaders;
}

/** The server answered with something else than 101. */
export class UpgradeRefused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'UpgradeRefused';
    this.status = status;
  }
}

export function requestUpgrade(url: string, method: string, headers: Readonly<Record<string, string | readonly string[]>>): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, { method, headers: headers as Record<string, string | string[]>, agent: false });
    request.once('upgrade', (response, socket, head) => resolve({ socket, head, headers: response.headers }));
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => reject(new UpgradeRefused(response.statusCode ?? 0, Buffer.concat(chunks).toString().trim())));
    });
    request.once('error', reject);
    request.end();
  });
}

/** The head of a 101 answer. */
export function switchingProtocols(headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`;
}

/** Bytes go both ways until both sides have ended. */
export function splice(a: Duplex, b: Duplex): void {
  a.on('error', () => b.destroy());
  b.on('error', () => a.destroy());
  a.once('close', () => b.destroy());
  b.once('close', () => a.destroy());
  a.pipe(b);
  b.pipe(a);
}
