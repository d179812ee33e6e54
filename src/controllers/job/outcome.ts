/** What has become of a job's pods, and of the job: pure. */
import { parseTime } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type { Job, JobCondition, PodFailurePolicyRule } from '../../api/batch/v1/index.ts';
import { isFinished } from '../../api/core/podresources.ts';
import type { Pod } from '../../api/core/v1/index.ts';

export type JobView = DeepReadonly<Job>;
export type PodView = DeepReadonly<Pod>;

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
export const indexAnnotation = 'batch.kubernetes.io/job-completion-index';

export const isIndexed = (job: JobView): boolean => job.spec?.completionMode === 'Indexed';
export const indexOf = (pod: PodView): number => Number(pod.metadata.annotations?.[indexAnnotation] ?? -1);
export const isTracked = (pod: PodView): boolean => pod.metadata.finalizers?.includes(trackingFinalizer) ?? false;

export function condition(job: JobView, type: string): DeepReadonly<JobCondition> | undefined {
  return job.status?.conditions?.find((c) => c.type === type && c.status === 'True');
}

/** Complete or Failed. */
export function isOver(job: JobView): boolean {
  return condition(job, 'Complete') !== undefined || condition(job, 'Failed') !== undefined;
}

/** With a failure policy, or when told so, a pod on its way out does not count before it is out. */
export function onlyReplacesFailed(job: JobView): boolean {
  return job.spec?.podReplacementPolicy === 'Failed' || job.spec?.podFailurePolicy !== undefined;
}

export function hasFailed(job: JobView, pod: PodView): boolean {
  if (pod.status?.phase === 'Failed') return true;
  return pod.status?.phase !== 'Succeeded' && pod.metadata.deletionTimestamp !== undefined && !onlyReplacesFailed(job);
}

export const isRunning = (pod: PodView): boolean => !isFinished(pod) && !pod.metadata.deletionTimestamp;

/** When the pod ended: the last of its containers, else what is known. */
export function endedAt(pod: PodView): number {
  const times = (pod.status?.containerStatuses ?? []).map((c) => parseTime(c.state?.terminated?.finishedAt ?? '')).filter((t) => !Number.isNaN(t));
  if (times.length > 0) return Math.max(...times);
  return parseTime(pod.metadata.deletionTimestamp ?? pod.metadata.creationTimestamp) || 0;
}

export interface Verdict {
  readonly reason: string;
  readonly message: string;
}

/** What the failure policy says of a failed pod. */
export function judge(job: JobView, pod: PodView): { action: string; message: string } {
  for (const [i, rule] of (job.spec?.podFailurePolicy?.rules ?? []).entries()) {
    const found = matches(rule, pod);
    if (found) return { action: rule.action, message: `${found} matching ${rule.action} rule at index ${i}` };
  }
  return { action: 'Count', message: '' };
}

function matches(rule: DeepReadonly<PodFailurePolicyRule>, pod: PodView): string | undefined {
  const subject = `pod ${pod.metadata.namespace}/${pod.metadata.name}`;
  if (rule.onExitCodes) {
    const { containerName, operator, values } = rule.onExitCodes;
    for (const status of [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]) {
      const code = status.state?.terminated?.exitCode;
      if (!code || (containerName && containerName !== status.name)) continue;
      if (values.includes(code) === (operator === 'In')) return `Container ${status.name} for ${subject} failed with exit code ${code}`;
    }
    return undefined;
  }
  const hit = rule.onPodConditions?.find((p) => pod.status?.conditions?.some((c) => c.type === p.type && c.status === p.status));
  return hit && `Pod ${pod.metadata.namespace}/${pod.metadata.name} has condition ${hit.type}`;
}

/** Restarts in place count as failures where pods restart on failure. */
export function pastBackoffLimit(job: JobView, failed: number, pods: readonly PodView[]): boolean {
  const limit = job.spec?.backoffLimit ?? 6;
  if (failed > limit) return true;
  if (job.spec?.template.spec?.restartPolicy !== 'OnFailure') return false;
  let restarts = 0;
  for (const pod of pods) {
    if (pod.status?.phase !== 'Running' && pod.status?.phase !== 'Pending') continue;
    for (const c of [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])]) restarts += c.restartCount;
  }
  return limit === 0 ? restarts > 0 : restarts >= limit;
}
