/** The flow control metrics, under upstream's names; what is counted all the time is plain numbers that are read when somebody asks. */
import type { Clock } from '../../base/clock.ts';
import type { Histogram, Metrics } from '../../base/metrics.ts';
import type { FlowCounts } from './counts.ts';
import type { Level } from './level.ts';
import { LevelTimings, Ratio, type Traffic } from './timings.ts';

export type Bound = (value: number) => void;

const prefix = 'apiserver_flowcontrol_';
const seconds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const queueLengths = [0, 10, 25, 50, 100, 250, 500, 1000];
const both = ['priority_level', 'flow_schema'];

interface Counted {
  readonly names: readonly [level: string, schema: string];
  readonly counts: FlowCounts;
}

export class FairnessMetrics {
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #ratios: RatioHistograms;
  readonly #traffic: Traffic;
  readonly #timings = new Map<string, LevelTimings>();
  readonly #seats; readonly #execution; readonly #queueLength; readonly #waited; readonly #watchers;

  constructor(metrics: Metrics, clock: Clock) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#ratios = ratioHistograms(metrics);
    this.#traffic = trafficOf(this.#ratios, clock);
    const waiting = metrics.gauge({ name: 'apiserver_current_inqueue_requests', labels: ['request_kind'], help: '[ALPHA] Maximal number of queued requests in this apiserver per request kind in last second.' });
    metrics.onCollect(() => {
      this.#settle();
      for (const kind of ['readOnly', 'mutating']) waiting.set(this.#traffic.waiting(kind === 'readOnly').value, kind);
    });
    this.#seats = metrics.histogram({ name: `${prefix}work_estimated_seats`, labels: both, buckets: [1, 2, 4, 8, 16, 32, 64, 100], help: '[ALPHA] Number of estimated seats (maximum of initial and final seats) associated with requests in API Priority and Fairness' });
    this.#execution = metrics.histogram({ name: `${prefix}request_execution_seconds`, labels: [...both, 'type'], buckets: seconds, help: '[ALPHA] Duration of initial stage (for a WATCH) or any (for a non-WATCH) stage of request execution in the API Priority and Fairness subsystem' });
    this.#queueLength = metrics.histogram({ name: `${prefix}request_queue_length_after_enqueue`, labels: both, buckets: queueLengths, help: '[ALPHA] Length of queue in the API Priority and Fairness subsystem, as seen by each request after it is enqueued' });
    this.#waited = metrics.histogram({ name: `${prefix}request_wait_duration_seconds`, labels: [...both, 'execute'], buckets: seconds, help: '[BETA] Length of time a request spent waiting in its queue' });
    this.#watchers = metrics.histogram({ name: `${prefix}watch_count_samples`, labels: both, buckets: [0, 1, 10, 100, 1000, 10_000], help: '[ALPHA] count of watchers for mutating requests in API Priority and Fairness' });
  }

  timings(level: string): LevelTimings {
    let timings = this.#timings.get(level);
    if (!timings) {
      const now = this.#clock.monotonic();
      const { requests, seats, demand } = this.#ratios;
      timings = new LevelTimings({
        waiting: new Ratio(requests.weighted('waiting', level), now), executing: new Ratio(requests.weighted('executing', level), now),
        seats: new Ratio(seats.weighted('executing', level), now), demand: new Ratio(demand.weighted(level), now),
      }, this.#traffic);
      this.#timings.set(level, timings);
    }
    return timings;
  }

  /** Limits have changed. */
  limits(levels: readonly Level[]): void {
    const now = this.#clock.monotonic();
    let [queued, executing] = [0, 0];
    for (const level of levels) {
      level.timings?.limits(level.room, level.nominal, now);
      queued += level.room;
      executing += level.nominal;
    }
    for (const readOnly of [true, false]) {
      this.#traffic.waiting(readOnly).outOf(queued, now);
      this.#traffic.executing(readOnly).outOf(executing, now);
    }
  }

  #settle(): void {
    const now = this.#clock.monotonic();
    for (const { ratios } of this.#timings.values()) for (const ratio of [ratios.waiting, ratios.executing, ratios.seats, ratios.demand]) ratio.settle(now);
    for (const readOnly of [true, false]) for (const ratio of [this.#traffic.waiting(readOnly), this.#traffic.executing(readOnly)]) ratio.settle(now);
  }

  /** Series appear when first used. */
  of(level: string, schema: string): Pick<FlowCounts, 'seats' | 'execution' | 'queueLength' | 'waited' | 'watchers'> {
    const regular = lazy(() => this.#execution.with(level, schema, 'regular'));
    const watch = lazy(() => this.#execution.with(level, schema, 'watch'));
    const executed = lazy(() => this.#waited.with(level, schema, 'true'));
    const refused = lazy(() => this.#waited.with(level, schema, 'false'));
    return {
      seats: lazy(() => this.#seats.with(level, schema)),
      execution: (isWatch) => (isWatch ? watch : regular),
      queueLength: lazy(() => this.#queueLength.with(level, schema)),
      waited: (did) => (did ? executed : refused),
      watchers: lazy(() => this.#watchers.with(level, schema)),
    };
  }

  collect(all: () => readonly Counted[]): void {
    const metrics = this.#metrics;
    const gauge = (name: string, help: string) => metrics.gauge({ name: prefix + name, labels: both, help });
    const dispatched = metrics.counter({ name: `${prefix}dispatched_requests_total`, labels: both, help: '[BETA] Number of requests executed by API Priority and Fairness subsystem' });
    const rejected = metrics.counter({ name: `${prefix}rejected_requests_total`, labels: [...both, 'reason'], help: '[BETA] Number of requests rejected by API Priority and Fairness subsystem' });
    const blocked = metrics.counter({ name: `${prefix}request_dispatch_no_accommodation_total`, labels: both, help: '[ALPHA] Number of times a dispatch attempt resulted in a non accommodation due to lack of available seats' });
    const executing = gauge('current_executing_requests', '[BETA] Number of requests in initial (for a WATCH) or any (for a non-WATCH) execution stage in the API Priority and Fairness subsystem');
    const seats = gauge('current_executing_seats', '[BETA] Concurrency (number of seats) occupied by the currently executing (initial stage for a WATCH, any stage otherwise) requests in the API Priority and Fairness subsystem');
    const queued = gauge('current_inqueue_requests', '[BETA] Number of requests currently pending in queues of the API Priority and Fairness subsystem');
    const queuedSeats = gauge('current_inqueue_seats', '[ALPHA] Number of seats currently pending in queues of the API Priority and Fairness subsystem');
    const told = new WeakMap<FlowCounts, Map<string, number>>();
    metrics.onCollect(() => {
      for (const { names, counts } of all()) {
        let before = told.get(counts);
        if (!before) told.set(counts, (before = new Map()));
        const more = (key: string, now: number): number => {
          const by = now - (before.get(key) ?? 0);
          before.set(key, now);
          return by;
        };
        dispatched.inc(more('', counts.dispatched), ...names);
        if (counts.noAccommodation > 0) blocked.inc(more('blocked', counts.noAccommodation), ...names);
        for (const [reason, n] of counts.rejected) rejected.inc(more(reason, n), ...names, reason);
        executing.set(counts.executing, ...names);
        seats.set(counts.executingSeats, ...names);
        queued.set(counts.queued, ...names);
        queuedSeats.set(counts.queuedSeats, ...names);
      }
    });
  }

  /** Sets what is known of a level's last request that had to wait; series appear with it. */
  #dispatches(): (level: Level) => void {
    const gauge = (name: string, labels: readonly string[], help: string) => this.#metrics.gauge({ name: prefix + name, labels, help });
    const r = gauge('dispatch_r', ['priority_level'], '[ALPHA] R(time of last dispatch)');
    const s = gauge('latest_s', ['priority_level'], '[ALPHA] S(most recently dispatched request)');
    const next = gauge('next_s_bounds', ['priority_level', 'bound'], '[ALPHA] min and max, over queues, of S(oldest waiting request in queue)');
    const discounted = gauge('next_discounted_s_bounds', ['priority_level', 'bound'], '[ALPHA] min and max, over queues, of S(oldest waiting request in queue) - estimated work in progress');
    return ({ name, dispatched }) => {
      if (!dispatched) return;
      r.set(dispatched.r, name);
      s.set(dispatched.s, name);
      for (const [i, bound] of ['min', 'max'].entries()) {
        next.set(dispatched.next[i]!, name, bound);
        discounted.set(dispatched.discounted[i]!, name, bound);
      }
    };
  }

  levels(all: () => Iterable<Level>, fairFraction: () => number): void {
    const gauge = (name: string, help: string) => this.#metrics.gauge({ name: prefix + name, labels: ['priority_level'], help });
    const nominal = gauge('nominal_limit_seats', '[BETA] Nominal number of execution seats configured for each priority level');
    const lower = gauge('lower_limit_seats', '[ALPHA] Configured lower bound on number of execution seats available to each priority level');
    const upper = gauge('upper_limit_seats', '[ALPHA] Configured upper bound on number of execution seats available to each priority level');
    const current = gauge('current_limit_seats', '[ALPHA] current derived number of execution seats available to each priority level');
    const high = gauge('demand_seats_high_watermark', '[ALPHA] High watermark, over last adjustment period, of demand_seats');
    const average = gauge('demand_seats_average', '[ALPHA] Time-weighted average, over last adjustment period, of demand_seats');
    const spread = gauge('demand_seats_stdev', '[ALPHA] Time-weighted standard deviation, over last adjustment period, of demand_seats');
    const smoothed = gauge('demand_seats_smoothed', '[ALPHA] Smoothed seat demands');
    const target = gauge('target_seats', '[ALPHA] Seat allocation targets');
    const r = gauge('current_r', '[ALPHA] R(time of last change)');
    const dispatches = this.#dispatches();
    const fair = this.#metrics.gauge({ name: `${prefix}seat_fair_frac`, help: "[ALPHA] Fair fraction of server's concurrency to allocate to each priority level that can use it" });
    this.#metrics.onCollect(() => {
      fair.set(fairFraction());
      for (const level of all()) {
        nominal.set(level.nominal, level.name);
        lower.set(level.lower, level.name);
        upper.set(level.upper, level.name);
        current.set(level.limit, level.name);
        high.set(level.demand.highWatermark, level.name);
        average.set(level.demand.average, level.name);
        spread.set(level.demand.deviation, level.name);
        smoothed.set(level.demand.smoothed, level.name);
        target.set(Math.max(floorOf(level), level.demand.smoothed), level.name);
        r.set(level.r, level.name);
        dispatches(level);
      }
    });
  }
}

interface RatioHistograms {
  readonly requests: Histogram;
  readonly seats: Histogram;
  readonly demand: Histogram;
  readonly readsAndWrites: Histogram;
}

const observed = 'EXPERIMENTAL: [ALPHA] Observations, at the end of every nanosecond, of ';

function ratioHistograms(metrics: Metrics): RatioHistograms {
  const histogram = (name: string, labels: readonly string[], buckets: readonly number[], of: string): Histogram => metrics.histogram({ name: prefix + name, labels, buckets, help: observed + of });
  return {
    requests: histogram('priority_level_request_utilization', ['phase', 'priority_level'], [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1], 'number of requests (as a fraction of the relevant limit) waiting or in any stage of execution (but only initial stage for WATCHes)'),
    seats: histogram('priority_level_seat_utilization', ['phase', 'priority_level'], [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1], 'utilization of seats for any stage of execution (but only initial stage for WATCHes)'),
    demand: histogram('demand_seats', ['priority_level'], [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6], '(the number of seats each priority level could use) / (nominal number of seats for that level)'),
    readsAndWrites: histogram('read_vs_write_current_requests', ['phase', 'request_kind'], [0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1], 'the number of requests (as a fraction of the relevant limit) waiting or in regular stage of execution'),
  };
}

function trafficOf({ readsAndWrites }: RatioHistograms, clock: Clock): Traffic {
  const now = clock.monotonic();
  const pair = (phase: string): ((readOnly: boolean) => Ratio) => {
    const [reads, writes] = ['readOnly', 'mutating'].map((kind) => new Ratio(readsAndWrites.weighted(phase, kind), now)) as [Ratio, Ratio];
    return (readOnly) => (readOnly ? reads : writes);
  };
  return { waiting: pair('waiting'), executing: pair('executing') };
}

/** Below this a level's limit does not go: what it used of late, as far as that is its own. */
export function floorOf(level: Level): number {
  return Math.max(level.lower, level.exempt ? level.demand.highWatermark : Math.min(level.nominal, level.demand.highWatermark));
}

function lazy(make: () => Bound): Bound {
  let made: Bound | undefined;
  return (value) => (made ??= make())(value);
}
