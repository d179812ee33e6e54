/** Posts a review to a webhook's server, at its URL or behind its service, and reads the answer. */
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { Clock } from '../../../base/clock.ts';
import type { JsonObject, JsonValue } from '../../../machinery/json.ts';
import { hasReason } from '../../../machinery/status.ts';
import { encodeJson, parseJson } from '../../../schema/json.ts';
import type { Resolver } from '../../proxy/resolve.ts';
import type { Webhook } from './hooks.ts';

/** The server could not be asked: what happens now is up to the webhook's failure policy. */
export class CallFailed extends Error {
  constructor(name: string, why: string, cause?: unknown) {
    super(`failed calling webhook ${JSON.stringify(name)}: ${why}`, { cause });
    this.name = 'CallFailed';
  }
}

interface Target {
  readonly url: string;
  readonly options: RequestOptions;
}

const longestAnswer = 16 * 1024 * 1024;

export class Caller {
  readonly #resolver: Resolver;
  readonly #clock: Clock;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 16 });

  constructor(resolver: Resolver, clock: Clock) {
    this.#resolver = resolver;
    this.#clock = clock;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Throws CallFailed. */
  async call(webhook: Webhook, review: JsonObject): Promise<JsonValue> {
    const seconds = webhook.timeoutSeconds ?? 10;
    const late = new AbortController();
    const timer = this.#clock.after(seconds * 1000, () => late.abort());
    const url = `${urlOf(webhook)}?timeout=${seconds}s`;
    try {
      const target = await this.#target(webhook, url).catch((error: unknown) => {
        const why = hasReason(error, 'NotFound') ? `service ${JSON.stringify(webhook.clientConfig.service?.name ?? '')} not found` : (error as Error).message;
        throw new Error(`Post ${JSON.stringify(url)}: ${why}`, { cause: error });
      });
      return await post(target, encodeJson(review), late.signal);
    } catch (error) {
      const why = late.signal.aborted ? `Post ${JSON.stringify(url)}: context deadline exceeded` : (error as Error).message;
      throw new CallFailed(webhook.name, `failed to call webhook: ${why}`, error);
    } finally {
      timer.cancel();
    }
  }

  async #target({ clientConfig }: Webhook, url: string): Promise<Target> {
    const { service, caBundle } = clientConfig;
    const ca = caBundle ? { ca: Buffer.from(caBundle, 'base64').toString() } : {};
    const { hostname, host, port, pathname, search } = new URL(url);
    const common = { path: pathname + search, agent: this.#agent, ...ca };
    if (!service) return { url, options: { ...common, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || 443, headers: { host } } };
    const backend = await this.#resolver.pick(service.namespace, service.name, String(service.port ?? 443));
    return { url, options: { ...common, host: backend.host, port: backend.port, servername: hostname, headers: { host } } };
  }
}

function urlOf({ clientConfig: { url, service } }: Webhook): string {
  if (url !== undefined) return url.replace(/[?#].*$/, '');
  const { namespace = '', name = '', path = '/', port = 443 } = service ?? {};
  return `https://${name}.${namespace}.svc:${port}${path.startsWith('/') ? path : `/${path}`}`;
}

function post(target: Target, body: Buffer, signal: AbortSignal): Promise<JsonValue> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(new Error(`Post ${JSON.stringify(target.url)}: ${worded(error, target)}`, { cause: error }));
    const outgoing = httpsRequest({
      ...target.options, method: 'POST', signal,
      headers: { ...target.options.headers, 'accept': 'application/json, */*', 'content-type': 'application/json', 'content-length': body.length, 'user-agent': 'kube-apiserver-admission' },
    }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > longestAnswer) response.destroy(new Error('answer too long'));
        chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const { statusCode = 0 } = response;
        if (statusCode < 200 || statusCode > 206) return reject(new Error(refusal(statusCode, bytes.toString())));
        try {
          resolve(parseJson(bytes).value as JsonValue);
        } catch (error) {
          reject(error as Error);
        }
      });
    });
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}

function refusal(code: number, body: string): string {
  if (code === 404) return 'the server could not find the requested resource';
  if (code >= 500) return `an error on the server (${JSON.stringify(body.trim() || 'unknown')}) has prevented the request from succeeding`;
  return 'the server rejected our request for an unknown reason';
}

const unknownAuthority = new Set(['SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_GET_ISSUER_CERT']);

function worded(error: NodeJS.ErrnoException, { options: { host, port } }: Target): string {
  if (error.code === 'ECONNREFUSED') return `dial tcp ${host}:${port}: connect: connection refused`;
  if (error.code === 'ENOTFOUND') return `dial tcp: lookup ${host}: no such host`;
  if (error.code !== undefined && unknownAuthority.has(error.code)) return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
  if (error.code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `tls: failed to verify certificate: x509: ${error.message}`;
  return error.message;
}
