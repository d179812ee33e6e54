/** Ends requests that take too long with 504. One timer for all of them: the usual request costs an entry in a set. */
import type { Clock, Timer } from '../base/clock.ts';
import { StatusError } from '../machinery/status.ts';
import { parseGoDuration } from '../machinery/goduration.ts';
import type { ServingRequest } from '../serving/request.ts';
import { isLongRunning, type RequestInfo } from '../serving/requestinfo.ts';

interface Entry {
  readonly request: ServingRequest;
  readonly until: number;
  /** Of those that end before the next round. */
  readonly timer: Timer | undefined;
}

const roundMs = 500;
const drainPollMs = 20;
const body = `${JSON.stringify({ metadata: {}, status: 'Failure', message: 'Timeout: request did not complete within the allotted timeout', reason: 'Timeout', details: {}, code: 504 })}\n`;

export class Deadlines {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #expired: (request: ServingRequest, info: RequestInfo) => void;
  readonly #entries = new Map<Entry, RequestInfo>();
  #round: Timer | undefined;

  constructor(clock: Clock, limitMs: number, expired: (request: ServingRequest, info: RequestInfo) => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#expired = expired;
  }

  /** Call the answer when the request is done; undefined: it may take as long as it likes. Throws where its own wish cannot be understood. */
  watch(request: ServingRequest, info: RequestInfo): (() => void) | undefined {
    if (isLongRunning(info)) return undefined;
    const ms = Math.min(wished(request) || this.#limitMs, this.#limitMs);
    const until = this.#clock.monotonic() + ms;
    const entry: Entry = { request, until, timer: ms < 2 * roundMs ? this.#clock.after(ms, () => this.#expire(entry)) : undefined };
    this.#entries.set(entry, info);
    this.#round ??= this.#clock.after(roundMs, () => this.#sweep());
    return () => {
      entry.timer?.cancel();
      this.#entries.delete(entry);
    };
  }

  /** Resolves when nothing is under way any more that is to end by itself, or after `ms`. */
  async drained(ms: number): Promise<void> {
    const until = this.#clock.monotonic() + ms;
    while (this.#entries.size > 0 && this.#clock.monotonic() < until) await this.#clock.sleep(drainPollMs);
  }

  close(): void {
    this.#round?.cancel();
  }

  #sweep(): void {
    const now = this.#clock.monotonic();
    for (const entry of this.#entries.keys()) if (entry.until <= now) this.#expire(entry);
    this.#round = this.#entries.size > 0 ? this.#clock.after(roundMs, () => this.#sweep()) : undefined;
  }

  #expire(entry: Entry): void {
    const info = this.#entries.get(entry);
    if (!info) return;
    this.#entries.delete(entry);
    if (!entry.request.answered) this.#expired(entry.request, info);
    entry.request.expire(504, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache, private' }, body);
  }
}

/** Milliseconds, 0 where there is no wish. */
function wished(request: ServingRequest): number {
  const text = request.hasQuery ? request.query.get('timeout') : null;
  if (text === null || text === '') return 0;
  try {
    return Math.max(0, parseGoDuration(text));
  } catch (error) {
    throw StatusError.badRequest(`invalid timeout specified in the request URL - ${error instanceof Error ? error.message : String(error)}`);
  }
}
