/** What is counted of one flow schema in one level: plain numbers, read when somebody asks for metrics. */
import type { Bound, FairnessMetrics } from './metrics.ts';

export type Rejection = 'queue-full' | 'concurrency-limit' | 'time-out' | 'cancelled';

export interface FlowCounts {
  dispatched: number;
  executing: number;
  executingSeats: number;
  queued: number;
  queuedSeats: number;
  readonly rejected: Map<Rejection, number>;
  readonly seats: Bound;
  readonly execution: (watch: boolean) => Bound;
  readonly queueLength: Bound;
  readonly waited: (executed: boolean) => Bound;
  readonly watchers: Bound;
  noAccommodation: number;
}

/** Counts by level and schema, for as long as the server runs. */
export class AllCounts {
  readonly #metrics: FairnessMetrics;
  readonly #byName = new Map<string, FlowCounts>();

  constructor(metrics: FairnessMetrics) {
    this.#metrics = metrics;
    metrics.collect(() => [...this.#byName].map(([key, counts]) => ({ names: key.split('\n') as [string, string], counts })));
  }

  of(level: string, schema: string): FlowCounts {
    const key = `${level}\n${schema}`;
    let counts = this.#byName.get(key);
    if (!counts) {
      counts = { dispatched: 0, executing: 0, executingSeats: 0, queued: 0, queuedSeats: 0, noAccommodation: 0, rejected: new Map(), ...this.#metrics.of(level, schema) };
      this.#byName.set(key, counts);
    }
    return counts;
  }
}
