/** What the writers of the other core kinds are warned of. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { keyPairComplaint } from '../../../machinery/tlspair.ts';
import type * as T from '../v1/types.ts';
import { warnOfCIDR, warnOfIP } from './addresses.ts';
import { warnOfNodeTerm } from './pod.ts';
import { warnOfClaim, warnOfPersistentSource } from './volumes.ts';

const classAnnotation = 'volume.beta.kubernetes.io/storage-class';
const mountAnnotation = 'volume.beta.kubernetes.io/mount-options';
const useClassName = 'deprecated since v1.8; use "storageClassName" attribute instead';

export function volumeWarnings({ metadata, spec }: DeepReadonly<T.PersistentVolume>): string[] {
  const out: string[] = [];
  if (metadata.annotations?.[classAnnotation] !== undefined) out.push(`metadata.annotations[${classAnnotation}]: ${useClassName}`);
  if (metadata.annotations?.[mountAnnotation] !== undefined) out.push(`metadata.annotations[${mountAnnotation}]: deprecated since v1.31; use "mountOptions" attribute instead`);
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') out.push('spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.');
  for (const [i, term] of (spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).entries()) warnOfNodeTerm(term, false, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`, out);
  warnOfPersistentSource(spec, 'spec', out);
  return out;
}

export function claimWarnings({ metadata, spec }: DeepReadonly<T.PersistentVolumeClaim>): string[] {
  const out: string[] = metadata.annotations?.[classAnnotation] === undefined ? [] : [`metadata.annotations[${classAnnotation}]: ${useClassName}`];
  warnOfClaim(spec, 'spec', out);
  return out;
}

export function serviceWarnings({ metadata, spec }: DeepReadonly<T.Service>): string[] {
  const out: string[] = [];
  const hints = 'service.kubernetes.io/topology-aware-hints';
  if (metadata.annotations?.[hints] !== undefined) out.push(`annotation ${hints} is deprecated, please use service.kubernetes.io/topology-mode instead`);
  const isHeadless = spec.type === 'ClusterIP' && spec.clusterIP === 'None';
  if (!isHeadless) for (const [i, ip] of (spec.clusterIPs ?? []).entries()) warnOfIP(`spec.clusterIPs[${i}]`, ip, out);
  if (isHeadless) {
    if (spec.loadBalancerIP) out.push('spec.loadBalancerIP is ignored for headless services');
    if (spec.externalIPs?.length) out.push('spec.externalIPs is ignored for headless services');
    if (spec.sessionAffinity !== 'None') out.push('spec.SessionAffinity is ignored for headless services');
  }
  for (const [i, ip] of (spec.externalIPs ?? []).entries()) warnOfIP(`spec.externalIPs[${i}]`, ip, out);
  if (spec.loadBalancerIP) warnOfIP('spec.loadBalancerIP', spec.loadBalancerIP, out);
  for (const [i, range] of (spec.loadBalancerSourceRanges ?? []).entries()) warnOfCIDR(`spec.loadBalancerSourceRanges[${i}]`, range, out);
  if (spec.type === 'ExternalName' && spec.externalIPs?.length) out.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (spec.type !== 'ExternalName' && spec.externalName) out.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  return out;
}

export function secretWarnings({ type, data }: DeepReadonly<T.Secret>): string[] {
  if (type !== 'kubernetes.io/tls') return [];
  const pem = (key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString('latin1');
  const complaint = keyPairComplaint(pem('tls.crt'), pem('tls.key'));
  return complaint === undefined ? [] : [complaint];
}

export function nodeWarnings({ spec }: DeepReadonly<T.Node>): string[] {
  const out: string[] = [];
  if (spec.configSource) out.push('spec.configSource: the feature is removed');
  if (spec.externalID) out.push('spec.externalID: this field is deprecated, and is unused by Kubernetes');
  for (const [i, range] of (spec.podCIDRs ?? []).entries()) warnOfCIDR(`spec.podCIDRs[${i}]`, range, out);
  return out;
}

export function endpointsWarnings(e: DeepReadonly<T.Endpoints>): string[] {
  if (e.metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller') return [];
  const out: string[] = [];
  for (const [i, s] of (e.subsets ?? []).entries()) {
    for (const key of ['addresses', 'notReadyAddresses'] as const) for (const [j, a] of (s[key] ?? []).entries()) warnOfIP(`subsets[${i}].${key}[${j}].ip`, a.ip, out);
  }
  return out;
}

const mountable = 'kubernetes.io/enforce-mountable-secrets';

export function serviceAccountWarnings(s: DeepReadonly<T.ServiceAccount>, old: DeepReadonly<T.ServiceAccount> | undefined): string[] {
  if (old?.metadata.annotations?.[mountable] !== undefined || s.metadata.annotations?.[mountable] === undefined) return [];
  return [`metadata.annotations[${mountable}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`];
}

/** Of addresses that a status update brings. */
export function statusWarnings(pod: DeepReadonly<T.Pod>): string[] {
  const out: string[] = [];
  for (const key of ['podIPs', 'hostIPs'] as const) for (const [i, { ip }] of (pod.status[key] ?? []).entries()) warnOfIP(`status.${key}[${i}].ip`, ip ?? '', out);
  return out;
}
