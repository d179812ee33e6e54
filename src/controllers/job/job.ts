/** Runs pods to completion. Each finished pod is counted exactly once: a finalizer holds it until the count is written. */
import { parseTime, timestamp } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { selectorFromObject } from '../../machinery/selectors.ts';
import { hasReason } from '../../machinery/status.ts';
import { jobs, type Job, type JobCondition, type JobStatus } from '../../api/batch/v1/index.ts';
import { pods, type Pod } from '../../api/core/v1/index.ts';
import { keyOf, type Informer } from '../../client/informer.ts';
import { claim, controllerOf } from '../../client/owner.ts';
import type { Controller, ControllerContext, Reconciled } from '../harness/controller.ts';
import { byController, byOrphanNamespace, canonicalJson, indexed, isReady } from '../pods/pods.ts';
import { createPods, deletePods, type Replicator } from '../pods/replicas.ts';
import { formatIndexes, parseIndexes } from './indexes.ts';
import { condition, endedAt, hasFailed, indexOf, isIndexed, isOver, isRunning, isTracked, judge, onlyReplacesFailed, pastBackoffLimit, trackingFinalizer, type JobView, type PodView, type Verdict } from './outcome.ts';
import { jobPod } from './pods.ts';
import { failsIndex, failureAnnotations, failuresWith, lastTries, limitsIndexes } from './tries.ts';

const backoffMs = 10_000;
const maxBackoffMs = 600_000;
/** As many finished pods are counted in one turn at most. */
const maxUncounted = 500;

export const jobController: Controller = {
  name: 'job-controller',
  setup: (context) => {
    const informer = context.informer(jobs);
    const podInformer = indexed(context.informer(pods));
    const queue = context.queue(async (key): Promise<Reconciled> => {
      const job = informer.getByKey(key);
      if (!job) return;
      if (job.spec?.managedBy && job.spec.managedBy !== 'kubernetes.io/job-controller') return;
      return new Turn(context, job, podInformer).run();
    }, 5);
    informer.on({ added: (j) => queue.add(keyOf(j)), updated: (j) => queue.add(keyOf(j)) });
    const letGo = context.queue((key) => releaseOrphan(context, podInformer.getByKey(key), informer), 2);
    const touched = (pod: PodView): void => {
      const owner = controllerOf(pod);
      if (owner?.kind === 'Job') queue.add(`${pod.metadata.namespace}/${owner.name}`);
      const adopters = owner ? [] : adoptersOf(pod, informer);
      for (const job of adopters) queue.add(keyOf(job));
      if (isTracked(pod) && adopters.length === 0 && (owner?.kind !== 'Job' || informer.get(owner.name, pod.metadata.namespace)?.metadata.uid !== owner.uid)) letGo.add(keyOf(pod));
    };
    podInformer.on({ added: touched, updated: touched, deleted: touched });
    informer.on({ deleted: (job) => podInformer.by(byController, job.metadata.uid).forEach((pod) => letGo.add(keyOf(pod))) });
  },
};

/** Jobs that may take a pod of nobody for theirs. */
const adoptersOf = (pod: PodView, informer: Informer<Job>): readonly JobView[] =>
  informer.list(pod.metadata.namespace ?? '').filter((job) => !isOver(job) && selectorFromObject(job.spec?.selector).matches(pod.metadata.labels));

/** Pods of a job that is gone need not be counted. */
async function releaseOrphan(context: ControllerContext, pod: PodView | undefined, informer: Informer<Job>): Promise<void> {
  if (!pod || !isTracked(pod)) return;
  const owner = controllerOf(pod);
  if (owner?.kind === 'Job' && informer.get(owner.name, pod.metadata.namespace)?.metadata.uid === owner.uid) return;
  if (!owner && adoptersOf(pod, informer).length > 0) return;
  await release(context, pod);
}

async function release({ client }: ControllerContext, pod: PodView): Promise<void> {
  const { name, namespace = '', uid, finalizers = [] } = pod.metadata;
  const body = { metadata: { uid, resourceVersion: pod.metadata.resourceVersion, finalizers: finalizers.filter((f) => f !== trackingFinalizer) } };
  try {
    await client.patch(pods, name, { type: 'application/merge-patch+json', body }, { namespace });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}

class Turn {
  readonly #context: ControllerContext;
  readonly #job: JobView;
  readonly #informer: Informer<Pod>;
  readonly #now: number;
  readonly #completed: Set<number>;
  /** Indexes that are not tried again. */
  readonly #lost: Set<number>;
  /** Failed pods, by index, that are counted when another has taken over how often the index has failed. */
  #held: ReadonlyMap<number, PodView> = new Map();
  #succeeded: number;
  #failed: number;
  #conditions: JobCondition[];
  #uncounted: { succeeded: string[]; failed: string[] };

  constructor(context: ControllerContext, job: JobView, informer: Informer<Pod>) {
    this.#context = context;
    this.#job = job;
    this.#informer = informer;
    this.#now = context.surroundings.clock.now();
    this.#completed = parseIndexes(job.status?.completedIndexes);
    this.#lost = parseIndexes(job.status?.failedIndexes);
    this.#succeeded = job.status?.succeeded ?? 0;
    this.#failed = job.status?.failed ?? 0;
    this.#conditions = (job.status?.conditions ?? []).map((c) => ({ ...c }));
    this.#uncounted = { succeeded: [...(job.status?.uncountedTerminatedPods?.succeeded ?? [])], failed: [...(job.status?.uncountedTerminatedPods?.failed ?? [])] };
  }

  async run(): Promise<Reconciled> {
    const job = this.#job;
    const owned = await this.#claim();
    if (isOver(job) || job.metadata.deletionTimestamp) {
      for (const pod of owned) if (isTracked(pod)) await release(this.#context, pod);
      return;
    }
    const failure = this.#count(owned);
    const startTime = job.spec?.suspend ? undefined : (job.status?.startTime ?? timestamp(this.#now));
    const verdict = this.#failureVerdict(owned, startTime, failure);
    const success = verdict ? undefined : this.#successVerdict(owned);
    if (verdict || success) for (const pod of this.#held.values()) this.#countFailed(pod);
    let active = owned.filter(isRunning);
    let again: Reconciled = undefined;
    this.#suspension();
    if (verdict || success || job.spec?.suspend) {
      await this.#remove(active);
      active = [];
    } else {
      const result = await this.#scale(owned, active);
      active = result.active;
      again = result.again;
    }
    this.#conclude(verdict, success, owned);
    await this.#write(owned, active, startTime);
    // Counted now: the pods may go.
    const counted = new Set([...this.#uncounted.succeeded, ...this.#uncounted.failed]);
    for (const pod of owned) if (isTracked(pod) && counted.has(pod.metadata.uid)) await release(this.#context, pod);
    const deadline = job.spec?.activeDeadlineSeconds;
    if (deadline !== undefined && startTime && !this.#isConcluded()) {
      const due = Math.max(100, parseTime(startTime) + deadline * 1000 - this.#now + 100);
      again = typeof again === 'number' ? Math.min(again, due) : due;
    }
    return again;
  }

  #claim(): Promise<PodView[]> {
    const { uid, namespace = '' } = this.#job.metadata;
    const selector = selectorFromObject(this.#job.spec?.selector);
    return claim({
      client: this.#context.client, ownerRef: jobs, owner: this.#job, childRef: pods,
      candidates: [...this.#informer.by(byController, uid), ...this.#informer.by(byOrphanNamespace, namespace)],
      matches: (pod: PodView) => selector.matches(pod.metadata.labels),
    });
  }

  /** Counts those that were let go in an earlier turn, and notes those that ended since. A word of the failure policy may end the job. */
  #count(owned: readonly PodView[]): Verdict | undefined {
    const held = new Set(owned.filter(isTracked).map((p) => p.metadata.uid));
    const settle = (uids: string[], add: (n: number) => void): string[] => {
      const rest = uids.filter((uid) => held.has(uid));
      add(uids.length - rest.length);
      return rest;
    };
    this.#uncounted = {
      succeeded: settle(this.#uncounted.succeeded, (n) => (this.#succeeded += n)),
      failed: settle(this.#uncounted.failed, (n) => (this.#failed += n)),
    };
    const known = new Set([...this.#uncounted.succeeded, ...this.#uncounted.failed]);
    if (limitsIndexes(this.#job)) this.#noteTries(owned);
    let verdict: Verdict | undefined;
    for (const pod of owned) {
      if (!isTracked(pod) || known.has(pod.metadata.uid) || known.size >= maxUncounted) continue;
      if (pod.status?.phase === 'Succeeded') {
        if (isIndexed(this.#job)) this.#completed.add(indexOf(pod));
        this.#uncounted.succeeded.push(pod.metadata.uid);
      } else if (hasFailed(this.#job, pod)) {
        const { action, message } = judge(this.#job, pod);
        if (action === 'FailJob') verdict ??= { reason: 'PodFailurePolicy', message };
        if (this.#held.get(indexOf(pod)) !== pod) this.#countFailed(pod);
      }
    }
    return verdict;
  }

  /** An ignored one is let go without being counted. */
  #countFailed(pod: PodView): void {
    if (judge(this.#job, pod).action === 'Ignore') this.#ignored.add(pod);
    else this.#uncounted.failed.push(pod.metadata.uid);
  }

  #noteTries(owned: readonly PodView[]): void {
    const busy = new Set(owned.filter(isRunning).map(indexOf));
    for (const pod of owned) {
      if (!isTracked(pod)) continue;
      if (pod.status?.phase === 'Succeeded') busy.add(indexOf(pod));
      else if (failsIndex(this.#job, pod)) this.#lost.add(indexOf(pod));
    }
    this.#held = lastTries(this.#job, owned, (index) => busy.has(index) || this.#completed.has(index) || this.#lost.has(index));
  }

  readonly #ignored = new Set<PodView>();

  get #allSucceeded(): number {
    return isIndexed(this.#job) ? this.#completed.size : this.#succeeded + this.#uncounted.succeeded.length;
  }

  get #allFailed(): number {
    return this.#failed + this.#uncounted.failed.length;
  }

  #failureVerdict(owned: readonly PodView[], startTime: string | undefined, byPolicy: Verdict | undefined): Verdict | undefined {
    const target = condition(this.#job, 'FailureTarget');
    if (target) return { reason: target.reason ?? '', message: target.message ?? '' };
    if (condition(this.#job, 'SuccessCriteriaMet')) return undefined;
    if (byPolicy) return byPolicy;
    if (pastBackoffLimit(this.#job, this.#allFailed, owned)) return { reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
    const deadline = this.#job.spec?.activeDeadlineSeconds;
    if (deadline !== undefined && startTime && this.#now - parseTime(startTime) >= deadline * 1000) {
      return { reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
    }
    return this.#lostVerdict();
  }

  #lostVerdict(): Verdict | undefined {
    const { completions = 0, maxFailedIndexes = Infinity } = this.#job.spec!;
    if (!limitsIndexes(this.#job) || this.#lost.size === 0) return undefined;
    if (this.#lost.size > maxFailedIndexes) return { reason: 'MaxFailedIndexesExceeded', message: 'Job has exceeded the specified maximal number of failed indexes' };
    return this.#lost.size + this.#completed.size >= completions ? { reason: 'FailedIndexes', message: 'Job has failed indexes' } : undefined;
  }

  #successVerdict(owned: readonly PodView[]): Verdict | undefined {
    const met = condition(this.#job, 'SuccessCriteriaMet');
    if (met) return { reason: met.reason ?? '', message: met.message ?? '' };
    for (const [i, rule] of (isIndexed(this.#job) ? (this.#job.spec?.successPolicy?.rules ?? []) : []).entries()) {
      const among = rule.succeededIndexes === undefined ? this.#completed : parseIndexes(rule.succeededIndexes);
      const hits = [...among].filter((x) => this.#completed.has(x)).length;
      if (hits >= (rule.succeededCount ?? among.size) && hits > 0) return { reason: 'SuccessPolicy', message: `Matched rules at index ${i}` };
    }
    const { completions } = this.#job.spec!;
    const running = owned.some(isRunning);
    const complete = completions === undefined ? this.#allSucceeded > 0 && !running : this.#allSucceeded >= completions;
    return complete ? { reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' } : undefined;
  }

  #suspension(): void {
    const before = this.#conditions.find((c) => c.type === 'Suspended');
    const suspended = this.#job.spec?.suspend ?? false;
    if (suspended === (before?.status === 'True') || (!suspended && !before)) return;
    const [status, reason, message] = suspended ? ['True', 'JobSuspended', 'Job suspended'] : ['False', 'JobResumed', 'Job resumed'];
    this.#setCondition('Suspended', status!, reason!, message!);
    this.#tell('Normal', suspended ? 'Suspended' : 'Resumed', message!);
  }

  async #remove(active: readonly PodView[]): Promise<void> {
    await deletePods(this.#replicator, this.#job, active);
  }

  get #replicator(): Replicator<Job> {
    return { context: this.#context, informer: this.#informer, ownerRef: jobs };
  }

  async #scale(owned: readonly PodView[], active: PodView[]): Promise<{ active: PodView[]; again: Reconciled }> {
    const { parallelism = 1, completions } = this.#job.spec!;
    const going = owned.filter((p) => !isRunning(p) && p.metadata.deletionTimestamp && p.status?.phase !== 'Succeeded' && !hasFailed(this.#job, p)).length;
    let wanted = parallelism;
    if (completions !== undefined) wanted = Math.min(parallelism, completions - this.#allSucceeded - this.#lost.size);
    else if (this.#allSucceeded > 0) wanted = Math.min(parallelism, active.length);
    wanted = Math.max(0, wanted);
    if (active.length > wanted) {
      const extra = [...active].sort((a, b) => Number(isReady(a)) - Number(isReady(b)) || b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp)).slice(0, active.length - wanted);
      await deletePods(this.#replicator, this.#job, extra);
      return { active: active.filter((p) => !extra.includes(p)), again: undefined };
    }
    const missing = wanted - active.length - going;
    if (missing <= 0) return { active, again: undefined };
    const limited = limitsIndexes(this.#job);
    const delay = limited ? 0 : this.#delay(owned);
    if (delay > 0) return { active, again: delay };
    let again: Reconciled = undefined;
    let indexes = isIndexed(this.#job) ? this.#nextIndexes(owned, missing) : new Array<number | undefined>(missing).fill(undefined);
    if (limited) {
      // Each index waits for itself.
      const waits = new Map(indexes.map((index) => [index, this.#delayOf(this.#held.get(index!))]));
      indexes = indexes.filter((index) => waits.get(index) === 0);
      const later = [...waits.values()].filter((ms) => ms > 0);
      if (later.length > 0) again = Math.min(...later);
    }
    const next = (index: number | undefined): Record<string, string> => (limited ? failureAnnotations(failuresWith(this.#job, this.#held.get(index!))) : {});
    await createPods(this.#replicator, this.#job, indexes.map((index) => jobPod(this.#job, index, next(index))));
    return { active: this.#informer.by(byController, this.#job.metadata.uid).filter(isRunning), again };
  }

  #nextIndexes(owned: readonly PodView[], count: number): number[] {
    const busy = new Set(owned.filter((p) => isRunning(p) || (onlyReplacesFailed(this.#job) && p.metadata.deletionTimestamp && p.status?.phase !== 'Succeeded' && p.status?.phase !== 'Failed')).map(indexOf));
    const out: number[] = [];
    for (let i = 0; i < (this.#job.spec?.completions ?? 0) && out.length < count; i++) if (!this.#completed.has(i) && !this.#lost.has(i) && !busy.has(i)) out.push(i);
    return out;
  }

  /** Before the index of a failed pod is tried again. */
  #delayOf(failed: PodView | undefined): number {
    if (!failed) return 0;
    const { counted, ignored } = failuresWith(this.#job, failed);
    return Math.max(0, endedAt(failed) + Math.min(maxBackoffMs, backoffMs * 2 ** (counted + ignored - 1)) - this.#now);
  }

  /** After a failure the next try waits, twice as long each time, until something succeeds. */
  #delay(owned: readonly PodView[]): number {
    const failures = owned.filter((p) => hasFailed(this.#job, p) && !this.#ignored.has(p)).map(endedAt);
    if (failures.length === 0) return 0;
    const lastSuccess = Math.max(0, ...owned.filter((p) => p.status?.phase === 'Succeeded').map(endedAt));
    const since = failures.filter((t) => t > lastSuccess);
    if (since.length === 0) return 0;
    const wait = Math.min(maxBackoffMs, backoffMs * 2 ** (since.length - 1));
    return Math.max(0, Math.max(...since) + wait - this.#now);
  }

  /** First the decision is written; the end itself when all its pods have ended and are counted. */
  #conclude(failure: Verdict | undefined, success: Verdict | undefined, owned: readonly PodView[]): void {
    const verdict = failure ?? success;
    if (!verdict) return;
    const [interim, final] = failure ? ['FailureTarget', 'Failed'] : ['SuccessCriteriaMet', 'Complete'];
    if (!this.#conditions.some((c) => c.type === interim)) this.#setCondition(interim!, 'True', verdict.reason, verdict.message);
    const open = this.#uncounted.succeeded.length + this.#uncounted.failed.length > 0 || owned.some((p) => p.status?.phase !== 'Succeeded' && p.status?.phase !== 'Failed' && !(p.metadata.deletionTimestamp && !isTracked(p)));
    if (open) return;
    this.#setCondition(final!, 'True', verdict.reason, verdict.message);
    if (failure) this.#tell('Warning', verdict.reason, verdict.message);
    else this.#tell('Normal', 'Completed', 'Job completed');
  }

  #isConcluded(): boolean {
    return this.#conditions.some((c) => c.status === 'True' && c.type !== 'Suspended');
  }

  #setCondition(type: string, status: string, reason: string, message: string): void {
    const now = timestamp(this.#now);
    this.#conditions = [...this.#conditions.filter((c) => c.type !== type), { type, status, lastProbeTime: now, lastTransitionTime: now, reason, message }];
  }

  #tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event(jobs, this.#job, type, reason, message);
  }

  async #write(owned: readonly PodView[], active: readonly PodView[], startTime: string | undefined): Promise<void> {
    const complete = this.#conditions.find((c) => c.type === 'Complete');
    const terminating = owned.filter((p) => p.metadata.deletionTimestamp && p.status?.phase !== 'Succeeded' && p.status?.phase !== 'Failed').length;
    const { succeeded, failed } = this.#uncounted;
    const indexed = isIndexed(this.#job);
    const done = indexed ? this.#completed.size : this.#succeeded;
    const status: JobStatus = {
      ...(this.#conditions.length ? { conditions: this.#conditions } : {}),
      ...(startTime ? { startTime } : {}),
      ...(complete ? { completionTime: complete.lastTransitionTime ?? timestamp(this.#now) } : {}),
      ...(active.length ? { active: active.length } : {}),
      ...(done ? { succeeded: done } : {}),
      ...(this.#failed ? { failed: this.#failed } : {}),
      terminating,
      ...(indexed && this.#completed.size ? { completedIndexes: formatIndexes(this.#completed) } : {}),
      ...(limitsIndexes(this.#job) ? { failedIndexes: formatIndexes(this.#lost) } : {}),
      uncountedTerminatedPods: { ...(succeeded.length ? { succeeded } : {}), ...(failed.length ? { failed } : {}) },
      ready: active.filter(isReady).length,
    };
    for (const pod of this.#ignored) await release(this.#context, pod);
    if (canonicalJson(status) === canonicalJson(this.#job.status)) return;
    await this.#context.client.update<Job>(jobs, { ...this.#job, status } as DeepReadonly<Job>, { subresource: 'status' });
  }
}
