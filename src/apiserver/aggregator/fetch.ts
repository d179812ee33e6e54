/** One small JSON document from another server. */
import { request } from 'node:https';
import type { JsonObject } from '../../machinery/json.ts';
import type { Target } from '../proxy/forward.ts';

const limit = 16 * 1024 * 1024;

export function fetchJson(target: Target, signal: AbortSignal): Promise<JsonObject> {
  return new Promise((resolve, reject) => {
    const { tls } = target;
    const headers: Record<string, string | string[]> = { accept: 'application/json' };
    for (const [name, value] of Object.entries(target.headers ?? {})) if (value !== undefined) headers[name] = value;
    const outgoing = request({
      host: target.host, port: target.port, path: target.path, headers, signal,
      ...(target.via ? { agent: target.via.https } : target.agent ? { agent: target.agent as never } : {}),
      ...(tls?.ca ? { ca: tls.ca } : {}), ...(tls?.cert && tls.key ? { cert: tls.cert, key: tls.key } : {}),
      ...(tls?.serverName ? { servername: tls.serverName } : {}), rejectUnauthorized: tls?.insecure !== true,
    }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > limit) response.destroy(new Error('answer too long'));
        chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode !== 200) return reject(new Error(`bad status from https://${target.host}:${target.port}${target.path}: ${response.statusCode}`));
        try {
          resolve(JSON.parse(text) as JsonObject);
        } catch (error) {
          reject(error as Error);
        }
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
