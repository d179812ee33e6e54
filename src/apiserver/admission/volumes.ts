/** Claims and volumes: a default class, protection while in use, growing only where the class allows it. */
import type { PersistentVolumeClaim } from '../../api/core/v1/types.ts';
import type { StorageClass } from '../../api/storage/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import { StatusError } from '../../machinery/status.ts';
import type { Storage } from '../registry/storage.ts';
import type { AdmissionPlugin, AdmissionRequest, Operation } from './chain.ts';
import { newestDefault } from './classes.ts';

const claims = { group: '', resource: 'persistentvolumeclaims' };
const betaClass = 'volume.beta.kubernetes.io/storage-class';

const isDefault = (annotations: Readonly<Record<string, string>> | undefined): boolean =>
  annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' || annotations?.['storageclass.beta.kubernetes.io/is-default-class'] === 'true';

function isClaim(request: AdmissionRequest, operation: Operation): boolean {
  return request.group === '' && request.resource === 'persistentvolumeclaims' && request.operation === operation && request.subresource === '';
}

export function defaultStorageClass(classes: Storage): AdmissionPlugin {
  const give = async (claim: PersistentVolumeClaim): Promise<void> => {
    const chosen = newestDefault((await classes.cacher.list({ notOlderThan: 0 })).items.map((i) => i.object), isDefault);
    if (chosen) claim.spec = { ...claim.spec!, storageClassName: chosen.metadata.name! };
  };
  return {
    name: 'DefaultStorageClass',
    mutate: (request) => {
      if (!isClaim(request, 'CREATE')) return undefined;
      const claim = request.object as unknown as PersistentVolumeClaim;
      return claim.spec?.storageClassName !== undefined || claim.metadata.annotations?.[betaClass] !== undefined ? undefined : give(claim);
    },
  };
}

const finalizers: Readonly<Record<string, string>> = {
  'persistentvolumeclaims.': 'kubernetes.io/pvc-protection', 'persistentvolumes.': 'kubernetes.io/pv-protection', 'volumeattributesclasses.storage.k8s.io': 'kubernetes.io/vac-protection',
};

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  mutate({ group, resource, operation, subresource, object }) {
    const finalizer = operation === 'CREATE' && subresource === '' ? finalizers[`${resource}.${group}`] : undefined;
    if (finalizer === undefined || object!.metadata.finalizers?.includes(finalizer)) return;
    (object!.metadata.finalizers ??= []).push(finalizer);
  },
};

export function claimResize(classes: Storage): AdmissionPlugin {
  const check = async (request: AdmissionRequest): Promise<void> => {
    const claim = request.object as unknown as PersistentVolumeClaim;
    const old = request.old as unknown as DeepReadonly<PersistentVolumeClaim>;
    const size = (c: DeepReadonly<PersistentVolumeClaim>): string => c.spec?.resources?.requests?.['storage'] ?? '0';
    if (parseQuantity(size(claim)).cmp(parseQuantity(size(old))) <= 0) return;
    const refuse = (why: string): never => {
      throw StatusError.forbidden(claims, request.name, why);
    };
    if (old.status?.phase !== 'Bound') refuse('Only bound persistent volume claims can be expanded');
    const name = claim.metadata.annotations?.[betaClass] ?? claim.spec?.storageClassName ?? '';
    const found = name === '' ? undefined : (await classes.find('', name, 0))?.object as unknown as DeepReadonly<StorageClass> | undefined;
    if (found?.allowVolumeExpansion !== true) refuse('only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize');
  };
  return {
    name: 'PersistentVolumeClaimResize',
    validate: (request) => (isClaim(request, 'UPDATE') ? check(request) : undefined),
  };
}
