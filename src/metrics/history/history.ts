/**
 * What nodes and containers used over the last hour, in bounded memory. One column a step of time, one cell a series and column
 * (`cell.ts`), so that a round of scraping appends to one array and the oldest step is dropped by letting go of one.
 * Where many series would need more than the budget, the step doubles: the same hour in fewer points.
 */
import { mergeCells, cpuOf, memoryOf, packCell } from './cell.ts';
import { SeriesTable, bytesPerSeries } from './series.ts';

export interface HistoryOptions {
  /** How far back; zero keeps nothing. */
  readonly spanMs: number;
  /** The shortest time between two points. */
  readonly stepMs: number;
  readonly maxBytes: number;
}

interface Column {
  /** The end of its step: when the last round in it was recorded. */
  time: number;
  /** Its start on the grid of steps. */
  readonly from: number;
  rounds: number;
  cells: Uint32Array;
}

/** Parallel arrays, oldest first; `undefined` where nothing was measured. */
export interface Track {
  readonly cpu: readonly (number | undefined)[];
  readonly memory: readonly (number | undefined)[];
}

export interface Window {
  /** Milliseconds since the epoch, one for each point. */
  readonly times: readonly number[];
  readonly stepMs: number;
}

/** Calls `container` or `node` for each figure that there is. */
export type Usages = (visit: { container(pod: string, name: string, cpu: number, memory: number): void; node(name: string, cpu: number, memory: number): void }) => void;

/** Fewer points than this say little: then new series are refused instead. */
const fewestColumns = 8;

export class History {
  readonly #options: HistoryOptions;
  readonly #series = new SeriesTable();
  #columns: Column[] = [];
  #step: number;
  #swept = 0;
  #refused = 0;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#step = options.stepMs;
  }

  get stepMs(): number {
    return this.#step;
  }

  get series(): number {
    return this.#series.size;
  }

  /** Figures that found no room, since the start. */
  get refused(): number {
    return this.#refused;
  }

  get points(): number {
    return this.#columns.length;
  }

  get bytes(): number {
    return this.#columns.reduce((sum, c) => sum + c.cells.byteLength, 0) + this.#series.slots * bytesPerSeries;
  }

  record(now: number, usages: Usages): void {
    if (this.#options.spanMs <= 0) return;
    const column = this.#columnAt(now);
    const write = (slot: number, cpu: number, memory: number): void => {
      if (slot < 0) {
        this.#refused++;
        return;
      }
      if (slot >= column.cells.length) column.cells = grown(column.cells, slot + 1);
      const cell = packCell(cpu, memory);
      const before = column.cells[slot]!;
      column.cells[slot] = before === 0 ? cell : mergeCells(before, column.rounds, cell, 1);
    };
    const room = this.#options.maxBytes / (bytesPerSeries + 4 * fewestColumns);
    usages({
      container: (pod, name, cpu, memory) => write(this.#series.container(pod, name, now, room), cpu, memory),
      node: (name, cpu, memory) => write(this.#series.node(name, now, room), cpu, memory),
    });
    column.rounds++;
    column.time = Math.max(column.time, now);
    this.#fit();
  }

  /** The moments that answers of `since` and `stepMs` have points for, in columns of at least that step. */
  window(now: number, sinceMs: number | undefined, stepMs: number | undefined): Window & { track(slot: number): Track } {
    const earliest = now - Math.min(sinceMs ?? Infinity, this.#options.spanMs);
    const step = Math.max(stepMs ?? 0, this.#step);
    const groups: Column[][] = [];
    for (const column of this.#columns) {
      if (column.time <= earliest) continue;
      const last = groups.at(-1);
      if (last && Math.floor(last[0]!.from / step) === Math.floor(column.from / step)) last.push(column);
      else groups.push([column]);
    }
    const cellOf = (group: readonly Column[], slot: number): number => {
      let [cell, rounds] = [0, 0];
      for (const column of group) {
        const next = column.cells[slot] ?? 0;
        cell = mergeCells(cell, rounds, next, column.rounds);
        if (next !== 0) rounds += column.rounds;
      }
      return cell;
    };
    return {
      stepMs: step,
      times: groups.map((group) => group.at(-1)!.time),
      track: (slot) => {
        const cells = groups.map((group) => cellOf(group, slot));
        return { cpu: cells.map((c) => (c === 0 ? undefined : cpuOf(c))), memory: cells.map((c) => (c === 0 ? undefined : memoryOf(c))) };
      },
    };
  }

  nodeSlot(name: string): number | undefined {
    return this.#series.findNode(name);
  }

  /** By container. */
  podSlots(pod: string): { readonly name: string; readonly slot: number }[] {
    return this.#series.findPod(pod);
  }

  #columnAt(now: number): Column {
    const columns = this.#columns;
    while (columns.length > 0 && columns[0]!.time <= now - this.#options.spanMs) columns.shift();
    const last = columns.at(-1);
    const from = Math.floor(now / this.#step) * this.#step;
    // A clock that was set back goes on in the step that is open.
    if (last && from <= last.from) return last;
    if (now - this.#swept > this.#options.spanMs / 16 || now < this.#swept) this.#sweep(now);
    this.#relax();
    const column = { time: now, from, rounds: 0, cells: new Uint32Array(this.#series.slots) };
    columns.push(column);
    return column;
  }

  /** Series that have shown nothing for the whole span end, and what they leave is cleared for the next to come. */
  #sweep(now: number): void {
    this.#swept = now;
    for (const slot of this.#series.sweep(now - this.#options.spanMs)) {
      for (const column of this.#columns) if (slot < column.cells.length) column.cells[slot] = 0;
    }
  }

  /** Doubles the step until the whole span fits into the budget. */
  #fit(): void {
    const { maxBytes, spanMs } = this.#options;
    while (this.#needs(this.#step) > maxBytes && spanMs / this.#step > fewestColumns) {
      this.#step *= 2;
      this.#coarsen();
    }
  }

  /** Halves it again once there is ample room; what is coarse already stays so. */
  #relax(): void {
    while (this.#step > this.#options.stepMs && this.#needs(this.#step / 2) < 0.75 * this.#options.maxBytes) this.#step /= 2;
  }

  #needs(step: number): number {
    const { spanMs } = this.#options;
    return this.#series.slots * bytesPerSeries + Math.ceil(spanMs / step) * this.#series.slots * 4;
  }

  #coarsen(): void {
    const kept: Column[] = [];
    for (const column of this.#columns) {
      const last = kept.at(-1);
      if (!last || Math.floor(last.from / this.#step) !== Math.floor(column.from / this.#step)) {
        kept.push(column);
        continue;
      }
      if (column.cells.length > last.cells.length) last.cells = grown(last.cells, column.cells.length);
      for (let slot = 0; slot < column.cells.length; slot++) last.cells[slot] = mergeCells(last.cells[slot]!, last.rounds, column.cells[slot]!, column.rounds);
      last.rounds += column.rounds;
      last.time = column.time;
    }
    this.#columns = kept;
  }
}

/** A little more than asked for, so that a cluster that fills does not copy for every pod. */
function grown(cells: Uint32Array, length: number): Uint32Array {
  const larger = new Uint32Array(Math.ceil(length * 1.125) + 16);
  larger.set(cells);
  return larger;
}
