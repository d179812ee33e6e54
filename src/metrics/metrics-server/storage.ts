/**
 * The last two points of every node and container, and what they say together. A figure exists only when two points
 * of the same run of the same container do; a counter that went back gives none.
 */
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

export interface MetricsBatch {
  readonly nodes: ReadonlyMap<string, MetricsPoint>;
  /** By `namespace/name`, then by container. */
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, MetricsPoint>>;
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

export class Storage {
  readonly #resolutionMs: number;
  #lastNodes: ReadonlyMap<string, MetricsPoint> = new Map();
  #previousNodes: ReadonlyMap<string, MetricsPoint> = new Map();
  #lastPods: MetricsBatch['pods'] = new Map();
  #previousPods: MetricsBatch['pods'] = new Map();

  constructor(resolutionMs: number) {
    this.#resolutionMs = resolutionMs;
  }

  /** True once something can be told: the readiness of the server. */
  get ready(): boolean {
    return this.#previousNodes.size > 0 || this.#previousPods.size > 0;
  }

  get pointsStored(): { nodes: number; containers: number } {
    let containers = 0;
    for (const pod of this.#previousPods.values()) containers += pod.size;
    return { nodes: this.#previousNodes.size, containers };
  }

  store(batch: MetricsBatch): void {
    const previousNodes = new Map<string, MetricsPoint>();
    for (const [name, point] of batch.nodes) {
      const kept = before(point, this.#lastNodes.get(name), this.#previousNodes.get(name));
      if (kept) previousNodes.set(name, kept);
    }
    const previousPods = new Map<string, ReadonlyMap<string, MetricsPoint>>();
    for (const [key, containers] of batch.pods) {
      const last = this.#lastPods.get(key);
      const older = this.#previousPods.get(key);
      const kept = new Map<string, MetricsPoint>();
      for (const [container, point] of containers) {
        const earlier = this.#containerBefore(point, last?.get(container), older?.get(container));
        if (earlier) kept.set(container, earlier);
      }
      if (kept.size > 0) previousPods.set(key, kept);
    }
    this.#lastNodes = batch.nodes;
    this.#previousNodes = previousNodes;
    this.#lastPods = batch.pods;
    this.#previousPods = previousPods;
  }

  node(name: string): Usage | undefined {
    return usage(this.#lastNodes.get(name), this.#previousNodes.get(name));
  }

  /** By container; undefined unless every container of the pod has two points. */
  pod(key: string): ReadonlyMap<string, Usage> | undefined {
    const last = this.#lastPods.get(key);
    const previous = this.#previousPods.get(key);
    if (!last || !previous) return undefined;
    const out = new Map<string, Usage>();
    for (const [container, point] of last) {
      const earlier = previous.get(container);
      if (!earlier) return undefined;
      const figure = usage(point, earlier);
      if (figure) out.set(container, figure);
    }
    return out;
  }

  /** Every figure there is, for readers that want them all: of containers by pod, and of nodes. */
  visit(to: { container(pod: string, name: string, cpu: number, memory: number): void; node(name: string, cpu: number, memory: number): void }): void {
    for (const [name, last] of this.#lastNodes) {
      const figure = usage(last, this.#previousNodes.get(name));
      if (figure) to.node(name, figure.cpu, figure.memory);
    }
    for (const [pod, containers] of this.#lastPods) {
      const previous = this.#previousPods.get(pod);
      if (!previous) continue;
      for (const [name, last] of containers) {
        const figure = usage(last, previous.get(name));
        if (figure) to.container(pod, name, figure.cpu, figure.memory);
      }
    }
  }

  #containerBefore(point: MetricsPoint, last: MetricsPoint | undefined, older: MetricsPoint | undefined): MetricsPoint | undefined {
    const age = point.timestamp - point.startTime;
    // A container that started since the last scrape: its own start, with nothing used yet, is the earlier point.
    if (age > 0 && age < this.#resolutionMs && age >= freshContainerMs) return { ...point, timestamp: point.startTime, cumulativeCpu: 0 };
    // Restarted since the last point: the two do not belong together.
    if (!last || point.startTime >= last.timestamp) return undefined;
    return before(point, last, older);
  }
}

/** Which earlier point goes with a new one: the last, or the one before when the kubelet answered with the same reading again. */
function before(point: MetricsPoint, last: MetricsPoint | undefined, older: MetricsPoint | undefined): MetricsPoint | undefined {
  if (!last) return undefined;
  if (point.timestamp > last.timestamp) return last;
  return older && older.timestamp < point.timestamp ? older : undefined;
}

function usage(last: MetricsPoint | undefined, previous: MetricsPoint | undefined): Usage | undefined {
  if (!last || !previous) return undefined;
  const windowMs = last.timestamp - previous.timestamp;
  if (windowMs <= 0 || last.startTime < previous.startTime || last.cumulativeCpu < previous.cumulativeCpu) return undefined;
  return { cpu: Math.floor((last.cumulativeCpu - previous.cumulativeCpu) / (windowMs / 1000)), memory: last.memory, timestamp: last.timestamp, windowMs };
}
