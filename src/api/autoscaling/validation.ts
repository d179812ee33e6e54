/** Validation of horizontal pod autoscalers, in their v2 form. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { forbidden, invalid, notSupported, required } from '../../machinery/fieldpath.ts';
import { nameIsPathSegment } from '../../machinery/names.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import type { FieldError } from '../../machinery/status.ts';
import type * as T from './v2/types.ts';

const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const fieldOf: Readonly<Record<string, keyof T.MetricSpec>> = { Object: 'object', Pods: 'pods', Resource: 'resource', ContainerResource: 'containerResource', External: 'external' };

function checkReference(r: DeepReadonly<T.CrossVersionObjectReference>, path: string, out: FieldError[]): void {
  for (const key of ['kind', 'name'] as const) {
    if (!r[key]) out.push(required(`${path}.${key}`));
    else for (const c of nameIsPathSegment(r[key], false)) out.push(invalid(`${path}.${key}`, r[key], c));
  }
}

function checkTarget(t: DeepReadonly<T.MetricTarget>, path: string, out: FieldError[]): void {
  if (!t.type) out.push(required(`${path}.type`, 'must specify a metric target type'));
  if (t.type && !['Utilization', 'Value', 'AverageValue'].includes(t.type)) out.push(invalid(`${path}.type`, t.type, 'must be either Utilization, Value, or AverageValue'));
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

function checkMetric(m: DeepReadonly<T.MetricSpec>, path: string, out: FieldError[]): void {
  if (!m.type) out.push(required(`${path}.type`, 'must specify a metric source type'));
  else if (!types.includes(m.type)) out.push(notSupported(`${path}.type`, m.type, types));
  const own = fieldOf[m.type];
  for (const key of Object.values(fieldOf)) if (m[key] !== undefined && own !== undefined && key !== own) out.push(forbidden(`${path}.${key}`, 'must populate the given metric source only'));
  if (own && m[own] === undefined) return void out.push(required(`${path}.${own}`, 'must populate information for the given metric source'));
  if (m.resource) {
    if (!m.resource.name) out.push(required(`${path}.resource.name`, 'must specify a resource name'));
    checkResourceTarget(m.resource.target, `${path}.resource.target`, out);
  }
  if (m.containerResource) {
    if (!m.containerResource.name) out.push(required(`${path}.containerResource.name`, 'must specify a resource name'));
    if (!m.containerResource.container) out.push(required(`${path}.containerResource.container`, 'must specify a container'));
    checkResourceTarget(m.containerResource.target, `${path}.containerResource.target`, out);
  }
  for (const key of ['pods', 'object', 'external'] as const) {
    const source = m[key];
    if (!source) continue;
    if (!source.metric?.name) out.push(required(`${path}.${key}.metric.name`));
    checkTarget(source.target, `${path}.${key}.target`, out);
    if (key === 'pods' && source.target.averageValue === undefined) out.push(required(`${path}.${key}.target.averageValue`, 'must specify a positive target averageValue'));
    if (key !== 'pods' && source.target.value === undefined && source.target.averageValue === undefined) out.push(required(`${path}.${key}.target.averageValue`, 'must set either a target value or averageValue'));
  }
  if (m.object) checkReference(m.object.describedObject, `${path}.object.describedObject`, out);
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

export function validateAutoscaler(h: DeepReadonly<T.HorizontalPodAutoscaler>): FieldError[] {
  const out: FieldError[] = [];
  const { spec } = h;
  if (spec.minReplicas !== undefined && spec.minReplicas < 1) out.push(invalid('spec.minReplicas', spec.minReplicas, 'must be greater than or equal to 1'));
  if (spec.maxReplicas < 1) out.push(invalid('spec.maxReplicas', spec.maxReplicas, 'must be greater than 0'));
  if (spec.minReplicas !== undefined && spec.maxReplicas < spec.minReplicas) out.push(invalid('spec.maxReplicas', spec.maxReplicas, 'must be greater than or equal to `minReplicas`'));
  checkReference(spec.scaleTargetRef, 'spec.scaleTargetRef', out);
  for (const [i, m] of (spec.metrics ?? []).entries()) checkMetric(m, `spec.metrics[${i}]`, out);
  checkScaling(spec.behavior?.scaleUp, 'spec.behavior.scaleUp', out);
  checkScaling(spec.behavior?.scaleDown, 'spec.behavior.scaleDown', out);
  return out;
}
