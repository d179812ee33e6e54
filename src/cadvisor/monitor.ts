import type { Clock, Timer } from '../base/clock.ts';
import { children, type CgroupLayout } from './layout.ts';
import { readInterfaces } from './network.ts';
import { readCgroup } from './read.ts';
import type { ContainerSample } from './sample.ts';

export interface MonitorOptions {
  readonly layout: CgroupLayout;
  readonly clock: Clock;
  /** How often a busy cgroup is read; a quiet one is read up to `maxIntervalMs` apart. */
  readonly intervalMs?: number;
  readonly maxIntervalMs?: number;
  /** Samples kept for each cgroup. */
  readonly history?: number;
  readonly proc?: string;
}

interface Watched {
  readonly samples: ContainerSample[];
  intervalMs: number;
  due: number;
  pid: number | undefined;
}

/**
 * Keeps a short history of the cgroups it is told to watch. Its cost is bounded: one timer, `history` samples each,
 * and an interval that doubles while a cgroup's CPU and memory stay within 1 % and falls back when they move.
 */
export class Monitor {
  readonly layout: CgroupLayout;
  readonly #clock: Clock;
  readonly #proc: string;
  readonly #interval: number;
  readonly #maxInterval: number;
  readonly #history: number;
  readonly #watched = new Map<string, Watched>();
  #timer: Timer | undefined;

  constructor(options: MonitorOptions) {
    this.layout = options.layout;
    this.#clock = options.clock;
    this.#proc = options.proc ?? '/proc';
    this.#interval = options.intervalMs ?? 10_000;
    this.#maxInterval = options.maxIntervalMs ?? 15_000;
    this.#history = options.history ?? 60;
  }

  start(): void {
    this.#timer ??= this.#clock.every(1000, () => this.#housekeeping());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** `pid`: a process in the network namespace whose interfaces are to be read. */
  watch(name: string, pid?: number): void {
    const watched = this.#watched.get(name);
    if (watched) watched.pid = pid;
    else this.#watched.set(name, { samples: [], intervalMs: this.#interval, due: 0, pid });
  }

  forget(name: string): void {
    this.#watched.delete(name);
  }

  /** Watches exactly these: new ones begin, others are forgotten. */
  reconcile(wanted: ReadonlyMap<string, number | undefined>): void {
    for (const name of this.#watched.keys()) if (!wanted.has(name)) this.#watched.delete(name);
    for (const [name, pid] of wanted) this.watch(name, pid);
  }

  watchedNames(): string[] {
    return [...this.#watched.keys()];
  }

  /** Every cgroup below `name`, itself included. */
  discover(name = '/'): string[] {
    return [name, ...children(this.layout, name).flatMap((child) => this.discover(child))];
  }

  /** Reads now. Undefined when the cgroup is gone. */
  read(name: string): ContainerSample | undefined {
    const watched = this.#watched.get(name);
    const sample = this.#read(name, watched?.pid);
    if (sample && watched) this.#keep(watched, sample);
    return sample;
  }

  /** The newest sample at most `maxAgeMs` old; reads when there is none. */
  latest(name: string, maxAgeMs: number): ContainerSample | undefined {
    const last = this.#watched.get(name)?.samples.at(-1);
    return last && this.#clock.now() - last.timestamp <= maxAgeMs ? last : this.read(name);
  }

  history(name: string): readonly ContainerSample[] {
    return this.#watched.get(name)?.samples ?? [];
  }

  /** CPU in nanocores over the newest two samples; undefined until there are two, and after a counter reset. */
  nanoCores(name: string): number | undefined {
    const samples = this.#watched.get(name)?.samples ?? [];
    const last = samples.at(-1);
    if (!last?.cpu) return undefined;
    for (let i = samples.length - 2; i >= 0; i--) {
      const before = samples[i]!;
      const elapsed = last.timestamp - before.timestamp;
      if (elapsed < 500 || !before.cpu) continue;
      return last.cpu.usage < before.cpu.usage ? undefined : Math.round(((last.cpu.usage - before.cpu.usage) / elapsed) * 1000);
    }
    return undefined;
  }

  #housekeeping(): void {
    const now = this.#clock.now();
    for (const [name, watched] of this.#watched) {
      if (watched.due > now) continue;
      const before = watched.samples.at(-1);
      const sample = this.#read(name, watched.pid);
      if (sample) this.#keep(watched, sample);
      watched.intervalMs = sample && before && quiet(before, sample) ? Math.min(this.#maxInterval, watched.intervalMs * 2) : this.#interval;
      watched.due = now + watched.intervalMs;
    }
  }

  #read(name: string, pid: number | undefined): ContainerSample | undefined {
    const sample = readCgroup(this.layout, name, this.#clock.now(), this.#proc);
    if (!sample || pid === undefined) return sample;
    const network = readInterfaces(pid, this.#proc);
    return network ? { ...sample, network } : sample;
  }

  #keep(watched: Watched, sample: ContainerSample): void {
    watched.samples.push(sample);
    if (watched.samples.length > this.#history) watched.samples.shift();
  }
}

function quiet(a: ContainerSample, b: ContainerSample): boolean {
  const within = (x: number, y: number, slack: number): boolean => Math.abs(x - y) <= slack;
  const elapsed = Math.max(1, b.timestamp - a.timestamp);
  const cpu = ((b.cpu?.usage ?? 0) - (a.cpu?.usage ?? 0)) / (elapsed * 1e6);
  return cpu < 0.01 && within(a.memory?.usage ?? 0, b.memory?.usage ?? 0, 0.01 * (a.memory?.usage ?? 0));
}
