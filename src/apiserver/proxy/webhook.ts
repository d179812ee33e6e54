/** Calls a webhook that an object names: by its address, or by a service of the cluster. */
import { request } from 'node:https';
import type { DeepReadonly, JsonObject } from '../../machinery/json.ts';
import { encodeJson } from '../../schema/json.ts';
import type { Resolver } from './resolve.ts';

/** The part that all kinds of webhooks have alike. */
export type WebhookAddress = DeepReadonly<{
  url?: string;
  service?: { namespace: string; name: string; path?: string; port?: number };
  /** Base64 of PEM. */
  caBundle?: string;
}>;

const limit = 64 * 1024 * 1024;

interface Place {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly serverName: string;
  /** How messages call it. */
  readonly shown: string;
}

async function placeOf(address: WebhookAddress, resolver: Resolver, query: string): Promise<Place> {
  const { url, service } = address;
  if (url !== undefined) {
    const { hostname, port, pathname } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, '');
    return { host, port: Number(port) || 443, path: pathname + query, serverName: host, shown: url + query };
  }
  if (!service) throw new Error('neither an address nor a service is named');
  const { namespace, name, port = 443, path = '/' } = service;
  const slashed = path.startsWith('/') ? path : `/${path}`;
  const backend = await resolver.pick(namespace, name, String(port));
  const serverName = `${name}.${namespace}.svc`;
  return { ...backend, path: slashed + query, serverName, shown: `https://${serverName}:${port}${slashed}${query}` };
}

/** Posts `body` and answers what comes back; throws an Error for whatever is not JSON with status 200. `query`: `?timeout=10s`, or nothing. */
export async function callWebhook(address: WebhookAddress, resolver: Resolver, body: unknown, signal: AbortSignal, query = ''): Promise<JsonObject> {
  const place = await placeOf(address, resolver, query);
  const bytes = encodeJson(body);
  const isName = !/^[\d.]+$|:/.test(place.serverName);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(new Error(`Post ${JSON.stringify(place.shown)}: ${error.message}`, { cause: error }));
    const outgoing = request({
      host: place.host, port: place.port, path: place.path, method: 'POST', signal, agent: false,
      headers: { 'content-type': 'application/json', accept: 'application/json', 'content-length': bytes.length, 'user-agent': 'kube-apiserver-admission' },
      ...(isName ? { servername: place.serverName } : {}), ...(address.caBundle ? { ca: Buffer.from(address.caBundle, 'base64').toString() } : {}),
    }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > limit) response.destroy(new Error('answer too long'));
        chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode !== 200) return reject(new Error(`the server responded with the status code ${response.statusCode} but did not return more information`));
        try {
          resolve(JSON.parse(text) as JsonObject);
        } catch (error) {
          fail(error as Error);
        }
      });
    });
    outgoing.on('error', fail);
    outgoing.end(bytes);
  });
}
