/** Gathers events and hands them on in batches; what does not fit into the buffer is lost, and counted. */
import type { Clock, Timer } from '../../base/clock.ts';
import type { AuditEvent } from './event.ts';

export interface BatchOptions {
  /** Default 10,000 events. */
  readonly bufferSize?: number;
  /** Default 400 events. */
  readonly maxSize?: number;
  /** Default 30 s. */
  readonly maxWaitMs?: number;
  /** Default 10 batches a second, 15 at once. */
  readonly throttle?: { readonly perSecond: number; readonly burst: number } | undefined;
}

export class Batches {
  readonly #clock: Clock;
  readonly #options: Required<BatchOptions>;
  readonly #send: (events: readonly AuditEvent[]) => Promise<unknown> | void;
  readonly #lost: (events: number) => void;
  #buffer: AuditEvent[] = [];
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;
  #tokens: number;
  #refilled: number;

  /** `send` does what it can to deliver, and does not throw; where it gives a promise, the next batch waits for it. */
  constructor(clock: Clock, options: BatchOptions, send: (events: readonly AuditEvent[]) => Promise<unknown> | void, lost: (events: number) => void) {
    this.#clock = clock;
    this.#options = { bufferSize: 10_000, maxSize: 400, maxWaitMs: 30_000, throttle: { perSecond: 10, burst: 15 }, ...options };
    this.#send = send;
    this.#lost = lost;
    this.#tokens = this.#options.throttle?.burst ?? 0;
    this.#refilled = clock.monotonic();
  }

  add(event: AuditEvent): void {
    if (this.#buffer.length >= this.#options.bufferSize) return this.#lost(1);
    this.#buffer.push(event);
    if (this.#buffer.length >= this.#options.maxSize) this.#start();
    else this.#timer ??= this.#clock.after(this.#options.maxWaitMs, () => this.#start());
  }

  /** Hands on what there is. */
  async flush(): Promise<void> {
    this.#start();
    await this.#sending;
  }

  #start(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sending ??= this.#drain().finally(() => (this.#sending = undefined));
  }

  async #drain(): Promise<void> {
    while (this.#buffer.length > 0) {
      const wait = this.#take();
      if (wait > 0) await this.#clock.sleep(wait);
      await this.#send(this.#buffer.splice(0, this.#options.maxSize));
    }
  }

  /** How long to wait for leave to send one more. */
  #take(): number {
    const { throttle } = this.#options;
    if (!throttle) return 0;
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(throttle.burst, this.#tokens + ((now - this.#refilled) / 1000) * throttle.perSecond);
    this.#refilled = now;
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / throttle.perSecond) * 1000;
  }
}
