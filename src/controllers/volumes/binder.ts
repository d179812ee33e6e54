/** Ties claims to persistent volumes, and says what became of volumes whose claims are gone. */
import { keyOf, type Informer } from '../../client/informer.ts';
import type { WorkQueue } from '../../client/workqueue.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { persistentvolumeclaims, persistentvolumes, pods, type PersistentVolume, type PersistentVolumeClaim, type Pod } from '../../api/core/v1/index.ts';
import { annotations, bestVolume, claimClass, claimNames, defaultClass, isBound, isReservedFor, misfit, noProvisioner, volumeClass } from '../../api/core/volumebinding.ts';
import { storageclasses, type StorageClass } from '../../api/storage/v1/index.ts';
import type { Controller, ControllerContext } from '../harness/controller.ts';
import { canonicalJson } from '../pods/pods.ts';

type Volume = DeepReadonly<PersistentVolume>;
type Claim = DeepReadonly<PersistentVolumeClaim>;
type Class = DeepReadonly<StorageClass>;

/** Names and classes may appear later: claims and volumes are looked at again after this long. */
const resyncMs = 15_000;
const byClaim = 'claim';
const byUsedClaim = 'used-claim';

class Binder {
  readonly #context: ControllerContext;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #classes: Informer<StorageClass>;
  readonly #pods: Informer<Pod>;
  /** One worker over both kinds, so that no volume is given away twice: `claim/…` and `volume/…`. */
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#claims = context.informer(persistentvolumeclaims);
    this.#volumes = context.informer(persistentvolumes).addIndex(byClaim, ({ spec: { claimRef: ref } }) => (ref ? [`${ref.namespace}/${ref.name}`] : []));
    this.#classes = context.informer(storageclasses);
    this.#pods = context.informer(pods).addIndex(byUsedClaim, (pod) => claimNames(pod).map((name) => `${pod.metadata.namespace}/${name}`));
    this.#queue = context.queue(async (key) => {
      const slash = key.indexOf('/');
      const name = key.slice(slash + 1);
      return key.startsWith('claim/') ? this.#syncClaim(name) : this.#syncVolume(name);
    });
    const claim = (key: string): void => this.#queue.add(`claim/${key}`);
    const volume = (name: string): void => this.#queue.add(`volume/${name}`);
    const claimSeen = (c: Claim): void => {
      claim(keyOf(c));
      for (const v of this.#volumes.by(byClaim, keyOf(c))) volume(v.metadata.name);
      if (c.spec.volumeName) volume(c.spec.volumeName);
    };
    this.#claims.on({ added: claimSeen, updated: claimSeen, deleted: claimSeen });
    const volumeSeen = (v: Volume): void => {
      volume(v.metadata.name);
      const { claimRef } = v.spec;
      if (claimRef) claim(`${claimRef.namespace}/${claimRef.name}`);
      else for (const c of this.#claims.values()) if (!isBound(c) && (claimClass(c) ?? '') === volumeClass(v)) claim(keyOf(c));
    };
    this.#volumes.on({ added: volumeSeen, updated: volumeSeen, deleted: volumeSeen });
    const classSeen = (): void => {
      for (const c of this.#claims.values()) if (!isBound(c)) claim(keyOf(c));
    };
    this.#classes.on({ added: classSeen, updated: classSeen });
    context.every(resyncMs, () => {
      classSeen();
      return Promise.resolve();
    });
  }

  async #syncClaim(key: string): Promise<void> {
    const claim = this.#claims.getByKey(key);
    if (!claim) return;
    if (claim.metadata.annotations?.[annotations.bindCompleted] !== undefined) return this.#syncBound(claim);
    if (claim.metadata.deletionTimestamp) return;
    return claim.spec.volumeName ? this.#syncNamed(claim, claim.spec.volumeName) : this.#syncUnbound(claim);
  }

  async #syncUnbound(claim: Claim): Promise<void> {
    const className = claimClass(claim);
    const kind = className ? this.#classes.get(className) : undefined;
    const waits = kind?.volumeBindingMode === 'WaitForFirstConsumer' && !claim.metadata.annotations?.[annotations.selectedNode];
    const volume = bestVolume(claim, this.#volumes.values(), { reservedOnly: waits });
    if (volume) return this.#bind(volume, claim);
    if (className === undefined) {
      const standard = defaultClass(this.#classes.list());
      if (standard) {
        await this.#updateClaim(claim, { ...claim, spec: { ...claim.spec, storageClassName: standard.metadata.name } });
        return;
      }
    }
    if (waits) this.#sayWaiting(claim);
    else if (className) claim = await this.#askProvisioner(claim, className, kind);
    else this.#say(claim, 'Normal', 'FailedBinding', 'no persistent volumes available for this claim and no storage class is set');
    await this.#setClaim(claim, 'Pending');
  }

  #sayWaiting(claim: Claim): void {
    const pod = this.#pods.by(byUsedClaim, keyOf(claim)).find((p) => !p.spec?.nodeName);
    if (pod) this.#say(claim, 'Normal', 'WaitForPodScheduled', `waiting for pod ${pod.metadata.name} to be scheduled`);
    else this.#say(claim, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  }

  async #askProvisioner(claim: Claim, className: string, kind: Class | undefined): Promise<Claim> {
    if (!kind) {
      this.#say(claim, 'Warning', 'ProvisioningFailed', `storageclass.storage.k8s.io ${JSON.stringify(className)} not found`);
      return claim;
    }
    const { provisioner } = kind;
    if (provisioner === noProvisioner) {
      this.#say(claim, 'Normal', 'FailedBinding', 'no persistent volumes available for this claim and no storage class is set');
      return claim;
    }
    const noted = { ...claim.metadata.annotations, [annotations.provisioner]: provisioner, [annotations.betaProvisioner]: provisioner };
    const next = await this.#updateClaim(claim, { ...claim, metadata: { ...claim.metadata, annotations: noted } });
    this.#say(claim, 'Normal', 'ExternalProvisioning',
      `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`);
    return next;
  }

  /** A user, or this controller before it was interrupted, has named the volume. */
  async #syncNamed(claim: Claim, name: string): Promise<void> {
    const volume = this.#volumes.get(name);
    if (!volume) return this.#setClaim(claim, 'Pending');
    if (volume.spec.claimRef && !isReservedFor(volume, claim)) {
      this.#say(claim, 'Warning', 'FailedBinding', `volume ${JSON.stringify(name)} already bound to a different claim.`);
      return this.#setClaim(claim, 'Pending');
    }
    const complaint = volume.spec.claimRef ? undefined : misfit(volume, claim);
    if (complaint) {
      this.#say(claim, 'Warning', 'VolumeMismatch', `Cannot bind to requested volume ${JSON.stringify(name)}: ${complaint}`);
      return this.#setClaim(claim, 'Pending');
    }
    return this.#bind(volume, claim);
  }

  async #syncBound(claim: Claim): Promise<void> {
    const lost = async (reason: string, message: string): Promise<void> => {
      if (claim.status?.phase === 'Lost') return;
      await this.#setClaim(claim, 'Lost');
      this.#say(claim, 'Warning', reason, message);
    };
    if (!claim.spec.volumeName) return lost('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
    // A claim may be seen before its volume.
    const volume = this.#volumes.get(claim.spec.volumeName) ?? (await this.#readVolume(claim.spec.volumeName));
    if (!volume) return lost('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
    if (volume.spec.claimRef && !isReservedFor(volume, claim)) return lost('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
    return this.#bind(volume, claim);
  }

  async #readVolume(name: string): Promise<Volume | undefined> {
    try {
      return await this.#context.client.get(persistentvolumes, name);
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  /** The volume's side first: what was interrupted is gone on with from there. */
  async #bind(volume: Volume, claim: Claim): Promise<void> {
    const { name, namespace = '', uid, resourceVersion } = claim.metadata;
    let v = volume;
    if (v.spec.claimRef?.uid !== uid) {
      const mark = v.spec.claimRef ? {} : { [annotations.boundByController]: 'yes' };
      const claimRef = { kind: 'PersistentVolumeClaim', namespace, name, uid, apiVersion: 'v1', ...(resourceVersion ? { resourceVersion } : {}) };
      v = await this.#updateVolume(v, { ...v, metadata: { ...v.metadata, annotations: { ...v.metadata.annotations, ...mark } }, spec: { ...v.spec, claimRef } });
    }
    await this.#setVolume(v, 'Bound');
    const mark = { [annotations.bindCompleted]: 'yes', ...(claim.spec.volumeName ? {} : { [annotations.boundByController]: 'yes' }) };
    const bound = await this.#updateClaim(claim, {
      ...claim, metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, ...mark } }, spec: { ...claim.spec, volumeName: v.metadata.name },
    });
    await this.#setClaim(bound, 'Bound', v);
  }

  async #syncVolume(name: string): Promise<void> {
    const volume = this.#volumes.get(name);
    if (!volume) return;
    const ref = volume.spec.claimRef;
    if (!ref?.uid) return this.#setVolume(volume, 'Available');
    const claim = await this.#claimOf(`${ref.namespace}/${ref.name}`, ref.uid);
    if (!claim) return this.#release(volume);
    if (claim.spec.volumeName === name) return isBound(claim) ? this.#setVolume(volume, 'Bound') : undefined;
    // Still to be bound: the claim's turn comes. Bound to another: given back.
    if (!claim.spec.volumeName) return this.#queue.add(`claim/${keyOf(claim)}`);
    if (volume.metadata.annotations?.[annotations.provisionedBy] && volume.spec.persistentVolumeReclaimPolicy === 'Delete') return this.#release(volume);
    return this.#giveBack(volume);
  }

  /** The copy may be behind: the server is asked before a volume is given up. */
  async #claimOf(key: string, uid: string): Promise<Claim | undefined> {
    const found = this.#claims.getByKey(key);
    if (found?.metadata.uid === uid) return found;
    const [namespace = '', name = ''] = key.split('/');
    try {
      const claim = await this.#context.client.get(persistentvolumeclaims, name, { namespace });
      return claim.metadata.uid === uid ? claim : undefined;
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  /** Deleting what is in it is the provisioner's part. */
  async #release(volume: Volume): Promise<void> {
    if (volume.status?.phase === 'Failed') return;
    await this.#setVolume(volume, 'Released');
    if (volume.spec.persistentVolumeReclaimPolicy === 'Recycle') {
      await this.#setVolume(volume, 'Failed', 'No recycler plugin found for the volume!');
      this.#context.events.event(persistentvolumes, volume, 'Warning', 'VolumeFailedRecycle', 'No recycler plugin found for the volume!');
    } else if (volume.spec.persistentVolumeReclaimPolicy === 'Delete' && !volume.metadata.annotations?.[annotations.provisionedBy]) {
      const message = 'error getting deleter volume plugin for volume: no deletable volume plugin matched';
      await this.#setVolume(volume, 'Failed', message);
      this.#context.events.event(persistentvolumes, volume, 'Warning', 'VolumeFailedDelete', message);
    }
  }

  async #giveBack(volume: Volume): Promise<void> {
    const { claimRef, ...spec } = volume.spec;
    const { [annotations.boundByController]: mine, ...rest } = volume.metadata.annotations ?? {};
    const kept = mine === undefined && claimRef ? { claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace: claimRef.namespace ?? '', name: claimRef.name ?? '' } } : {};
    await this.#setVolume(await this.#updateVolume(volume, { ...volume, metadata: { ...volume.metadata, annotations: rest }, spec: { ...spec, ...kept } }), 'Available');
  }

  async #setClaim(claim: Claim, phase: string, volume?: Volume): Promise<void> {
    const status = volume
      ? { ...claim.status, phase, accessModes: volume.spec.accessModes ?? [], capacity: volume.spec.capacity ?? {} }
      : phase === 'Pending' ? { ...claim.status, phase } : { phase };
    if (canonicalJson(claim.status) === canonicalJson(status)) return;
    await this.#context.client.update<PersistentVolumeClaim>(persistentvolumeclaims, { ...claim, status } as Claim, { subresource: 'status' });
  }

  async #setVolume(volume: Volume, phase: string, message?: string): Promise<void> {
    if (volume.status?.phase === phase) return;
    const { message: _before, lastPhaseTransitionTime: _when, ...status } = volume.status ?? {};
    await this.#context.client.update<PersistentVolume>(persistentvolumes, { ...volume, status: { ...status, phase, ...(message ? { message } : {}) } } as Volume, { subresource: 'status' });
  }

  async #updateVolume(before: Volume, next: Volume): Promise<Volume> {
    return canonicalJson(before) === canonicalJson(next) ? before : this.#context.client.update<PersistentVolume>(persistentvolumes, next);
  }

  async #updateClaim(before: Claim, next: Claim): Promise<Claim> {
    return canonicalJson(before) === canonicalJson(next) ? before : this.#context.client.update<PersistentVolumeClaim>(persistentvolumeclaims, next);
  }

  #say(claim: Claim, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event(persistentvolumeclaims, claim, type, reason, message);
  }
}

export const persistentVolumeBinder: Controller = {
  name: 'persistentvolume-binder-controller',
  account: 'persistent-volume-binder',
  source: 'persistentvolume-controller',
  setup: (context) => void new Binder(context),
};
