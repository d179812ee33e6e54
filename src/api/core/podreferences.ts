/** What a pod refers to by name. Pure. */
import type { Pod, PodSpec, Volume } from './v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';

/** Claims of its volumes, those made for it too. */
export function claimsOf({ metadata, spec }: DeepReadonly<Pod>): string[] {
  return (spec.volumes ?? []).flatMap((v) => (v.persistentVolumeClaim ? [v.persistentVolumeClaim.claimName] : v.ephemeral ? [`${metadata.name}-${v.name}`] : []));
}

/** Claims of devices: named, made from a template, or made for extended resources. */
export function resourceClaimsOf({ spec, status }: DeepReadonly<Pod>): string[] {
  const made = new Map((status?.resourceClaimStatuses ?? []).map((s) => [s.name, s.resourceClaimName]));
  const named = (spec.resourceClaims ?? []).map((c) => c.resourceClaimName ?? made.get(c.name));
  return [...named, status?.extendedResourceClaimStatus?.resourceClaimName].filter((name) => name !== undefined && name !== '') as string[];
}

export function refersTo(spec: DeepReadonly<PodSpec>, resource: 'secrets' | 'configmaps', name: string): boolean {
  const secret = resource === 'secrets';
  if (secret && spec.imagePullSecrets?.some((s) => s.name === name)) return true;
  const containers = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
  for (const c of containers) {
    if (c.envFrom?.some((e) => (secret ? e.secretRef?.name : e.configMapRef?.name) === name)) return true;
    if (c.env?.some((e) => (secret ? e.valueFrom?.secretKeyRef?.name : e.valueFrom?.configMapKeyRef?.name) === name)) return true;
  }
  return (spec.volumes ?? []).some((v) => volumeRefersTo(v, secret, name));
}

function volumeRefersTo(volume: DeepReadonly<Volume>, secret: boolean, name: string): boolean {
  if ((secret ? volume.secret?.secretName : volume.configMap?.name) === name) return true;
  if (volume.projected?.sources?.some((s) => (secret ? s.secret?.name : s.configMap?.name) === name)) return true;
  if (!secret) return false;
  const { csi, flexVolume, azureFile, cephfs, cinder, iscsi, rbd, scaleIO, storageos } = volume;
  return [csi?.nodePublishSecretRef, flexVolume?.secretRef, cephfs?.secretRef, cinder?.secretRef, iscsi?.secretRef, rbd?.secretRef, scaleIO?.secretRef, storageos?.secretRef].some((ref) => ref?.name === name)
    || azureFile?.secretName === name;
}
