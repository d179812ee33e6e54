/** What the scheduler sees of volumes, and tying those that waited for a pod once it has a node. */
import { aborted } from '../base/abort.ts';
import type { Client } from '../client/client.ts';
import type { Informer, Informers } from '../client/informer.ts';
import type { DeepReadonly } from '../machinery/json.ts';
import { annotations, bestVolume, claimNames, isBound, isReservedFor } from '../api/core/volumebinding.ts';
import { persistentvolumeclaims, persistentvolumes, type Node, type PersistentVolume, type PersistentVolumeClaim } from '../api/core/v1/index.ts';
import { storageclasses, type StorageClass } from '../api/storage/v1/index.ts';
import { waitingClaims } from './plugins/volumebinding.ts';
import type { PodInfo, VolumeLookup } from './state.ts';

/** A volume that is made for the pod is waited for this long. */
const bindLimitMs = 600_000;

export class Volumes implements VolumeLookup {
  readonly #client: Client;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #classes: Informer<StorageClass>;

  /** `changed`: a pod that waits for volumes may have better luck now. */
  constructor(client: Client, informers: Informers, changed: () => void) {
    this.#client = client;
    this.#claims = informers.of(persistentvolumeclaims);
    this.#volumes = informers.of(persistentvolumes);
    this.#classes = informers.of(storageclasses);
    const handlers = { added: changed, updated: changed };
    this.#claims.on(handlers);
    this.#volumes.on(handlers);
    this.#classes.on(handlers);
  }

  claim(namespace: string, name: string): DeepReadonly<PersistentVolumeClaim> | undefined {
    return this.#claims.get(name, namespace);
  }

  volume(name: string): DeepReadonly<PersistentVolume> | undefined {
    return this.#volumes.get(name);
  }

  volumes(): Iterable<DeepReadonly<PersistentVolume>> {
    return this.#volumes.values();
  }

  storageClass(name: string): DeepReadonly<StorageClass> | undefined {
    return this.#classes.get(name);
  }

  /** Resolves when all volumes of the pod are bound. The binder finishes what is begun here. */
  async bind(info: PodInfo, node: DeepReadonly<Node>, signal: AbortSignal): Promise<void> {
    const names = claimNames(info.pod);
    if (names.length === 0) return;
    const found = waitingClaims(info, this);
    if ('reasons' in found) throw new Error(found.reasons.join(', '));
    if (found.waiting.length === 0) return;
    for (const claim of found.waiting) await this.#prepare(claim, node, signal);
    const bound = (): boolean => names.every((name) => {
      const claim = this.claim(info.namespace, name);
      return claim !== undefined && isBound(claim);
    });
    const done = await Promise.race([this.#claims.until(bound, bindLimitMs), aborted(signal).then(() => false)]);
    if (!done) throw new Error('binding volumes: timed out waiting for the condition');
  }

  async #prepare(claim: DeepReadonly<PersistentVolumeClaim>, node: DeepReadonly<Node>, signal: AbortSignal): Promise<void> {
    const { name, namespace = '', uid } = claim.metadata;
    const volume = bestVolume(claim, this.volumes(), { node });
    if (!volume) {
      const body = { metadata: { annotations: { [annotations.selectedNode]: node.metadata.name } } };
      await this.#client.patch(persistentvolumeclaims, name, { type: 'application/merge-patch+json', body }, { namespace, signal });
    } else if (!isReservedFor(volume, claim)) {
      const claimRef = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid };
      const metadata = { ...volume.metadata, annotations: { ...volume.metadata.annotations, [annotations.boundByController]: 'yes' } };
      await this.#client.update(persistentvolumes, { ...volume, metadata, spec: { ...volume.spec, claimRef } }, { signal });
    }
  }
}
