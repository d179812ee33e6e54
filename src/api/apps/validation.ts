/** Validation of the apps kinds. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { forbidden, goForm, immutable, invalid, nonNegative, notSupported, required, sameValue } from '../../machinery/fieldpath.ts';
import { percentComplaints } from '../../machinery/names.ts';
import { selectorFromObject } from '../../machinery/selectors.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkAnnotations, checkLabel, checkLabels, checkLabelSelector } from '../../schema/metadata.ts';
import { checkPodAnnotations, checkPodTemplate } from '../core/validation/pod.ts';
import { checkClaimSpec } from '../core/validation/storage.ts';
import type * as Core from '../core/v1/types.ts';
import type * as Meta from '../meta/v1/types.ts';
import { deploymentStrategies, podManagementPolicies, updateStrategies } from './v1/enums.ts';
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
  // What is no number counts as none.
  return !value || (typeof value === 'string' && !(Number.parseInt(/^[-+]?\d+%?$/.exec(value)?.[0] ?? '0', 10) !== 0));
}

type Selecting = 'deployment' | 'replicaset' | 'statefulset' | 'daemonset';

/** Answers whether it selects at all: undefined where it is none. */
function compiled(selector: Selector): ReturnType<typeof selectorFromObject> | 'nothing' | undefined {
  if (!selector) return 'nothing';
  try {
    return selectorFromObject(selector);
  } catch {
    return undefined;
  }
}

function isEmptySelector(selector: Selector): boolean {
  return selector ? Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0 : false;
}

/** A selector is needed, and selects something. Answers whether what it selects can be said. */
function checkSelector(selector: Selector, kind: Selecting, out: FieldError[]): boolean {
  if (!selector) out.push(required('spec.selector'));
  const before = out.length;
  checkLabelSelector(selector, 'spec.selector', out);
  const isWrong = out.length > before || compiled(selector) === undefined;
  if (isEmptySelector(selector)) out.push(invalid('spec.selector', selector, `empty selector is invalid for ${kind === 'statefulset' ? kind : 'deployment'}`));
  if (isWrong) out.push(invalid('spec.selector', selector, kind === 'statefulset' ? '' : 'invalid label selector'));
  return !isWrong;
}

/** Pods made from the template must be those that are selected. */
function checkLabelsMatch(selector: Selector, template: Template, out: FieldError[]): void {
  const found = compiled(selector);
  if (found === undefined || isEmptySelector(selector)) return;
  const labels = template.metadata?.labels;
  if (found === 'nothing' || !found.matches(labels ?? {})) out.push(invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
}

function checkRunsAlways(template: Template, kind: string, out: FieldError[]): void {
  if (template.spec.restartPolicy !== 'Always') out.push(notSupported('spec.template.spec.restartPolicy', template.spec.restartPolicy ?? '', ['Always']));
  if (template.spec.activeDeadlineSeconds !== undefined) out.push(forbidden('spec.template.spec.activeDeadlineSeconds', `activeDeadlineSeconds in ${kind} is not Supported`));
}

const surging = { maxUnavailable: 0, maxSurge: 0 };

function strategyForm(s: DeepReadonly<T.DeploymentStrategy | T.DaemonSetUpdateStrategy>): unknown {
  return { Type: s.type ?? '', RollingUpdate: s.rollingUpdate ? goForm(s.rollingUpdate, surging) : null };
}

function checkDeploymentStrategy(s: DeepReadonly<T.DeploymentStrategy>, out: FieldError[]): void {
  const path = 'spec.strategy';
  if (s.type === 'Recreate') {
    if (s.rollingUpdate) out.push(forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'"));
    return;
  }
  if (s.type !== 'RollingUpdate') return void out.push(notSupported(path, strategyForm(s), deploymentStrategies));
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
  if (checkSelector(spec.selector, 'deployment', out)) {
    checkLabelsMatch(spec.selector, spec.template, out);
    checkPodTemplate(spec.template, 'spec.template', out);
    checkRunsAlways(spec.template, 'ReplicaSet', out);
  }
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
  if (!checkSelector(spec.selector, 'replicaset', out)) return out;
  checkLabelsMatch(spec.selector, spec.template, out);
  checkPodTemplate(spec.template, 'spec.template', out);
  checkRunsAlways(spec.template, 'ReplicaSet', out);
  return out;
}

function checkStatefulStrategy(strategy: DeepReadonly<T.StatefulSetUpdateStrategy>, out: FieldError[]): void {
  const path = 'spec.updateStrategy';
  const { type, rollingUpdate } = strategy;
  const form = rollingUpdate ? goForm(rollingUpdate, { partition: 0, maxUnavailable: null }) : null;
  if (!type) out.push(required(path));
  else if (type === 'OnDelete') {
    if (rollingUpdate) out.push(invalid(`${path}.rollingUpdate`, form, "only allowed for updateStrategy 'RollingUpdate'"));
  } else if (type === 'RollingUpdate') {
    out.push(...nonNegative(`${path}.rollingUpdate.partition`, rollingUpdate?.partition));
    const most = rollingUpdate?.maxUnavailable;
    if (most === undefined) return;
    checkIntOrPercent(most, `${path}.rollingUpdate.maxUnavailable`, out);
    if (isZero(most)) out.push(invalid(`${path}.rollingUpdate.maxUnavailable`, most, 'cannot be 0'));
    checkAtMost100Percent(most, `${path}.rollingUpdate.maxUnavailable`, out);
  } else {
    out.push(invalid(path, { Type: type, RollingUpdate: form }, "must be 'RollingUpdate' or 'OnDelete'"));
  }
}

/** On an update, what cannot change is not judged again. */
function checkStatefulSet(spec: DeepReadonly<T.StatefulSetSpec>, isUpdate: boolean, withTemplate: boolean): FieldError[] {
  const out: FieldError[] = [];
  const policy = spec.podManagementPolicy;
  if (!policy) out.push(required('spec.podManagementPolicy'));
  else if (!podManagementPolicies.includes(policy)) out.push(invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'"));
  checkStatefulStrategy(spec.updateStrategy, out);
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  for (const key of ['whenDeleted', 'whenScaled'] as const) {
    const value = retention?.[key];
    if (retention && value !== 'Retain' && value !== 'Delete') out.push(notSupported(`spec.persistentVolumeClaimRetentionPolicy.${key}`, value ?? '', ['Retain', 'Delete']));
  }
  if (!isUpdate) for (const [i, c] of (spec.volumeClaimTemplates ?? []).entries()) checkClaimSpec(c.spec, `spec.volumeClaimTemplates[${i}].spec`, out);
  out.push(...nonNegative('spec.replicas', spec.replicas), ...nonNegative('spec.minReadySeconds', spec.minReadySeconds), ...nonNegative('spec.ordinals.start', spec.ordinals?.start));
  if (!isUpdate && spec.serviceName) checkLabel(spec.serviceName, 'spec.serviceName', out);
  if (checkSelector(spec.selector, 'statefulset', out)) {
    checkLabelsMatch(spec.selector, spec.template, out);
    if (withTemplate) checkPodTemplate(asOfPods(spec), 'spec.template', out);
    checkLabels(spec.template.metadata?.labels, 'spec.template.labels', out);
    checkAnnotations(spec.template.metadata?.annotations, 'spec.template.annotations', out);
    checkPodAnnotations(spec.template.metadata?.annotations, spec.template.spec, 'spec.template.annotations', out);
  }
  checkRunsAlways(spec.template, 'StatefulSet', out);
  return out;
}

export function validateStatefulSet(s: DeepReadonly<T.StatefulSet>): FieldError[] {
  return checkStatefulSet(s.spec, false, true);
}

/** As its pods will be: with names of their own, and the volumes that the claims give each of them. */
function asOfPods(spec: DeepReadonly<T.StatefulSetSpec>): Template {
  const claims = spec.volumeClaimTemplates ?? [];
  if (claims.length === 0 && !spec.template.spec.hostname && !spec.template.spec.subdomain) return spec.template;
  const names = new Set(claims.map((c) => c.metadata.name));
  const own = [...names].map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const volumes = [...own, ...(spec.template.spec.volumes ?? []).filter((v) => !names.has(v.name))];
  return { ...spec.template, spec: { ...spec.template.spec, volumes, hostname: '', subdomain: '' } };
}

const mutableOfStatefulSet = ['replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy', 'minReadySeconds', 'revisionHistoryLimit'] as const;

export function validateStatefulSetUpdate(s: DeepReadonly<T.StatefulSet>, old: DeepReadonly<T.StatefulSet>): FieldError[] {
  const out = checkStatefulSet(s.spec, true, checkStatefulSet(old.spec, true, true).length === 0);
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
  if (s.type !== 'RollingUpdate') return void out.push(notSupported(path, strategyForm(s), updateStrategies));
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
  checkLabelSelector(spec.selector, 'spec.selector', out);
  checkLabelsMatch(spec.selector, spec.template, out);
  if (isEmptySelector(spec.selector)) out.push(invalid('spec.selector', spec.selector, 'empty selector is invalid for daemonset'));
  checkPodTemplate(spec.template, 'spec.template', out);
  checkRunsAlways(spec.template, 'DaemonSet', out);
  out.push(...nonNegative('spec.minReadySeconds', spec.minReadySeconds));
  checkDaemonStrategy(spec.updateStrategy, out);
  out.push(...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit));
  return out;
}

type Counters = Readonly<Record<string, unknown>>;

/** No count is negative, and the replicas that are ready, available or updated are among those that there are. */
export function checkCounters(status: Counters, counts: readonly string[], among: readonly string[], out: FieldError[], readyWords = 'cannot be greater than readyReplicas'): void {
  const of = (key: string): number => (status[key] as number | undefined) ?? 0;
  for (const key of counts) out.push(...nonNegative(`status.${key}`, status[key] as number | undefined));
  for (const key of among) if (of(key) > of('replicas')) out.push(invalid(`status.${key}`, of(key), 'cannot be greater than status.replicas'));
  if (among.includes('readyReplicas') && of('availableReplicas') > of('readyReplicas')) out.push(invalid('status.availableReplicas', of('availableReplicas'), readyWords));
}

function checkCollisions(now: number | undefined, before: number | undefined, out: FieldError[]): void {
  if (before !== undefined && (now === undefined || now < before)) out.push(invalid('status.collisionCount', now ?? 0, 'cannot be decremented'));
}

export function validateDeploymentStatus({ status }: DeepReadonly<T.Deployment>, old: DeepReadonly<T.Deployment>): FieldError[] {
  const out: FieldError[] = [];
  const counts = ['observedGeneration', 'replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas', 'terminatingReplicas', 'collisionCount'];
  checkCounters(status as Counters, counts, ['updatedReplicas', 'readyReplicas', 'availableReplicas'], out);
  checkCollisions(status.collisionCount, old.status.collisionCount, out);
  return out;
}

export function validateReplicaSetStatus({ status }: DeepReadonly<T.ReplicaSet>): FieldError[] {
  const out: FieldError[] = [];
  const counts = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration', 'terminatingReplicas'];
  checkCounters(status as unknown as Counters, counts, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'], out);
  return out;
}

export function validateStatefulSetStatus({ status }: DeepReadonly<T.StatefulSet>, old: DeepReadonly<T.StatefulSet>): FieldError[] {
  const out: FieldError[] = [];
  const counts = ['replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas', 'observedGeneration', 'collisionCount'];
  checkCounters(status as unknown as Counters, counts, ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'], out, 'cannot be greater than status.readyReplicas');
  checkCollisions(status.collisionCount, old.status.collisionCount, out);
  return out;
}

export function validateDaemonSetStatus({ status }: DeepReadonly<T.DaemonSet>, old: DeepReadonly<T.DaemonSet>): FieldError[] {
  const out: FieldError[] = [];
  const counts = ['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady', 'observedGeneration', 'updatedNumberScheduled', 'numberAvailable', 'numberUnavailable', 'collisionCount'];
  checkCounters(status as unknown as Counters, counts, [], out);
  checkCollisions(status.collisionCount, old.status.collisionCount, out);
  return out;
}

/** The selector of what has pods never changes. */
export function sameSelector<T extends { readonly spec: { readonly selector?: unknown } }>(now: T, old: T): FieldError[] {
  return immutable('spec.selector', now.spec.selector, old.spec.selector);
}

export function validateRevision(r: DeepReadonly<T.ControllerRevision>): FieldError[] {
  const out: FieldError[] = nonNegative('revision', r.revision);
  if (r.data === undefined || r.data === null) out.push(required('data', 'data is mandatory'));
  else if (typeof r.data !== 'object' || Array.isArray(r.data)) out.push(required('data', 'data must be a valid JSON object'));
  return out;
}

export function validateRevisionUpdate(r: DeepReadonly<T.ControllerRevision>, old: DeepReadonly<T.ControllerRevision>): FieldError[] {
  // Whatever was changed, upstream shows the bytes of the data.
  const raw = (data: unknown): unknown => data && ({ Raw: Buffer.from(JSON.stringify(data)).toString('base64') });
  return [...nonNegative('revision', r.revision), ...(sameValue(r.data, old.data) ? [] : [invalid('data', raw(r.data), 'field is immutable')])];
}
