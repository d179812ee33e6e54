/** How many pods of a budget may be evicted now. */
import { parseTime, timestamp } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { selectorFromObject } from '../../machinery/selectors.ts';
import { deployments, replicasets, statefulsets } from '../../api/apps/v1/index.ts';
import { pods, replicationcontrollers, type Pod } from '../../api/core/v1/index.ts';
import { isFinished } from '../../api/core/podresources.ts';
import type { Condition } from '../../api/meta/v1/types.ts';
import { poddisruptionbudgets, type PodDisruptionBudget } from '../../api/policy/v1/index.ts';
import { keyOf } from '../../client/informer.ts';
import { controllerOf } from '../../client/owner.ts';
import { resolve } from '../deployment/replicasets.ts';
import type { Controller, ControllerContext, Reconciled } from '../harness/controller.ts';
import { canonicalJson, isReady } from '../pods/pods.ts';

type Budget = DeepReadonly<PodDisruptionBudget>;
/** An eviction that was allowed and has not shown by then is forgotten. */
const evictionTimeoutMs = 120_000;

/** The size that the controller of a pod wants, with the controller's uid. */
type Scale = (pod: DeepReadonly<Pod>) => { readonly uid: string; readonly size: number } | undefined;

export const disruptionController: Controller = {
  name: 'disruption-controller',
  source: 'controllermanager',
  setup: (context) => {
    const budgets = context.informer(poddisruptionbudgets);
    const podInformer = context.informer(pods);
    const scale = scaleOf(context);
    const queue = context.queue(async (key): Promise<Reconciled> => {
      const budget = budgets.getByKey(key);
      if (!budget) return;
      const selector = selectorFromObject(budget.spec?.selector);
      const covered = podInformer.list(budget.metadata.namespace ?? '').filter((pod) => selector.matches(pod.metadata.labels));
      return update(budget, covered, scale, context);
    }, 2);
    budgets.on({ added: (b) => queue.add(keyOf(b)), updated: (b) => queue.add(keyOf(b)) });
    const touched = (pod: DeepReadonly<Pod>): void => {
      for (const budget of budgets.list(pod.metadata.namespace ?? '')) if (selectorFromObject(budget.spec?.selector).matches(pod.metadata.labels)) queue.add(keyOf(budget));
    };
    const facts = (pod: DeepReadonly<Pod>): string => JSON.stringify([pod.metadata.labels, pod.metadata.deletionTimestamp, isReady(pod), pod.status?.phase]);
    podInformer.on({
      added: touched, deleted: touched,
      updated: (pod, old) => {
        if (facts(pod) === facts(old)) return;
        touched(old);
        touched(pod);
      },
    });
  },
};

function scaleOf(context: ControllerContext): Scale {
  const sets = context.informer(replicasets);
  const rollouts = context.informer(deployments);
  const others = { StatefulSet: context.informer(statefulsets), ReplicationController: context.informer(replicationcontrollers) };
  return (pod) => {
    const owner = controllerOf(pod);
    if (!owner) return undefined;
    const { namespace } = pod.metadata;
    if (owner.kind === 'ReplicaSet') {
      const set = sets.get(owner.name, namespace);
      const above = set && controllerOf(set);
      const deployment = above?.kind === 'Deployment' ? rollouts.get(above.name, namespace) : undefined;
      const found = deployment ?? set;
      return found && { uid: found.metadata.uid, size: found.spec?.replicas ?? 1 };
    }
    const found = others[owner.kind as keyof typeof others]?.get(owner.name, namespace);
    return found && { uid: found.metadata.uid, size: found.spec?.replicas ?? 1 };
  };
}

async function update(budget: Budget, covered: readonly DeepReadonly<Pod>[], scale: Scale, context: ControllerContext): Promise<Reconciled> {
  const now = context.surroundings.clock.now();
  const disrupted: Record<string, string> = {};
  let again: Reconciled = undefined;
  for (const [name, time] of Object.entries(budget.status?.disruptedPods ?? {})) {
    const pod = covered.find((p) => p.metadata.name === name);
    const left = parseTime(time) + evictionTimeoutMs - now;
    if (!pod || pod.metadata.deletionTimestamp || left <= 0) continue;
    disrupted[name] = time;
    again = Math.min(typeof again === 'number' ? again : Infinity, left);
  }
  const living = covered.filter((p) => !isFinished(p) && !p.metadata.deletionTimestamp);
  const currentHealthy = living.filter((p) => isReady(p) && !disrupted[p.metadata.name]).length;
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  const byScale = maxUnavailable !== undefined || typeof minAvailable === 'string';
  const expectedPods = byScale ? expectedByScale(living, scale, budget, context) : living.length;
  const desiredHealthy = maxUnavailable !== undefined
    ? Math.max(0, expectedPods - resolve(maxUnavailable, expectedPods, true))
    : minAvailable === undefined ? 0 : resolve(minAvailable, expectedPods, true);
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  const status = {
    observedGeneration: budget.metadata.generation ?? 0,
    ...(Object.keys(disrupted).length ? { disruptedPods: disrupted } : {}),
    disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods,
    conditions: [allowed(budget, disruptionsAllowed > 0, timestamp(now)), ...(budget.status?.conditions ?? []).filter((c) => c.type !== 'DisruptionAllowed')],
  };
  if (canonicalJson(status) !== canonicalJson(budget.status)) {
    await context.client.update<PodDisruptionBudget>(poddisruptionbudgets, { ...budget, status } as Budget, { subresource: 'status' });
  }
  return again;
}

/** Pods without a controller that has a size make shares of it meaningless: then nothing may be evicted. */
function expectedByScale(living: readonly DeepReadonly<Pod>[], scale: Scale, budget: Budget, { events }: ControllerContext): number {
  const sizes = new Map<string, number>();
  for (const pod of living) {
    const found = scale(pod);
    if (!found) {
      const owner = controllerOf(pod);
      const why = owner ? `${owner.kind}.${owner.apiVersion} "${owner.name}" has no scale that is known` : `found no controllers for pod "${pod.metadata.name}"`;
      events.event(poddisruptionbudgets, budget, 'Warning', owner ? 'CalculateExpectedPodCountFailed' : 'NoControllers', `Failed to calculate the number of expected pods: ${why}`);
      return 0;
    }
    sizes.set(found.uid, found.size);
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

function allowed(budget: Budget, yes: boolean, now: string): Condition {
  const before = budget.status?.conditions?.find((c) => c.type === 'DisruptionAllowed');
  const status = yes ? 'True' : 'False';
  return {
    type: 'DisruptionAllowed', status, reason: yes ? 'SufficientPods' : 'InsufficientPods', message: '', observedGeneration: budget.metadata.generation ?? 0,
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : now,
  };
}
