/** Rules of the batch kinds. */
import type { AnyKindRules, KindRules } from '../../schema/vocabulary.ts';
import { both, specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import { validateCronJob, validateJob, validateJobUpdate } from './validation.ts';
import type * as T from './v1/types.ts';

/** Unless the creator insists on a selector of its own, a job selects the pods that carry its uid. */
function generateSelector(job: T.Job): void {
  if (job.spec.manualSelector) return;
  const labels: Record<string, string> = { ...job.spec.template.metadata.labels };
  labels['job-name'] = job.metadata.name;
  labels['batch.kubernetes.io/job-name'] = job.metadata.name;
  labels['controller-uid'] = job.metadata.uid;
  labels['batch.kubernetes.io/controller-uid'] = job.metadata.uid;
  job.spec.template.metadata.labels = labels;
  // A job without labels bears those of its pods.
  if (Object.keys(job.metadata.labels ?? {}).length === 0) job.metadata.labels = { ...labels };
  const selector = (job.spec.selector ??= {});
  selector.matchLabels = { ...selector.matchLabels, 'batch.kubernetes.io/controller-uid': job.metadata.uid };
}

const jobParts = specAndStatus<T.Job>();

const jobRules: KindRules<T.Job> = {
  ...jobParts,
  prepareCreate: both<T.Job>(jobParts.prepareCreate, generateSelector),
  validate: validateJob,
  validateUpdate: (j, old, context) => validateJobUpdate(j, old, context.subresource),
  generation: 'spec',
  columns: columns.jobColumns,
  selectable: { 'status.successful': (j) => String(j.status?.succeeded ?? 0) },
};

export const rules: Readonly<Record<string, AnyKindRules>> = {
  Job: jobRules,
  CronJob: { ...specAndStatus<T.CronJob>(), validate: validateCronJob, generation: 'spec', columns: columns.cronJobColumns },
};
