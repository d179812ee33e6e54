/** Validation of jobs and cron jobs. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { duplicate, immutable, invalid, nonNegative, notSupported, quoted, required, sameValue, tooLong, tooMany } from '../../machinery/fieldpath.ts';
import { isHttpPath, labelComplaints, subdomainComplaints } from '../../machinery/names.ts';
import { selectorFromObject } from '../../machinery/selectors.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabelName, checkLabelSelector } from '../../schema/metadata.ts';
import { checkPodTemplate } from '../core/validation/pod.ts';
import { countIndexes } from './indexes.ts';
import { validateJobStatus } from './jobstatus.ts';
import { cronComplaint, isTimeZone } from './schedule.ts';
import { completionModes, concurrencyPolicies, exitCodeOperators, failureActions, podReplacementPolicies } from './v1/enums.ts';
import { internalForm } from '../../schema/internalform.ts';
import { coreV1 } from '../core/v1/package.ts';
import { batchV1 } from './v1/package.ts';
import type * as T from './v1/types.ts';

type JobSpec = DeepReadonly<T.JobSpec>;

/** A list as Go prints it. */
const goList = (values: readonly string[]): string => `[${values.map(quoted).join(' ')}]`;

/** A finding that shows no value. */
function wrong(field: string, words: string): FieldError {
  return { type: 'FieldValueInvalid', field, detail: `Invalid value: ${words}` };
}

const conditionStatuses = ['False', 'True', 'Unknown'];

function checkChoice(value: string | undefined, choices: readonly string[], path: string, out: FieldError[]): void {
  if (!value) out.push(required(path, `valid values: ${goList(choices)}`));
  else if (!choices.includes(value)) out.push(notSupported(path, value, choices));
}

function checkExitCodes(codes: DeepReadonly<T.PodFailurePolicyOnExitCodesRequirement>, names: ReadonlySet<string>, path: string, out: FieldError[]): void {
  checkChoice(codes.operator, exitCodeOperators, `${path}.operator`, out);
  if (codes.containerName !== undefined && !names.has(codes.containerName)) out.push(invalid(`${path}.containerName`, codes.containerName, 'must be one of the container or initContainer names in the pod template'));
  const values = codes.values ?? [];
  if (values.length === 0) out.push(invalid(`${path}.values`, codes.values ?? null, 'at least one value is required'));
  else if (values.length > 255) out.push(tooMany(`${path}.values`, values.length, 255));
  for (const [i, value] of values.entries()) {
    if (codes.operator === 'In' && value === 0) out.push(invalid(`${path}.values[${i}]`, value, 'must not be 0 for the In operator'));
    if (values.indexOf(value) < i) out.push(duplicate(`${path}.values[${i}]`, value));
  }
  if (values.some((value, i) => i > 0 && values[i - 1]! > value)) out.push(invalid(`${path}.values`, values, 'must be ordered'));
}

function checkFailureRule(r: DeepReadonly<T.PodFailurePolicyRule>, spec: JobSpec, names: ReadonlySet<string>, path: string, out: FieldError[]): void {
  checkChoice(r.action, failureActions, `${path}.action`, out);
  if (r.action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) out.push(invalid(`${path}.action`, r.action, 'requires the backoffLimitPerIndex to be set'));
  if (r.onExitCodes) checkExitCodes(r.onExitCodes, names, `${path}.onExitCodes`, out);
  const patterns = r.onPodConditions ?? [];
  if (patterns.length > 20) out.push(tooMany(`${path}.onPodConditions`, patterns.length, 20));
  for (const [i, p] of patterns.entries()) {
    checkLabelName(p.type ?? '', `${path}.onPodConditions[${i}].type`, out);
    checkChoice(p.status, conditionStatuses, `${path}.onPodConditions[${i}].status`, out);
  }
  if (r.onExitCodes && patterns.length > 0) out.push(wrong(path, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  if (!r.onExitCodes && patterns.length === 0) out.push(wrong(path, 'specifying one of OnExitCodes and OnPodConditions is required'));
}

function checkFailurePolicy(spec: JobSpec, path: string, out: FieldError[]): void {
  const rules = spec.podFailurePolicy?.rules ?? [];
  if (rules.length > 20) out.push(tooMany(`${path}.rules`, rules.length, 20));
  const names = new Set([...(spec.template.spec.containers ?? []), ...(spec.template.spec.initContainers ?? [])].map((c) => c.name));
  for (const [i, r] of rules.entries()) checkFailureRule(r, spec, names, `${path}.rules[${i}]`, out);
}

function checkSuccessRule(r: DeepReadonly<T.SuccessPolicyRule>, completions: number, path: string, out: FieldError[]): void {
  const { succeededIndexes: indexes, succeededCount: count } = r;
  if (indexes === undefined && count === undefined) out.push(required(path, 'at least one of succeededCount or succeededIndexes must be specified'));
  let total = 0;
  if (indexes !== undefined) {
    if (indexes.length > 64 * 1024) out.push(tooLong(`${path}.succeededIndexes`, 64 * 1024));
    const found = countIndexes(indexes, completions);
    if (typeof found === 'string') out.push(invalid(`${path}.succeededIndexes`, indexes, `error parsing succeededIndexes: ${found}`));
    else total = found;
  }
  if (count === undefined) return;
  out.push(...nonNegative(`${path}.succeededCount`, count));
  if (count > completions) out.push(invalid(`${path}.succeededCount`, count, `must be less than or equal to ${completions} (the number of specified completions)`));
  if (indexes !== undefined && count > total) out.push(invalid(`${path}.succeededCount`, count, `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`));
}

function checkSuccessPolicy(spec: JobSpec, path: string, out: FieldError[]): void {
  const policy = spec.successPolicy;
  if (!policy) return;
  const rules = policy.rules ?? [];
  if (spec.completionMode !== 'Indexed') return void out.push(invalid(path, internalForm(policy, batchV1, 'SuccessPolicy'), 'requires indexed completion mode'));
  if (rules.length === 0) out.push(required(`${path}.rules`, 'at least one rules must be specified when the successPolicy is specified'));
  if (rules.length > 20) out.push(tooMany(`${path}.rules`, rules.length, 20));
  for (const [i, r] of rules.entries()) checkSuccessRule(r, spec.completions ?? 0, `${path}.rules[${i}]`, out);
}

/** Very many indexes are only tracked where few may fail at a time. */
function checkManyIndexes(spec: JobSpec, path: string, out: FieldError[]): void {
  const { completions, parallelism, maxFailedIndexes: failing } = spec;
  if (completions === undefined) out.push(required(`${path}.completions`, 'when completion mode is Indexed'));
  if ((parallelism ?? 0) > 100_000) out.push(invalid(`${path}.parallelism`, parallelism, 'must be less than or equal to 100000 when completion mode is Indexed'));
  if (completions !== undefined && failing !== undefined && failing > completions) out.push(invalid(`${path}.maxFailedIndexes`, failing, 'must be less than or equal to completions'));
  if ((failing ?? 0) > 100_000) out.push(invalid(`${path}.maxFailedIndexes`, failing, 'must be less than or equal to 100000'));
  if ((completions ?? 0) <= 100_000 || spec.backoffLimitPerIndex === undefined) return;
  const words = 'must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index';
  if (failing === undefined) out.push(required(`${path}.maxFailedIndexes`, 'must be specified when completions is above 100000'));
  if ((parallelism ?? 0) > 10_000) out.push(invalid(`${path}.parallelism`, parallelism, words));
  if ((failing ?? 0) > 10_000) out.push(invalid(`${path}.maxFailedIndexes`, failing, words));
}

function checkManager(name: string, path: string, out: FieldError[]): void {
  const slash = name.indexOf('/');
  const [host, rest] = [name.slice(0, slash), name.slice(slash + 1)];
  if (name === '') out.push(required(path));
  else if (slash <= 0 || rest === '') out.push(invalid(path, name, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  else {
    for (const c of subdomainComplaints(host)) out.push(invalid(path, host, c));
    if (!isHttpPath(rest)) out.push(invalid(path, rest, "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"));
  }
  if (name.length > 63) out.push(tooLong(path, 63));
}

function checkRestartPolicy(spec: JobSpec, path: string, out: FieldError[]): void {
  const policy = spec.template.spec.restartPolicy;
  if (!policy || policy === 'Always') out.push(required(path, 'valid values: "OnFailure", "Never"'));
  else if (policy !== 'OnFailure' && policy !== 'Never') out.push(notSupported(path, policy, ['OnFailure', 'Never']));
  else if (spec.podFailurePolicy && policy !== 'Never') out.push(invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified'));
}

function checkJobSpec(spec: JobSpec, path: string, out: FieldError[]): void {
  for (const key of ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished', 'backoffLimitPerIndex', 'maxFailedIndexes'] as const) out.push(...nonNegative(`${path}.${key}`, spec[key]));
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) out.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  if (spec.managedBy !== undefined) checkManager(spec.managedBy, `${path}.managedBy`, out);
  const mode = spec.completionMode;
  if (mode !== undefined && !completionModes.includes(mode)) out.push(notSupported(`${path}.completionMode`, mode, completionModes));
  if (mode === 'Indexed') checkManyIndexes(spec, path, out);
  if (mode === undefined || mode === 'NonIndexed') for (const key of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) if (spec[key] !== undefined) out.push(invalid(`${path}.${key}`, spec[key], 'requires indexed completion mode'));
  if (spec.podFailurePolicy) checkFailurePolicy(spec, `${path}.podFailurePolicy`, out);
  checkSuccessPolicy(spec, `${path}.successPolicy`, out);
  const replacing = spec.podFailurePolicy ? ['Failed'] : podReplacementPolicies;
  if (spec.podReplacementPolicy !== undefined && !replacing.includes(spec.podReplacementPolicy)) out.push(notSupported(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, replacing));
  checkPodTemplate(spec.template, `${path}.template`, out);
  checkRestartPolicy(spec, `${path}.template.spec.restartPolicy`, out);
}

const prefixed = ['batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name'];

/** What the server itself puts on the pods of a job, and selects them by. */
function checkGenerated(j: DeepReadonly<T.Job>, withPrefixed: boolean, out: FieldError[]): void {
  if (j.spec.manualSelector || !j.spec.selector) return;
  const expected: Record<string, string> = { 'controller-uid': j.metadata.uid ?? '', 'job-name': j.metadata.name ?? '' };
  if (withPrefixed) Object.assign(expected, { [prefixed[0]!]: j.metadata.uid ?? '', [prefixed[1]!]: j.metadata.name ?? '' });
  const labels = j.spec.template.metadata?.labels;
  for (const [key, value] of Object.entries(expected)) {
    const path = `spec.template.metadata.labels[${key}]`;
    if (labels?.[key] === undefined) out.push(required(path, `must be '${value}'`));
    else if (labels[key] !== value) out.push(invalid(path, labels, `must be '${value}'`));
  }
  try {
    if (!selectorFromObject(j.spec.selector).matches(expected)) out.push(invalid('spec.selector', j.spec.selector, '`selector` not auto-generated'));
  } catch {
    // A selector that is none is refused for that.
  }
}

function checkSelected(spec: JobSpec, out: FieldError[]): void {
  if (!spec.selector) out.push(required('spec.selector'));
  else checkLabelSelector(spec.selector, 'spec.selector', out);
  const labels = spec.template.metadata?.labels;
  try {
    if (!spec.selector || !selectorFromObject(spec.selector).matches(labels ?? {})) out.push(invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  } catch {
    // The same.
  }
}

function checkJob(j: DeepReadonly<T.Job>, withPrefixed: boolean): FieldError[] {
  const out: FieldError[] = [];
  const { spec } = j;
  checkGenerated(j, withPrefixed, out);
  checkJobSpec(spec, 'spec', out);
  checkSelected(spec, out);
  if (spec.completionMode === 'Indexed' && (spec.completions ?? 0) > 0) {
    const last = `${j.metadata.name}-${spec.completions! - 1}`;
    if (labelComplaints(last).length > 0) out.push(invalid('metadata.name', j.metadata.name, `will not able to create pod with invalid DNS label: ${last}`));
  }
  return out;
}

export function validateJob(j: DeepReadonly<T.Job>): FieldError[] {
  return checkJob(j, true);
}

const fixedFields = [['completionMode', 'string'], ['podFailurePolicy', 'PodFailurePolicy'], ['backoffLimitPerIndex', 'int32'], ['managedBy', 'string'], ['successPolicy', 'SuccessPolicy']] as const;

export function validateJobUpdate(j: DeepReadonly<T.Job>, old: DeepReadonly<T.Job>, subresource: string): FieldError[] {
  if (subresource === 'status') return validateJobStatus(j, old);
  const { spec } = j;
  const out = checkJob(j, prefixed.every((key) => old.spec.template.metadata?.labels?.[key] !== undefined));
  // Upstream judges the new job twice.
  checkJobSpec(spec, 'spec', out);
  checkSelected(spec, out);
  if (spec.completionMode !== 'Indexed') out.push(...immutable('spec.completions', spec.completions, old.spec.completions));
  else if (spec.completions !== undefined && spec.completions !== old.spec.completions && spec.completions !== spec.parallelism) out.push(invalid('spec.completions', spec.completions, 'can only be modified in tandem with spec.parallelism'));
  out.push(...immutable('spec.selector', spec.selector, old.spec.selector));
  const waiting = old.spec.suspend === true && !old.status?.startTime;
  const fixed = waiting ? schedulingAside(spec.template, old.spec.template) : spec.template;
  if (!sameValue(fixed, old.spec.template)) out.push(invalid('spec.template', internalForm(spec.template, batchV1, 'core.v1.PodTemplateSpec', coreV1), 'field is immutable'));
  for (const [key, type] of fixedFields) if (!sameValue(spec[key], old.spec[key])) out.push(invalid(`spec.${key}`, internalForm(spec[key], batchV1, type), 'field is immutable'));
  return out;
}

/** A job that has not started may still be told where to run. */
function schedulingAside(now: JobSpec['template'], old: JobSpec['template']): unknown {
  const spec: Record<string, unknown> = { ...now.spec };
  for (const key of ['nodeSelector', 'tolerations', 'schedulingGates'] as const) spec[key] = old.spec[key];
  const nodeAffinity = old.spec.affinity?.nodeAffinity;
  const affinity = { ...now.spec.affinity, nodeAffinity };
  spec['affinity'] = Object.values(affinity).some((x) => x !== undefined) ? affinity : undefined;
  return { ...now, metadata: { ...now.metadata, annotations: old.metadata?.annotations, labels: old.metadata?.labels }, spec };
}

function checkTimeZone(zone: string | undefined, path: string, out: FieldError[]): void {
  if (zone === undefined) return;
  if (zone === '') return void out.push(invalid(path, zone, 'timeZone must be nil or non-empty string'));
  if (zone.split('/').some((part) => part === '.' || part === '..' || part.startsWith('-') || !/^[A-Za-z.\-_0-9+]{1,14}$/.test(part))) return void out.push(invalid(path, zone, `unknown time zone ${zone}`));
  if (zone.toLowerCase() === 'local') out.push(invalid(path, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'));
  if (zone !== 'Local' && !isTimeZone(zone)) out.push(invalid(path, zone, `unknown time zone ${zone}`));
}

/** `old`: what an update replaces; what was wrong before it may stay. */
export function validateCronJob(c: DeepReadonly<T.CronJob>, old?: DeepReadonly<T.CronJob>): FieldError[] {
  const out: FieldError[] = [];
  const { spec } = c;
  if (!spec.schedule) {
    out.push(required('spec.schedule'));
  } else {
    const complaint = cronComplaint(spec.schedule);
    if (complaint) out.push(invalid('spec.schedule', spec.schedule, complaint));
    const mayHaveZone = old?.spec.schedule?.includes('TZ') ?? false;
    if (mayHaveZone && spec.schedule.includes('TZ') && spec.timeZone !== undefined) out.push(invalid('spec.schedule', spec.schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'));
    else if (!mayHaveZone && spec.schedule.includes('TZ')) out.push(invalid('spec.schedule', spec.schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
  }
  out.push(...nonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds));
  if (!old || old.spec.timeZone !== spec.timeZone) checkTimeZone(spec.timeZone, 'spec.timeZone', out);
  if (!spec.concurrencyPolicy) out.push(required('spec.concurrencyPolicy'));
  else if (!concurrencyPolicies.includes(spec.concurrencyPolicy)) out.push(notSupported('spec.concurrencyPolicy', spec.concurrencyPolicy, concurrencyPolicies));
  const job = spec.jobTemplate.spec;
  checkJobSpec(job, 'spec.jobTemplate.spec', out);
  if (job.selector !== undefined) out.push(invalid('spec.jobTemplate.spec.selector', job.selector, '`selector` will be auto-generated'));
  if (job.manualSelector) out.push(notSupported('spec.jobTemplate.spec.manualSelector', true, ['nil', 'false']));
  out.push(...nonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit), ...nonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit));
  if (!old && (c.metadata.name ?? '').length > 52) out.push(invalid('metadata.name', c.metadata.name, 'must be no more than 52 characters'));
  return out;
}
