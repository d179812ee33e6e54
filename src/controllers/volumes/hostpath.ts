/** Makes volumes that are folders of this machine, for the storage classes that name it, and takes them away with their claims. */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { keyOf } from '../../client/informer.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { persistentvolumeclaims, persistentvolumes, type PersistentVolume, type PersistentVolumeClaim } from '../../api/core/v1/index.ts';
import { annotations, claimClass } from '../../api/core/volumebinding.ts';
import { storageclasses, type StorageClass } from '../../api/storage/v1/index.ts';
import type { Controller, ControllerContext } from '../harness/controller.ts';

export const hostPathProvisionerName = 'k7s.io/hostpath';

/** The class that claims get when they name none. */
export const standardClass = {
  apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'standard', annotations: { [annotations.defaultClass]: 'true' } },
  provisioner: hostPathProvisionerName, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate',
};

type Claim = DeepReadonly<PersistentVolumeClaim>;
type Place = NonNullable<ControllerContext['options']['hostPathVolumes']>;

async function provision(claim: Claim, kind: DeepReadonly<StorageClass>, { folder, simulated }: Place, context: ControllerContext): Promise<void> {
  const say = (type: 'Normal' | 'Warning', reason: string, message: string): void => context.events.event(persistentvolumeclaims, claim, type, reason, message);
  const { name, namespace = '', uid, resourceVersion } = claim.metadata;
  if (claim.spec.volumeMode === 'Block' || claim.spec.dataSource || claim.spec.dataSourceRef) {
    return say('Warning', 'ProvisioningFailed', `failed to provision volume with StorageClass ${JSON.stringify(kind.metadata.name)}: folders can be neither block devices nor copies of other volumes`);
  }
  const volumeName = `pvc-${uid}`;
  say('Normal', 'Provisioning', `External provisioner is provisioning volume for claim "${namespace}/${name}"`);
  const path = join(folder, volumeName);
  if (!simulated) {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o777);
  }
  try {
    await context.client.create(persistentvolumes, {
      metadata: { name: volumeName, annotations: { [annotations.provisionedBy]: hostPathProvisionerName } },
      spec: {
        capacity: { storage: claim.spec.resources?.requests?.['storage'] ?? '0' }, accessModes: [...(claim.spec.accessModes ?? [])],
        claimRef: { kind: 'PersistentVolumeClaim', namespace, name, uid, apiVersion: 'v1', ...(resourceVersion ? { resourceVersion } : {}) },
        hostPath: { path, type: '' }, persistentVolumeReclaimPolicy: kind.reclaimPolicy ?? 'Delete', storageClassName: kind.metadata.name, volumeMode: 'Filesystem',
        ...(kind.mountOptions ? { mountOptions: [...kind.mountOptions] } : {}),
      },
    });
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
  }
  say('Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${volumeName}`);
}

/** Only what it made itself: a volume may say anything of where it is. */
async function remove(volume: DeepReadonly<PersistentVolume>, { folder, simulated }: Place, context: ControllerContext): Promise<void> {
  const path = volume.spec.hostPath?.path ?? '';
  if (dirname(path) !== folder) return context.events.event(persistentvolumes, volume, 'Warning', 'VolumeFailedDelete', `${path} is not a folder of this provisioner`);
  if (!simulated) await rm(path, { recursive: true, force: true });
  try {
    await context.client.delete(persistentvolumes, volume.metadata.name, { preconditions: { uid: volume.metadata.uid } });
  } catch (error) {
    if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
  }
}

export const hostPathProvisioner: Controller = {
  name: 'hostpath-provisioner-controller',
  account: 'persistent-volume-binder',
  source: hostPathProvisionerName,
  setup: (context) => {
    const place = context.options.hostPathVolumes;
    if (!place) return;
    const claims = context.informer(persistentvolumeclaims);
    const volumes = context.informer(persistentvolumes);
    const classes = context.informer(storageclasses);
    const wanted = context.queue(async (key) => {
      const claim = claims.getByKey(key);
      if (!claim || claim.spec.volumeName || claim.metadata.deletionTimestamp || claim.metadata.annotations?.[annotations.provisioner] !== hostPathProvisionerName) return;
      const kind = classes.get(claimClass(claim) ?? '');
      if (!kind || volumes.get(`pvc-${claim.metadata.uid}`)) return;
      if (kind.volumeBindingMode === 'WaitForFirstConsumer' && !claim.metadata.annotations[annotations.selectedNode]) return;
      await provision(claim, kind, place, context);
    });
    claims.on({ added: (claim) => wanted.add(keyOf(claim)), updated: (claim) => wanted.add(keyOf(claim)) });
    const released = context.queue(async (name) => {
      const volume = volumes.get(name);
      if (!volume || volume.status?.phase !== 'Released' || volume.spec.persistentVolumeReclaimPolicy !== 'Delete') return;
      if (volume.metadata.annotations?.[annotations.provisionedBy] === hostPathProvisionerName && !volume.metadata.deletionTimestamp) await remove(volume, place, context);
    });
    volumes.on({ added: (volume) => released.add(volume.metadata.name), updated: (volume) => released.add(volume.metadata.name) });
  },
};
