/** AppArmor profiles as annotations, the way they were written before there was a field. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { sameValue } from '../../machinery/fieldpath.ts';
import type * as T from './v1/types.ts';

export const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/';

/** Undefined: the annotation says nothing that the field could. */
export function appArmorProfile(annotation: string): T.AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  if (!annotation.startsWith('localhost/')) return undefined;
  const localhostProfile = annotation.slice('localhost/'.length);
  return localhostProfile === '' || localhostProfile.trim() !== localhostProfile ? undefined : { type: 'Localhost', localhostProfile };
}

/** Containers get the profile that only an annotation names. */
export function fillAppArmor(pod: T.Pod): void {
  const annotations = pod.metadata.annotations;
  if (!annotations || pod.spec.os?.name === 'windows') return;
  const ofPod: DeepReadonly<T.AppArmorProfile> | undefined = pod.spec.securityContext?.appArmorProfile;
  for (const c of [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? []), ...(pod.spec.ephemeralContainers ?? [])]) {
    const text = annotations[appArmorAnnotation + c.name];
    if (text === undefined || c.securityContext?.appArmorProfile) continue;
    const profile = appArmorProfile(text);
    if (profile && !sameValue(profile, ofPod)) c.securityContext = { ...c.securityContext, appArmorProfile: profile };
  }
}
