import type { Surroundings } from '../../base/surroundings.ts';
import type { Member } from './member.ts';

export type AutoCompaction = { readonly mode: 'periodic'; readonly keepMs: number } | { readonly mode: 'revision'; readonly keep: number };

const hour = 3_600_000;
const fiveMinutes = 300_000;

/** Forgets the past from time to time, as etcd's two modes do; returns what stops it. */
export function autoCompaction(member: Member, { clock, log }: Surroundings, wanted: AutoCompaction | undefined): () => void {
  if (!wanted) return () => {};
  /** What the revision was at a time, oldest first. */
  const marks: { readonly time: number; readonly revision: number }[] = [];
  const target = (): number => {
    const { revision } = member.keys;
    if (wanted.mode === 'revision') return revision - wanted.keep;
    const now = clock.monotonic();
    marks.push({ time: now, revision });
    while (marks.length > 1 && marks[1]!.time <= now - wanted.keepMs) marks.shift();
    return marks[0]!.time <= now - wanted.keepMs ? marks[0]!.revision : 0;
  };
  const timer = clock.every(wanted.mode === 'revision' ? fiveMinutes : Math.max(1000, Math.min(hour, wanted.keepMs)), () => {
    const revision = target();
    if (revision <= member.store.history.floor) return;
    member.compact(revision).then(
      () => log.info('Compacted', { revision }),
      (error: unknown) => log.error('Compaction failed', error),
    );
  });
  return () => timer.cancel();
}
