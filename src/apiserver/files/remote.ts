/** Posts reviews to a server outside of the cluster, again when it has trouble. */
import { backoffDelay } from '../../base/backoff.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { Transport } from '../../client/transport.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { parseJson } from '../../schema/json.ts';
import type { RemoteConfig } from './kubeconfig.ts';

const attempts = 5;
const retry = { initialMs: 500, maxMs: 5000, factor: 1.5, jitter: 0.2 };
const largestAnswer = 16 * 1024 * 1024;

export class Remote {
  readonly #transport: Transport;
  readonly #config: RemoteConfig;
  readonly #surroundings: Pick<Surroundings, 'clock' | 'random'>;

  readonly #initialMs: number;

  /** `initialMs`: how long it waits before it tries again for the first time. */
  constructor(config: RemoteConfig, surroundings: Pick<Surroundings, 'clock' | 'random'>, initialMs = retry.initialMs) {
    this.#initialMs = initialMs;
    this.#transport = new Transport(config, surroundings.clock);
    this.#config = config;
    this.#surroundings = surroundings;
  }

  close(): void {
    this.#transport.close();
  }

  /** To the very address that the configuration names. `timeoutMs` is for all attempts. */
  async post(body: unknown, timeoutMs: number): Promise<JsonObject> {
    const { clock, random } = this.#surroundings;
    const late = new AbortController();
    const timer = clock.after(timeoutMs, () => late.abort(new Error('context deadline exceeded')));
    try {
      for (let attempt = 0; ; attempt++) {
        const failure = await this.#once(JSON.stringify(body), late.signal).then((answer) => ({ answer }), (error: unknown) => ({ error: error as Error & { final?: boolean } }));
        if ('answer' in failure) return failure.answer;
        if (failure.error.final || late.signal.aborted || attempt + 1 >= attempts) throw failure.error;
        await clock.sleep(backoffDelay({ ...retry, initialMs: this.#initialMs, maxMs: Math.max(retry.maxMs, this.#initialMs) }, attempt, random), late.signal);
      }
    } finally {
      timer.cancel();
    }
  }

  async #once(body: string, signal: AbortSignal): Promise<JsonObject> {
    const { authorization, server } = this.#config;
    let response: Awaited<ReturnType<Transport['exchange']>>;
    try {
      response = await this.#transport.exchange({
        method: 'POST', path: '', body, signal,
        headers: { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'kube-apiserver', ...(authorization ? { authorization } : {}) },
      });
    } catch (error) {
      throw new Error(`Post ${JSON.stringify(server)}: ${(error as Error).message}`, { cause: error });
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body) {
      size += chunk.length;
      if (size > largestAnswer) throw new Error('the answer is too long');
      chunks.push(chunk);
    }
    const text = Buffer.concat(chunks);
    const { status } = response;
    if (status >= 200 && status < 300) return parseJson(text).value as JsonObject;
    const error = new Error(status >= 500 ? `an error on the server (${JSON.stringify(text.toString().trim() || 'unknown')}) has prevented the request from succeeding` : status === 404 ? 'the server could not find the requested resource' : 'the server rejected our request for an unknown reason');
    // Its own mistake passes, ours does not.
    throw Object.assign(error, { final: status < 500 && status !== 429 });
  }
}
