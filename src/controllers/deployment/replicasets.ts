/** The replica sets of a deployment: which is the new one, their revisions, and changing their size. */
import { parseTime } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { thaw } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { deployments, replicasets, type Deployment, type ReplicaSet } from '../../api/apps/v1/index.ts';
import type { PodTemplateSpec } from '../../api/core/v1/index.ts';
import type { Informer } from '../../client/informer.ts';
import { controllerReference } from '../../client/owner.ts';
import type { ControllerContext } from '../harness/controller.ts';
import { canonicalJson, templateHash } from '../pods/pods.ts';

export const hashLabel = 'pod-template-hash';
export const revisionAnnotation = 'deployment.kubernetes.io/revision';
const historyAnnotation = 'deployment.kubernetes.io/revision-history';
const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas';
const maxAnnotation = 'deployment.kubernetes.io/max-replicas';
/** Annotations that are the deployment's own business. */
const ownAnnotations = ['kubectl.kubernetes.io/last-applied-configuration', revisionAnnotation, historyAnnotation, desiredAnnotation, maxAnnotation, 'deprecated.deployment.rollback.to'];

export type Set = DeepReadonly<ReplicaSet>;
export type Deploy = DeepReadonly<Deployment>;

export const sizeOf = (set: Set): number => set.spec?.replicas ?? 1;
export const wantedSize = (deployment: Deploy): number => deployment.spec?.replicas ?? 1;
export const totalSize = (sets: readonly Set[]): number => sets.reduce((sum, set) => sum + sizeOf(set), 0);
export const totalAvailable = (sets: readonly Set[]): number => sets.reduce((sum, set) => sum + (set.status?.availableReplicas ?? 0), 0);
export const isRolling = (deployment: Deploy): boolean => deployment.spec?.strategy?.type !== 'Recreate';

/** A number, or a percentage of `total`. */
export function resolve(value: number | string | undefined, total: number, roundUp: boolean): number {
  if (typeof value === 'number') return value;
  const share = (Number.parseInt(value ?? '0', 10) * total) / 100;
  return String(value ?? '').endsWith('%') ? (roundUp ? Math.ceil(share) : Math.floor(share)) : Number.parseInt(value ?? '0', 10) || 0;
}

export function limits(deployment: Deploy): { surge: number; unavailable: number } {
  if (!isRolling(deployment) || wantedSize(deployment) === 0) return { surge: 0, unavailable: 0 };
  const { maxSurge = '25%', maxUnavailable = '25%' } = deployment.spec?.strategy?.rollingUpdate ?? {};
  const surge = resolve(maxSurge, wantedSize(deployment), true);
  const unavailable = resolve(maxUnavailable, wantedSize(deployment), false);
  // With both at zero nothing could ever move.
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, wantedSize(deployment)) };
}

export function byCreation(sets: readonly Set[]): Set[] {
  const time = (set: Set): number => parseTime(set.metadata.creationTimestamp) || 0;
  return [...sets].sort((a, b) => time(a) - time(b) || (a.metadata.name < b.metadata.name ? -1 : 1));
}

function templateText(template: DeepReadonly<PodTemplateSpec> | undefined): string {
  const labels = { ...template?.metadata?.labels };
  delete labels[hashLabel];
  return canonicalJson({ metadata: { ...template?.metadata, labels }, spec: template?.spec });
}

/** The one with the deployment's template; of several the oldest. */
export function findNew(deployment: Deploy, sets: readonly Set[]): Set | undefined {
  const wanted = templateText(deployment.spec?.template);
  return byCreation(sets).find((set) => templateText(set.spec?.template) === wanted);
}

/** As long as they are written: more digits than a number keeps. */
const revisionIn = (text: string | undefined): bigint => (text !== undefined && /^\d{1,19}$/.test(text) ? BigInt(text) : 0n);
const revisionOf = (object: Set | Deploy): bigint => revisionIn(object.metadata.annotations?.[revisionAnnotation]);
const latest = (sets: readonly Set[]): bigint => sets.reduce((most, set) => (revisionOf(set) > most ? revisionOf(set) : most), 0n);

/** Sizes are noted only when a set is made or scaled: shares are reckoned from what they were then. */
function annotationsFor(deployment: Deploy, set: Set | undefined, revision: bigint): Record<string, string> {
  const annotations: Record<string, string> = { ...set?.metadata.annotations };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) if (!ownAnnotations.includes(key)) annotations[key] = value;
  const old = revisionIn(annotations[revisionAnnotation]);
  if (old < revision) {
    if (old > 0) annotations[historyAnnotation] = [...(annotations[historyAnnotation]?.split(',') ?? []), String(old)].join(',');
    annotations[revisionAnnotation] = String(revision);
  }
  return annotations;
}

export function sizeAnnotations(deployment: Deploy): Record<string, string> {
  const wanted = wantedSize(deployment);
  return { [desiredAnnotation]: String(wanted), [maxAnnotation]: String(wanted + limits(deployment).surge) };
}

/** What the deployment wanted when the set was last sized. */
export const desiredThen = (set: Set): number | undefined => number(set.metadata.annotations?.[desiredAnnotation]);
export const maxThen = (set: Set): number | undefined => number(set.metadata.annotations?.[maxAnnotation]);
const number = (text: string | undefined): number | undefined => (text === undefined || Number.isNaN(Number(text)) ? undefined : Number(text));

export class ReplicaSets {
  readonly #context: ControllerContext;
  readonly #informer: Informer<ReplicaSet>;

  constructor(context: ControllerContext, informer: Informer<ReplicaSet>) {
    this.#context = context;
    this.#informer = informer;
  }

  /** The new set with its annotations up to date; made if `create` and there is none. */
  async syncNew(deployment: Deploy, sets: readonly Set[], create: boolean): Promise<{ deployment: Deploy; set: Set | undefined; created: boolean }> {
    const found = findNew(deployment, sets);
    const old = sets.filter((set) => set !== found);
    const revision = latest(old) + 1n;
    if (!found && !create) return { deployment, set: undefined, created: false };
    if (!found) return this.#create(deployment, sets, revision);
    const annotations = annotationsFor(deployment, found, revision);
    const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
    let set = found;
    if (canonicalJson(annotations) !== canonicalJson(found.metadata.annotations ?? {}) || (found.spec?.minReadySeconds ?? 0) !== minReadySeconds) {
      set = await this.#update({ ...found, metadata: { ...found.metadata, annotations }, spec: { ...found.spec!, minReadySeconds } });
    }
    return { deployment: await this.#syncRevision(deployment, revisionOf(set)), set, created: false };
  }

  async #syncRevision(deployment: Deploy, revision: bigint): Promise<Deploy> {
    if (revisionOf(deployment) === revision) return deployment;
    const annotations: Record<string, string> = { ...deployment.metadata.annotations, [revisionAnnotation]: String(revision) };
    // By way of the status, so that generation, which counts what users change, stays.
    return this.#context.client.update(deployments, { ...deployment, metadata: { ...deployment.metadata, annotations } }, { subresource: 'status' });
  }

  async #create(deployment: Deploy, sets: readonly Set[], revision: bigint): Promise<{ deployment: Deploy; set: Set; created: boolean }> {
    const { client } = this.#context;
    const template = thaw(deployment.spec!.template) as PodTemplateSpec;
    const hash = templateHash(template, deployment.status?.collisionCount ?? 0);
    const { name, namespace = '' } = deployment.metadata;
    const labels = { ...template.metadata?.labels, [hashLabel]: hash };
    const draft = {
      metadata: { name: `${name}-${hash}`, namespace, labels, annotations: { ...annotationsFor(deployment, undefined, revision), ...sizeAnnotations(deployment) }, ownerReferences: [controllerReference(deployments, deployment)] },
      spec: {
        replicas: newSize(deployment, sets, 0),
        minReadySeconds: deployment.spec?.minReadySeconds ?? 0,
        selector: { ...deployment.spec!.selector, matchLabels: { ...deployment.spec!.selector?.matchLabels, [hashLabel]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    };
    try {
      const set = await client.create(replicasets, draft as never, { namespace });
      await this.#informer.reached(set.metadata.resourceVersion);
      if (sizeOf(set) > 0) this.#tell(deployment, set, 'up', 0, sizeOf(set));
      return { deployment: await this.#syncRevision(deployment, revision), set, created: true };
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
      // Another template with the same hash: the next try counts one more collision. Our own from a moment ago is simply taken.
      const existing = await client.get(replicasets, draft.metadata.name, { namespace });
      if (existing.metadata.ownerReferences?.some((o) => o.uid === deployment.metadata.uid && o.controller) && findNew(deployment, [existing])) {
        return { deployment, set: existing, created: false };
      }
      const body = { status: { collisionCount: (deployment.status?.collisionCount ?? 0) + 1 } };
      await client.patch(deployments, name, { type: 'application/merge-patch+json', body }, { namespace, subresource: 'status' });
      throw error;
    }
  }

  /** Also brings the annotations about sizes up to date. */
  async scale(deployment: Deploy, set: Set, size: number): Promise<Set> {
    const annotations = { ...set.metadata.annotations, ...sizeAnnotations(deployment) };
    if (sizeOf(set) === size && canonicalJson(annotations) === canonicalJson(set.metadata.annotations)) return set;
    const from = sizeOf(set);
    const updated = await this.#update({ ...set, metadata: { ...set.metadata, annotations }, spec: { ...set.spec!, replicas: size } });
    if (from !== size) this.#tell(deployment, set, size > from ? 'up' : 'down', from, size);
    return updated;
  }

  #tell(deployment: Deploy, set: Set, direction: 'up' | 'down', from: number, to: number): void {
    this.#context.events.event(deployments, deployment, 'Normal', 'ScalingReplicaSet', `Scaled ${direction} replica set ${set.metadata.name} from ${from} to ${to}`);
  }

  async #update(set: Set): Promise<Set> {
    const updated = await this.#context.client.update<ReplicaSet>(replicasets, set);
    await this.#informer.reached(updated.metadata.resourceVersion);
    return updated;
  }

  /** Old empty sets beyond revisionHistoryLimit. */
  async cleanUp(deployment: Deploy, old: readonly Set[]): Promise<void> {
    const limit = deployment.spec?.revisionHistoryLimit ?? 10;
    const idle = old.filter((set) => !set.metadata.deletionTimestamp);
    const excess = [...idle].sort((a, b) => Number(revisionOf(a) - revisionOf(b)) || (a.metadata.name < b.metadata.name ? -1 : 1)).slice(0, Math.max(0, idle.length - limit));
    for (const set of excess) {
      const { name, namespace = '' } = set.metadata;
      if ((set.status?.replicas ?? 0) !== 0 || sizeOf(set) !== 0 || (set.metadata.generation ?? 0) > (set.status?.observedGeneration ?? 0)) continue;
      await this.#context.client.delete(replicasets, name, { namespace, preconditions: { uid: set.metadata.uid } });
    }
  }
}

/** How big the new set may be now. */
export function newSize(deployment: Deploy, sets: readonly Set[], current: number): number {
  const wanted = wantedSize(deployment);
  if (!isRolling(deployment)) return wanted;
  const room = wanted + limits(deployment).surge - totalSize(sets);
  return room <= 0 ? current : current + Math.min(room, wanted - current);
}
