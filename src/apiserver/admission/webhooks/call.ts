/** Sends a review to a webhook, which has its time to answer. */
import { Agent } from 'node:https';
import type { Clock } from '../../../base/clock.ts';
import type { JsonObject } from '../../../machinery/json.ts';
import type { Resolver } from '../../proxy/resolve.ts';
import { callWebhook, type X509Meter } from '../../proxy/webhook.ts';
import type { Webhook } from './hooks.ts';

/** The server could not be asked: what happens now is up to the webhook's failure policy. */
export class CallFailed extends Error {
  /** As metrics count it. */
  readonly code: number;

  constructor(name: string, why: string, cause?: unknown, code = 400) {
    super(`failed calling webhook ${JSON.stringify(name)}: ${why}`, { cause });
    this.code = code;
    this.name = 'CallFailed';
  }
}

export class Caller {
  readonly #resolver: Resolver;
  readonly #clock: Clock;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 16 });

  readonly #weak: X509Meter | undefined;

  constructor(resolver: Resolver, clock: Clock, weak?: X509Meter) {
    this.#weak = weak;
    this.#resolver = resolver;
    this.#clock = clock;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Throws CallFailed. */
  async call(webhook: Webhook, review: JsonObject): Promise<JsonObject> {
    const seconds = webhook.timeoutSeconds ?? 10;
    const late = new AbortController();
    const timer = this.#clock.after(seconds * 1000, () => late.abort());
    try {
      return await callWebhook(webhook.clientConfig, this.#resolver, review, late.signal, { query: `?timeout=${seconds}s`, agent: this.#agent, ...(this.#weak ? { weak: this.#weak } : {}) });
    } catch (error) {
      throw new CallFailed(webhook.name, `failed to call webhook: ${(error as Error).message}`, error);
    } finally {
      timer.cancel();
    }
  }
}
