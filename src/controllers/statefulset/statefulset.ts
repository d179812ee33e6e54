/** Keeps pods with identities: made in order, updated and removed in reverse order, each waiting for its neighbours to be well. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { selectorFromObject } from '../../machinery/selectors.ts';
import { hasReason } from '../../machinery/status.ts';
import { controllerrevisions, statefulsets, type ControllerRevision, type StatefulSet } from '../../api/apps/v1/index.ts';
import { persistentvolumeclaims, pods, type Pod, type PodTemplateSpec } from '../../api/core/v1/index.ts';
import { keyOf, type Informer } from '../../client/informer.ts';
import { claim, controllerOf, controllerReference } from '../../client/owner.ts';
import { resolve } from '../deployment/replicasets.ts';
import type { Controller, ControllerContext, Reconciled } from '../harness/controller.ts';
import { byController, byOrphanNamespace, canonicalJson, indexed, isAvailable } from '../pods/pods.ts';
import { syncHistory, trimHistory, type History, type Revision } from '../pods/revisions.ts';
import { claimsFor, firstOrdinal, hasEnded, isGoing, isRunningAndReady, ordinalOf, podFor, podName, revisionLabel, type Set } from './pods.ts';

type Member = DeepReadonly<Pod>;
const hashLabel = 'controller.kubernetes.io/hash';

export const statefulSetController: Controller = {
  name: 'statefulset-controller',
  setup: (context) => {
    const sets = context.informer(statefulsets);
    const podInformer = indexed(context.informer(pods));
    const revisions = indexed(context.informer(controllerrevisions));
    const queue = context.queue(async (key): Promise<Reconciled> => {
      const set = sets.getByKey(key);
      return set ? new Turn(context, set, podInformer, revisions).run() : undefined;
    }, 5);
    sets.on({ added: (s) => queue.add(keyOf(s)), updated: (s) => queue.add(keyOf(s)) });
    const touched = (pod: Member): void => {
      const owner = controllerOf(pod);
      if (owner?.kind === 'StatefulSet') queue.add(`${pod.metadata.namespace}/${owner.name}`);
      else if (!owner) for (const set of sets.list(pod.metadata.namespace ?? '')) if (selectorFromObject(set.spec?.selector).matches(pod.metadata.labels)) queue.add(keyOf(set));
    };
    podInformer.on({ added: touched, updated: touched, deleted: touched });
  },
};

class Turn {
  readonly #context: ControllerContext;
  readonly #set: Set;
  readonly #pods: Informer<Pod>;
  readonly #revisions: Informer<ControllerRevision>;

  constructor(context: ControllerContext, set: Set, podInformer: Informer<Pod>, revisions: Informer<ControllerRevision>) {
    this.#context = context;
    this.#set = set;
    this.#pods = podInformer;
    this.#revisions = revisions;
  }

  async run(): Promise<Reconciled> {
    const set = this.#set;
    const selector = selectorFromObject(set.spec?.selector);
    const members = await claim({
      client: this.#context.client, ownerRef: statefulsets, owner: set, childRef: pods,
      candidates: [...this.#pods.by(byController, set.metadata.uid), ...this.#pods.by(byOrphanNamespace, set.metadata.namespace ?? '')],
      matches: (pod: Member) => selector.matches(pod.metadata.labels) && ordinalOf(set, pod) >= 0,
    });
    const labels = set.spec?.selector?.matchLabels ?? {};
    const history = await syncHistory(this.#context, this.#revisions, statefulsets, set, set.spec!.template, labels, hashLabel);
    const current = history.all.find((r) => r.metadata.name === set.status?.currentRevision) ?? history.current;
    if (!set.metadata.deletionTimestamp) await this.#act(members, history, current);
    const fresh = set.metadata.deletionTimestamp ? members : this.#pods.by(byController, set.metadata.uid);
    const again = await this.#writeStatus(fresh, history, current);
    const used = new globalThis.Set(fresh.map((p) => p.metadata.labels?.[revisionLabel]));
    await trimHistory(this.#context, history, (r) => used.has(r.metadata.name) || r === current, set.spec?.revisionHistoryLimit ?? 10);
    return again;
  }

  #isUp(pod: Member): boolean {
    return isRunningAndReady(pod) && !isGoing(pod) && isAvailable(pod, this.#set.spec?.minReadySeconds ?? 0, this.#context.surroundings.clock.now());
  }

  /** One step where order matters; what comes after waits for the events that the step causes. */
  async #act(members: readonly Member[], history: History, current: Revision): Promise<void> {
    const set = this.#set;
    const ordered = set.spec?.podManagementPolicy !== 'Parallel';
    const first = firstOrdinal(set);
    const last = first + (set.spec?.replicas ?? 1) - 1;
    const at = new Map(members.map((pod) => [ordinalOf(set, pod), pod]));
    for (let ordinal = first; ordinal <= last; ordinal++) {
      const pod = at.get(ordinal);
      if (pod && hasEnded(pod) && !isGoing(pod)) {
        const word = pod.status?.phase === 'Failed' ? 'Recreating failed' : 'Recreating completed';
        this.#context.events.event(statefulsets, set, pod.status?.phase === 'Failed' ? 'Warning' : 'Normal', 'RecreatingFailedPod', `StatefulSet ${keyOf(set)} is ${word.toLowerCase()} Pod ${pod.metadata.name}`);
        await this.#delete(pod);
        if (ordered) return;
      } else if (!pod) {
        await this.#create(ordinal, history, current);
        if (ordered) return;
      } else if (ordered && !this.#isUp(pod)) return;
    }
    const condemned = [...at].filter(([ordinal]) => ordinal < first || ordinal > last).sort(([a], [b]) => b - a).map(([, pod]) => pod);
    if (condemned.length > 0) {
      // In order, only the first that is not well may go before the others are.
      const sick = condemned.findLast((pod) => !this.#isUp(pod));
      for (const pod of condemned) {
        if (ordered && !this.#isUp(pod) && pod !== sick) return;
        if (!isGoing(pod)) await this.#delete(pod);
        if (ordered) return;
      }
    }
    await this.#update(at, first, last, history);
  }

  async #update(at: ReadonlyMap<number, Member>, first: number, last: number, history: History): Promise<void> {
    const { updateStrategy } = this.#set.spec!;
    if (updateStrategy?.type === 'OnDelete') return;
    const partition = first + (updateStrategy?.rollingUpdate?.partition ?? 0);
    const most = Math.max(1, resolve(updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, this.#set.spec?.replicas ?? 1, true));
    let down = 0;
    for (let ordinal = last; ordinal >= first; ordinal--) {
      const pod = at.get(ordinal);
      if (!pod) return;
      if (!this.#isUp(pod)) down++;
    }
    for (let ordinal = last; ordinal >= partition; ordinal--) {
      const pod = at.get(ordinal)!;
      if (pod.metadata.labels?.[revisionLabel] !== history.current.metadata.name && !isGoing(pod)) {
        const wasUp = this.#isUp(pod);
        if (wasUp && down >= most) return;
        await this.#delete(pod);
        if (wasUp) down++;
        if (down >= most) return;
      } else if (!this.#isUp(pod) && down >= most) return;
    }
  }

  async #create(ordinal: number, history: History, current: Revision): Promise<void> {
    const set = this.#set;
    const { client, events } = this.#context;
    const name = podName(set, ordinal);
    const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
    // Below the partition, pods come back as they were.
    const old = ordinal < firstOrdinal(set) + (set.spec?.updateStrategy?.type === 'OnDelete' ? Infinity : partition) && current !== history.current;
    const revision = old ? current : history.current;
    const template = old ? ((revision.data as unknown as { spec: { template: PodTemplateSpec } }).spec.template as DeepReadonly<PodTemplateSpec>) : set.spec!.template;
    try {
      await this.#ensureClaims(ordinal);
      const pod = podFor(set, template, revision.metadata.name, ordinal);
      const made = await client.create(pods, pod, { namespace: set.metadata.namespace ?? '' });
      events.event(statefulsets, set, 'Normal', 'SuccessfulCreate', `create Pod ${name} in StatefulSet ${set.metadata.name} successful`);
      await this.#pods.reached(made.metadata.resourceVersion);
    } catch (error) {
      if (hasReason(error, 'AlreadyExists')) return;
      events.event(statefulsets, set, 'Warning', 'FailedCreate', `create Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${(error as Error).message}`);
      throw error;
    }
  }

  async #ensureClaims(ordinal: number): Promise<void> {
    const set = this.#set;
    const { client, events } = this.#context;
    const withSet = set.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
    for (const wanted of claimsFor(set, ordinal)) {
      try {
        if (withSet) wanted.metadata.ownerReferences = [controllerReference(statefulsets, set)];
        await client.create(persistentvolumeclaims, wanted, { namespace: set.metadata.namespace ?? '' });
        events.event(statefulsets, set, 'Normal', 'SuccessfulCreate', `create Claim ${wanted.metadata.name} Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name} success`);
      } catch (error) {
        if (!hasReason(error, 'AlreadyExists')) throw error;
      }
    }
  }

  async #delete(pod: Member): Promise<void> {
    const { client, events } = this.#context;
    const { name, namespace = '', uid } = pod.metadata;
    try {
      await client.delete(pods, name, { namespace, preconditions: { uid } });
      events.event(statefulsets, this.#set, 'Normal', 'SuccessfulDelete', `delete Pod ${name} in StatefulSet ${this.#set.metadata.name} successful`);
    } catch (error) {
      if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return;
      events.event(statefulsets, this.#set, 'Warning', 'FailedDelete', `delete Pod ${name} in StatefulSet ${this.#set.metadata.name} failed error: ${(error as Error).message}`);
      throw error;
    }
    await this.#pods.gone(pod);
  }

  async #writeStatus(members: readonly Member[], history: History, current: Revision): Promise<Reconciled> {
    const set = this.#set;
    const created = members.filter((p) => p.status?.phase && !hasEnded(p));
    const at = (revision: Revision): number => created.filter((p) => !isGoing(p) && p.metadata.labels?.[revisionLabel] === revision.metadata.name).length;
    const ready = created.filter(isRunningAndReady).length;
    const available = created.filter((p) => this.#isUp(p)).length;
    const wanted = set.spec?.replicas ?? 1;
    const updated = at(history.current);
    // The update is over when every pod has it and is well.
    const done = current !== history.current && updated === wanted && created.length === wanted && ready === wanted;
    const standing = done ? history.current : current;
    const counts = { readyReplicas: ready, currentReplicas: at(standing), updatedReplicas: updated, collisionCount: set.status?.collisionCount ?? 0 };
    const status = {
      observedGeneration: set.metadata.generation ?? 0, replicas: created.length, availableReplicas: available,
      ...Object.fromEntries(Object.entries(counts).filter(([k, v]) => v !== 0 || k === 'collisionCount')),
      currentRevision: standing.metadata.name, updateRevision: history.current.metadata.name,
      ...(set.status?.conditions?.length ? { conditions: set.status.conditions } : {}),
    };
    if (canonicalJson(status) !== canonicalJson(set.status)) {
      await this.#context.client.update<StatefulSet>(statefulsets, { ...set, status } as Set, { subresource: 'status' });
    }
    const wait = set.spec?.minReadySeconds ?? 0;
    return wait > 0 && available < ready ? wait * 1000 : undefined;
  }
}
