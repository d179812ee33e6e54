/** What is known of each thing in the cluster at one time, and what was: a short history of everything, a longer one of two figures. */

/** Whole numbers, and the shares that are none. */
export type Values = Map<string, number>;

export interface Labeled {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type Kind = 'cluster' | 'node' | 'namespace' | 'pod' | 'pod_container' | 'sys_container';

export interface MetricSet {
  readonly kind: Kind;
  /** What it is called in lists. */
  readonly name: string;
  /** The key of what it is in. */
  readonly parent: string;
  readonly values: Values;
  readonly labeled: Labeled[];
}

export interface Batch {
  /** Milliseconds. */
  readonly at: number;
  readonly sets: ReadonlyMap<string, MetricSet>;
}

export interface Point {
  readonly at: number;
  readonly value: number;
}

/** The keys under which upstream's model holds things. */
export const keys = {
  cluster: 'cluster',
  node: (node: string): string => `node:${node}`,
  systemContainer: (node: string, container: string): string => `node:${node}/container:${container}`,
  namespace: (namespace: string): string => `namespace:${namespace}`,
  pod: (namespace: string, pod: string): string => `namespace:${namespace}/pod:${pod}`,
  container: (namespace: string, pod: string, container: string): string => `namespace:${namespace}/pod:${pod}/container:${container}`,
} as const;

const shortMs = 140_000;
const longMs = 15 * 60_000;
const longMetrics = ['cpu/usage_rate', 'memory/usage'] as const;
/** Of the longer history, all together: in a very large cluster it becomes shorter. */
const maxLongPoints = 500_000;

interface LongBatch {
  readonly at: number;
  /** By key: one figure for each of the long metrics, NaN where there is none. */
  readonly figures: ReadonlyMap<string, readonly number[]>;
}

export class Model {
  #short: Batch[] = [];
  #long: LongBatch[] = [];
  readonly #maxLongPoints: number;

  constructor(limit: number = maxLongPoints) {
    this.#maxLongPoints = limit;
  }

  add(batch: Batch): void {
    this.#short = [...this.#short.filter((b) => b.at > batch.at - shortMs), batch];
    const figures = new Map<string, readonly number[]>();
    for (const [key, { values }] of batch.sets) {
      const row = longMetrics.map((metric) => values.get(metric) ?? Number.NaN);
      if (!row.every(Number.isNaN)) figures.set(key, row);
    }
    this.#long = [...this.#long.filter((b) => b.at > batch.at - longMs), { at: batch.at, figures }];
    let points = this.#long.reduce((sum, b) => sum + b.figures.size, 0);
    while (points > this.#maxLongPoints && this.#long.length > 1) points -= this.#long.shift()!.figures.size;
  }

  get latest(): Batch | undefined {
    return this.#short.at(-1);
  }

  /** Names of what is of this kind and in `parent`, now. */
  names(kind: Kind, parent: string): string[] {
    const out: string[] = [];
    for (const set of this.latest?.sets.values() ?? []) if (set.kind === kind && set.parent === parent) out.push(set.name);
    return out.sort();
  }

  metricNames(key: string): string[] {
    const out = new Set<string>();
    for (const { sets } of this.#short) for (const name of sets.get(key)?.values.keys() ?? []) out.add(name);
    return [...out].sort();
  }

  keys(): string[] {
    return [...(this.latest?.sets.keys() ?? [])].sort();
  }

  /** Both ends are included. */
  points(key: string, metric: string, start: number, end: number): Point[] {
    const column = longMetrics.indexOf(metric as (typeof longMetrics)[number]);
    const value = column < 0 ? undefined : (b: LongBatch): number => b.figures.get(key)?.[column] ?? Number.NaN;
    const all = value ? this.#long.map((b) => ({ at: b.at, value: value(b) })) : this.#short.map((b) => ({ at: b.at, value: b.sets.get(key)?.values.get(metric) ?? Number.NaN }));
    return all.filter((p) => !Number.isNaN(p.value) && p.at >= start && p.at <= end);
  }

  /** Of a metric with exactly these labels. */
  labeledPoints(key: string, metric: string, labels: Readonly<Record<string, string>>, start: number, end: number): Point[] {
    const wanted = Object.entries(labels);
    return this.#short.filter((b) => b.at >= start && b.at <= end).flatMap((b) =>
      (b.sets.get(key)?.labeled ?? [])
        .filter((l) => l.name === metric && Object.keys(l.labels).length === wanted.length && wanted.every(([name, value]) => l.labels[name] === value))
        .map((l) => ({ at: b.at, value: l.value })));
  }
}
