/** Claims that pods use, and volumes that are bound, go only when they are that no longer. */
import { keyOf } from '../../client/informer.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { isFinished } from '../../api/core/podresources.ts';
import { persistentvolumeclaims, persistentvolumes, pods, type Pod } from '../../api/core/v1/index.ts';
import { claimNames } from '../../api/core/volumebinding.ts';
import type { Controller } from '../harness/controller.ts';

const byUsedClaim = 'used-claim';
const claimFinalizer = 'kubernetes.io/pvc-protection';
const volumeFinalizer = 'kubernetes.io/pv-protection';

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
