/** What may change of a pod once it exists, by subresource. */
import { thaw, type DeepReadonly } from '../../../machinery/json.ts';
import { forbidden, invalid, required, sameValue } from '../../../machinery/fieldpath.ts';
import { inclusiveRange } from '../../../machinery/names.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { internalForm } from '../../../schema/internalform.ts';
import { qosClass } from '../qos.ts';
import { coreV1 } from '../v1/package.ts';
import type * as T from '../v1/types.ts';
import { checkImageSpaces } from './container.ts';
import { differences } from './differences.ts';
import { checkPod, checkPodAnnotations } from './pod.ts';
import { checkStatusUpdate } from './pod-status.ts';

type Pod = DeepReadonly<T.Pod>;

const mayChange = [
  '`spec.containers[*].image`', '`spec.initContainers[*].image`', '`spec.activeDeadlineSeconds`', '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

function checkTolerationsAdded(pod: Pod, old: Pod, out: FieldError[]): void {
  for (const before of old.spec.tolerations ?? []) {
    const kept = (pod.spec.tolerations ?? []).some((t) => sameValue({ ...t, tolerationSeconds: undefined }, { ...before, tolerationSeconds: undefined }));
    if (!kept) return void out.push(forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'));
  }
}

function checkDeadline(pod: Pod, old: Pod, out: FieldError[]): void {
  const now = pod.spec.activeDeadlineSeconds;
  const before = old.spec.activeDeadlineSeconds;
  const path = 'spec.activeDeadlineSeconds';
  if (now === undefined) {
    if (before !== undefined) out.push(invalid(path, null, 'must not update from a positive integer to nil value'));
  } else if (now < 0 || now > 2147483647) {
    out.push(invalid(path, now, inclusiveRange(0, 2147483647)));
  } else if (before !== undefined && before < now) {
    out.push(invalid(path, now, 'must be less than or equal to previous value'));
  }
}

/** Both lists have the same length, or one finding says that they do not. */
function checkContainerCount(pod: Pod, old: Pod, out: FieldError[]): boolean {
  for (const key of ['containers', 'initContainers'] as const) {
    const now = pod.spec[key] ?? [];
    if (now.length !== (old.spec[key] ?? []).length) {
      out.push(forbidden(`spec.${key}`, 'pod updates may not add or remove containers'));
      return false;
    }
    for (const [i, c] of now.entries()) {
      if (!c.image) out.push(required(`spec.${key}[${i}].image`));
      checkImageSpaces(c, `spec.${key}[${i}]`, out);
    }
  }
  return true;
}

/** While a pod is gated, its node selector may only get narrower. */
function checkGatedSelector(pod: Pod, old: Pod, out: FieldError[]): void {
  for (const [key, value] of Object.entries(old.spec.nodeSelector ?? {})) {
    if (pod.spec.nodeSelector?.[key] !== value) return void out.push(invalid('spec.nodeSelector', pod.spec.nodeSelector, 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'));
  }
}

/** The same of what its affinity requires. */
function checkGatedAffinity(pod: Pod, old: Pod, out: FieldError[]): void {
  const termsOf = ({ spec }: Pod) => spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const [now, before] = [termsOf(pod), termsOf(old) ?? []];
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  const shown = (value: unknown, type: string): unknown => internalForm(value, coreV1, type);
  if (before.length === 0) return;
  if (now?.length !== before.length) return void out.push(invalid(path, shown(now, '[]NodeSelectorTerm'), 'no additions/deletions to non-empty NodeSelectorTerms list are allowed'));
  for (const [i, was] of before.entries()) {
    const is = now[i]!;
    const isEmpty = !was.matchExpressions?.length && !was.matchFields?.length;
    const grows = (['matchExpressions', 'matchFields'] as const).every((key) => sameValue(is[key]?.slice(0, was[key]?.length ?? 0), was[key]) && !(isEmpty && is[key]?.length));
    if (!grows) out.push(invalid(`${path}[${i}]`, shown(is, 'NodeSelectorTerm'), 'only additions are allowed (no mutations or deletions)'));
  }
}

const armor = 'container.apparmor.security.beta.kubernetes.io/';

/** What annotations say of a pod's making stays as it was. */
function checkAnnotationsKept(pod: Pod, old: Pod, out: FieldError[]): void {
  const [now, before] = [pod.metadata.annotations ?? {}, old.metadata.annotations ?? {}];
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    if (now[key] === before[key]) continue;
    const verb = before[key] === undefined ? 'add' : 'remove or update';
    const path = `metadata.annotations[${key}]`;
    if (key.startsWith(armor)) out.push(forbidden(path, `may not ${verb} AppArmor annotations`));
    if (key === 'kubernetes.io/config.mirror') out.push(forbidden(path, `may not ${verb} mirror pod annotation`));
  }
  checkPodAnnotations(pod.metadata.annotations, pod.spec, 'metadata.annotations', out);
}

function updateMain(pod: Pod, old: Pod, out: FieldError[]): void {
  checkPod(pod, out);
  checkAnnotationsKept(pod, old, out);
  if (!checkContainerCount(pod, old, out)) return;
  checkDeadline(pod, old, out);
  checkTolerationsAdded(pod, old, out);
  const before = new Set((old.spec.schedulingGates ?? []).map((g) => g.name));
  for (const [i, g] of (pod.spec.schedulingGates ?? []).entries()) {
    if (!before.has(g.name)) out.push(forbidden(`spec.schedulingGates[${i}].name`, `only deletion is allowed, but found new scheduling gate '${g.name}'`));
  }
  if (sameValue(pod.spec, old.spec)) return;
  const rest = thaw<T.PodSpec>(pod.spec);
  rest.containers?.forEach((c, i) => (c.image = old.spec.containers[i]!.image!));
  rest.initContainers?.forEach((c, i) => (c.image = old.spec.initContainers![i]!.image!));
  const mutable: (keyof T.PodSpec)[] = ['activeDeadlineSeconds', 'schedulingGates', 'tolerations'];
  const graceWas = old.spec.terminationGracePeriodSeconds ?? 0;
  if (graceWas < 0 && rest.terminationGracePeriodSeconds === 1) mutable.push('terminationGracePeriodSeconds');
  if (before.size > 0) {
    checkGatedSelector(pod, old, out);
    mutable.push('nodeSelector');
    checkGatedAffinity(pod, old, out);
    const affinity = (spec: DeepReadonly<T.PodSpec>): unknown => ({ ...spec.affinity, nodeAffinity: undefined });
    if (sameValue(affinity(pod.spec), affinity(old.spec))) mutable.push('affinity');
  }
  const target = rest as unknown as Record<string, unknown>;
  for (const key of mutable) target[key] = old.spec[key];
  if (sameValue(rest, old.spec)) return;
  out.push(forbidden('spec', `pod updates may not change fields other than ${mayChange}\n${differences(old.spec, rest).join('\n')}\n`));
}

function updateEphemeralContainers(pod: Pod, old: Pod, out: FieldError[]): void {
  checkPod(pod, out);
  if (old.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return void out.splice(0, out.length, forbidden('[]', 'static pods do not support ephemeral containers'));
  for (const before of old.spec.ephemeralContainers ?? []) {
    const now = pod.spec.ephemeralContainers?.find((c) => c.name === before.name);
    if (!now) out.push(forbidden('spec.ephemeralContainers', `existing ephemeral containers "${before.name}" may not be removed\n`));
    else if (!sameValue(now, before)) out.push(forbidden('spec.ephemeralContainers', `existing ephemeral containers "${before.name}" may not be changed\n${differences(before, now).join('\n')}\n`));
  }
}

/** Of a node that can resize, the status of a running container tells its resources. */
function supportsResize(pod: Pod): boolean {
  const running = pod.status.containerStatuses?.find((c) => c.state?.running);
  return !running || running.resources !== undefined;
}

function checkSameContainers(pod: Pod, old: Pod, out: FieldError[]): boolean {
  const before = out.length;
  for (const key of ['containers', 'initContainers'] as const) {
    const [now, was] = [pod.spec[key] ?? [], old.spec[key] ?? []];
    if (now.length !== was.length) out.push(forbidden(`spec.${key}`, `${key} may not be added or removed on resize`));
    else was.forEach((c, i) => {
      if (now[i]!.name !== c.name) out.push(forbidden(`spec.${key}[${i}].name`, `${key} may not be renamed or reordered on resize`));
    });
  }
  return out.length === before;
}

type Container = Pod['spec']['containers'][number];

function checkNothingRemoved(now: Container, before: Container, at: string, out: FieldError[]): void {
  for (const part of ['requests', 'limits'] as const) {
    const [wanted, was] = [now.resources?.[part] ?? {}, before.resources?.[part] ?? {}];
    if (Object.keys(was).some((name) => wanted[name] === undefined)) out.push(forbidden(`${at}.resources.${part}`, `resource ${part} cannot be removed`));
  }
}

/** The container with its CPU and memory as they were: where there were none of a kind, it has none of that kind. */
function withoutResize(now: Container, before: Container): Container {
  const resources: Record<string, unknown> = {};
  for (const part of ['limits', 'requests'] as const) {
    const was = before.resources?.[part];
    if (!was) continue;
    const { cpu: _cpu, memory: _memory, ...rest } = now.resources?.[part] ?? {};
    resources[part] = { ...rest, ...('cpu' in was ? { cpu: was['cpu'] } : {}), ...('memory' in was ? { memory: was['memory'] } : {}) };
  }
  return { ...now, resources } as Container;
}

const withResources = (container: Container): Container => ({ ...container, resources: container.resources ?? {} });

function updateResources(pod: Pod, old: Pod, out: FieldError[]): void {
  checkPod(pod, out);
  const only = (why: string): void => void out.splice(0, out.length, forbidden('[]', why));
  const hasOwn = ({ spec: { resources } }: Pod): boolean => Object.keys(resources?.requests ?? {}).length + Object.keys(resources?.limits ?? {}).length > 0;
  if (hasOwn(old) || hasOwn(pod)) return only('pods with pod-level resources cannot be resized');
  if (old.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return only('static pods cannot be resized');
  if (old.spec.os?.name === 'windows') return only('windows pods cannot be resized');
  if ((old.status.qosClass || qosClass(old.spec)) !== qosClass(pod.spec)) out.push(invalid('spec', pod.status.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'));
  if (!supportsResize(old)) out.push(forbidden('spec', 'Pod running on node without support for resize'));
  if (!checkSameContainers(pod, old, out)) return;
  const { containers, initContainers = [] } = pod.spec;
  const sidecar = (c: Container): boolean => c.restartPolicy === 'Always';
  initContainers.forEach((now, i) => {
    if (sidecar(old.spec.initContainers![i]!)) checkNothingRemoved(now, old.spec.initContainers![i]!, `spec.initContainers[${i}]`, out);
  });
  containers.forEach((now, i) => checkNothingRemoved(now, old.spec.containers[i]!, `spec.containers[${i}]`, out));
  containers.forEach((now, i) => {
    if (!sameValue(withoutResize(now, old.spec.containers[i]!), withResources(old.spec.containers[i]!))) out.push(forbidden('spec', 'only cpu and memory resources are mutable'));
  });
  initContainers.forEach((now, i) => {
    const before = old.spec.initContainers![i]!;
    if (sidecar(now)) {
      if (!sameValue(withoutResize(now, before), withResources(before))) out.push(forbidden('spec', 'only cpu and memory resources for sidecar containers are mutable'));
    } else if (!sameValue(withResources(now), withResources(before))) out.push(forbidden('spec', 'resources for non-sidecar init containers are immutable'));
  });
}

export function validatePodUpdate(pod: Pod, old: Pod, subresource: string): FieldError[] {
  const out: FieldError[] = [];
  switch (subresource) {
    case 'status':
      checkStatusUpdate(pod, old, out);
      break;
    case 'binding':
      // Sets what nobody else may; what is bound already was refused before.
      break;
    case 'ephemeralcontainers':
      updateEphemeralContainers(pod, old, out);
      break;
    case 'resize':
      updateResources(pod, old, out);
      break;
    default:
      updateMain(pod, old, out);
  }
  return out;
}
