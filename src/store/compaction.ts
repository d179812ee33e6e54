import type { Clock } from '../base/clock.ts';
import type { History } from './history.ts';

/** How much of the past stays readable. */
export interface Retention {
  /** Commits younger than this are kept … */
  readonly keepMs: number;
  /** … unless their values are more than this together. */
  readonly keepBytes: number;
}

export const usualRetention: Retention = { keepMs: 300_000, keepBytes: 48 << 20 };

const everyMs = 30_000;

/** Compacts from time to time, and when there is too much; returns what stops it. A compaction that fails is tried again with the next one. */
export function automaticCompaction(
  clock: Clock,
  history: History,
  compact: (revision: number) => Promise<void>,
  retention = usualRetention,
  onError: (error: unknown) => void = () => {},
): () => void {
  /** What the revision was at a time, oldest first. */
  const marks: { readonly time: number; readonly revision: number }[] = [];
  let running = false;
  let stopped = false;
  const run = (target: number): void => {
    if (running || stopped || target <= history.floor) return;
    running = true;
    compact(target)
      .catch(onError)
      .finally(() => (running = false));
  };
  const timer = clock.every(everyMs, () => {
    const now = clock.monotonic();
    marks.push({ time: now, revision: history.revision });
    while (marks.length > 1 && marks[1]!.time <= now - retention.keepMs) marks.shift();
    if (marks[0]!.time <= now - retention.keepMs) run(marks[0]!.revision);
  });
  // Too much: a quarter of what there is goes, young or not.
  history.onLogBytes(retention.keepBytes, () => run(history.floor + Math.ceil((history.revision - history.floor) / 4)));
  return () => {
    stopped = true;
    timer.cancel();
  };
}
