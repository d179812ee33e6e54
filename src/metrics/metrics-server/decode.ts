/** Reads the kubelet's `/metrics/resource`. Incomplete points are dropped: a figure that is not known is not zero. */
import type { MetricsPoint } from './storage.ts';

/** What one kubelet said. Made anew for each answer, and short-lived. */
export interface NodeReading {
  readonly node: MetricsPoint | undefined;
  /** By `namespace/name`; a pod is there with all of its containers. */
  readonly pods: ReadonlyMap<string, readonly ContainerReading[]>;
}

export interface ContainerReading extends MetricsPoint {
  readonly name: string;
}

interface Draft { startTime: number; timestamp: number; cumulativeCpu: number; memory: number }
type Quantity = 'cpu' | 'memory' | 'start';

const quantities: readonly (readonly [string, Quantity])[] = [
  ['cpu_usage_seconds_total', 'cpu'], ['memory_working_set_bytes', 'memory'], ['start_time_seconds', 'start'],
];

/** `now`: the time of points that carry none. Throws when a line cannot be read. */
export function decodeResourceMetrics(text: string, now: number): NodeReading {
  const node = draft();
  const containers = new Containers();
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    if (text.startsWith('container_', at)) {
      const quantity = quantityAt(text, at + 10);
      if (quantity) {
        const brace = text.indexOf('{', at);
        const close = text.lastIndexOf('}', end) + 1;
        if (brace < at || brace > end || close <= brace) throw new Error(`failed parsing metrics: ${text.slice(at, end)}`);
        set(containers.of(text, brace, close), quantity, text, at, close, end, now);
      }
    } else if (text.startsWith('node_', at)) {
      const quantity = quantityAt(text, at + 5);
      if (quantity) set(node, quantity, text, at, Math.max(text.lastIndexOf('}', end) + 1, text.indexOf(' ', at)), end, now);
    }
    at = end + 1;
  }
  return { node: complete(node) ? node : undefined, pods: containers.byPod() };
}

function draft(): Draft {
  return { startTime: 0, timestamp: 0, cumulativeCpu: 0, memory: 0 };
}

/** Positive and finite throughout: a counter or a size that is not is no measurement. */
function complete(p: Draft): boolean {
  return p.timestamp > 0 && p.cumulativeCpu > 0 && p.memory > 0 && p.timestamp < Infinity && p.cumulativeCpu < Infinity && p.memory < Infinity;
}

function quantityAt(text: string, at: number): Quantity | undefined {
  for (const [name, quantity] of quantities) {
    if (!text.startsWith(name, at)) continue;
    const next = text[at + name.length];
    return next === '{' || next === ' ' ? quantity : undefined;
  }
  return undefined;
}

/**
 * The containers in the order in which they first appear. A kubelet names them in the same order for each quantity, so that the one
 * after the last is nearly always the one that is meant.
 */
class Containers {
  readonly #labels: string[] = [];
  readonly #drafts: Draft[] = [];
  readonly #index = new Map<string, number>();
  #next = 0;

  of(text: string, from: number, to: number): Draft {
    const guess = this.#labels[this.#next];
    if (guess !== undefined && guess.length === to - from && text.startsWith(guess, from)) return this.#drafts[this.#next++]!;
    const labels = text.slice(from, to);
    let index = this.#index.get(labels);
    if (index === undefined) {
      index = this.#labels.push(labels) - 1;
      this.#drafts.push(draft());
      this.#index.set(labels, index);
    }
    this.#next = index + 1;
    return this.#drafts[index]!;
  }

  /** Without the pods of which a container is incomplete. */
  byPod(): Map<string, readonly ContainerReading[]> {
    const pods = new Map<string, ContainerReading[]>();
    const incomplete = new Set<string>();
    for (const [i, labels] of this.#labels.entries()) {
      const key = `${label(labels, 'namespace')}/${label(labels, 'pod')}`;
      const point = this.#drafts[i]!;
      if (!complete(point)) {
        incomplete.add(key);
        continue;
      }
      const reading = { name: label(labels, 'container'), ...point };
      const others = pods.get(key);
      if (others) others.push(reading);
      else pods.set(key, [reading]);
    }
    for (const key of incomplete) pods.delete(key);
    return pods;
  }
}

function set(point: Draft, quantity: Quantity, text: string, line: number, from: number, end: number, now: number): void {
  let at = from;
  while (text.charCodeAt(at) === 32) at++;
  const space = text.indexOf(' ', at);
  const valueEnd = space < 0 || space > end ? end : space;
  const value = number(text.slice(at, valueEnd));
  const time = text.slice(valueEnd, end).trim();
  const timestamp = time === '' ? now : number(time);
  if (value === undefined || timestamp === undefined) throw new Error(`failed parsing metrics: ${text.slice(line, end)}`);
  if (quantity === 'start') {
    point.startTime = value * 1000 || 0;
    return;
  }
  point.timestamp = timestamp;
  if (quantity === 'cpu') point.cumulativeCpu = Math.floor(value * 1e9);
  else point.memory = Math.floor(value);
}

/** Undefined for what is none; `NaN` and infinities are numbers of this format. */
function number(text: string): number | undefined {
  const value = text === '' ? NaN : Number(text);
  if (!Number.isNaN(value)) return value;
  const special = /^([+-]?)(nan|inf|infinity)$/i.exec(text);
  if (!special) return undefined;
  return special[2]!.toLowerCase() === 'nan' ? NaN : special[1] === '-' ? -Infinity : Infinity;
}

function label(labels: string, name: string): string {
  const wanted = `${name}="`;
  for (let at = labels.indexOf(wanted); at > 0; at = labels.indexOf(wanted, at + 1)) {
    const before = labels[at - 1];
    if (before === '{' || before === ',') return labels.slice(at + wanted.length, labels.indexOf('"', at + wanted.length));
  }
  return '';
}
