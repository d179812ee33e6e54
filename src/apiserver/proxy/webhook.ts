/** Calls a webhook that an object names: by its address, or by a service of the cluster. */
import { request, type Agent } from 'node:https';
import type { Counter, Metrics } from '../../base/metrics.ts';
import type { DeepReadonly, JsonObject } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { encodeJson, parseJson } from '../../schema/json.ts';
import type { Resolver } from './resolve.ts';
import { unreachable } from './unreachable.ts';

/** The part that all kinds of webhooks have alike. */
export type WebhookAddress = DeepReadonly<{
  url?: string;
  service?: { namespace: string; name: string; path?: string; port?: number };
  /** Base64 of PEM. */
  caBundle?: string;
}>;

export interface CallOptions {
  /** `?timeout=10s`, or nothing. */
  readonly query?: string;
  /** Keeps connections. */
  readonly agent?: Agent;
  /** Told of certificates that are of an old kind. */
  readonly weak?: X509Meter;
}

/** Counts servers whose certificates clients no longer believe: those that name nobody but in their subject, and those signed with SHA-1. */
export type X509Meter = (error: NodeJS.ErrnoException & { readonly cert?: { readonly subjectaltname?: string } }) => void;

export function x509Meter(metrics: Metrics, who: 'webhooks' | 'kube_aggregator'): X509Meter {
  const counter = (name: string, help: string): Counter => metrics.counter({ name: `apiserver_${who}_x509_${name}_total`, help: `[ALPHA] ${help}` });
  const names = counter('missing_san', 'Connections that failed because the certificate names its server in the subject only.');
  const digests = counter('insecure_sha1', 'Connections that failed because the certificate is signed with SHA-1.');
  return (error) => {
    if (error.code === 'ERR_TLS_CERT_ALTNAME_INVALID' && !error.cert?.subjectaltname) names.inc();
    if (error.code === 'CA_MD_TOO_WEAK' || error.code === 'CERT_SIGNATURE_FAILURE') digests.inc();
  };
}

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
  const serverName = `${name}.${namespace}.svc`;
  const shown = `https://${serverName}:${port}${slashed}${query}`;
  try {
    return { ...(await resolver.pick(namespace, name, String(port))), path: slashed + query, serverName, shown };
  } catch (error) {
    const why = hasReason(error, 'NotFound') ? `service ${JSON.stringify(name)} not found` : (error as Error).message;
    throw new Error(`Post ${JSON.stringify(shown)}: ${why}`, { cause: error });
  }
}

/** Posts `body` and answers what comes back; throws an Error in upstream's words for whatever is not JSON with a good status. */
export async function callWebhook(address: WebhookAddress, resolver: Resolver, body: unknown, signal: AbortSignal, { query = '', agent, weak }: CallOptions = {}): Promise<JsonObject> {
  const place = await placeOf(address, resolver, query);
  const bytes = encodeJson(body);
  const isName = !/^[\d.]+$|:/.test(place.serverName);
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      weak?.(error);
      const why = signal.aborted ? 'context deadline exceeded' : unreachable(error, place);
      reject(new Error(`Post ${JSON.stringify(place.shown)}: ${why}`, { cause: error }));
    };
    const outgoing = request({
      host: place.host, port: place.port, path: place.path, method: 'POST', signal, agent: (address.url === undefined ? resolver.via?.https : undefined) ?? agent ?? false,
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
        const answer = Buffer.concat(chunks);
        const { statusCode = 0 } = response;
        if (statusCode < 200 || statusCode > 206) return reject(new Error(refusal(statusCode, answer.toString())));
        try {
          resolve(parseJson(answer).value as JsonObject);
        } catch (error) {
          fail(error as Error);
        }
      });
    });
    outgoing.on('error', fail);
    outgoing.end(bytes);
  });
}

function refusal(code: number, body: string): string {
  if (code === 404) return 'the server could not find the requested resource';
  if (code >= 500) return `an error on the server (${JSON.stringify(body.trim() || 'unknown')}) has prevented the request from succeeding`;
  return 'the server rejected our request for an unknown reason';
}
