/** Table columns of the batch kinds. */
import { age, humanDuration } from '../../machinery/duration.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { columnList } from '../../schema/table.ts';
import { booleanText, conditionIs, containerImages, containerNames, none, selectorText } from '../columns.ts';
import type * as T from './v1/types.ts';

function jobStatus(j: DeepReadonly<T.Job>): string {
  const conditions = j.status?.conditions;
  if (conditionIs(conditions, 'Complete')) return 'Complete';
  if (conditionIs(conditions, 'Failed')) return 'Failed';
  if (j.metadata.deletionTimestamp) return 'Terminating';
  if (conditionIs(conditions, 'Suspended')) return 'Suspended';
  return ['FailureTarget', 'SuccessCriteriaMet'].find((type) => conditionIs(conditions, type)) ?? 'Running';
}

function completions(j: DeepReadonly<T.Job>): string {
  const done = j.status?.succeeded ?? 0;
  if (j.spec.completions !== undefined) return `${done}/${j.spec.completions}`;
  const parallelism = j.spec.parallelism ?? 0;
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`;
}

function jobDuration(j: DeepReadonly<T.Job>, now: number): string {
  const start = j.status?.startTime;
  if (!start) return '';
  const end = j.status?.completionTime;
  return humanDuration((end ? Date.parse(end) : now) - Date.parse(start));
}

export const jobColumns = columnList<T.Job>(({ column, wide, nameColumn, ageColumn }) => [
  nameColumn,
  column('Status', 'Running, Complete, Failed, Suspended…', jobStatus),
  column('Completions', 'Pods that succeeded, of all that must.', completions),
  column('Duration', 'How long it ran, or has run.', jobDuration),
  ageColumn,
  wide('Containers', 'Names of the containers.', (j) => containerNames(j.spec.template.spec.containers)),
  wide('Images', 'Images of the containers.', (j) => containerImages(j.spec.template.spec.containers)),
  wide('Selector', 'Labels of the pods.', (j) => selectorText(j.spec.selector)),
]);

export const cronJobColumns = columnList<T.CronJob>(({ column, integer, wide, nameColumn, ageColumn }) => [
  nameColumn,
  column('Schedule', 'When it runs, in cron format.', (c) => c.spec.schedule),
  column('Timezone', 'Time zone of the schedule.', (c) => c.spec.timeZone ?? none),
  column('Suspend', 'Whether it is paused.', (c) => booleanText(c.spec.suspend), { type: 'boolean' }),
  integer('Active', 'Jobs that run now.', (c) => (c.status?.active ?? []).length),
  column('Last Schedule', 'When it last started a job.', (c, now) => (c.status?.lastScheduleTime ? age(c.status.lastScheduleTime, now) : none)),
  ageColumn,
  wide('Containers', 'Names of the containers.', (c) => containerNames(c.spec.jobTemplate.spec.template.spec.containers)),
  wide('Images', 'Images of the containers.', (c) => containerImages(c.spec.jobTemplate.spec.template.spec.containers)),
  wide('Selector', 'Labels of the pods.', (c) => selectorText(c.spec.jobTemplate.spec.selector)),
]);
