/** Which status a Job may be given: whoever manages it, clients rely on what its conditions mean. Only what has changed is judged. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { duplicate, invalid, nonNegative, required, sameValue } from '../../machinery/fieldpath.ts';
import type { FieldError } from '../../machinery/status.ts';
import { countIndexes, firstCommon } from './indexes.ts';
import type * as T from './v1/types.ts';

type Job = DeepReadonly<T.Job>;
type Status = DeepReadonly<T.JobStatus>;

function is(job: Job, type: string, status = 'True'): boolean {
  return (job.status.conditions ?? []).some((c) => c.type === type && c.status === status);
}

/** A finding that shows no value. */
function wrong(field: string, words: string): FieldError {
  return { type: 'FieldValueInvalid', field, detail: `Invalid value: ${words}` };
}

const conditions = 'status.conditions';

function checkCounts(status: Status, out: FieldError[]): void {
  for (const key of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const) out.push(...nonNegative(`status.${key}`, status[key]));
  const seen = new Set<string>();
  for (const list of ['succeeded', 'failed'] as const) {
    for (const [i, uid] of (status.uncountedTerminatedPods?.[list] ?? []).entries()) {
      const path = `status.uncountedTerminatedPods.${list}[${i}]`;
      if (uid === '') out.push(invalid(path, uid, 'must not be empty'));
      else if (seen.has(uid)) out.push(duplicate(path, uid));
      seen.add(uid);
    }
  }
}

function checkCompletion(job: Job, changed: (key: keyof T.JobStatus) => boolean, flipped: (type: string) => boolean, out: FieldError[]): void {
  const { startTime, completionTime } = job.status;
  const complete = is(job, 'Complete');
  if ((flipped('Complete') || flipped('Failed')) && complete && is(job, 'Failed')) out.push(wrong(conditions, 'cannot set Complete=True and Failed=true conditions'));
  if ((flipped('Complete') || flipped('FailureTarget')) && complete && is(job, 'FailureTarget')) out.push(wrong(conditions, 'cannot set Complete=True and FailureTarget=true conditions'));
  if (flipped('Complete') || changed('completionTime')) {
    if (completionTime !== undefined && !complete) out.push(invalid('status.completionTime', completionTime, 'cannot set completionTime when there is no Complete=True condition'));
    if (completionTime === undefined && complete) out.push(required('status.completionTime', 'completionTime is required for Complete jobs'));
  }
  if ((changed('startTime') || changed('completionTime')) && startTime && completionTime && completionTime < startTime) out.push(invalid('status.completionTime', completionTime, 'must be equal to or after `startTime`'));
  if ((flipped('Failed') || changed('failedIndexes')) && is(job, 'Failed') && !is(job, 'FailureTarget')) out.push(wrong(conditions, 'cannot set Failed=True condition without the FailureTarget=true condition'));
  if ((flipped('Complete') || flipped('SuccessCriteriaMet')) && complete && !is(job, 'SuccessCriteriaMet')) out.push(wrong(conditions, 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition'));
}

function isFinished(job: Job): boolean {
  return is(job, 'Complete') || is(job, 'Failed');
}

function checkFinished(job: Job, old: Job, changed: (key: keyof T.JobStatus) => boolean, out: FieldError[]): void {
  if (!isFinished(job)) return;
  const { status, spec } = job;
  const now = !isFinished(old);
  if ((now || changed('active')) && (status.active ?? 0) > 0) out.push(invalid('status.active', status.active, 'active>0 is invalid for finished job'));
  if ((now || changed('startTime')) && !(spec.suspend && spec.completions === 0) && status.startTime === undefined) out.push(required('status.startTime', 'startTime is required for finished job'));
  const uncounted = status.uncountedTerminatedPods;
  if ((now || changed('uncountedTerminatedPods')) && (uncounted?.failed?.length ?? 0) + (uncounted?.succeeded?.length ?? 0) > 0) {
    out.push(invalid('status.uncountedTerminatedPods', { Succeeded: uncounted?.succeeded ?? null, Failed: uncounted?.failed ?? null }, 'must be empty for finished job'));
  }
}

function checkIndexes({ spec, status }: Job, changed: (key: keyof T.JobStatus) => boolean, out: FieldError[]): void {
  const completed = status.completedIndexes ?? '';
  const failed = status.failedIndexes;
  const { completions } = spec;
  const complain = (key: 'completedIndexes' | 'failedIndexes', text: string): void => {
    const count = countIndexes(text, completions!);
    if (typeof count === 'string') out.push(invalid(`status.${key}`, text, `error parsing ${key}: ${count}`));
  };
  if (changed('completedIndexes') && completions !== undefined) complain('completedIndexes', completed);
  if (changed('failedIndexes') && completions !== undefined && spec.backoffLimitPerIndex !== undefined && failed !== undefined) complain('failedIndexes', failed);
  if (changed('completedIndexes') && completed !== '' && spec.completionMode !== 'Indexed') out.push(invalid('status.completedIndexes', completed, 'cannot set non-empty completedIndexes when non-indexed completion mode'));
  if (changed('failedIndexes') && spec.backoffLimitPerIndex === undefined && failed !== undefined) out.push(invalid('status.failedIndexes', failed, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'));
  if (!(changed('failedIndexes') || changed('completedIndexes')) || completions === undefined || !completed || !failed) return;
  const common = firstCommon(completed, failed, completions);
  if (common !== undefined) out.push(invalid('status.failedIndexes', failed, `failedIndexes and completedIndexes overlap at index: ${common}`));
}

function checkTransitions(job: Job, old: Job, out: FieldError[]): void {
  const { spec, status } = job;
  for (const type of ['Failed', 'Complete', 'FailureTarget']) if (is(old, type) && !is(job, type)) out.push(wrong(conditions, `cannot disable the terminal ${type}=True condition`));
  if ((status.failed ?? 0) < (old.status.failed ?? 0)) out.push(invalid('status.failed', status.failed ?? 0, 'cannot decrease the failed counter'));
  const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  if (!elastic && (status.succeeded ?? 0) < (old.status.succeeded ?? 0)) out.push(invalid('status.succeeded', status.succeeded ?? 0, 'cannot decrease the succeeded counter'));
  if (status.completionTime !== undefined && old.status.completionTime !== undefined && status.completionTime !== old.status.completionTime) out.push(invalid('status.completionTime', status.completionTime, 'field is immutable'));
  const resuming = is(old, 'Suspended') && is(job, 'Suspended', 'False');
  if (old.status.startTime !== undefined && status.startTime !== old.status.startTime && !resuming && !spec.suspend) out.push(required('status.startTime', 'startTime cannot be removed for unsuspended job'));
  if (is(old, 'SuccessCriteriaMet') && !is(job, 'SuccessCriteriaMet')) out.push(wrong(conditions, 'cannot disable the SuccessCriteriaMet=True condition'));
  if (is(old, 'Complete') && !is(old, 'SuccessCriteriaMet') && is(job, 'SuccessCriteriaMet')) out.push(wrong(conditions, 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'));
}

export function validateJobStatus(job: Job, old: Job): FieldError[] {
  const out: FieldError[] = [];
  const { spec, status } = job;
  const changed = (key: keyof T.JobStatus): boolean => !sameValue(status[key], old.status[key]);
  const flipped = (type: string): boolean => is(job, type) !== is(old, type);
  checkCounts(status, out);
  checkCompletion(job, changed, flipped, out);
  checkFinished(job, old, changed, out);
  checkIndexes(job, changed, out);
  if ((isFinished(job) !== isFinished(old) || changed('terminating')) && isFinished(job) && (status.terminating ?? 0) > 0) out.push(invalid('status.terminating', status.terminating, 'terminating>0 is invalid for finished job'));
  if ((changed('ready') || changed('active')) && (status.ready ?? 0) > (status.active ?? 0)) out.push(invalid('status.ready', status.ready, 'cannot set more ready pods than active'));
  const met = is(job, 'SuccessCriteriaMet');
  if (met && is(job, 'Failed')) out.push(wrong(conditions, 'cannot set SuccessCriteriaMet=True and Failed=true conditions'));
  if (met && is(job, 'FailureTarget')) out.push(wrong(conditions, 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'));
  if (spec.successPolicy && !met && is(job, 'Complete')) out.push(wrong(conditions, 'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True'));
  checkTransitions(job, old, out);
  return out;
}
