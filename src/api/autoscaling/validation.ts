/** Validation of horizontal pod autoscalers, in their v2 form. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { forbidden, invalid, nonNegative, notSupported, required } from '../../machinery/fieldpath.ts';
import { nameIsPathSegment } from '../../machinery/names.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabel } from '../../schema/metadata.ts';
import { checkContainerResourceName } from '../core/validation/resources.ts';
import type * as T from './v2/types.ts';

const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const fieldOf: Readonly<Record<string, keyof T.MetricSpec>> = { Object: 'object', Pods: 'pods', Resource: 'resource', ContainerResource: 'containerResource', External: 'external' };
/** In upstream's order: of several sources the first is judged. */
const sources = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;

type Reference = DeepReadonly<T.CrossVersionObjectReference>;

function versionComplaint(r: Reference, anyGroup: boolean): string | undefined {
  const version = r.apiVersion ?? '';
  if (version.split('/').length > 2) return `unexpected GroupVersion string: ${version}`;
  return anyGroup || version.includes('/') ? undefined : 'apiVersion must specify API group';
}

/** `version`: whether a group must be named, or nothing is asked of it. */
function checkReference(r: Reference, path: string, version: 'grouped' | 'any' | 'unchecked', out: FieldError[]): void {
  for (const key of ['kind', 'name'] as const) {
    if (!r[key]) out.push(required(`${path}.${key}`));
    else for (const c of nameIsPathSegment(r[key], false)) out.push(invalid(`${path}.${key}`, r[key], c));
  }
  const complaint = version === 'unchecked' ? undefined : versionComplaint(r, version === 'any');
  if (complaint) out.push(invalid(`${path}.apiVersion`, r.apiVersion ?? '', complaint));
}

function checkTarget(t: DeepReadonly<T.MetricTarget>, path: string, out: FieldError[]): void {
  if (!t.type) out.push(required(`${path}.type`, 'must specify a metric target type'));
  if (!['Utilization', 'Value', 'AverageValue'].includes(t.type)) out.push(invalid(`${path}.type`, t.type ?? '', 'must be either Utilization, Value, or AverageValue'));
  for (const key of ['value', 'averageValue'] as const) {
    const value = t[key];
    if (value !== undefined && parseQuantity(value).sign() <= 0) out.push(invalid(`${path}.${key}`, value, 'must be positive'));
  }
  if (t.averageUtilization !== undefined && t.averageUtilization < 1) out.push(invalid(`${path}.averageUtilization`, t.averageUtilization, 'must be greater than 0'));
}

function checkResourceTarget(t: DeepReadonly<T.MetricTarget>, path: string, out: FieldError[]): void {
  checkTarget(t, path, out);
  if (t.averageUtilization === undefined && t.averageValue === undefined) out.push(required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization'));
  if (t.averageUtilization !== undefined && t.averageValue !== undefined) out.push(forbidden(`${path}.averageValue`, 'may not set both a target raw value and a target utilization'));
}

function checkResource(s: DeepReadonly<T.ResourceMetricSource & { container?: string }>, contained: boolean, path: string, out: FieldError[]): void {
  if (!s.name) out.push(required(`${path}.name`, 'must specify a resource name'));
  else if (contained) checkContainerResourceName(s.name, `${path}.name`, out);
  if (contained) {
    if (!s.container) out.push(required(`${path}.container`, 'must specify a container'));
    else checkLabel(s.container, `${path}.container`, out);
  }
  checkResourceTarget(s.target, `${path}.target`, out);
}

function checkNamedMetric(key: 'object' | 'external' | 'pods', s: DeepReadonly<T.ExternalMetricSource>, path: string, out: FieldError[]): void {
  if (!s.metric.name) out.push(required(`${path}.metric.name`, 'must specify a metric name'));
  else for (const c of nameIsPathSegment(s.metric.name, false)) out.push(invalid(`${path}.metric.name`, s.metric.name, c));
  checkTarget(s.target, `${path}.target`, out);
  const { value, averageValue } = s.target;
  const missing = { object: 'must set either a target value or averageValue', external: 'must set either a target value for metric or a per-pod target', pods: 'must specify a positive target averageValue' };
  if (averageValue === undefined && (key === 'pods' || value === undefined)) out.push(required(`${path}.target.averageValue`, missing[key]));
  if (key === 'external' && value !== undefined && averageValue !== undefined) out.push(forbidden(`${path}.target.value`, 'may not set both a target value for metric and a per-pod target'));
}

function checkSource(m: DeepReadonly<T.MetricSpec>, key: (typeof sources)[number], path: string, oldReferences: boolean, out: FieldError[]): void {
  if (key === 'object') checkReference(m.object!.describedObject, `${path}.describedObject`, oldReferences ? 'unchecked' : 'any', out);
  if (key === 'resource' || key === 'containerResource') checkResource(m[key]!, key === 'containerResource', path, out);
  else checkNamedMetric(key, m[key]!, path, out);
}

function checkMetric(m: DeepReadonly<T.MetricSpec>, path: string, oldReferences: boolean, out: FieldError[]): void {
  if (!m.type) out.push(required(`${path}.type`, 'must specify a metric source type'));
  if (!types.includes(m.type)) out.push(notSupported(`${path}.type`, m.type ?? '', types));
  const present = sources.filter((key) => m[key] !== undefined);
  if (present[0]) checkSource(m, present[0], `${path}.${present[0]}`, oldReferences, out);
  const own = fieldOf[m.type];
  if (own === undefined) out.push(notSupported(`${path}.type`, m.type ?? '', types));
  else if (m[own] === undefined) out.push(required(`${path}.${own}`, 'must populate information for the given metric source'));
  if (present.length > 1) for (const key of present) if (key !== own) out.push(forbidden(`${path}.${key}`, 'must populate the given metric source only'));
}

function checkScaling(r: DeepReadonly<T.HPAScalingRules> | undefined, path: string, out: FieldError[]): void {
  if (!r) return;
  const window = r.stabilizationWindowSeconds;
  if (window !== undefined && window < 0) out.push(invalid(`${path}.stabilizationWindowSeconds`, window, 'must be greater than or equal to zero'));
  if (window !== undefined && window > 3600) out.push(invalid(`${path}.stabilizationWindowSeconds`, window, 'must be less than or equal to 3600'));
  if (r.selectPolicy !== undefined && !['Disabled', 'Max', 'Min'].includes(r.selectPolicy)) out.push(notSupported(`${path}.selectPolicy`, r.selectPolicy, ['Disabled', 'Max', 'Min']));
  if (!r.policies?.length) out.push(required(`${path}.policies`, 'must specify at least one Policy'));
  for (const [i, p] of (r.policies ?? []).entries()) {
    const at = `${path}.policies[${i}]`;
    if (p.type !== 'Pods' && p.type !== 'Percent') out.push(notSupported(`${at}.type`, p.type, ['Percent', 'Pods']));
    if (p.value <= 0) out.push(invalid(`${at}.value`, p.value, 'must be greater than zero'));
    if (p.periodSeconds <= 0) out.push(invalid(`${at}.periodSeconds`, p.periodSeconds, 'must be greater than zero'));
    if (p.periodSeconds > 1800) out.push(invalid(`${at}.periodSeconds`, p.periodSeconds, 'must be less than or equal to 1800'));
  }
}

/** `old`: what an update replaces; what was wrong before it may stay. */
export function validateAutoscaler(h: DeepReadonly<T.HorizontalPodAutoscaler>, old?: DeepReadonly<T.HorizontalPodAutoscaler>): FieldError[] {
  const out: FieldError[] = [];
  const { spec } = h;
  const least = old?.spec.minReplicas === 0 ? 0 : 1;
  if (spec.minReplicas !== undefined && spec.minReplicas < least) out.push(invalid('spec.minReplicas', spec.minReplicas, `must be greater than or equal to ${least}`));
  if (spec.maxReplicas < 1) out.push(invalid('spec.maxReplicas', spec.maxReplicas, 'must be greater than 0'));
  if (spec.minReplicas !== undefined && spec.maxReplicas < spec.minReplicas) out.push(invalid('spec.maxReplicas', spec.maxReplicas, 'must be greater than or equal to `minReplicas`'));
  const [target, before] = [spec.scaleTargetRef, old?.spec.scaleTargetRef];
  const sameTarget = before !== undefined && before.kind === target.kind && (before.apiVersion ?? '') === (target.apiVersion ?? '');
  checkReference(target, 'spec.scaleTargetRef', sameTarget ? 'unchecked' : target.kind === 'ReplicationController' ? 'any' : 'grouped', out);
  const oldReferences = (old?.spec.metrics ?? []).some((m) => m.type === 'Object' && m.object && versionComplaint(m.object.describedObject, true) !== undefined);
  for (const [i, m] of (spec.metrics ?? []).entries()) checkMetric(m, `spec.metrics[${i}]`, oldReferences, out);
  if (spec.minReplicas === 0 && !spec.metrics?.some((m) => m.type === 'Object' || m.type === 'External')) {
    out.push(forbidden('spec.metrics', 'must specify at least one Object or External metric to support scaling to zero replicas'));
  }
  checkScaling(spec.behavior?.scaleUp, 'spec.behavior.scaleUp', out);
  checkScaling(spec.behavior?.scaleDown, 'spec.behavior.scaleDown', out);
  return out;
}

export function validateAutoscalerStatus({ status }: DeepReadonly<T.HorizontalPodAutoscaler>): FieldError[] {
  return [...nonNegative('status.currentReplicas', status.currentReplicas), ...nonNegative('status.desiredReplicas', status.desiredReplicas)];
}
