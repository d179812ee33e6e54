/** Makes the claims of pods' own ephemeral volumes; they go with the pod. */
import { controllerReference } from '../../client/owner.ts';
import { keyOf } from '../../client/informer.ts';
import { hasReason } from '../../machinery/status.ts';
import { thaw } from '../../machinery/json.ts';
import { persistentvolumeclaims, pods, type PersistentVolumeClaimTemplate } from '../../api/core/v1/index.ts';
import type { Controller } from '../harness/controller.ts';

export const ephemeralVolumeController: Controller = {
  name: 'ephemeral-volume-controller',
  source: 'ephemeral_volume',
  setup: ({ client, informer, queue, events }) => {
    const owners = informer(pods);
    const claims = informer(persistentvolumeclaims);
    const work = queue(async (key) => {
      const pod = owners.getByKey(key);
      if (!pod || pod.metadata.deletionTimestamp) return;
      const { namespace = '', name, uid } = pod.metadata;
      for (const volume of pod.spec?.volumes ?? []) {
        const template = volume.ephemeral?.volumeClaimTemplate;
        if (!template) continue;
        const claimName = `${name}-${volume.name}`;
        const present = claims.get(claimName, namespace);
        if (present?.metadata.ownerReferences?.some((o) => o.controller && o.uid === uid)) continue;
        const { metadata, spec } = thaw<PersistentVolumeClaimTemplate>(template);
        try {
          if (present) throw new Error(`PVC "${namespace}/${claimName}" was not created for pod "${namespace}/${name}" (pod is not owner)`);
          await client.create(persistentvolumeclaims, {
            metadata: { name: claimName, namespace, labels: metadata?.labels ?? {}, annotations: metadata?.annotations ?? {}, ownerReferences: [controllerReference(pods, pod)] }, spec,
          }, { namespace });
        } catch (error) {
          if (hasReason(error, 'AlreadyExists')) continue;
          events.event(pods, pod, 'Warning', 'FailedCreate', `ephemeral volume ${volume.name}: ${error instanceof Error ? error.message : String(error)}`);
          throw error;
        }
      }
    });
    owners.on({ added: (pod) => (pod.spec?.volumes?.some((v) => v.ephemeral) ? work.add(keyOf(pod)) : undefined) });
  },
};
