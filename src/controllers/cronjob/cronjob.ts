/** Starts jobs by the clock. */
import { parseTime, timestamp } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { cronjobs, jobs, type CronJob, type Job } from '../../api/batch/v1/index.ts';
import { keyOf, type Informer } from '../../client/informer.ts';
import { controllerOf, controllerReference } from '../../client/owner.ts';
import { referenceTo } from '../../client/events.ts';
import type { Controller, ControllerContext, Reconciled } from '../harness/controller.ts';
import { condition, isOver } from '../job/outcome.ts';
import { byController, canonicalJson, indexed } from '../pods/pods.ts';
import { isNamespaceTerminating } from '../pods/replicas.ts';
import { parseSchedule, type Schedule } from './schedule.ts';

type Cron = DeepReadonly<CronJob>;
type JobView = DeepReadonly<Job>;

export const cronJobController: Controller = {
  name: 'cronjob-controller',
  setup: (context) => {
    const informer = context.informer(cronjobs);
    const jobInformer = indexed(context.informer(jobs));
    const queue = context.queue(async (key): Promise<Reconciled> => {
      const cron = informer.getByKey(key);
      return cron && !cron.metadata.deletionTimestamp ? new Turn(context, cron, jobInformer).run() : undefined;
    }, 5);
    informer.on({ added: (c) => queue.add(keyOf(c)), updated: (c) => queue.add(keyOf(c)) });
    const touched = (job: JobView): void => {
      const owner = controllerOf(job);
      if (owner?.kind === 'CronJob') queue.add(`${job.metadata.namespace}/${owner.name}`);
    };
    jobInformer.on({ added: touched, updated: touched, deleted: touched });
  },
};

class Turn {
  readonly #context: ControllerContext;
  readonly #cron: Cron;
  readonly #jobs: Informer<Job>;
  readonly #now: number;
  #active: NonNullable<CronJob['status']['active']>;
  #lastScheduled: string | undefined;
  #lastSuccessful: string | undefined;

  constructor(context: ControllerContext, cron: Cron, jobInformer: Informer<Job>) {
    this.#context = context;
    this.#cron = cron;
    this.#jobs = jobInformer;
    this.#now = context.surroundings.clock.now();
    this.#active = (cron.status?.active ?? []).map((a) => ({ ...a }));
    this.#lastScheduled = cron.status?.lastScheduleTime;
    this.#lastSuccessful = cron.status?.lastSuccessfulTime;
  }

  async run(): Promise<Reconciled> {
    const owned = this.#jobs.by(byController, this.#cron.metadata.uid);
    this.#review(owned);
    await this.#trim(owned);
    let again: Reconciled = undefined;
    try {
      if (!this.#cron.spec?.suspend) again = await this.#start();
    } finally {
      await this.#write();
    }
    return again;
  }

  #tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event(cronjobs, this.#cron, type, reason, message);
  }

  #review(owned: readonly JobView[]): void {
    for (const job of owned) {
      const listed = this.#active.some((a) => a.uid === job.metadata.uid);
      if (!isOver(job)) {
        if (!listed) {
          this.#tell('Warning', 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${job.metadata.name}`);
          this.#active.push(referenceTo(jobs, job));
        }
        continue;
      }
      if (listed) {
        this.#active = this.#active.filter((a) => a.uid !== job.metadata.uid);
        this.#tell('Normal', 'SawCompletedJob', `Saw completed job: ${job.metadata.name}, condition: ${condition(job, 'Complete') ? 'Complete' : 'Failed'}`);
      }
      const ended = condition(job, 'Complete') && job.status?.completionTime;
      if (ended && (!this.#lastSuccessful || parseTime(this.#lastSuccessful) < parseTime(ended))) this.#lastSuccessful = ended;
    }
    const missing = this.#active.filter((a) => !owned.some((job) => job.metadata.uid === a.uid));
    for (const { name, uid } of missing) {
      this.#tell('Normal', 'MissingJob', `Active job went missing: ${name}`);
      this.#active = this.#active.filter((a) => a.uid !== uid);
    }
  }

  async #trim(owned: readonly JobView[]): Promise<void> {
    const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = this.#cron.spec!;
    const time = (job: JobView): number => parseTime(job.status?.startTime ?? job.metadata.creationTimestamp) || 0;
    const rounds: [string, number][] = [['Complete', successfulJobsHistoryLimit], ['Failed', failedJobsHistoryLimit]];
    for (const [type, limit] of rounds) {
      const ended = owned.filter((job) => condition(job, type)).sort((a, b) => time(a) - time(b));
      for (const job of ended.slice(0, Math.max(0, ended.length - limit))) await this.#delete(job);
    }
  }

  async #delete(job: JobView): Promise<void> {
    const { name, namespace = '', uid } = job.metadata;
    try {
      await this.#context.client.delete(jobs, name, { namespace, propagationPolicy: 'Background', preconditions: { uid } });
      this.#active = this.#active.filter((a) => a.uid !== uid);
      this.#tell('Normal', 'SuccessfulDelete', `Deleted job ${name}`);
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
    }
    await this.#jobs.gone(job);
  }

  async #start(): Promise<Reconciled> {
    const { spec, metadata } = this.#cron;
    let schedule: Schedule;
    try {
      schedule = parseSchedule(spec!.schedule, spec!.timeZone);
    } catch (error) {
      this.#tell('Warning', spec?.timeZone ? 'UnknownTimeZone' : 'UnparseableSchedule', `unparseable schedule: ${spec!.schedule} : ${(error as Error).message}`);
      return undefined;
    }
    const wait = (): Reconciled => {
      const next = schedule.next(this.#now);
      return next === undefined ? undefined : Math.min(next - this.#now + 100, 24 * 3_600_000);
    };
    const due = this.#mostRecent(schedule);
    if (due === undefined) return wait();
    const deadline = spec?.startingDeadlineSeconds;
    if (deadline !== undefined && due + deadline * 1000 < this.#now) {
      this.#tell('Warning', 'MissSchedule', `Missed scheduled time to start a job: ${new Date(due).toUTCString()}`);
      return wait();
    }
    if (spec?.concurrencyPolicy === 'Forbid' && this.#active.length > 0) {
      this.#tell('Normal', 'JobAlreadyActive', 'Not starting job because prior execution is running and concurrency policy is Forbid');
      return wait();
    }
    if (spec?.concurrencyPolicy === 'Replace') {
      for (const { name } of this.#active) {
        const job = this.#jobs.get(name ?? '', metadata.namespace);
        if (job) await this.#delete(job);
      }
    }
    await this.#create(due);
    return wait();
  }

  /** The latest time that has come since the last one; with very many missed, only that one counts too. */
  #mostRecent(schedule: Schedule): number | undefined {
    const { spec, metadata } = this.#cron;
    let from = parseTime(this.#lastScheduled ?? metadata.creationTimestamp);
    const deadline = spec?.startingDeadlineSeconds;
    if (deadline !== undefined) from = Math.max(from, this.#now - deadline * 1000);
    const first = schedule.next(from);
    if (first === undefined || first > this.#now) return undefined;
    // Long absences are skipped in one step of the schedule's own length.
    const second = schedule.next(first) ?? Infinity;
    const missed = Number.isFinite(second) ? Math.floor((this.#now - first) / (second - first)) : 0;
    if (missed > 100) this.#tell('Warning', 'TooManyMissedTimes', 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew');
    let due = first;
    let cursor = missed > 100 ? Math.max(first, this.#now - 10 * (second - first)) : first;
    for (let next = schedule.next(cursor); next !== undefined && next <= this.#now; next = schedule.next(cursor)) {
      due = next;
      cursor = next;
    }
    return due;
  }

  async #create(due: number): Promise<void> {
    const { spec, metadata } = this.#cron;
    const { namespace = '' } = metadata;
    const template = spec!.jobTemplate;
    const name = `${metadata.name}-${Math.floor(due / 60_000)}`;
    const annotations = { ...template.metadata?.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': timestamp(due) };
    const labels = template.metadata?.labels ? { labels: { ...template.metadata.labels } } : {};
    try {
      const job = await this.#context.client.create(
        jobs, { metadata: { name, namespace, ...labels, annotations, ownerReferences: [controllerReference(cronjobs, this.#cron)] }, spec: template.spec }, { namespace },
      );
      this.#tell('Normal', 'SuccessfulCreate', `Created job ${name}`);
      this.#active.push(referenceTo(jobs, job));
      await this.#jobs.reached(job.metadata.resourceVersion);
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      // Made in an earlier turn whose status was lost.
      if (!hasReason(error, 'AlreadyExists')) {
        this.#tell('Warning', 'FailedCreate', `Error creating job: ${(error as Error).message}`);
        throw error;
      }
    }
    this.#lastScheduled = timestamp(due);
  }

  async #write(): Promise<void> {
    const status = {
      ...(this.#active.length ? { active: this.#active } : {}),
      ...(this.#lastScheduled ? { lastScheduleTime: this.#lastScheduled } : {}),
      ...(this.#lastSuccessful ? { lastSuccessfulTime: this.#lastSuccessful } : {}),
    };
    if (canonicalJson(status) === canonicalJson(this.#cron.status ?? {})) return;
    await this.#context.client.update<CronJob>(cronjobs, { ...this.#cron, status } as Cron, { subresource: 'status' });
  }
}
