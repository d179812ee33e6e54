/**
 * API priority and fairness: whose flow a request is, and whether it may go on, must wait for a seat, or is turned away.
 * A request that finds a seat free never waits for anything, not even for a promise.
 */
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1/types.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type { User } from '../../serving/identity.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { isLongRunning, type RequestInfo } from '../../serving/requestinfo.ts';
import { noSeat, turnAway, type Gate, type Seat } from '../gate.ts';
import { allocate, type Claim } from './allocation.ts';
import { mandatoryLevels, mandatorySchemas, type Configured, type LevelSpec, type SchemaSpec } from './bootstrap.ts';
import { AllCounts, type Rejection } from './counts.ts';
import { Dropped } from './dropped.ts';
import { Level } from './level.ts';
import { matcher } from './match.ts';
import { FairnessMetrics, floorOf } from './metrics.ts';
import type { Turn, Flow } from './turn.ts';
import { Watches } from './watches.ts';
import { estimate, type ResourceSize } from './work.ts';

type SchemaObject = DeepReadonly<Pick<FlowSchema, 'metadata' | 'spec'>>;
type LevelObject = DeepReadonly<Pick<PriorityLevelConfiguration, 'metadata' | 'spec'>>;

export interface FairnessOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Seats of the whole server. */
  readonly seats: number;
  /** How long a request may wait at most. */
  readonly waitMs: number;
  readonly sizeOf: (info: RequestInfo) => ResourceSize | undefined;
}

interface Schema {
  readonly name: string;
  readonly precedence: number;
  readonly matches: (user: User, info: RequestInfo) => boolean;
  readonly distinguish: 'ByUser' | 'ByNamespace' | '';
  readonly level: Level;
  readonly headers: Readonly<Record<string, string>>;
  /** One for all requests where flows are not told apart. */
  readonly flow: Flow;
}

const adjustmentMs = 10_000;

export class Fairness implements Gate {
  readonly watches = new Watches();
  readonly #options: FairnessOptions;
  readonly #counts: AllCounts;
  readonly #metrics: FairnessMetrics;
  readonly #dropped = new Map<string, Dropped>();
  #levels = new Map<string, Level>();
  #schemas: readonly Schema[] = [];
  #seatsGiven = 0;
  #fairFraction = 1;
  readonly #timer: Timer;

  constructor(options: FairnessOptions) {
    this.#options = options;
    const metrics = new FairnessMetrics(options.metrics, options.clock);
    this.#metrics = metrics;
    this.#counts = new AllCounts(metrics);
    metrics.levels(() => this.#levels.values(), () => this.#fairFraction);
    this.configure([], []);
    this.#timer = options.clock.every(adjustmentMs, () => this.adjust());
  }

  close(): void {
    this.#timer.cancel();
  }

  get levels(): readonly Level[] {
    return [...this.#levels.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  admit(request: ServingRequest, user: User, info: RequestInfo): Seat | undefined | Promise<Seat | undefined> {
    const watch = info.verb === 'watch';
    if (!watch && isLongRunning(info)) return noSeat;
    const schema = this.#schemaOf(user, info);
    const { level } = schema;
    request.answerHeaders = schema.headers;
    const flow = this.#flowOf(schema, user, info);
    const { counts } = flow;
    const work = estimate(request, info, level.widest, { watches: this.watches, sizeOf: this.#options.sizeOf });
    counts.seats(Math.max(work.seats, work.finalSeats));
    const turn = level.begin(flow, work, user, info);
    if (typeof turn === 'string') return this.#reject(request, flow, turn);
    if (turn.startedAt === 0) return this.#wait(request, turn);
    return watch ? this.#watching(request, turn) : turn;
  }

  /** A watch has its seats only until it stands; then it counts among those that writes wake. */
  #watching(request: ServingRequest, turn: Turn): Seat {
    // Watches of one node's pods are no burden for writes of others.
    const counted = !(request.hasQuery && request.query.get('fieldSelector')?.includes('spec.nodeName'));
    const forget = counted ? this.watches.add(turn.info) : undefined;
    request.begun = () => turn.leave();
    return {
      leave: () => {
        turn.leave();
        forget?.();
      },
    };
  }

  async #wait(request: ServingRequest, turn: Turn): Promise<Seat | undefined> {
    const { clock, waitMs } = this.#options;
    const { level, counts } = turn.flow;
    let why: Rejection = 'time-out';
    const admitted = await new Promise<boolean>((resolve) => {
      const { signal } = request;
      const giveUp = (reason: 'time-out' | 'cancelled'): void => {
        if (!level.giveUp(turn, reason)) return;
        why = reason;
        turn.decide!(false);
      };
      const timer = clock.after(waitMs, () => giveUp('time-out'));
      const onAbort = (): void => giveUp('cancelled');
      turn.decide = (result) => {
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        resolve(result);
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });
    counts.waited(admitted)((clock.monotonic() - turn.arrivedAt) / 1000);
    if (!admitted) return this.#reject(request, turn.flow, why);
    return turn.info.verb === 'watch' ? this.#watching(request, turn) : turn;
  }

  #reject(request: ServingRequest, flow: Flow, why: Rejection): undefined {
    const { counts, level } = flow;
    counts.rejected.set(why, (counts.rejected.get(why) ?? 0) + 1);
    let dropped = this.#dropped.get(level.name);
    if (!dropped) this.#dropped.set(level.name, (dropped = new Dropped()));
    dropped.record(this.#options.clock.now());
    turnAway(request, dropped.retryAfter);
    return undefined;
  }

  #schemaOf(user: User, info: RequestInfo): Schema {
    const schemas = this.#schemas;
    for (const schema of schemas) if (schema.matches(user, info)) return schema;
    return schemas.find((schema) => schema.name === 'catch-all') ?? schemas.at(-1)!;
  }

  #flowOf(schema: Schema, user: User, info: RequestInfo): Flow {
    if (schema.distinguish === '' || schema.level.exempt) return schema.flow;
    const distinguisher = schema.distinguish === 'ByUser' ? user.name : info.namespace;
    return { schema: schema.name, level: schema.level, distinguisher, counts: schema.flow.counts };
  }

  /** The objects as they stand; what must be there and is not is imagined. Schemas whose level is missing mean nothing. */
  configure(levels: Iterable<LevelObject>, schemas: Iterable<SchemaObject>): void {
    const next = new Map<string, Level>();
    const wanted = withMandatory<LevelObject>(levels, mandatoryLevels as readonly Configured<LevelSpec>[]);
    for (const { metadata, spec } of wanted) {
      const name = metadata.name!;
      const level = this.#levels.get(name) ?? new Level(name, spec as LevelSpec, this.#options.clock, this.#metrics.timings(name));
      level.configure(spec as LevelSpec);
      level.uid = metadata.uid ?? '';
      level.quiescing = false;
      next.set(name, level);
    }
    for (const [name, level] of this.#levels) {
      if (next.has(name) || level.idle) continue;
      level.quiescing = true;
      next.set(name, level);
    }
    const known = this.#levels;
    this.#levels = next;
    this.#share(known);
    const objects = withMandatory<SchemaObject>(schemas, mandatorySchemas as readonly Configured<SchemaSpec>[]);
    this.#schemas = objects.flatMap((object) => this.#schema(object) ?? []).sort((a, b) => a.precedence - b.precedence || (a.name < b.name ? -1 : 1));
  }

  #schema({ metadata, spec }: SchemaObject): Schema | undefined {
    const level = this.#levels.get(spec.priorityLevelConfiguration.name);
    if (!level || level.quiescing) return undefined;
    const name = metadata.name!;
    return {
      name, level, precedence: spec.matchingPrecedence, matches: matcher(spec),
      distinguish: (spec.distinguisherMethod?.type ?? '') as Schema['distinguish'],
      headers: { 'x-kubernetes-pf-flowschema-uid': metadata.uid ?? '', 'x-kubernetes-pf-prioritylevel-uid': level.uid },
      flow: { schema: name, level, distinguisher: '', counts: this.#counts.of(level.name, name) },
    };
  }

  /** Nominal limits by shares; a level that is new starts with half of what it could lend. */
  #share(known: ReadonlyMap<string, Level>): void {
    const { seats } = this.#options;
    const all = [...this.#levels.values()];
    const settings = all.map((level) => {
      const { nominalConcurrencyShares: shares = level.exempt ? 0 : 30, lendablePercent = 0 } = level.spec.limited ?? level.spec.exempt ?? {};
      return { level, shares, lendablePercent };
    });
    const sum = settings.reduce((total, s) => total + s.shares, 0);
    this.#seatsGiven = 0;
    for (const { level, shares, lendablePercent } of settings) {
      level.nominal = sum > 0 ? Math.ceil((seats * shares) / sum) : 0;
      const lendable = Math.round((level.nominal * lendablePercent) / 100);
      const borrowing = level.spec.limited?.borrowingLimitPercent;
      level.lower = level.nominal - lendable;
      level.upper = level.nominal + (borrowing === undefined ? seats : Math.round((level.nominal * borrowing) / 100));
      this.#seatsGiven += level.nominal;
      if (!known.has(level.name)) level.limit = level.nominal - Math.floor(lendable / 2);
    }
    this.#metrics.limits(all);
    this.adjust();
  }

  /** Who uses its seats less lends them to who could use more. */
  adjust(): void {
    const all = [...this.#levels.values()];
    for (const level of all) level.demand.close();
    if (all.some((level) => level.quiescing && level.idle)) for (const level of all) if (level.quiescing && level.idle) this.#levels.delete(level.name);
    let left = this.#seatsGiven;
    const limited: Level[] = [];
    for (const level of this.#levels.values()) {
      if (level.exempt) {
        level.setLimit(floorOf(level));
        left -= level.limit;
      } else limited.push(level);
    }
    const lowest = limited.reduce((sum, level) => sum + level.lower, 0);
    const floors = limited.reduce((sum, level) => sum + floorOf(level), 0);
    this.#fairFraction = 0;
    if (left <= lowest) return limited.forEach((level) => level.setLimit(level.lower));
    if (left <= floors) {
      const part = (left - lowest) / (floors - lowest);
      return limited.forEach((level) => level.setLimit(level.lower + Math.round((floorOf(level) - level.lower) * part)));
    }
    const claims = limited.map((level): Claim => ({ lower: floorOf(level), upper: level.upper, target: Math.max(floorOf(level), level.demand.smoothed) }));
    const allocation = allocate(this.#seatsGiven, claims);
    this.#fairFraction = allocation?.fairFraction ?? 0;
    limited.forEach((level, i) => level.setLimit(Math.round(allocation?.seats[i] ?? level.limit)));
  }
}

function withMandatory<T extends { readonly metadata: { readonly name?: string | undefined } }>(objects: Iterable<T>, mandatory: readonly Configured<unknown>[]): T[] {
  const all = [...objects];
  for (const one of mandatory) if (!all.some((o) => o.metadata.name === one.metadata.name)) all.push(one as unknown as T);
  return all;
}
