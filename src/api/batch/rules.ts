/** Rules of the batch kinds. */
import type { DeepReadonly } from '../../machinery/json.ts';
import type { AnyKindRules, KindRules, RuleContext } from '../../schema/vocabulary.ts';
import { dropDisabledOfTemplate } from '../core/disabled.ts';
import { hostnameWarnings, templateWarnings } from '../core/warnings/pod.ts';
import { andTemplate, both, specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import { validateCronJob, validateJob, validateJobUpdate } from './validation.ts';
import type * as T from './v1/types.ts';

/** Unless the creator insists on a selector of its own, a job selects the pods that carry its uid. */
function generateSelector(job: T.Job): void {
  if (job.spec.manualSelector) return;
  // A job without labels has been given those of its template: both are one, and stay so.
  const labels = (job.spec.template.metadata.labels ??= {});
  for (const key of ['job-name', 'batch.kubernetes.io/job-name']) labels[key] ??= job.metadata.name;
  for (const key of ['controller-uid', 'batch.kubernetes.io/controller-uid']) labels[key] ??= job.metadata.uid;
  if (Object.keys(job.metadata.labels ?? {}).length === 0) job.metadata.labels = { ...labels };
  const selector = (job.spec.selector ??= {});
  selector.matchLabels = { 'batch.kubernetes.io/controller-uid': job.metadata.uid, ...selector.matchLabels };
}

/** Whoever makes pods from a job's template is warned of what is wrong with it. */
function jobWarnings(name: string, spec: DeepReadonly<T.JobSpec>, path: string, old: { readonly generation?: number } | undefined, generation: number | undefined): string[] {
  if (old && old.generation === generation) return [];
  const out = old ? [] : hostnameWarnings(name, 'Pod names and hostnames');
  if (spec.completionMode === 'Indexed' && (spec.completions ?? 0) > 100_000 && (spec.parallelism ?? 0) > 10_000) {
    out.push(`${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`);
  }
  return [...out, ...templateWarnings(spec.template, `${path}.template`)];
}

const jobParts = andTemplate(specAndStatus<T.Job>(), (j) => j.spec.template, dropDisabledOfTemplate);
const cronJobParts = andTemplate(specAndStatus<T.CronJob>(), (c) => c.spec.jobTemplate.spec.template, dropDisabledOfTemplate);

const jobRules: KindRules<T.Job> = {
  ...jobParts,
  prepareCreate: both<T.Job>(jobParts.prepareCreate, generateSelector),
  metadataChecks: [4, 3],
  validate: validateJob,
  warnings: (j, old) => jobWarnings(j.metadata.name ?? '', j.spec, 'spec', old?.metadata, j.metadata.generation),
  validateUpdate: (j, old, context) => validateJobUpdate(j, old, context.subresource),
  generation: 'spec',
  columns: columns.jobColumns,
  selectable: { 'status.successful': (j) => String(j.status?.succeeded ?? 0) },
  unselectable: (field) => `field label "${field}" not supported for Job`,
};

export const rules: Readonly<Record<string, AnyKindRules>> = {
  Job: jobRules,
  CronJob: {
    ...cronJobParts,
    metadataChecks: [3, 2],
    validate: (c: T.CronJob) => validateCronJob(c),
    validateUpdate: (c: T.CronJob, old: T.CronJob, context: RuleContext) => (context.subresource === 'status' ? [] : validateCronJob(c, old)),
    warnings: (c: DeepReadonly<T.CronJob>, old: DeepReadonly<T.CronJob> | undefined) => {
      const out = jobWarnings(c.metadata.name ?? '', c.spec.jobTemplate.spec, 'spec.jobTemplate.spec', old?.metadata, c.metadata.generation);
      if (old && c.spec.schedule?.includes('TZ')) out.push('cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details');
      return out;
    },
    generation: 'spec',
    columns: columns.cronJobColumns,
  },
};
