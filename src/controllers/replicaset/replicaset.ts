/** Keeps the number of pods that a ReplicaSet, or a ReplicationController in its shape, asks for. */
import { timestamp } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { Selector, selectorFromObject, selectorFromSet } from '../../machinery/selectors.ts';
import { replicasets, type ReplicaSet, type ReplicaSetCondition } from '../../api/apps/v1/index.ts';
import { pods, replicationcontrollers, type Pod, type PodTemplateSpec, type ReplicationController } from '../../api/core/v1/index.ts';
import type { ResourceRef } from '../../api/reference.ts';
import { keyOf, type Informer } from '../../client/informer.ts';
import { claim, controllerOf } from '../../client/owner.ts';
import type { Controller, ControllerContext, Reconciled } from '../harness/controller.ts';
import { byController, byDispensability, byOrphanNamespace, canonicalJson, indexed, isActive, isAvailable, isReady, podFromTemplate } from '../pods/pods.ts';
import { createPods, deletePods, type Replicator } from '../pods/replicas.ts';

type Owner = ReplicaSet | ReplicationController;
/** As many at once at most. */
const burst = 500;

interface Shape<O extends Owner> {
  readonly ref: ResourceRef<O>;
  selector(owner: DeepReadonly<O>): Selector;
}

function setup<O extends Owner>(context: ControllerContext, shape: Shape<O>): void {
  const owners = context.informer(shape.ref);
  const podInformer = indexed(context.informer(pods));
  const replicator: Replicator<O> = { context, informer: podInformer, ownerRef: shape.ref };
  const queue = context.queue((key) => reconcile(key, owners, replicator, shape), 5);
  owners.on({ added: (o) => queue.add(keyOf(o)), updated: (o) => queue.add(keyOf(o)), deleted: (o) => queue.add(keyOf(o)) });

  const ownerOf = (pod: DeepReadonly<Pod>): DeepReadonly<O> | undefined => {
    const owner = controllerOf(pod);
    const found = owner?.kind === shape.ref.kind ? owners.get(owner.name, pod.metadata.namespace) : undefined;
    return found?.metadata.uid === owner?.uid ? found : undefined;
  };
  const enqueue = (pod: DeepReadonly<Pod>, old?: DeepReadonly<Pod>): void => {
    const owner = ownerOf(pod);
    const before = old && ownerOf(old);
    if (before && before !== owner) queue.add(keyOf(before));
    if (owner) {
      queue.add(keyOf(owner));
      // It becomes available by time alone.
      const wait = owner.spec?.minReadySeconds ?? 0;
      if (old && wait > 0 && !isReady(old) && isReady(pod)) queue.addAfter(keyOf(owner), wait * 1000 + 1000);
    } else if (!controllerOf(pod) && (!old || canonicalJson(old.metadata.labels) !== canonicalJson(pod.metadata.labels) || controllerOf(old))) {
      for (const candidate of owners.list(pod.metadata.namespace ?? '')) if (shape.selector(candidate).matches(pod.metadata.labels)) queue.add(keyOf(candidate));
    }
  };
  podInformer.on({ added: (pod) => enqueue(pod), updated: (pod, old) => (matters(pod, old) ? enqueue(pod, old) : undefined), deleted: (pod) => enqueue(pod) });
}

/** Being bound, or getting an address, is nothing to those who count. */
function matters(pod: DeepReadonly<Pod>, old: DeepReadonly<Pod>): boolean {
  const { metadata: now } = pod;
  const { metadata: before } = old;
  return isReady(pod) !== isReady(old) || isActive(pod) !== isActive(old)
    || controllerOf(pod)?.uid !== controllerOf(old)?.uid || canonicalJson(now.labels) !== canonicalJson(before.labels);
}

async function reconcile<O extends Owner>(key: string, owners: Informer<O>, replicator: Replicator<O>, shape: Shape<O>): Promise<Reconciled> {
  const owner = owners.getByKey(key);
  if (!owner) return;
  const { context, informer } = replicator;
  const selector = shape.selector(owner);
  const { uid, namespace = '' } = owner.metadata;
  const candidates = [...informer.by(byController, uid), ...informer.by(byOrphanNamespace, namespace)].filter(isActive);
  const claimed = await claim({
    client: context.client, ownerRef: shape.ref, owner, childRef: pods, candidates, matches: (pod: DeepReadonly<Pod>) => selector.matches(pod.metadata.labels),
  });
  let failure: unknown;
  if (!owner.metadata.deletionTimestamp) {
    try {
      await scale(owner, claimed, replicator);
    } catch (error) {
      failure = error;
    }
  }
  const excess = claimed.length - (owner.spec?.replicas ?? 1);
  const available = await writeStatus(owner, claimed, failure, excess, shape, context);
  if (failure) throw failure;
  const wait = owner.spec?.minReadySeconds ?? 0;
  const ready = claimed.filter(isReady).length;
  if (wait > 0 && ready === (owner.spec?.replicas ?? 1) && available !== ready) return wait * 1000;
}

async function scale<O extends Owner>(owner: DeepReadonly<O>, claimed: readonly DeepReadonly<Pod>[], replicator: Replicator<O>): Promise<void> {
  const excess = claimed.length - (owner.spec?.replicas ?? 1);
  if (excess < 0) {
    const template = owner.spec?.template as DeepReadonly<PodTemplateSpec>;
    const count = Math.min(-excess, burst);
    await createPods(replicator, owner, Array.from({ length: count }, () => podFromTemplate(template, replicator.ownerRef, owner)));
  } else if (excess > 0) {
    await deletePods(replicator, owner, byDispensability(claimed, claimed).slice(0, Math.min(excess, burst)));
  }
}

async function writeStatus<O extends Owner>(
  owner: DeepReadonly<O>, claimed: readonly DeepReadonly<Pod>[], failure: unknown, excess: number, shape: Shape<O>, context: ControllerContext,
): Promise<number> {
  const now = context.surroundings.clock.now();
  const wanted = selectorFromSet((owner.spec?.template as DeepReadonly<PodTemplateSpec> | undefined)?.metadata?.labels);
  const ready = claimed.filter(isReady).length;
  const available = claimed.filter((pod) => isAvailable(pod, owner.spec?.minReadySeconds ?? 0, now)).length;
  const old = owner.status;
  const status = {
    ...old,
    replicas: claimed.length,
    fullyLabeledReplicas: claimed.filter((pod) => wanted.matches(pod.metadata.labels)).length,
    readyReplicas: ready,
    availableReplicas: available,
    observedGeneration: owner.metadata.generation ?? 0,
    conditions: conditions((old?.conditions ?? []) as ReplicaSetCondition[], failure, excess, timestamp(now)),
  };
  const before = { ...old, replicas: old?.replicas ?? 0, fullyLabeledReplicas: old?.fullyLabeledReplicas ?? 0, readyReplicas: old?.readyReplicas ?? 0, availableReplicas: old?.availableReplicas ?? 0, conditions: old?.conditions ?? [] };
  if (canonicalJson(before) === canonicalJson(status)) return available;
  await context.client.update(shape.ref, { ...owner, status } as DeepReadonly<O>, { subresource: 'status' });
  return available;
}

function conditions(old: readonly ReplicaSetCondition[], failure: unknown, excess: number, now: string): ReplicaSetCondition[] {
  const others = old.filter((c) => c.type !== 'ReplicaFailure');
  if (!failure) return others;
  const before = old.find((c) => c.type === 'ReplicaFailure');
  const reason = excess < 0 ? 'FailedCreate' : 'FailedDelete';
  if (before?.status === 'True' && before.reason === reason) return [...old];
  return [...others, { type: 'ReplicaFailure', status: 'True', lastTransitionTime: now, reason, message: failure instanceof Error ? failure.message : 'unknown' }];
}

export const replicaSetController: Controller = {
  name: 'replicaset-controller',
  setup: (context) => setup(context, { ref: replicasets, selector: (owner) => selectorFromObject(owner.spec?.selector) }),
};

export const replicationController: Controller = {
  name: 'replicationcontroller-controller',
  account: 'replication-controller',
  source: 'replication-controller',
  setup: (context) => setup(context, { ref: replicationcontrollers, selector: (owner) => (owner.spec?.selector ? selectorFromSet(owner.spec.selector) : Selector.nothing) }),
};
