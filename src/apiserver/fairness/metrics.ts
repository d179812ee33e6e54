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
    const waiting = metrics.gauge({ name: 'apiserver_current_inqueue_requests', labels: ['request_kind'], help: '[ALPHA] The most requests in queues at a time in the last second.' });
    metrics.onCollect(() => {
      this.#settle();
      for (const kind of ['readOnly', 'mutating']) waiting.set(this.#traffic.waiting(kind === 'readOnly').value, kind);
    });
    this.#seats = metrics.histogram({ name: `${prefix}work_estimated_seats`, labels: both, buckets: [1, 2, 4, 8, 16, 32, 64, 100], help: '[ALPHA] Seats that a request was thought to need.' });
    this.#execution = metrics.histogram({ name: `${prefix}request_execution_seconds`, labels: [...both, 'type'], buckets: seconds, help: '[ALPHA] Seconds that a request was at work; of a watch, its beginning.' });
    this.#queueLength = metrics.histogram({ name: `${prefix}request_queue_length_after_enqueue`, labels: both, buckets: queueLengths, help: '[ALPHA] Requests in a queue, with the one that was just put there.' });
    this.#waited = metrics.histogram({ name: `${prefix}request_wait_duration_seconds`, labels: [...both, 'execute'], buckets: seconds, help: '[BETA] Seconds that a request waited in a queue.' });
    this.#watchers = metrics.histogram({ name: `${prefix}watch_count_samples`, labels: both, buckets: [0, 1, 10, 100, 1000, 10_000], help: '[ALPHA] Watchers that a write has to be told to.' });
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
    const dispatched = metrics.counter({ name: `${prefix}dispatched_requests_total`, labels: both, help: '[BETA] Requests that were let through to work.' });
    const rejected = metrics.counter({ name: `${prefix}rejected_requests_total`, labels: [...both, 'reason'], help: '[BETA] Requests that were turned away, by reason.' });
    const blocked = metrics.counter({ name: `${prefix}request_dispatch_no_accommodation_total`, labels: both, help: '[ALPHA] How often a request could not begin for want of seats.' });
    const executing = gauge('current_executing_requests', '[BETA] Requests that are at work; of watches, those that are beginning.');
    const seats = gauge('current_executing_seats', '[BETA] Seats that requests at work take; of watches, those that are beginning.');
    const queued = gauge('current_inqueue_requests', '[BETA] Requests that wait in queues.');
    const queuedSeats = gauge('current_inqueue_seats', '[ALPHA] Seats that requests in queues will take.');
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
    const r = gauge('dispatch_r', ['priority_level'], '[ALPHA] The meter R of a level when it last let a request through.');
    const s = gauge('latest_s', ['priority_level'], '[ALPHA] The meter S of the request that was let through last.');
    const next = gauge('next_s_bounds', ['priority_level', 'bound'], '[ALPHA] The least and the most S among the requests that come next in their queues.');
    const discounted = gauge('next_discounted_s_bounds', ['priority_level', 'bound'], '[ALPHA] The same bounds of S, less the work that is thought to be under way.');
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
    const nominal = gauge('nominal_limit_seats', '[BETA] Seats that a level is given by its configuration.');
    const lower = gauge('lower_limit_seats', '[ALPHA] Seats that a level keeps when others borrow.');
    const upper = gauge('upper_limit_seats', '[ALPHA] Seats that a level can come to by borrowing.');
    const current = gauge('current_limit_seats', '[ALPHA] Seats that a level has now.');
    const high = gauge('demand_seats_high_watermark', '[ALPHA] The most seats that a level wanted in the last period.');
    const average = gauge('demand_seats_average', '[ALPHA] Mean of the seats that a level wanted in the last period.');
    const spread = gauge('demand_seats_stdev', '[ALPHA] Standard deviation of the seats that a level wanted in the last period.');
    const smoothed = gauge('demand_seats_smoothed', '[ALPHA] Seats that a level wants, smoothed over periods.');
    const target = gauge('target_seats', '[ALPHA] Seats that a level wants, and at least those that are its own.');
    const r = gauge('current_r', '[ALPHA] The meter R of a level when its work changed last.');
    const dispatches = this.#dispatches();
    const fair = this.#metrics.gauge({ name: `${prefix}seat_fair_frac`, help: '[ALPHA] The factor that makes of the seats that levels want those that they get.' });
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

function ratioHistograms(metrics: Metrics): RatioHistograms {
  const histogram = (name: string, labels: readonly string[], buckets: readonly number[], help: string): Histogram => metrics.histogram({ name: prefix + name, labels, buckets, help: `EXPERIMENTAL: [ALPHA] ${help}` });
  return {
    requests: histogram('priority_level_request_utilization', ['phase', 'priority_level'], [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1], 'Requests of a level that wait or work, as a part of what it may have.'),
    seats: histogram('priority_level_seat_utilization', ['phase', 'priority_level'], [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1], 'Seats of a level that are taken, as a part of all.'),
    demand: histogram('demand_seats', ['priority_level'], [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6], 'Seats that a level could use, as a part of those it is given.'),
    readsAndWrites: histogram('read_vs_write_current_requests', ['phase', 'request_kind'], [0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1], 'Reads and writes that wait or work, as a part of what is allowed.'),
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
