/** Events go some time after they were last written. No store of ours ends keys by itself, so they are removed here. */
import { isAbort } from '../../../base/abort.ts';
import { parseTime, type Timer } from '../../../base/clock.ts';
import type { Surroundings } from '../../../base/surroundings.ts';
import type { CachedObject } from '../../cacher/cacher.ts';
import type { ApiObject, ReadonlyObject } from '../../objects.ts';
import { isConflict } from '../errors.ts';
import type { Storage } from '../storage.ts';

interface Due {
  readonly key: string;
  readonly revision: number;
  readonly at: number;
}

const longestRoundMs = 60_000;
const retryMs = 200;

export class EventExpiry {
  readonly #events: Storage;
  readonly #ttlMs: number;
  readonly #surroundings: Surroundings;
  readonly #stop = new AbortController();
  /** In the order in which they were written: what is written again stands at the end, too, and its old entry comes to nothing. */
  #due: Due[] = [];
  #timer: Timer | undefined;

  constructor(events: Storage, ttlMs: number, surroundings: Surroundings) {
    this.#events = events;
    this.#ttlMs = ttlMs;
    this.#surroundings = surroundings;
  }

  start(): void {
    if (this.#ttlMs <= 0) return;
    const { clock } = this.#surroundings;
    this.#timer = clock.every(Math.max(1000, Math.min(longestRoundMs, this.#ttlMs / 2)), () => void this.#sweep());
    void this.#follow();
  }

  close(): void {
    this.#stop.abort();
    this.#timer?.cancel();
  }

  async #follow(): Promise<void> {
    const { clock, log } = this.#surroundings;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        this.#due = [];
        let early: Due[] | undefined = [];
        for await (const batch of await this.#events.cacher.watch({ from: 'state', initialEventsEnd: true, signal })) {
          for (const event of batch) {
            if (event.type === 'BOOKMARK') {
              if (!event.initialEventsEnd || !early) continue;
              this.#due = early.sort((a, b) => a.at - b.at);
              early = undefined;
            } else if (event.type !== 'DELETED') (early ?? this.#due).push(this.#dueOf(event.item, early !== undefined));
          }
        }
      } catch (error) {
        if (isAbort(error, signal)) return;
        log.error('Following events failed', error);
      }
      await clock.sleep(retryMs, signal).catch(() => {});
    }
  }

  /** Of what has just been written the object need not be looked at. */
  #dueOf(item: CachedObject<ApiObject>, old: boolean): Due {
    const now = this.#surroundings.clock.now();
    const written = old ? lastWritten(item.object) : now;
    return { key: item.key, revision: item.revision, at: (Number.isNaN(written) ? now : Math.min(written, now)) + this.#ttlMs };
  }

  async #sweep(): Promise<void> {
    const now = this.#surroundings.clock.now();
    let count = 0;
    while (count < this.#due.length && this.#due[count]!.at <= now) count++;
    for (const { key, revision } of this.#due.splice(0, count)) {
      try {
        await this.#events.cacher.delete(key, revision);
      } catch (error) {
        // Written again, or gone already: another server may do the same.
        if (!isConflict(error)) this.#surroundings.log.error('An event could not be removed', error, { key });
      }
    }
  }
}

/** As far as the object tells. */
function lastWritten({ metadata }: ReadonlyObject): number {
  const times = [metadata.creationTimestamp, ...(metadata.managedFields ?? []).map((entry) => entry.time)];
  return Math.max(...times.map((time) => parseTime(time ?? '')).filter((time) => !Number.isNaN(time)));
}
