/** Validation of jobs and cron jobs. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { forbidden, immutable, invalid, nonNegative, notSupported, quoted, required, sameValue } from '../../machinery/fieldpath.ts';
import { labelComplaints } from '../../machinery/names.ts';
import { selectorFromObject } from '../../machinery/selectors.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabelSelector } from '../../schema/metadata.ts';
import { checkPodTemplate } from '../core/validation/pod.ts';
import { cronComplaint, isTimeZone } from './schedule.ts';
import type * as T from './v1/types.ts';

type JobSpec = DeepReadonly<T.JobSpec>;

function checkFailurePolicy(spec: JobSpec, path: string, out: FieldError[]): void {
  const policy = spec.podFailurePolicy;
  if (!policy) return;
  if (spec.template.spec.restartPolicy !== 'Never') {
    out.push(invalid(`${path}.template.spec.restartPolicy`, spec.template.spec.restartPolicy, 'only "Never" is supported when podFailurePolicy is specified'));
  }
  const at = `${path}.podFailurePolicy.rules`;
  const rules = policy.rules ?? [];
  if (rules.length > 20) out.push({ type: 'FieldValueTooMany', field: at, detail: `Too many: ${rules.length}: must have at most 20 items` });
  const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
  for (const [i, r] of rules.entries()) {
    if (!r.action) out.push(required(`${at}[${i}].action`, `valid values: ${actions.map(quoted).join(', ')}`));
    else if (!actions.includes(r.action)) out.push(notSupported(`${at}[${i}].action`, r.action, actions));
    if (!r.onExitCodes && !r.onPodConditions?.length) out.push(invalid(`${at}[${i}]`, r, 'specifying one of OnExitCodes and OnPodConditions is required'));
    if (r.onExitCodes && r.onPodConditions?.length) out.push(invalid(`${at}[${i}]`, r, 'specifying both OnExitCodes and OnPodConditions is not supported'));
    const codes = r.onExitCodes;
    if (!codes) continue;
    if (codes.operator !== 'In' && codes.operator !== 'NotIn') out.push(notSupported(`${at}[${i}].onExitCodes.operator`, codes.operator, ['In', 'NotIn']));
    if (!codes.values?.length) out.push(invalid(`${at}[${i}].onExitCodes.values`, codes.values ?? [], 'at least one value is required'));
    if (codes.operator === 'In' && codes.values?.includes(0)) out.push(invalid(`${at}[${i}].onExitCodes.values[${codes.values.indexOf(0)}]`, 0, 'must not be 0 for the In operator'));
  }
}

function checkJobSpec(spec: JobSpec, path: string, out: FieldError[]): void {
  for (const key of ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished', 'backoffLimitPerIndex', 'maxFailedIndexes'] as const) out.push(...nonNegative(`${path}.${key}`, spec[key]));
  const mode = spec.completionMode;
  if (mode !== undefined) {
    if (mode !== 'NonIndexed' && mode !== 'Indexed') out.push(notSupported(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed']));
    if (mode === 'Indexed') {
      if (spec.completions === undefined) out.push(required(`${path}.completions`, 'when completion mode is Indexed'));
      if ((spec.parallelism ?? 0) > 100_000) out.push(invalid(`${path}.parallelism`, spec.parallelism, 'must be less than or equal to 100000 when completion mode is Indexed'));
    } else if (spec.backoffLimitPerIndex !== undefined) {
      out.push(invalid(`${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex, 'requires indexed completion mode'));
    }
  }
  if (spec.podReplacementPolicy !== undefined && !['Failed', 'TerminatingOrFailed'].includes(spec.podReplacementPolicy)) out.push(notSupported(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, ['Failed', 'TerminatingOrFailed']));
  checkPodTemplate(spec.template, `${path}.template`, out);
  const policy = spec.template.spec.restartPolicy;
  if (policy !== 'OnFailure' && policy !== 'Never') out.push(required(`${path}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'));
  checkFailurePolicy(spec, path, out);
}

export function validateJob(j: DeepReadonly<T.Job>): FieldError[] {
  const out: FieldError[] = [];
  const { spec } = j;
  if (!spec.selector) {
    out.push(required('spec.selector'));
  } else {
    checkLabelSelector(spec.selector, 'spec.selector', out);
    if (!spec.manualSelector && spec.selector.matchLabels?.['batch.kubernetes.io/controller-uid'] !== j.metadata.uid) out.push(invalid('spec.selector', spec.selector, '`selector` not auto-generated'));
    const labels = spec.template.metadata?.labels ?? {};
    if (out.length === 0 && !selectorFromObject(spec.selector).matches(labels)) out.push(invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  }
  checkJobSpec(spec, 'spec', out);
  if (spec.completionMode === 'Indexed' && (spec.completions ?? 0) > 0) {
    const last = `${j.metadata.name}-${spec.completions! - 1}`;
    if (labelComplaints(last).length > 0) out.push(invalid('metadata.name', j.metadata.name, `will not able to create pod with invalid DNS label: ${last}`));
  }
  return out;
}

export function validateJobUpdate(j: DeepReadonly<T.Job>, old: DeepReadonly<T.Job>, subresource: string): FieldError[] {
  if (subresource === 'status') return [];
  const out: FieldError[] = [];
  const { spec } = j;
  const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  if (!sameValue(spec.completions, old.spec.completions) && !elastic) out.push(invalid('spec.completions', spec.completions, old.spec.completionMode === 'Indexed' ? `can only be modified in tandem with spec.parallelism` : 'field is immutable'));
  out.push(...immutable('spec.selector', spec.selector, old.spec.selector));
  const suspended = old.spec.suspend === true && !old.status?.startTime;
  const fixed = suspended ? schedulingAside(spec.template, old.spec.template) : spec.template;
  out.push(...immutable('spec.template', fixed, old.spec.template));
  for (const key of ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const) out.push(...immutable(`spec.${key}`, spec[key], old.spec[key]));
  checkJobSpec(spec, 'spec', out);
  return out;
}

/** A job that has not started may still be told where to run. */
function schedulingAside(now: JobSpec['template'], old: JobSpec['template']): unknown {
  const keys = ['nodeSelector', 'tolerations', 'schedulingGates'] as const;
  const spec: Record<string, unknown> = { ...now.spec };
  for (const key of keys) spec[key] = old.spec[key];
  if (now.spec.affinity || old.spec.affinity) spec['affinity'] = old.spec.affinity;
  return { ...now, metadata: { ...now.metadata, annotations: old.metadata?.annotations, labels: old.metadata?.labels }, spec };
}

export function validateCronJob(c: DeepReadonly<T.CronJob>): FieldError[] {
  const out: FieldError[] = [];
  const { spec } = c;
  if ((c.metadata.name ?? '').length > 52) out.push(invalid('metadata.name', c.metadata.name, 'must be no more than 52 characters'));
  if (!spec.schedule) {
    out.push(required('spec.schedule'));
  } else {
    const complaint = cronComplaint(spec.schedule);
    if (complaint) out.push(invalid('spec.schedule', spec.schedule, complaint));
    if (spec.schedule.includes('TZ')) out.push(invalid('spec.schedule', spec.schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
  }
  out.push(...nonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds));
  if (spec.timeZone !== undefined) {
    if (spec.timeZone === '') out.push(invalid('spec.timeZone', spec.timeZone, 'timeZone must be nil or non-empty string'));
    else if (spec.timeZone.toLowerCase() === 'local') out.push(invalid('spec.timeZone', spec.timeZone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'));
    else if (!isTimeZone(spec.timeZone)) out.push(invalid('spec.timeZone', spec.timeZone, `unknown time zone ${spec.timeZone}`));
  }
  const policies = ['Allow', 'Forbid', 'Replace'];
  if (!spec.concurrencyPolicy) out.push(required('spec.concurrencyPolicy'));
  else if (!policies.includes(spec.concurrencyPolicy)) out.push(notSupported('spec.concurrencyPolicy', spec.concurrencyPolicy, policies));
  const job = spec.jobTemplate.spec;
  if (job.manualSelector !== undefined) out.push(forbidden('spec.jobTemplate.spec.manualSelector', '`manualSelector` is not allowed in CronJob'));
  if (job.selector !== undefined) out.push(forbidden('spec.jobTemplate.spec.selector', '`selector` will be auto-generated'));
  checkJobSpec(job, 'spec.jobTemplate.spec', out);
  out.push(...nonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit), ...nonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit));
  return out;
}
