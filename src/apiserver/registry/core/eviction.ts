/** Eviction: deleting a pod, where the disruption budgets that cover it allow it. */
import type { Pod, PodCondition } from '../../../api/core/v1/types.ts';
import type { Eviction, PodDisruptionBudget } from '../../../api/policy/v1/types.ts';
import { invalid } from '../../../machinery/fieldpath.ts';
import { thaw, type DeepReadonly } from '../../../machinery/json.ts';
import { selectorFromObject } from '../../../machinery/selectors.ts';
import { StatusError } from '../../../machinery/status.ts';
import type { ApiObject, ReadonlyObject } from '../../objects.ts';
import type { Creator } from '../../resources.ts';
import { checkDeletionOptions, checkPreconditions, type DeletionOptions } from '../deletion.ts';
import type { Storage, WriteScope } from '../storage.ts';

type ReadPod = DeepReadonly<Pod>;
type Options = DeletionOptions & { readonly dryRun?: readonly string[]; readonly ignoreStoreReadErrorWithClusterBreakingPotential?: boolean };

const mostAttempts = 20;
const maxRecordedDisruptions = 2000;
const done = new Set(['Succeeded', 'Failed']);
const budgetResource = { group: 'policy', resource: 'poddisruptionbudget' };

const isGoing = ({ metadata, status }: ReadPod): boolean => done.has(status.phase ?? '') || metadata.deletionTimestamp !== undefined;

function isReady(pod: ReadPod): boolean {
  return pod.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;
}

export function evicter(pods: Storage, budgets: Storage): Creator {
  return async (object, { namespace, name }, scope) => {
    const eviction = object as unknown as Eviction;
    if (eviction.metadata.name !== name) throw StatusError.badRequest('name in URL does not match name in Eviction object');
    const options = optionsOf(eviction, name, scope);
    const deletion: WriteScope = { ...scope, subresource: '', dryRun: options.dryRun?.includes('All') === true };
    const evict = (revision: string | undefined): Promise<void> =>
      markAndDelete(pods, { namespace, name }, revision === undefined ? options : { ...options, preconditions: { ...options.preconditions, resourceVersion: revision } }, deletion);
    const asked = options.preconditions?.resourceVersion;
    for (let attempt = 1; ; attempt++) {
      const current = await pods.get(namespace, name);
      const pod = current.object as unknown as ReadPod;
      const pending = pod.status.phase === 'Pending';
      try {
        // Budgets are only spent on pods that count. A pending one may begin to count meanwhile.
        if (isGoing(pod) || pending) {
          await evict(pending && !isGoing(pod) && asked === undefined ? String(current.revision) : undefined);
          return success();
        }
      } catch (error) {
        if (asked !== undefined || attempt === mostAttempts || !(error instanceof StatusError) || error.reason !== 'Conflict') throw error;
        continue;
      }
      const verdict = await judge(budgets, pod, deletion);
      if (verdict.refusal) return verdict.refusal;
      try {
        await evict(verdict.unhealthy && asked === undefined ? String(current.revision) : undefined);
      } catch (error) {
        if (verdict.unhealthy && asked === undefined && error instanceof StatusError && error.reason === 'Conflict') throw stillProcessed(verdict.budget ?? '');
        throw error;
      }
      return success();
    }
  };
}

function success(): ApiObject {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
}

/** Whether nothing is really to happen may be said in two places, which have to agree. */
function optionsOf(eviction: Eviction, name: string, scope: WriteScope): Options {
  const options: Options = { ...eviction.deleteOptions };
  if (options.ignoreStoreReadErrorWithClusterBreakingPotential) {
    throw StatusError.invalid({ group: 'policy', kind: 'Eviction' }, name, [invalid('deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential', true, 'can not be set for pod eviction, try after removing the option')]);
  }
  const own = options.dryRun ?? [];
  if (!scope.dryRun || own.length === 0 || (own.length === 1 && own[0] === 'All')) {
    checkDeletionOptions(options as Record<string, unknown>);
    return scope.dryRun ? { ...options, dryRun: ['All'] } : options;
  }
  throw new StatusError({ status: 'Failure', code: 500, message: `Non-matching dry-run options in request and content: [All] and [${own.join(' ')}]` });
}

/** The pod says why it goes before it does. */
async function markAndDelete(pods: Storage, { namespace, name }: { readonly namespace: string; readonly name: string }, options: Options, scope: WriteScope): Promise<void> {
  let { preconditions } = options;
  if (!scope.dryRun) {
    const { stored } = await pods.update(namespace, name, (current) => {
      checkPreconditions(current!.object, options, { group: '', resource: 'Pod' });
      return disrupted(current!.object as unknown as ReadPod, scope.now) as unknown as ApiObject;
    }, { ...scope, subresource: 'status' }, { retryConflicts: true });
    if (preconditions?.resourceVersion !== undefined) preconditions = { ...preconditions, resourceVersion: String(stored.revision) };
  }
  await pods.delete(namespace, name, preconditions ? { ...options, preconditions } : options, scope);
}

function disrupted(pod: ReadPod, now: string): Pod {
  const next = thaw<Pod>(pod);
  const condition: PodCondition = { type: 'DisruptionTarget', status: 'True', lastTransitionTime: now, reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' };
  const conditions = (next.status.conditions ??= []);
  const present = conditions.find((c) => c.type === condition.type);
  if (present) Object.assign(present, condition, present.status === condition.status ? { lastTransitionTime: present.lastTransitionTime } : {});
  else conditions.push(condition);
  return next;
}

interface Verdict {
  readonly refusal?: ApiObject;
  readonly budget?: string;
  /** It does not count as healthy, and goes without the budget's leave. */
  readonly unhealthy?: boolean;
}

async function judge(budgets: Storage, pod: ReadPod, scope: WriteScope): Promise<Verdict> {
  const { namespace = '' } = pod.metadata;
  const { items } = await budgets.cacher.list({ selection: { namespace } });
  const [covering, another] = items.filter((item) => covers(item.object, pod));
  if (!covering) return {};
  if (another) return { refusal: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.', code: 500 } };
  const budget = covering.object.metadata.name!;
  const { spec, status } = covering.object as unknown as DeepReadonly<PodDisruptionBudget>;
  const spared = spec.unhealthyPodEvictionPolicy === 'AlwaysAllow' || (status.currentHealthy >= status.desiredHealthy && status.desiredHealthy > 0);
  if (!isReady(pod) && spared) return { budget, unhealthy: true };
  await spend(budgets, namespace, budget, pod.metadata.name, scope);
  return { budget };
}

function covers(budget: ReadonlyObject, pod: ReadPod): boolean {
  try {
    return selectorFromObject((budget as unknown as PodDisruptionBudget).spec.selector).matches(pod.metadata.labels);
  } catch {
    // A selector that is none selects nothing.
    return false;
  }
}

async function spend(budgets: Storage, namespace: string, budget: string, pod: string, scope: WriteScope): Promise<void> {
  await budgets.update(namespace, budget, (current) => {
    const next = thaw<PodDisruptionBudget>(current!.object as never);
    const { status } = next;
    if ((status.observedGeneration ?? 0) < (next.metadata.generation ?? 0)) throw stillProcessed(budget);
    if (status.disruptionsAllowed < 0) throw StatusError.forbidden(budgetResource, budget, 'pdb disruptions allowed is negative');
    if (Object.keys(status.disruptedPods ?? {}).length > maxRecordedDisruptions) {
      throw StatusError.forbidden(budgetResource, budget, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
    }
    if (status.disruptionsAllowed === 0) throw refused(0, `The disruption budget ${budget} needs ${status.desiredHealthy} healthy pods and has ${status.currentHealthy} currently`);
    status.disruptionsAllowed--;
    if (status.disruptionsAllowed === 0) exhausted(next, scope.now);
    status.disruptedPods = { ...status.disruptedPods, [pod]: scope.now };
    return next as unknown as ApiObject;
  }, { ...scope, subresource: 'status' }, { retryConflicts: true });
}

function exhausted({ metadata, status }: PodDisruptionBudget, now: string): void {
  const condition = { type: 'DisruptionAllowed', status: 'False', observedGeneration: status.observedGeneration ?? metadata.generation ?? 0, lastTransitionTime: now, reason: 'InsufficientPods', message: '' };
  const rest = (status.conditions ?? []).filter((c) => c.type !== condition.type);
  const present = status.conditions?.find((c) => c.type === condition.type);
  if (present?.status === 'False') condition.lastTransitionTime = present.lastTransitionTime;
  status.conditions = [...rest, condition];
}

function stillProcessed(budget: string): StatusError {
  return refused(10, `The disruption budget ${budget} is still being processed by the server.`);
}

function refused(retryAfterSeconds: number, message: string): StatusError {
  return new StatusError({
    status: 'Failure', code: 429, reason: 'TooManyRequests', message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: { causes: [{ reason: 'DisruptionBudget', message }], ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}) },
  });
}
