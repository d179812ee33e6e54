import type { Clock } from './clock.ts';

/** Lets one loop rest until somebody has work for it. A notice given while it is not resting is kept. */
export class Wake {
  #noticed = false;
  #resume: (() => void) | undefined;

  notify(): void {
    this.#noticed = true;
    this.#resume?.();
  }

  /** Resolves on a notice or after `ms`; rejects when the signal fires. */
  async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#noticed) {
      await new Promise<void>((resolve, reject) => {
        const timer = clock.after(ms, () => finish(resolve));
        const abort = (): void => finish(() => reject(signal.reason));
        const finish = (settle: () => void): void => {
          timer.cancel();
          signal.removeEventListener('abort', abort);
          this.#resume = undefined;
          settle();
        };
        signal.addEventListener('abort', abort, { once: true });
        this.#resume = () => finish(resolve);
      });
    }
    this.#noticed = false;
  }
}
