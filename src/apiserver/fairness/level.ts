/**
 * A priority level: its seats, and the queues in which requests wait for one. Queues are served fairly by virtual time: it goes on as
 * fast as each busy queue would get seats if all got the same, every queue keeps the virtual time at which its next request would begin,
 * and the one whose next request would be done first is served first.
 */
import type { Clock } from '../../base/clock.ts';
import type { User } from '../../serving/identity.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import type { LevelSpec } from './bootstrap.ts';
import type { Rejection } from './counts.ts';
import { Demand } from './demand.ts';
import { deal } from './shuffle.ts';
import { Turn, type Flow, type Queue } from './turn.ts';
import type { LevelTimings } from './timings.ts';
import type { Work } from './work.ts';

/** Virtual times: now, when the request began, and the least and the most at which the next of each queue would, less what is under way in the second pair. */
export interface Dispatch {
  readonly r: number;
  readonly s: number;
  readonly next: readonly [least: number, most: number];
  readonly discounted: readonly [least: number, most: number];
}

/** Milliseconds that a request is taken to run until it is known. */
const guessMs = 3;
const rememberedHands = 1024;
const mostOfLevel = 0.15;
const inconceivable = Number.MAX_SAFE_INTEGER;

export class Level {
  readonly name: string;
  uid = '';
  spec: LevelSpec;
  /** No longer configured; goes when it is idle. */
  quiescing = false;
  nominal = 0;
  lower = 0;
  upper = 0;
  /** Seats there are at present. */
  limit = 0;
  readonly demand: Demand;
  /** Of the last request that was let out of a queue; undefined: there was none yet. */
  dispatched: Dispatch | undefined;
  readonly timings: LevelTimings | undefined;
  executing = 0;
  waiting = 0;
  seatsInUse = 0;
  seatsWaiting = 0;
  readonly tally = { dispatched: 0, rejected: 0, timedOut: 0, cancelled: 0 };
  readonly running = new Set<Turn>();
  readonly queues: Queue[] = [];
  readonly #clock: Clock;
  #queueing: { readonly queues: number; readonly handSize: number; readonly queueLengthLimit: number } | undefined;
  readonly #hands = new Map<string, readonly number[]>();
  #r = 0;
  #at: number;
  #busyQueues = 0;
  #enqueued = 0;
  #lastServed = 0;

  constructor(name: string, spec: LevelSpec, clock: Clock, timings?: LevelTimings) {
    this.name = name;
    this.spec = spec;
    this.#clock = clock;
    this.#at = clock.monotonic();
    this.demand = new Demand(clock);
    this.timings = timings;
    this.configure(spec);
  }

  get exempt(): boolean {
    return this.spec.type === 'Exempt';
  }

  get idle(): boolean {
    return this.executing === 0 && this.waiting === 0;
  }

  get r(): number {
    return this.#r;
  }

  /** The most seats that one request may be estimated to take. */
  get widest(): number {
    if (!this.#queueing) return inconceivable;
    return Math.max(1, Math.min(Math.ceil(this.nominal * mostOfLevel), Math.floor(this.nominal / this.#queueing.handSize)));
  }

  configure(spec: LevelSpec): void {
    this.spec = spec;
    this.#queueing = spec.limited?.limitResponse.queuing;
    this.#hands.clear();
    // Queues beyond the new number are no longer dealt, and stay until they are empty.
    for (let i = this.queues.length; i < (this.#queueing?.queues ?? 0); i++) this.queues.push({ index: i, waiting: [], executing: 0, seatsInUse: 0, nextStart: 0, waitingWork: 0 });
  }

  setLimit(seats: number): void {
    this.limit = seats;
    if (this.waiting > 0) this.#dispatch(this.#sync());
  }

  /** A turn that has its seats, or one that waits (then `decide` is to be set at once); a reason why neither. */
  begin(flow: Flow, work: Work, user: User, info: RequestInfo): Turn | Rejection {
    const now = this.#sync();
    if (this.exempt || !this.#queueing) {
      const turn = new Turn(flow, work, user, info, undefined, now, this.#r);
      if (!this.exempt && !this.#fits(turn.width)) {
        this.tally.rejected++;
        return 'concurrency-limit';
      }
      this.#seat(turn, now);
      return turn;
    }
    const queue = this.#choose(flow);
    if (this.seatsInUse >= this.limit && queue.waiting.length >= this.#queueing.queueLengthLimit) {
      this.tally.rejected++;
      return 'queue-full';
    }
    if (queue.waiting.length === 0 && queue.executing === 0) queue.nextStart = this.#r;
    const turn = new Turn(flow, work, user, info, queue, now, this.#r);
    if (this.waiting === 0 && this.#fits(turn.width)) {
      this.#seat(turn, now);
      return turn;
    }
    this.#enqueue(turn, queue, now);
    this.#dispatch(now);
    return turn;
  }

  #enqueue(turn: Turn, queue: Queue, now: number): void {
    const { counts } = turn.flow;
    if (queue.waiting.length === 0 && queue.executing === 0) this.#busyQueues++;
    queue.waiting.push(turn);
    queue.waitingWork += workOf(turn);
    this.waiting++;
    this.seatsWaiting += turn.width;
    counts.queued++;
    counts.queuedSeats += turn.width;
    counts.queueLength(queue.waiting.length);
    this.timings?.waits(turn.info, 1, now);
    this.#bound(queue);
    this.#note(now);
  }

  /** Takes out one that waits; false when it does not (any more). */
  giveUp(turn: Turn, why: 'time-out' | 'cancelled'): boolean {
    const { queue } = turn;
    const at = queue?.waiting.indexOf(turn) ?? -1;
    if (!queue || at < 0) return false;
    const now = this.#sync();
    this.#dequeue(turn, queue, at, now);
    if (queue.waiting.length === 0 && queue.executing === 0) this.#busyQueues--;
    this.#bound(queue);
    this.tally.rejected++;
    if (why === 'cancelled') this.tally.cancelled++;
    else this.tally.timedOut++;
    return true;
  }

  #dequeue(turn: Turn, queue: Queue, at: number, now: number): void {
    const { counts } = turn.flow;
    queue.waiting.splice(at, 1);
    queue.waitingWork -= workOf(turn);
    this.waiting--;
    this.seatsWaiting -= turn.width;
    counts.queued--;
    this.timings?.waits(turn.info, -1, now);
    counts.queuedSeats -= turn.width;
    this.#note(now);
  }

  #seat(turn: Turn, now: number): void {
    const { queue, flow: { counts } } = turn;
    turn.startedAt = now;
    if (queue) {
      if (queue.waiting.length === 0 && queue.executing === 0) this.#busyQueues++;
      queue.executing++;
      queue.seatsInUse += turn.width;
      queue.nextStart += workOf(turn);
    }
    this.executing++;
    this.seatsInUse += turn.width;
    this.tally.dispatched++;
    counts.dispatched++;
    counts.executing++;
    counts.executingSeats += turn.width;
    this.running.add(turn);
    this.timings?.executes(turn.info, 1, now);
    this.#note(now);
  }

  /** The request is done; some of its seats may be held a little longer. */
  finish(turn: Turn): void {
    const now = this.#sync();
    const { queue, work, flow: { counts } } = turn;
    const ran = now - turn.startedAt;
    this.executing--;
    this.running.delete(turn);
    this.timings?.executes(turn.info, -1, now);
    counts.executing--;
    counts.execution(turn.info.verb === 'watch')(ran / 1000);
    // Now it is known how long it ran.
    if (queue) queue.nextStart -= (work.seats * (guessMs - ran)) / 1000;
    const held = this.exempt || work.finalMs <= 0 ? 0 : work.finalSeats;
    if (held > 0) {
      this.#release(turn, turn.width - held);
      this.#clock.after(work.finalMs, () => this.#end(turn, held));
    } else this.#end(turn, turn.width);
    if (this.waiting > 0) this.#dispatch(now);
  }

  #end(turn: Turn, seats: number): void {
    const { queue } = turn;
    this.#release(turn, seats);
    if (!queue) return;
    queue.executing--;
    if (queue.executing === 0 && queue.waiting.length === 0) this.#busyQueues--;
    this.#bound(queue);
    if (this.waiting > 0) this.#dispatch(this.#sync());
  }

  #release(turn: Turn, seats: number): void {
    this.seatsInUse -= seats;
    turn.flow.counts.executingSeats -= seats;
    if (turn.queue) turn.queue.seatsInUse -= seats;
    this.#note(this.#at);
  }

  #note(now: number): void {
    const demand = this.seatsInUse + this.seatsWaiting;
    this.demand.set(demand, now);
    this.timings?.note(this.waiting, this.executing, this.seatsInUse, demand, now);
  }

  #sync(): number {
    const now = this.#clock.monotonic();
    if (this.#busyQueues > 0) this.#r += (Math.min(this.seatsInUse + this.seatsWaiting, this.limit) / this.#busyQueues) * ((now - this.#at) / 1000);
    this.#at = now;
    return now;
  }

  /** A request wider than the whole level has it for itself. */
  #fits(seats: number): boolean {
    return seats > this.limit ? this.seatsInUse === 0 : this.seatsInUse + seats <= this.limit;
  }

  #bound(queue: Queue): void {
    const [oldest] = queue.waiting;
    if (oldest && queue.nextStart < oldest.arrivalR) queue.nextStart = oldest.arrivalR;
  }

  /** Of the queues that the flow was dealt the one with the least work in it. */
  #choose(flow: Flow): Queue {
    const key = `${flow.schema}\u0000${flow.distinguisher}`;
    let hand = this.#hands.get(key);
    if (!hand) {
      if (this.#hands.size >= rememberedHands) this.#hands.clear();
      this.#hands.set(key, (hand = deal(key, this.#queueing!.queues, this.#queueing!.handSize)));
    }
    // Who begins goes around, so that equals are used equally.
    const first = this.#enqueued++ % hand.length;
    let best = this.queues[hand[first]!]!;
    if (this.waiting === 0) return best;
    for (let i = 1; i < hand.length; i++) {
      const queue = this.queues[hand[(first + i) % hand.length]!]!;
      if (queue.waitingWork < best.waitingWork) best = queue;
    }
    return best;
  }

  #dispatch(now: number): void {
    while (this.waiting > 0) {
      const queue = this.#next();
      const [turn] = queue.waiting;
      if (!turn) return;
      if (!this.#fits(turn.width)) {
        turn.flow.counts.noAccommodation++;
        return;
      }
      this.#lastServed = queue.index;
      this.dispatched = { r: this.#r, s: queue.nextStart, ...this.#bounds() };
      this.#dequeue(turn, queue, 0, now);
      if (queue.waiting.length === 0 && queue.executing === 0) this.#busyQueues--;
      this.#seat(turn, now);
      this.#bound(queue);
      turn.decide?.(true);
    }
  }

  #bounds(): Pick<Dispatch, 'next' | 'discounted'> {
    let [least, most, leastLess, mostLess] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const { waiting, nextStart, seatsInUse } of this.queues) {
      if (waiting.length === 0) continue;
      const less = nextStart - (seatsInUse * guessMs) / 1000;
      [least, most, leastLess, mostLess] = [Math.min(least, nextStart), Math.max(most, nextStart), Math.min(leastLess, less), Math.max(mostLess, less)];
    }
    return { next: [least, most], discounted: [leastLess, mostLess] };
  }

  /** How many requests may wait in it. */
  get room(): number {
    return this.#queueing ? this.#queueing.queues * this.#queueing.queueLengthLimit : 0;
  }

  /** The queue whose first request would be done first. */
  #next(): Queue {
    let best: Queue | undefined;
    let bestEnd = Infinity;
    const { queues } = this;
    for (let i = 1; i <= queues.length; i++) {
      const queue = queues[(this.#lastServed + i) % queues.length]!;
      const [oldest] = queue.waiting;
      if (!oldest) continue;
      const end = queue.nextStart + workOf(oldest);
      if (end < bestEnd) [best, bestEnd] = [queue, end];
    }
    return best!;
  }
}

/** Seat-seconds that a request is taken to need. */
function workOf({ work }: Turn): number {
  return (work.seats * guessMs + work.finalSeats * work.finalMs) / 1000;
}
