/** Claims that pods use, volumes that are bound, and classes of attributes that either names, go only when that is no longer so. */
import { keyOf } from '../../client/informer.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { isFinished } from '../../api/core/podresources.ts';
import { persistentvolumeclaims, persistentvolumes, pods, type Pod } from '../../api/core/v1/index.ts';
import { claimNames } from '../../api/core/volumebinding.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1/types.ts';
import { volumeattributesclasses } from '../../api/storage/v1/index.ts';
import type { Controller } from '../harness/controller.ts';

const byUsedClaim = 'used-claim';
const claimFinalizer = 'kubernetes.io/pvc-protection';
const volumeFinalizer = 'kubernetes.io/pv-protection';
const classFinalizer = 'kubernetes.io/vac-protection';
const byAttributesClass = 'attributes-class';

/** A pod without a node holds nothing: kubelets do not start pods whose claims are going. */
function uses(pod: DeepReadonly<Pod>): boolean {
  return Boolean(pod.spec?.nodeName) && !isFinished(pod);
}

export const claimProtection: Controller = {
  name: 'persistentvolumeclaim-protection-controller',
  account: 'pvc-protection-controller',
  setup: ({ client, informer, queue }) => {
    const claims = informer(persistentvolumeclaims);
    const users = informer(pods).addIndex(byUsedClaim, (pod) => claimNames(pod).map((name) => `${pod.metadata.namespace}/${name}`));
    const work = queue(async (key) => {
      const claim = claims.getByKey(key);
      const finalizers = claim?.metadata.finalizers ?? [];
      if (!claim?.metadata.deletionTimestamp || !finalizers.includes(claimFinalizer)) return;
      if (users.by(byUsedClaim, key).some(uses)) return;
      // The copy may be behind: the server is asked before anything is let go.
      const { items } = await client.list(pods, { namespace: claim.metadata.namespace ?? '' });
      if (items.some((pod) => uses(pod) && claimNames(pod).includes(claim.metadata.name))) return;
      try {
        await client.update(persistentvolumeclaims, { ...claim, metadata: { ...claim.metadata, finalizers: finalizers.filter((f) => f !== claimFinalizer) } });
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
    });
    const seen = (pod: DeepReadonly<Pod>): void => {
      for (const name of claimNames(pod)) work.add(`${pod.metadata.namespace}/${name}`);
    };
    claims.on({ added: (claim) => work.add(keyOf(claim)), updated: (claim) => work.add(keyOf(claim)) });
    users.on({ updated: (pod) => (uses(pod) ? undefined : seen(pod)), deleted: seen });
  },
};

export const volumeProtection: Controller = {
  name: 'persistentvolume-protection-controller',
  account: 'pv-protection-controller',
  setup: ({ client, informer, queue }) => {
    const volumes = informer(persistentvolumes);
    const work = queue(async (name) => {
      const volume = volumes.get(name);
      const finalizers = volume?.metadata.finalizers ?? [];
      if (!volume?.metadata.deletionTimestamp || !finalizers.includes(volumeFinalizer) || volume.status?.phase === 'Bound') return;
      try {
        await client.update(persistentvolumes, { ...volume, metadata: { ...volume.metadata, finalizers: finalizers.filter((f) => f !== volumeFinalizer) } });
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
    });
    volumes.on({ added: (volume) => work.add(volume.metadata.name), updated: (volume) => work.add(volume.metadata.name) });
  },
};

function classesOfClaim({ spec, status }: DeepReadonly<PersistentVolumeClaim>): string[] {
  const named = [spec?.volumeAttributesClassName, status?.currentVolumeAttributesClassName, status?.modifyVolumeStatus?.targetVolumeAttributesClassName];
  return [...new Set(named.filter((name): name is string => Boolean(name)))];
}

function classesOfVolume({ spec }: DeepReadonly<PersistentVolume>): string[] {
  return spec?.volumeAttributesClassName ? [spec.volumeAttributesClassName] : [];
}

export const attributesClassProtection: Controller = {
  name: 'volumeattributesclass-protection-controller',
  setup: ({ client, informer, queue }) => {
    const classes = informer(volumeattributesclasses);
    const claims = informer(persistentvolumeclaims).addIndex(byAttributesClass, classesOfClaim);
    const volumes = informer(persistentvolumes).addIndex(byAttributesClass, classesOfVolume);
    const work = queue(async (name) => {
      const found = classes.get(name);
      if (!found) return;
      const finalizers = found.metadata.finalizers ?? [];
      const [going, held] = [found.metadata.deletionTimestamp !== undefined, finalizers.includes(classFinalizer)];
      if (going ? !held || claims.by(byAttributesClass, name).length + volumes.by(byAttributesClass, name).length > 0 : held) return;
      // Those from before the admission plugin had one to give get theirs here.
      const next = going ? finalizers.filter((f) => f !== classFinalizer) : [...finalizers, classFinalizer];
      try {
        await client.update(volumeattributesclasses, { ...found, metadata: { ...found.metadata, finalizers: next } });
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
    });
    const enqueue = (names: readonly string[]): void => names.forEach((name) => work.add(name));
    classes.on({ added: ({ metadata }) => work.add(metadata.name), updated: ({ metadata }) => work.add(metadata.name) });
    // Only what was let go of may free a class.
    claims.on({ updated: (_claim, old) => enqueue(classesOfClaim(old)), deleted: (claim) => enqueue(classesOfClaim(claim)) });
    volumes.on({ updated: (_volume, old) => enqueue(classesOfVolume(old)), deleted: (volume) => enqueue(classesOfVolume(volume)) });
  },
};
