/** Rolls a template out over replica sets: one new, the old ones shrinking as the new one becomes available. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { selectorFromObject } from '../../machinery/selectors.ts';
import { deployments, replicasets, type ReplicaSet } from '../../api/apps/v1/index.ts';
import { pods, type Pod } from '../../api/core/v1/index.ts';
import { keyOf, type Informer } from '../../client/informer.ts';
import { claim, controllerOf } from '../../client/owner.ts';
import { isFinished } from '../../api/core/podresources.ts';
import type { Controller, Reconciled } from '../harness/controller.ts';
import { byController, byOrphanNamespace, indexed } from '../pods/pods.ts';
import { byCreation, desiredThen, isRolling, limits, maxThen, newSize, ReplicaSets, sizeOf, totalAvailable, totalSize, wantedSize, type Deploy, type Set } from './replicasets.ts';
import { writeStatus } from './status.ts';

export const deploymentController: Controller = {
  name: 'deployment-controller',
  setup: (context) => {
    const informer = context.informer(deployments);
    const sets = indexed(context.informer(replicasets));
    const podInformer = indexed(context.informer(pods));
    const replicaSets = new ReplicaSets(context, sets);
    const ownerOf = (set: DeepReadonly<ReplicaSet>): Deploy | undefined => {
      const owner = controllerOf(set);
      const found = owner?.kind === 'Deployment' ? informer.get(owner.name, set.metadata.namespace) : undefined;
      return found?.metadata.uid === owner?.uid ? found : undefined;
    };

    const reconcile = async (key: string): Promise<Reconciled> => {
      const deployment = informer.getByKey(key);
      if (!deployment) return;
      const selector = selectorFromObject(deployment.spec?.selector);
      if (selector.isEverything) {
        context.events.event(deployments, deployment, 'Warning', 'SelectingAll', 'This deployment is selecting all pods. A non-empty selector is required.');
        return;
      }
      const { uid, namespace = '' } = deployment.metadata;
      const owned = await claim({
        client: context.client, ownerRef: deployments, owner: deployment, childRef: replicasets,
        candidates: [...sets.by(byController, uid), ...sets.by(byOrphanNamespace, namespace)],
        matches: (set: DeepReadonly<ReplicaSet>) => selector.matches(set.metadata.labels),
      });
      if (deployment.metadata.deletionTimestamp) return writeStatus({ deployment, sets: owned, current: undefined, created: false }, context);
      return new Rollout(deployment, owned, replicaSets, podInformer).run((input) => writeStatus(input, context));
    };

    const queue = context.queue(reconcile, 5);
    const enqueueSet = (set: DeepReadonly<ReplicaSet>): void => {
      const owner = ownerOf(set);
      if (owner) queue.add(keyOf(owner));
      else if (!controllerOf(set)) {
        for (const candidate of informer.list(set.metadata.namespace ?? '')) if (selectorFromObject(candidate.spec?.selector).matches(set.metadata.labels)) queue.add(keyOf(candidate));
      }
    };
    informer.on({ added: (d) => queue.add(keyOf(d)), updated: (d) => queue.add(keyOf(d)) });
    sets.on({
      added: enqueueSet,
      updated: (set, old) => {
        if (controllerOf(old)?.uid !== controllerOf(set)?.uid) enqueueSet(old);
        enqueueSet(set);
      },
      deleted: enqueueSet,
    });
    // Recreate waits for the last old pod to go.
    podInformer.on({
      deleted: (pod) => {
        const owner = controllerOf(pod);
        const set = owner?.kind === 'ReplicaSet' ? sets.get(owner.name, pod.metadata.namespace) : undefined;
        const deployment = set && ownerOf(set);
        if (deployment && !isRolling(deployment)) queue.add(keyOf(deployment));
      },
    });
  },
};

type Report = (input: Parameters<typeof writeStatus>[0]) => Promise<Reconciled>;

class Rollout {
  #deployment: Deploy;
  #sets: readonly Set[];
  readonly #replicaSets: ReplicaSets;
  readonly #pods: Informer<Pod>;

  constructor(deployment: Deploy, sets: readonly Set[], replicaSets: ReplicaSets, podInformer: Informer<Pod>) {
    this.#deployment = deployment;
    this.#sets = sets;
    this.#replicaSets = replicaSets;
    this.#pods = podInformer;
  }

  async run(report: Report): Promise<Reconciled> {
    const scaling = this.#sets.some((set) => sizeOf(set) > 0 && desiredThen(set) !== undefined && desiredThen(set) !== wantedSize(this.#deployment));
    const onlyScale = this.#deployment.spec?.paused || scaling;
    if (!onlyScale && !isRolling(this.#deployment)) return this.#recreate(report);
    const { deployment, set, created } = await this.#replicaSets.syncNew(this.#deployment, this.#sets, !onlyScale);
    this.#deployment = deployment;
    let current = set;
    if (onlyScale) {
      current = await this.#scaleProportionally(current);
    } else if (current) {
      if (created) return report({ deployment, sets: [...this.#sets, current], current, created });
      const resized = await this.#growOrShrinkNew(current);
      if (resized === current) await this.#shrinkOld(current);
      current = resized;
    }
    const old = this.#old(current);
    if (isDone(this.#deployment)) await this.#replicaSets.cleanUp(this.#deployment, old);
    return report({ deployment: this.#deployment, sets: current ? [...old, current] : old, current, created });
  }

  #old(current: Set | undefined): Set[] {
    return this.#sets.filter((set) => set.metadata.uid !== current?.metadata.uid);
  }

  async #growOrShrinkNew(current: Set): Promise<Set> {
    const size = sizeOf(current);
    const wanted = wantedSize(this.#deployment);
    if (size > wanted) return this.#replicaSets.scale(this.#deployment, current, wanted);
    const next = size === wanted ? size : newSize(this.#deployment, this.#withCurrent(current), size);
    return this.#replicaSets.scale(this.#deployment, current, next);
  }

  #withCurrent(current: Set): Set[] {
    return [...this.#old(current), current];
  }

  /** Unhealthy pods of old sets go first: they are no loss. Then as many healthy ones as may be missing. */
  async #shrinkOld(current: Set): Promise<void> {
    const old = byCreation(this.#old(current)).filter((set) => sizeOf(set) > 0);
    if (old.length === 0) return;
    const all = this.#withCurrent(current);
    const floor = wantedSize(this.#deployment) - limits(this.#deployment).unavailable;
    const unavailableNew = sizeOf(current) - (current.status?.availableReplicas ?? 0);
    let unhealthy = totalSize(all) - floor - unavailableNew;
    if (unhealthy <= 0) return;
    const sizes = new Map(old.map((set) => [set, sizeOf(set)]));
    for (const set of old) {
      const less = Math.max(0, Math.min(unhealthy, sizeOf(set) - (set.status?.availableReplicas ?? 0)));
      unhealthy -= less;
      sizes.set(set, sizeOf(set) - less);
    }
    let spare = totalAvailable(all) - floor;
    for (const set of old) {
      const less = Math.max(0, Math.min(spare, sizes.get(set)!));
      spare -= less;
      sizes.set(set, sizes.get(set)! - less);
    }
    for (const [set, size] of sizes) await this.#scale(set, size);
  }

  async #scale(set: Set, size: number): Promise<void> {
    const updated = await this.#replicaSets.scale(this.#deployment, set, size);
    this.#sets = this.#sets.map((s) => (s === set ? updated : s));
  }

  async #recreate(report: Report): Promise<Reconciled> {
    const { deployment, set } = await this.#replicaSets.syncNew(this.#deployment, this.#sets, false);
    this.#deployment = deployment;
    const old = this.#old(set);
    const busy = old.filter((s) => sizeOf(s) > 0);
    for (const s of busy) await this.#scale(s, 0);
    const running = old.some((s) => this.#pods.by(byController, s.metadata.uid).some((pod) => !isFinished(pod)));
    if (busy.length > 0 || running) return report({ deployment, sets: this.#sets, current: set, created: false });
    const made = await this.#replicaSets.syncNew(deployment, this.#sets, true);
    this.#deployment = made.deployment;
    const current = made.set && (await this.#replicaSets.scale(this.#deployment, made.set, wantedSize(this.#deployment)));
    if (isDone(this.#deployment)) await this.#replicaSets.cleanUp(this.#deployment, this.#old(current));
    return report({ deployment: this.#deployment, sets: current ? [...this.#old(current), current] : this.#sets, current, created: made.created });
  }

  /** A change of size in the middle of a rollout is shared between the sets as they stand to each other. */
  async #scaleProportionally(current: Set | undefined): Promise<Set | undefined> {
    const wanted = wantedSize(this.#deployment);
    const all = current ? this.#withCurrent(current) : [...this.#sets];
    const active = all.filter((set) => sizeOf(set) > 0);
    const latest = active.length === 0 ? (current ?? byCreation(this.#sets).at(-1)) : active.length === 1 ? active[0] : undefined;
    const result = (set: Set, updated: Set): void => {
      this.#sets = this.#sets.map((s) => (s === set ? updated : s));
      if (set === current) current = updated;
    };
    if (latest) {
      result(latest, await this.#replicaSets.scale(this.#deployment, latest, wanted));
      return current;
    }
    if (current && (current.status?.availableReplicas ?? 0) === wanted && sizeOf(current) === wanted) {
      for (const set of this.#old(current)) if (sizeOf(set) > 0) result(set, await this.#replicaSets.scale(this.#deployment, set, 0));
      return current;
    }
    if (!isRolling(this.#deployment)) return current;
    const allowed = wanted > 0 ? wanted + limits(this.#deployment).surge : 0;
    const toAdd = allowed - totalSize(active);
    const ordered = [...active].sort((a, b) => sizeOf(b) - sizeOf(a));
    let left = toAdd;
    const sizes = ordered.map((set) => {
      const then = maxThen(set) ?? totalSize(active);
      const share = toAdd === 0 || then === 0 ? 0 : Math.round((sizeOf(set) * allowed) / then) - sizeOf(set);
      const change = toAdd > 0 ? Math.min(Math.max(share, 0), left) : Math.max(Math.min(share, 0), left);
      left -= change;
      return sizeOf(set) + change;
    });
    if (sizes.length > 0) sizes[0] = Math.max(0, sizes[0]! + left);
    for (const [i, set] of ordered.entries()) result(set, await this.#replicaSets.scale(this.#deployment, set, sizes[i]!));
    return current;
  }
}

function isDone(deployment: Deploy): boolean {
  const wanted = wantedSize(deployment);
  const s = deployment.status;
  return (s?.updatedReplicas ?? 0) === wanted && (s?.replicas ?? 0) === wanted && (s?.availableReplicas ?? 0) === wanted && (s?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0);
}

