/** What may be said of a pod's status. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { duplicate, forbidden, immutable, invalid } from '../../../machinery/fieldpath.ts';
import { inclusiveRange, nameIsSubdomain } from '../../../machinery/names.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { checkLabelName } from '../../../schema/metadata.ts';
import type * as T from '../v1/types.ts';
import { checkPodIPs } from './pod.ts';

type Pod = DeepReadonly<T.Pod>;
type Statuses = Pod['status']['containerStatuses'];

const systemConditions = ['PodScheduled', 'Ready', 'Initialized'];
const largestId = 2_147_483_647;
const naturally = 'must be a non-negative integer';

function checkConditions(conditions: Pod['status']['conditions'], out: FieldError[]): void {
  for (const [i, { type, observedGeneration = 0 }] of (conditions ?? []).entries()) {
    if (observedGeneration < 0) out.push(invalid(`status.conditions[${i}].observedGeneration`, observedGeneration, naturally));
    if (!systemConditions.includes(type)) checkLabelName(type, `status.conditions[${i}].Type`, out);
  }
}

function checkTransitions(now: Statuses, old: Statuses, restarts: (name: string, exitCode: number) => boolean, path: string, out: FieldError[]): void {
  for (const [i, before] of (old ?? []).entries()) {
    const ended = before.state?.terminated;
    if (!ended || restarts(before.name, ended.exitCode)) continue;
    if (now?.some((s) => s.name === before.name && !s.state?.terminated)) out.push(forbidden(`${path}[${i}].state`, 'may not be transitioned to non-terminated state'));
  }
}

function checkClaims({ status, spec }: Pod, out: FieldError[]): void {
  const seen = new Set<string>();
  for (const [i, { name, resourceClaimName }] of (status.resourceClaimStatuses ?? []).entries()) {
    const path = `status.resourceClaimStatuses[${i}].name`;
    if (!spec.resourceClaims?.some((c) => c.name === name)) out.push(invalid(path, name, 'must match the name of an entry in `spec.resourceClaims`'));
    if (seen.has(name)) out.push(duplicate(path, name));
    seen.add(name);
    if (resourceClaimName !== undefined) for (const complaint of nameIsSubdomain(resourceClaimName, false)) out.push(invalid(path, resourceClaimName, complaint));
  }
}

function checkUsers(statuses: Statuses, os: string, path: string, out: FieldError[]): void {
  for (const [i, { user }] of (statuses ?? []).entries()) {
    const linux = user?.linux;
    if (!linux) continue;
    const at = `${path}[${i}].user.linux`;
    if (os === 'windows') {
      out.push(forbidden(at, 'cannot be set for a windows pod'));
      continue;
    }
    const id = (field: string, value: number): void => {
      if (value < 0 || value > largestId) out.push(invalid(`${at}.${field}`, value, inclusiveRange(0, largestId)));
    };
    id('uid', linux.uid);
    id('gid', linux.gid);
    linux.supplementalGroups?.forEach((group, g) => id(`supplementalGroups[${g}]`, group));
  }
}

export function checkStatusUpdate(pod: Pod, old: Pod, out: FieldError[]): void {
  const { status, spec } = pod;
  checkConditions(status.conditions, out);
  const nominated = status.nominatedNodeName;
  if (nominated && nominated !== old.status.nominatedNodeName) {
    for (const c of nameIsSubdomain(nominated, false)) out.push(invalid('status.nominatedNodeName', nominated, c));
  }
  if ((status.observedGeneration ?? 0) < 0) out.push(invalid('status.observedGeneration', status.observedGeneration, naturally));
  out.push(...immutable('status.qosClass', status.qosClass, old.status.qosClass));
  const policy = old.spec.restartPolicy;
  const sidecars = new Set((old.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name));
  const restarts = (_name: string, exitCode: number): boolean => policy === 'Always' || (exitCode !== 0 && policy === 'OnFailure');
  checkTransitions(status.containerStatuses, old.status.containerStatuses, restarts, 'status.containerStatuses', out);
  checkTransitions(status.initContainerStatuses, old.status.initContainerStatuses, (name, code) => sidecars.has(name) || restarts(name, code), 'status.initContainerStatuses', out);
  checkTransitions(status.ephemeralContainerStatuses, old.status.ephemeralContainerStatuses, () => false, 'status.ephemeralContainerStatuses', out);
  checkClaims(pod, out);
  checkPodIPs(status, out);
  const os = spec.os?.name ?? 'linux';
  for (const key of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const) checkUsers(status[key], os, `status.${key}`, out);
}
