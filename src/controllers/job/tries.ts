/** Jobs that limit the failures of each index: how often an index has failed is written on its pods, and each replacement takes it over. Pure. */
import { endedAt, hasFailed, indexOf, isIndexed, isTracked, judge, type JobView, type PodView } from './outcome.ts';

const failuresAnnotation = 'batch.kubernetes.io/job-index-failure-count';
const ignoredAnnotation = 'batch.kubernetes.io/job-index-ignored-failure-count';

export const limitsIndexes = (job: JobView): boolean => isIndexed(job) && job.spec?.backoffLimitPerIndex !== undefined;

/** Failures of an index before the pod that carries them; ignored ones make the next try wait, and do not count. */
export interface Failures {
  readonly counted: number;
  readonly ignored: number;
}

function count(pod: PodView, annotation: string): number {
  const text = pod.metadata.annotations?.[annotation] ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

const failuresBefore = (pod: PodView): Failures => ({ counted: count(pod, failuresAnnotation), ignored: count(pod, ignoredAnnotation) });

/** With that of the pod, which has failed. */
export function failuresWith(job: JobView, pod: PodView | undefined): Failures {
  if (!pod) return { counted: 0, ignored: 0 };
  const { counted, ignored } = failuresBefore(pod);
  return judge(job, pod).action === 'Ignore' ? { counted, ignored: ignored + 1 } : { counted: counted + 1, ignored };
}

export function failureAnnotations({ counted, ignored }: Failures): Record<string, string> {
  return { [failuresAnnotation]: String(counted), ...(ignored > 0 ? { [ignoredAnnotation]: String(ignored) } : {}) };
}

/** Whether this was the last try of its index. */
export function failsIndex(job: JobView, pod: PodView): boolean {
  if (!hasFailed(job, pod)) return false;
  const { action } = judge(job, pod);
  if (action === 'FailIndex') return true;
  return action !== 'Ignore' && failuresBefore(pod).counted >= (job.spec?.backoffLimitPerIndex ?? Infinity);
}

/** The last failed pod of each index that is still open; it has to stay until another has taken over what is written on it. */
export function lastTries(job: JobView, owned: readonly PodView[], isSettled: (index: number) => boolean): Map<number, PodView> {
  const out = new Map<number, PodView>();
  const tries = (pod: PodView): number => {
    const { counted, ignored } = failuresBefore(pod);
    return counted + ignored;
  };
  for (const pod of owned) {
    const index = indexOf(pod);
    if (!isTracked(pod) || !hasFailed(job, pod) || index < 0 || index >= (job.spec?.completions ?? 0) || isSettled(index)) continue;
    const last = out.get(index);
    if (!last || (tries(last) <= tries(pod) && endedAt(last) <= endedAt(pod))) out.set(index, pod);
  }
  return out;
}
