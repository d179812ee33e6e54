/** What the restricted level asks for beyond the baseline. */
import { addedBeyond, badSeccomp, type Check } from './baseline.ts';
import { containersNamed, containersOf, namesWhere, plural, quoted, setters, sorted, type Finding, type PodView } from './words.ts';

const onWindows = (pod: PodView, minor: number): boolean => minor >= 25 && pod.spec.os?.name === 'windows';

function privilegeEscalation(pod: PodView, minor: number): Finding | undefined {
  if (onWindows(pod, minor)) return undefined;
  const names = namesWhere(pod, (c) => c.securityContext?.allowPrivilegeEscalation !== false);
  return names.length > 0 ? { reason: 'allowPrivilegeEscalation != false', detail: `${containersNamed(names)} must set securityContext.allowPrivilegeEscalation=false` } : undefined;
}

const bindService = new Set(['NET_BIND_SERVICE']);

function capabilities(pod: PodView, minor: number): Finding | undefined {
  if (onWindows(pod, minor)) return undefined;
  const names = namesWhere(pod, (c) => c.securityContext?.capabilities?.drop?.includes('ALL') !== true);
  const added = addedBeyond(pod, bindService);
  const details = [...(names.length > 0 ? [`${containersNamed(names)} must set securityContext.capabilities.drop=["ALL"]`] : []), ...(added === undefined ? [] : [added])];
  return details.length > 0 ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined;
}

const allowedVolumes = new Set(['name', 'configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret']);

function volumes({ spec }: PodView): Finding | undefined {
  const bad = (spec.volumes ?? []).flatMap((v) => {
    const type = Object.keys(v).find((key) => !allowedVolumes.has(key));
    return type === undefined ? [] : [{ name: v.name, type }];
  });
  if (bad.length === 0) return undefined;
  const types = sorted(bad.map((b) => b.type));
  const detail = `${plural('volume', 'volumes', bad.length)} ${quoted(bad.map((b) => b.name))} ${plural('uses', 'use', bad.length)} ${plural('restricted volume type', 'restricted volume types', types.length)} ${quoted(types)}`;
  return { reason: 'restricted volume types', detail };
}

function nonRoot(pod: PodView): Finding | undefined {
  const reason = 'runAsNonRoot != true';
  const ofPod = pod.spec.securityContext?.runAsNonRoot;
  const explicit = namesWhere(pod, (c) => c.securityContext?.runAsNonRoot === false);
  const silent = ofPod === true ? [] : namesWhere(pod, (c) => c.securityContext?.runAsNonRoot === undefined);
  // A pod that says false matters only for containers that say nothing.
  const byPod = ofPod === false && silent.length > 0;
  if (byPod || explicit.length > 0) return { reason, detail: `${setters(byPod, explicit)} must not set securityContext.runAsNonRoot=false` };
  return silent.length > 0 ? { reason, detail: `pod or ${containersNamed(silent)} must set securityContext.runAsNonRoot=true` } : undefined;
}

function rootUser(pod: PodView): Finding | undefined {
  const byPod = pod.spec.securityContext?.runAsUser === 0;
  const names = namesWhere(pod, (c) => c.securityContext?.runAsUser === 0);
  return byPod || names.length > 0 ? { reason: 'runAsUser=0', detail: `${setters(byPod, names)} must not set runAsUser=0` } : undefined;
}

function seccomp(pod: PodView, minor: number): Finding | undefined {
  if (onWindows(pod, minor)) return undefined;
  const bad = badSeccomp(pod);
  if (bad || pod.spec.securityContext?.seccompProfile) return bad;
  const silent = containersOf(pod).filter((c) => !c.securityContext?.seccompProfile).map((c) => c.name);
  return silent.length > 0 ? { reason: 'seccompProfile', detail: `pod or ${containersNamed(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"` } : undefined;
}

export const restricted: readonly Check[] = [
  { id: 'allowPrivilegeEscalation', since: 8, find: privilegeEscalation },
  { id: 'capabilities_restricted', since: 22, find: capabilities },
  { id: 'restrictedVolumes', since: 0, find: volumes },
  { id: 'runAsNonRoot', since: 0, find: nonRoot },
  { id: 'runAsUser', since: 23, find: rootUser },
  { id: 'seccompProfile_restricted', since: 19, find: seccomp },
];
