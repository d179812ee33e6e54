/** What a deployment reports: counts and conditions. */
import { parseTime, timestamp } from '../../base/clock.ts';
import { deployments, type DeploymentCondition, type DeploymentStatus } from '../../api/apps/v1/index.ts';
import type { ControllerContext } from '../harness/controller.ts';
import { canonicalJson } from '../pods/pods.ts';
import { limits, totalAvailable, wantedSize, type Deploy, type Set } from './replicasets.ts';

type Conditions = DeploymentCondition[];

function condition(type: string, status: string, reason: string, message: string, now: string): DeploymentCondition {
  return { type, status, lastUpdateTime: now, lastTransitionTime: now, reason, message };
}

const find = (conditions: Conditions, type: string): DeploymentCondition | undefined => conditions.find((c) => c.type === type);
const without = (conditions: Conditions, type: string): Conditions => conditions.filter((c) => c.type !== type);

/** Keeps the old one when status and reason are the same, and the transition time when the status is. */
function set(conditions: Conditions, next: DeploymentCondition): Conditions {
  const before = find(conditions, next.type);
  if (before?.status === next.status && before.reason === next.reason) return conditions;
  if (before?.status === next.status) next = { ...next, ...(before.lastTransitionTime ? { lastTransitionTime: before.lastTransitionTime } : {}) };
  return [...without(conditions, next.type), next];
}

function counts(deployment: Deploy, sets: readonly Set[], current: Set | undefined): DeploymentStatus {
  const sum = (of: (s: Set) => number | undefined): number => sets.reduce((total, s) => total + (of(s) ?? 0), 0);
  const available = totalAvailable(sets);
  const total = sum((s) => s.spec?.replicas ?? 1);
  const { collisionCount } = deployment.status ?? {};
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sum((s) => s.status?.replicas),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: sum((s) => s.status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, total - available),
    ...(collisionCount === undefined ? {} : { collisionCount }),
  };
}

const isComplete = (deployment: Deploy, s: DeploymentStatus): boolean => {
  const wanted = wantedSize(deployment);
  return s.updatedReplicas === wanted && s.replicas === wanted && s.availableReplicas === wanted && (s.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0);
};

function hasProgressed(old: Deploy['status'], s: DeploymentStatus): boolean {
  const outdated = (x: Deploy['status']): number => (x?.replicas ?? 0) - (x?.updatedReplicas ?? 0);
  return (
    (s.updatedReplicas ?? 0) > (old?.updatedReplicas ?? 0) || outdated(s) < outdated(old) ||
    (s.readyReplicas ?? 0) > (old?.readyReplicas ?? 0) || (s.availableReplicas ?? 0) > (old?.availableReplicas ?? 0)
  );
}

export const hasDeadline = (deployment: Deploy): boolean => (deployment.spec?.progressDeadlineSeconds ?? 2 ** 31 - 1) !== 2 ** 31 - 1;

function timedOut(deployment: Deploy, s: DeploymentStatus, conditions: Conditions, now: number): boolean {
  const progressing = find(conditions, 'Progressing');
  if (!progressing || isComplete(deployment, s) || progressing.reason === 'NewReplicaSetAvailable') return false;
  if (progressing.reason === 'ProgressDeadlineExceeded') return true;
  return (parseTime(progressing.lastUpdateTime ?? '') || 0) + deployment.spec!.progressDeadlineSeconds! * 1000 < now;
}

export interface StatusInput {
  readonly deployment: Deploy;
  readonly sets: readonly Set[];
  readonly current: Set | undefined;
  /** Whether the new set was made in this turn. */
  readonly created: boolean;
}

/** Milliseconds until the progress deadline needs another look, if it does. */
export async function writeStatus({ deployment, sets, current, created }: StatusInput, context: ControllerContext): Promise<number | void> {
  const { clock } = context.surroundings;
  const nowMs = clock.now();
  const now = timestamp(nowMs);
  const status = counts(deployment, sets, current);
  let conditions = [...(deployment.status?.conditions ?? [])] as Conditions;
  conditions = availability(deployment, status, conditions, now);
  if (hasDeadline(deployment)) conditions = progress(deployment, status, conditions, current, created, now, nowMs);
  else conditions = without(conditions, 'Progressing');
  const failure = [current, ...sets].flatMap((s) => s?.status?.conditions ?? []).find((c) => c.type === 'ReplicaFailure' && c.status === 'True');
  conditions = failure ? set(conditions, condition('ReplicaFailure', 'True', failure.reason ?? '', failure.message ?? '', now)) : without(conditions, 'ReplicaFailure');
  const next = { ...status, ...(conditions.length ? { conditions } : {}) };
  if (canonicalJson(pruned(deployment.status)) !== canonicalJson(pruned(next))) {
    await context.client.update(deployments, { ...deployment, status: next } as Deploy, { subresource: 'status' });
  }
  const progressing = find(conditions, 'Progressing');
  if (!hasDeadline(deployment) || !progressing || isComplete(deployment, status) || deployment.spec?.paused) return;
  if (progressing.reason === 'NewReplicaSetAvailable' || progressing.reason === 'ProgressDeadlineExceeded') return;
  const due = (parseTime(progressing.lastUpdateTime ?? '') || 0) + deployment.spec!.progressDeadlineSeconds! * 1000 - nowMs;
  return Math.max(1000, due + 1000);
}

function availability(deployment: Deploy, s: DeploymentStatus, conditions: Conditions, now: string): Conditions {
  return (s.availableReplicas ?? 0) >= wantedSize(deployment) - limits(deployment).unavailable
    ? set(conditions, condition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.', now))
    : set(conditions, condition('Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.', now));
}

function progress(deployment: Deploy, s: DeploymentStatus, conditions: Conditions, current: Set | undefined, created: boolean, now: string, nowMs: number): Conditions {
  const name = current?.metadata.name;
  const subject = name ? `ReplicaSet "${name}"` : `Deployment "${deployment.metadata.name}"`;
  const before = find(conditions, 'Progressing');
  if (deployment.spec?.paused) return set(conditions, condition('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused', now));
  if (before?.reason === 'DeploymentPaused') return set(conditions, condition('Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed', now));
  if (created) return set(conditions, condition('Progressing', 'True', 'NewReplicaSetCreated', `Created new replica set "${name}"`, now));
  if (name && !before) conditions = set(conditions, condition('Progressing', 'True', 'FoundNewReplicaSet', `Found new replica set "${name}"`, now));
  const rolledOut = deployment.status?.replicas === deployment.status?.updatedReplicas && before?.reason === 'NewReplicaSetAvailable';
  if (rolledOut) return conditions;
  if (isComplete(deployment, s)) return set(conditions, condition('Progressing', 'True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`, now));
  if (hasProgressed(deployment.status, s)) {
    const next = condition('Progressing', 'True', 'ReplicaSetUpdated', `${subject} is progressing.`, now);
    // Each step restarts the deadline; the transition stays.
    const transition = before?.status === 'True' && before.lastTransitionTime ? { lastTransitionTime: before.lastTransitionTime } : {};
    return [...without(conditions, 'Progressing'), { ...next, ...transition }];
  }
  if (timedOut(deployment, s, conditions, nowMs)) {
    return set(conditions, condition('Progressing', 'False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`, now));
  }
  return conditions;
}

/** Zero and absent are the same to the server. */
function pruned(status: Deploy['status'] | DeploymentStatus): unknown {
  return Object.fromEntries(Object.entries(status ?? {}).filter(([, v]) => v !== 0 && !(Array.isArray(v) && v.length === 0)));
}
