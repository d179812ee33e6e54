/** A file whose content may change while the server runs. */
import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { Surroundings } from '../../base/surroundings.ts';

/** Counts reloads of one kind of configuration, from when there is somebody to count for. */
export class Reloads {
  readonly #prefix: string;
  readonly #what: string;
  readonly #stability: string;
  #count: ((status: string) => void) | undefined;

  constructor(kind: 'authentication' | 'authorization' | 'encryption') {
    this.#prefix = `apiserver_${kind}_config_controller_automatic_reload`;
    this.#what = kind;
    this.#stability = kind === 'encryption' ? 'ALPHA' : 'BETA';
  }

  instrument(metrics: Metrics, clock: Clock): void {
    const [labels, who] = [['status', 'apiserver_id_hash'], `sha256:${createHash('sha256').update(hostname()).digest('hex')}`];
    const total = metrics.counter({ name: `${this.#prefix}s_total`, labels, help: `[${this.#stability}] How often the configuration of ${this.#what} was read again because it had changed.` });
    const last = metrics.gauge({ name: `${this.#prefix}_last_timestamp_seconds`, labels, help: `[${this.#stability}] When the configuration of ${this.#what} was read again last, as a Unix time.` });
    this.#count = (status) => {
      total.inc(1, status, who);
      last.set(clock.now() / 1000, status, who);
    };
  }

  readonly count = (ok: boolean): void => this.#count?.(ok ? 'success' : 'failure');
}

/** Long enough to cost nothing; kubelets and operators replace such files rarely. */
const everyMs = 5_000;

/**
 * Calls `changed` with each new content, one at a time; content that it refuses (by throwing) is tried again when it changes once more.
 * What cannot be read is left as it was.
 */
export function followFile(file: string, first: string, changed: (text: string) => Promise<void>, what: string, { clock, log }: Surroundings, reloaded?: (ok: boolean) => void): Timer {
  let last = first;
  let busy = false;
  const look = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      const text = await readFile(file, 'utf8');
      if (text === last) return;
      last = text;
      await changed(text);
      log.info(`Reloaded ${what}`, { file });
      reloaded?.(true);
    } catch (error) {
      log.error(`Failed to reload ${what}`, error, { file });
      reloaded?.(false);
    } finally {
      busy = false;
    }
  };
  return clock.every(everyMs, () => void look());
}
