/** Validation of the apps kinds. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { forbidden, immutable, invalid, nonNegative, notSupported, required, sameValue } from '../../machinery/fieldpath.ts';
import { percentComplaints } from '../../machinery/names.ts';
import { selectorFromObject } from '../../machinery/selectors.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabelSelector } from '../../schema/metadata.ts';
import { checkPodTemplate } from '../core/validation/pod.ts';
import type * as Core from '../core/v1/types.ts';
import type * as Meta from '../meta/v1/types.ts';
import type * as T from './v1/types.ts';

type Selector = DeepReadonly<Meta.LabelSelector> | undefined;
type Template = DeepReadonly<Core.PodTemplateSpec>;
type IntOrPercent = number | string | undefined;

export function checkIntOrPercent(value: IntOrPercent, path: string, out: FieldError[]): void {
  if (typeof value === 'string') for (const c of percentComplaints(value)) out.push(invalid(path, value, c));
  else out.push(...nonNegative(path, value));
}

export function checkAtMost100Percent(value: IntOrPercent, path: string, out: FieldError[]): void {
  if (typeof value === 'string' && percentComplaints(value).length === 0 && Number(value.slice(0, -1)) > 100) out.push(invalid(path, value, 'must not be greater than 100%'));
}

function isZero(value: IntOrPercent): boolean {
  return value === 0 || value === undefined || (typeof value === 'string' && Number(value.replace('%', '')) === 0);
}

/** A selector is needed, selects something, and matches the template. */
function checkSelector(selector: Selector, template: Template, emptyWords: string, out: FieldError[]): void {
  if (!selector) return void out.push(required('spec.selector'));
  const before = out.length;
  checkLabelSelector(selector, 'spec.selector', out);
  const isEmpty = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;
  if (isEmpty) return void out.push(invalid('spec.selector', selector, emptyWords));
  if (out.length > before) return;
  const labels = template.metadata?.labels ?? {};
  if (!selectorFromObject(selector).matches(labels)) out.push(invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
}

function checkTemplate(template: Template, kind: string, out: FieldError[]): void {
  checkPodTemplate(template, 'spec.template', out);
  if (template.spec.restartPolicy !== 'Always') out.push(notSupported('spec.template.spec.restartPolicy', template.spec.restartPolicy ?? '', ['Always']));
  if (template.spec.activeDeadlineSeconds !== undefined) out.push(forbidden('spec.template.spec.activeDeadlineSeconds', `activeDeadlineSeconds in ${kind} is not Supported`));
}

function checkDeploymentStrategy(s: DeepReadonly<T.DeploymentStrategy>, out: FieldError[]): void {
  const path = 'spec.strategy';
  if (s.type === 'Recreate') {
    if (s.rollingUpdate) out.push(forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'"));
    return;
  }
  if (s.type !== 'RollingUpdate') return void out.push(notSupported(`${path}.type`, s.type ?? '', ['Recreate', 'RollingUpdate']));
  if (!s.rollingUpdate) return void out.push(required(`${path}.rollingUpdate`, 'this should be defaulted and never be nil'));
  const { maxUnavailable, maxSurge } = s.rollingUpdate;
  checkIntOrPercent(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`, out);
  checkIntOrPercent(maxSurge, `${path}.rollingUpdate.maxSurge`, out);
  if (isZero(maxUnavailable) && isZero(maxSurge)) out.push(invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
  checkAtMost100Percent(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`, out);
}

export function validateDeployment(d: DeepReadonly<T.Deployment>): FieldError[] {
  const { spec } = d;
  const out: FieldError[] = nonNegative('spec.replicas', spec.replicas);
  checkSelector(spec.selector, spec.template, 'empty selector is invalid for deployment', out);
  checkTemplate(spec.template, 'ReplicaSet', out);
  checkDeploymentStrategy(spec.strategy, out);
  out.push(...nonNegative('spec.minReadySeconds', spec.minReadySeconds), ...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit));
  const deadline = spec.progressDeadlineSeconds;
  if (deadline !== undefined) {
    out.push(...nonNegative('spec.progressDeadlineSeconds', deadline));
    if (deadline <= (spec.minReadySeconds ?? 0)) out.push(invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
  }
  return out;
}

export function validateReplicaSet(r: DeepReadonly<T.ReplicaSet>): FieldError[] {
  const { spec } = r;
  const out: FieldError[] = [...nonNegative('spec.replicas', spec.replicas), ...nonNegative('spec.minReadySeconds', spec.minReadySeconds)];
  checkSelector(spec.selector, spec.template, 'empty selector is invalid for deployment', out);
  checkTemplate(spec.template, 'ReplicaSet', out);
  return out;
}

export function validateStatefulSet(s: DeepReadonly<T.StatefulSet>): FieldError[] {
  const { spec } = s;
  const out: FieldError[] = [];
  const policy = spec.podManagementPolicy;
  if (!policy) out.push(required('spec.podManagementPolicy'));
  else if (policy !== 'OrderedReady' && policy !== 'Parallel') out.push(invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'"));
  const strategy = spec.updateStrategy;
  if (!strategy.type) out.push(required('spec.updateStrategy'));
  else if (strategy.type === 'OnDelete') {
    if (strategy.rollingUpdate) out.push(invalid('spec.updateStrategy.rollingUpdate', strategy.rollingUpdate, `only allowed for updateStrategy 'RollingUpdate'`));
  } else if (strategy.type === 'RollingUpdate') {
    out.push(...nonNegative('spec.updateStrategy.rollingUpdate.partition', strategy.rollingUpdate?.partition));
  } else {
    out.push(invalid('spec.updateStrategy', strategy, "must be 'RollingUpdate' or 'OnDelete'"));
  }
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  for (const key of ['whenDeleted', 'whenScaled'] as const) {
    const value = retention?.[key];
    if (value !== undefined && value !== 'Retain' && value !== 'Delete') out.push(notSupported(`spec.persistentVolumeClaimRetentionPolicy.${key}`, value, ['Retain', 'Delete']));
  }
  out.push(...nonNegative('spec.replicas', spec.replicas), ...nonNegative('spec.minReadySeconds', spec.minReadySeconds), ...nonNegative('spec.ordinals.start', spec.ordinals?.start));
  checkSelector(spec.selector, spec.template, 'empty selector is invalid for statefulset', out);
  checkTemplate(withClaims(spec), 'StatefulSet', out);
  return out;
}

/** Mounts may name the volumes that the claims will give each pod. */
function withClaims(spec: DeepReadonly<T.StatefulSetSpec>): Template {
  const claims = spec.volumeClaimTemplates ?? [];
  if (claims.length === 0) return spec.template;
  const names = new Set(claims.map((c) => c.metadata.name));
  const volumes = [...(spec.template.spec.volumes ?? []).filter((v) => !names.has(v.name)), ...claims.map((c) => ({ name: c.metadata.name, persistentVolumeClaim: { claimName: c.metadata.name } }))];
  return { ...spec.template, spec: { ...spec.template.spec, volumes } };
}

const mutableOfStatefulSet = ['replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy', 'minReadySeconds', 'revisionHistoryLimit'] as const;

export function validateStatefulSetUpdate(s: DeepReadonly<T.StatefulSet>, old: DeepReadonly<T.StatefulSet>): FieldError[] {
  const out = validateStatefulSet(s);
  const rest: Record<string, unknown> = { ...s.spec };
  for (const key of mutableOfStatefulSet) rest[key] = old.spec[key];
  if (!sameValue(rest, old.spec)) {
    out.push(forbidden('spec', "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"));
  }
  return out;
}

function checkDaemonStrategy(s: DeepReadonly<T.DaemonSetUpdateStrategy>, out: FieldError[]): void {
  const path = 'spec.updateStrategy';
  if (s.type === 'OnDelete') return;
  if (s.type !== 'RollingUpdate') return void out.push(notSupported(`${path}.type`, s.type ?? '', ['OnDelete', 'RollingUpdate']));
  if (!s.rollingUpdate) return void out.push(required(`${path}.rollingUpdate`));
  const { maxUnavailable, maxSurge } = s.rollingUpdate;
  checkIntOrPercent(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`, out);
  checkAtMost100Percent(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`, out);
  checkIntOrPercent(maxSurge, `${path}.rollingUpdate.maxSurge`, out);
  checkAtMost100Percent(maxSurge, `${path}.rollingUpdate.maxSurge`, out);
  if (!isZero(maxUnavailable) && !isZero(maxSurge)) out.push(invalid(`${path}.rollingUpdate.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
  if (isZero(maxUnavailable) && isZero(maxSurge)) out.push(required(`${path}.rollingUpdate.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
}

export function validateDaemonSet(d: DeepReadonly<T.DaemonSet>): FieldError[] {
  const { spec } = d;
  const out: FieldError[] = [];
  checkSelector(spec.selector, spec.template, 'empty selector is invalid for daemonset', out);
  checkTemplate(spec.template, 'DaemonSet', out);
  checkDaemonStrategy(spec.updateStrategy, out);
  out.push(...nonNegative('spec.minReadySeconds', spec.minReadySeconds), ...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit));
  return out;
}

/** The selector of what has pods never changes. */
export function sameSelector<T extends { readonly spec: { readonly selector?: unknown } }>(now: T, old: T): FieldError[] {
  return immutable('spec.selector', now.spec.selector, old.spec.selector);
}

export function validateRevision(r: DeepReadonly<T.ControllerRevision>): FieldError[] {
  const out: FieldError[] = r.data === undefined ? [required('data', 'data is mandatory')] : [];
  return [...out, ...nonNegative('revision', r.revision)];
}
