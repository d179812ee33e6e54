/** Which persistent volume suits a claim: what binding and scheduling must agree on. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import { selectorFromObject } from '../../machinery/selectors.ts';
import type { StorageClass } from '../storage/v1/types.ts';
import { matchesNodeSelector } from './placement.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from './v1/types.ts';

type Volume = DeepReadonly<PersistentVolume>;
type Claim = DeepReadonly<PersistentVolumeClaim>;

export const annotations = {
  /** On a claim: volume and claim have been tied, whatever happens to either. */
  bindCompleted: 'pv.kubernetes.io/bind-completed',
  /** The reference was not made by a user, so that it may be taken back. */
  boundByController: 'pv.kubernetes.io/bound-by-controller',
  provisionedBy: 'pv.kubernetes.io/provisioned-by',
  provisioner: 'volume.kubernetes.io/storage-provisioner',
  betaProvisioner: 'volume.beta.kubernetes.io/storage-provisioner',
  /** The node that the first consumer of the claim was given. */
  selectedNode: 'volume.kubernetes.io/selected-node',
  betaClass: 'volume.beta.kubernetes.io/storage-class',
  defaultClass: 'storageclass.kubernetes.io/is-default-class',
  betaDefaultClass: 'storageclass.beta.kubernetes.io/is-default-class',
} as const;

/** No volume is ever made for claims of such a class. */
export const noProvisioner = 'kubernetes.io/no-provisioner';

/** Undefined: nothing was said, so that the default class is meant. Empty: none. */
export function claimClass(claim: Claim): string | undefined {
  return claim.metadata.annotations?.[annotations.betaClass] ?? claim.spec.storageClassName;
}

/** The newest of the default classes, the first by name among equals. */
export function defaultClass(classes: readonly DeepReadonly<StorageClass>[]): DeepReadonly<StorageClass> | undefined {
  const age = (c: DeepReadonly<StorageClass>): string => c.metadata.creationTimestamp ?? '';
  return classes
    .filter((c) => [annotations.defaultClass, annotations.betaDefaultClass].some((name) => c.metadata.annotations?.[name] === 'true'))
    .sort((a, b) => (age(a) === age(b) ? (a.metadata.name < b.metadata.name ? -1 : 1) : age(a) < age(b) ? 1 : -1))[0];
}

export function volumeClass(volume: Volume): string {
  return volume.metadata.annotations?.[annotations.betaClass] ?? volume.spec.storageClassName ?? '';
}

/** Whether the volume names this claim, by a user's hand or a controller's. */
export function isReservedFor(volume: Volume, claim: Claim): boolean {
  const ref = volume.spec.claimRef;
  return ref !== undefined && ref.name === claim.metadata.name && ref.namespace === claim.metadata.namespace && (!ref.uid || ref.uid === claim.metadata.uid);
}

export function isBound(claim: Claim): boolean {
  return Boolean(claim.spec.volumeName) && claim.metadata.annotations?.[annotations.bindCompleted] !== undefined;
}

export function reaches(volume: Volume, node: DeepReadonly<Node>): boolean {
  const required = volume.spec.nodeAffinity?.required;
  return !required || matchesNodeSelector(required, node);
}

function storageOf(amounts: Readonly<Record<string, string>> | undefined): ReturnType<typeof parseQuantity> {
  return parseQuantity(amounts?.['storage'] ?? '0');
}

/** Why a volume that is named by the claim cannot be its volume. */
export function misfit(volume: Volume, claim: Claim): string | undefined {
  if (storageOf(volume.spec.capacity).cmp(storageOf(claim.spec.resources?.requests)) < 0) return 'requested PV is too small';
  if (volumeClass(volume) !== (claimClass(claim) ?? '')) return 'storageClassName does not match';
  if ((volume.spec.volumeMode ?? 'Filesystem') !== (claim.spec.volumeMode ?? 'Filesystem')) return 'incompatible volumeMode';
  if (claim.spec.accessModes?.some((mode) => !volume.spec.accessModes?.includes(mode))) return 'incompatible accessMode';
  return undefined;
}

/**
 * The volume that was reserved for the claim, else the smallest free one that will do. `node`: only volumes that it reaches.
 * `reservedOnly`: what else is free is not for the taking yet.
 */
export function bestVolume(claim: Claim, volumes: Iterable<Volume>, options: { readonly node?: DeepReadonly<Node>; readonly reservedOnly?: boolean; readonly taken?: ReadonlySet<string> } = {}): Volume | undefined {
  const selector = claim.spec.selector ? selectorFromObject(claim.spec.selector) : undefined;
  let best: Volume | undefined;
  for (const volume of volumes) {
    if (options.taken?.has(volume.metadata.name) || volume.metadata.deletionTimestamp) continue;
    if (options.node && !reaches(volume, options.node)) continue;
    if (isReservedFor(volume, claim)) {
      if (misfit(volume, claim) === undefined) return volume;
      continue;
    }
    if (options.reservedOnly || volume.spec.claimRef || volume.status?.phase !== 'Available' || misfit(volume, claim) !== undefined) continue;
    if (selector && !selector.matches(volume.metadata.labels)) continue;
    if (!best || storageOf(volume.spec.capacity).cmp(storageOf(best.spec.capacity)) < 0) best = volume;
  }
  return best;
}

/** The claims that a pod's volumes name, those of its own ephemeral volumes too. */
export function claimNames(pod: DeepReadonly<Pod>): string[] {
  return (pod.spec?.volumes ?? []).flatMap((volume) =>
    volume.persistentVolumeClaim ? [volume.persistentVolumeClaim.claimName] : volume.ephemeral ? [`${pod.metadata.name}-${volume.name}`] : []);
}
