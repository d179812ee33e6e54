/**
 * The last two points of every node and container, and what they say together. A figure exists only when two points
 * of the same run of the same container do; a counter that went back gives none. Flat arrays, since a large cluster has a
 * hundred thousand of them; what a round of scraping brings is told at once, what it did not bring is gone when it ends.
 */
import { SeriesTable } from '../history/series.ts';
import type { NodeReading } from './decode.ts';

export interface MetricsPoint {
  /** Milliseconds since the epoch at which the CPU counter was zero; 0 when unknown. */
  readonly startTime: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** Nanoseconds of CPU time since startTime. */
  readonly cumulativeCpu: number;
  /** Working set, bytes. */
  readonly memory: number;
}

export interface Usage {
  /** Whole nanocores and bytes. */
  readonly cpu: number;
  readonly memory: number;
  readonly timestamp: number;
  readonly windowMs: number;
}

/** Below this age the counters of a fresh container say too little. */
const freshContainerMs = 10_000;
/** What has not been seen for so many rounds gives its place to others. */
const forgottenAfterRounds = 20;

/** Where things stand in the part of the array that belongs to one node or container. */
const start = 0;
const time = 1;
const cpu = 2;
const memory = 3;
/** The earlier point; its time is zero when there is none. */
const earlierStart = 4;
const earlierTime = 5;
const earlierCpu = 6;
const width = 7;

export class Storage {
  readonly #resolutionMs: number;
  readonly #table = new SeriesTable();
  #points = new Float64Array(64 * width);
  /** In which round each was seen last. */
  #round = new Uint32Array(64);
  /** The round that goes on, or went on last, and the last that has ended. */
  #current = 1;
  #ended = 0;
  #counts = { nodes: 0, containers: 0 };

  constructor(resolutionMs: number) {
    this.#resolutionMs = resolutionMs;
  }

  /** True once something can be told: the readiness of the server. */
  get ready(): boolean {
    return this.#counts.nodes > 0 || this.#counts.containers > 0;
  }

  /** Of the last round that has ended. */
  get pointsStored(): { readonly nodes: number; readonly containers: number } {
    return this.#counts;
  }

  /** What one node says in the round that goes on. A pod that two nodes claim is the first one's. */
  store(name: string, reading: NodeReading): void {
    if (reading.node) this.#put(this.#table.node(name, this.#clock, Infinity), reading.node, false);
    for (const [pod, containers] of reading.pods) {
      for (const container of containers) this.#put(this.#table.container(pod, container.name, this.#clock, Infinity), container, true);
    }
  }

  /** Ends the round: who has said nothing in it has no figures any more. */
  endRound(): void {
    this.#ended = this.#current++;
    const counts = { nodes: 0, containers: 0 };
    this.#table.visit(
      (_, slot) => void (this.#has(slot) && counts.nodes++),
      (_, __, slot) => void (this.#has(slot) && counts.containers++),
    );
    this.#counts = counts;
    if (this.#ended % forgottenAfterRounds === 0) this.#table.sweep(this.#clock - forgottenAfterRounds * 1000);
  }

  node(name: string): Usage | undefined {
    const slot = this.#table.findNode(name);
    return slot === undefined ? undefined : this.#usage(slot);
  }

  /** By container; undefined unless every container of the pod has two points. */
  pod(key: string): ReadonlyMap<string, Usage> | undefined {
    const out = new Map<string, Usage>();
    let known = false;
    for (const { name, slot } of this.#table.findPod(key)) {
      if (!this.#present(slot)) continue;
      if (!this.#has(slot)) return undefined;
      known = true;
      const figure = this.#usage(slot);
      if (figure) out.set(name, figure);
    }
    return known ? out : undefined;
  }

  /** Every figure there is, for readers that want them all: of containers by pod, and of nodes. */
  visit(to: { container(pod: string, name: string, cpu: number, memory: number): void; node(name: string, cpu: number, memory: number): void }): void {
    this.#table.visit(
      (name, slot) => {
        const rate = this.#rate(slot);
        if (rate >= 0) to.node(name, rate, this.#points[slot * width + memory]!);
      },
      (pod, name, slot) => {
        const rate = this.#rate(slot);
        if (rate >= 0) to.container(pod, name, rate, this.#points[slot * width + memory]!);
      },
    );
  }

  /** The table counts in seconds; here each round is one. */
  get #clock(): number {
    return this.#current * 1000;
  }

  /** Seen in the last round that has ended, or since. */
  #present(slot: number): boolean {
    const round = this.#round[slot]!;
    return round >= this.#ended && round > 0;
  }

  #has(slot: number): boolean {
    return this.#present(slot) && this.#points[slot * width + earlierTime]! > 0;
  }

  #put(slot: number, point: MetricsPoint, container: boolean): void {
    if (slot >= this.#round.length) this.#grow(slot + 1);
    if (this.#round[slot] === this.#current) return;
    const p = this.#points;
    const at = slot * width;
    this.#earlier(at, point, container, this.#round[slot] === this.#current - 1);
    p[at + start] = point.startTime;
    p[at + time] = point.timestamp;
    p[at + cpu] = point.cumulativeCpu;
    p[at + memory] = point.memory;
    this.#round[slot] = this.#current;
  }

  /** Which earlier point goes with a new one: the last, or the one before when the kubelet answered with the same reading again. */
  #earlier(at: number, point: MetricsPoint, container: boolean, followed: boolean): void {
    const p = this.#points;
    const age = point.timestamp - point.startTime;
    if (container && age > 0 && age < this.#resolutionMs && age >= freshContainerMs) {
      // A container that started since the last scrape: its own start, with nothing used yet, is the earlier point.
      p[at + earlierStart] = point.startTime;
      p[at + earlierTime] = point.startTime;
      p[at + earlierCpu] = 0;
    } else if (!followed || (container && point.startTime >= p[at + time]!)) {
      // The first, or restarted since the last point: the two do not belong together.
      p[at + earlierTime] = 0;
    } else if (point.timestamp > p[at + time]!) {
      p[at + earlierStart] = p[at + start]!;
      p[at + earlierTime] = p[at + time]!;
      p[at + earlierCpu] = p[at + cpu]!;
    } else if (p[at + earlierTime]! >= point.timestamp) {
      p[at + earlierTime] = 0;
    }
  }

  /** Nanocores, or -1 when the points say nothing together. */
  #rate(slot: number): number {
    if (!this.#has(slot)) return -1;
    const p = this.#points;
    const at = slot * width;
    const windowMs = p[at + time]! - p[at + earlierTime]!;
    if (windowMs <= 0 || p[at + start]! < p[at + earlierStart]! || p[at + cpu]! < p[at + earlierCpu]!) return -1;
    return Math.floor((p[at + cpu]! - p[at + earlierCpu]!) / (windowMs / 1000));
  }

  #usage(slot: number): Usage | undefined {
    const rate = this.#rate(slot);
    if (rate < 0) return undefined;
    const p = this.#points;
    const at = slot * width;
    return { cpu: rate, memory: p[at + memory]!, timestamp: p[at + time]!, windowMs: p[at + time]! - p[at + earlierTime]! };
  }

  #grow(length: number): void {
    const slots = Math.ceil(length * 1.25);
    const points = new Float64Array(slots * width);
    points.set(this.#points);
    this.#points = points;
    const round = new Uint32Array(slots);
    round.set(this.#round);
    this.#round = round;
  }
}
