/** A pod goes where its volumes are, or where the volumes of claims that wait for it can be. */
import { annotations, bestVolume, claimClass, claimNames, isBound, noProvisioner, reaches } from '../../api/core/volumebinding.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1/index.ts';
import type { StorageClass } from '../../api/storage/v1/index.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { refuse, type Plugin, type Refusal } from '../plugin.ts';
import type { PodInfo, VolumeLookup } from '../state.ts';

const name = 'VolumeBinding';
const elsewhere = refuse(name, true, 'node(s) had volume node affinity conflict');
const nothingFits = refuse(name, true, "node(s) didn't find available persistent volumes to bind");

type Claim = DeepReadonly<PersistentVolumeClaim>;

/** The claims of the pod that are not bound, because they wait for it; a Refusal when the pod cannot be placed at all yet. */
export function waitingClaims({ pod, namespace }: PodInfo, volumes: VolumeLookup): { readonly waiting: Claim[]; readonly bound: DeepReadonly<PersistentVolume>[] } | Refusal {
  const waiting: Claim[] = [];
  const bound: DeepReadonly<PersistentVolume>[] = [];
  for (const claimName of claimNames(pod)) {
    const claim = volumes.claim(namespace, claimName);
    const quoted = JSON.stringify(claimName);
    if (!claim) return refuse(name, true, `persistentvolumeclaim ${quoted} not found`);
    if (claim.metadata.deletionTimestamp) return refuse(name, true, `persistentvolumeclaim ${quoted} is being deleted`);
    if (claim.status?.phase === 'Lost') return refuse(name, true, `persistentvolumeclaim ${quoted} bound to non-existent persistentvolume ${JSON.stringify(claim.spec.volumeName ?? '')}`);
    if (isBound(claim)) {
      const volume = volumes.volume(claim.spec.volumeName ?? '');
      if (!volume) return refuse(name, true, `persistentvolume ${JSON.stringify(claim.spec.volumeName)} not found`);
      bound.push(volume);
    } else if (!claim.spec.volumeName && volumes.storageClass(claimClass(claim) ?? '')?.volumeBindingMode === 'WaitForFirstConsumer') waiting.push(claim);
    else return refuse(name, true, 'pod has unbound immediate PersistentVolumeClaims');
  }
  return { waiting, bound };
}

function mayBeMadeOn(node: DeepReadonly<Node>, kind: DeepReadonly<StorageClass>): boolean {
  if (kind.provisioner === noProvisioner) return false;
  const terms = kind.allowedTopologies ?? [];
  return terms.length === 0 || terms.some((term) => (term.matchLabelExpressions ?? []).every(({ key, values }) => values.includes(node.metadata.labels?.[key] ?? '')));
}

export const volumeBinding: Plugin = {
  name,
  filterFor: (info, { volumes }) => {
    if (!volumes || claimNames(info.pod).length === 0) return undefined;
    const found = waitingClaims(info, volumes);
    if ('reasons' in found) return found;
    const { waiting, bound } = found;
    return {
      filter: ({ node }) => {
        if (!node || bound.some((volume) => !reaches(volume, node))) return elsewhere;
        const taken = new Set<string>();
        for (const claim of waiting) {
          const kind = volumes.storageClass(claimClass(claim) ?? '');
          const selected = claim.metadata.annotations?.[annotations.selectedNode];
          const volume = bestVolume(claim, volumes.volumes(), { node, taken });
          if (volume) taken.add(volume.metadata.name);
          // Another node was chosen before, and its volume is on its way.
          else if (!kind || !mayBeMadeOn(node, kind) || (selected !== undefined && selected !== node.metadata.name)) return nothingFits;
        }
        return undefined;
      },
    };
  },
  helps: (change) => change.kind === 'volumes' || change.kind === 'node',
};
