/** autoscaling/v1 to v2 and back. What v1 has no field for travels in annotations, in the shape that v1's clients know. */
import { thaw, type DeepReadonly } from '../../machinery/json.ts';
import type * as V1 from './v1/types.ts';
import type * as V2 from './v2/types.ts';

const prefix = 'autoscaling.alpha.kubernetes.io/';
const annotations = { metrics: `${prefix}metrics`, statuses: `${prefix}current-metrics`, conditions: `${prefix}conditions`, behavior: `${prefix}behavior` };

type Plain = Record<string, unknown>;

/** Drops what is undefined. */
function compact(object: Plain): Plain {
  return Object.fromEntries(Object.entries(object).filter(([, v]) => v !== undefined));
}

function target(value: unknown, average: unknown, utilization?: unknown): V2.MetricTarget {
  const type = utilization !== undefined ? 'Utilization' : average !== undefined ? 'AverageValue' : 'Value';
  return compact({ type, value, averageValue: average, averageUtilization: utilization }) as unknown as V2.MetricTarget;
}

function metricToV1(m: V2.MetricSpec): Plain {
  const { object: o, pods: p, resource: r, containerResource: c, external: e } = m;
  return compact({
    type: m.type,
    object: o && compact({ target: o.describedObject, metricName: o.metric.name, targetValue: o.target.value ?? '0', selector: o.metric.selector, averageValue: o.target.averageValue }),
    pods: p && compact({ metricName: p.metric.name, targetAverageValue: p.target.averageValue, selector: p.metric.selector }),
    resource: r && compact({ name: r.name, targetAverageUtilization: r.target.averageUtilization, targetAverageValue: r.target.averageValue }),
    containerResource: c && compact({ name: c.name, targetAverageUtilization: c.target.averageUtilization, targetAverageValue: c.target.averageValue, container: c.container }),
    external: e && compact({ metricName: e.metric.name, metricSelector: e.metric.selector, targetValue: e.target.value, targetAverageValue: e.target.averageValue }),
  });
}

function metricFromV1(m: Plain): V2.MetricSpec {
  const { object: o, pods: p, resource: r, containerResource: c, external: e } = m as Record<string, Plain | undefined>;
  return compact({
    type: m['type'],
    object: o && { describedObject: o['target'], target: target(o['averageValue'] === undefined ? o['targetValue'] : undefined, o['averageValue']), metric: compact({ name: o['metricName'], selector: o['selector'] }) },
    pods: p && { metric: compact({ name: p['metricName'], selector: p['selector'] }), target: target(undefined, p['targetAverageValue']) },
    resource: r && { name: r['name'], target: target(undefined, r['targetAverageValue'], r['targetAverageUtilization']) },
    containerResource: c && { name: c['name'], target: target(undefined, c['targetAverageValue'], c['targetAverageUtilization']), container: c['container'] },
    external: e && { metric: compact({ name: e['metricName'], selector: e['metricSelector'] }), target: target(e['targetValue'], e['targetAverageValue']) },
  }) as unknown as V2.MetricSpec;
}

function statusToV1(m: V2.MetricStatus): Plain {
  const { object: o, pods: p, resource: r, containerResource: c, external: e } = m;
  return compact({
    type: m.type,
    object: o && compact({ target: o.describedObject, metricName: o.metric.name, currentValue: o.current.value ?? '0', selector: o.metric.selector, averageValue: o.current.averageValue }),
    pods: p && compact({ metricName: p.metric.name, currentAverageValue: p.current.averageValue, selector: p.metric.selector }),
    resource: r && compact({ name: r.name, currentAverageUtilization: r.current.averageUtilization, currentAverageValue: r.current.averageValue }),
    containerResource: c && compact({ name: c.name, currentAverageUtilization: c.current.averageUtilization, currentAverageValue: c.current.averageValue, container: c.container }),
    external: e && compact({ metricName: e.metric.name, metricSelector: e.metric.selector, currentValue: e.current.value ?? '0', currentAverageValue: e.current.averageValue }),
  });
}

function statusFromV1(m: Plain): V2.MetricStatus {
  const { object: o, pods: p, resource: r, containerResource: c, external: e } = m as Record<string, Plain | undefined>;
  return compact({
    type: m['type'],
    object: o && { describedObject: o['target'], metric: compact({ name: o['metricName'], selector: o['selector'] }), current: compact({ value: o['currentValue'], averageValue: o['averageValue'] }) },
    pods: p && { metric: compact({ name: p['metricName'], selector: p['selector'] }), current: compact({ averageValue: p['currentAverageValue'] }) },
    resource: r && { name: r['name'], current: compact({ averageValue: r['currentAverageValue'], averageUtilization: r['currentAverageUtilization'] }) },
    containerResource: c && { name: c['name'], container: c['container'], current: compact({ averageValue: c['currentAverageValue'], averageUtilization: c['currentAverageUtilization'] }) },
    external: e && { metric: compact({ name: e['metricName'], selector: e['metricSelector'] }), current: compact({ value: e['currentValue'], averageValue: e['currentAverageValue'] }) },
  }) as unknown as V2.MetricStatus;
}

/** As v1's writers print it: every field, in this order. */
function rulesToV1(rules: V2.HPAScalingRules | undefined): Plain | null {
  if (!rules) return null;
  const { stabilizationWindowSeconds = null, selectPolicy = null, policies, tolerance = null } = rules;
  return {
    StabilizationWindowSeconds: stabilizationWindowSeconds, SelectPolicy: selectPolicy,
    Policies: policies?.map((p) => ({ Type: p.type, Value: p.value, PeriodSeconds: p.periodSeconds })) ?? null, Tolerance: tolerance,
  };
}

function recase(value: unknown, change: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((x) => recase(x, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== null).map(([k, v]) => [change(k), recase(v, change)]));
}
const lower = (key: string): string => key[0]!.toLowerCase() + key.slice(1);

function isCpuTarget(m: V2.MetricSpec): boolean {
  return m.type === 'Resource' && m.resource?.name === 'cpu' && m.resource.target.averageUtilization !== undefined;
}

function isCpuStatus(m: V2.MetricStatus): boolean {
  return m.type === 'Resource' && m.resource?.name === 'cpu' && m.resource.current.averageUtilization !== undefined;
}

export function fromStored(stored: DeepReadonly<V2.HorizontalPodAutoscaler>): V1.HorizontalPodAutoscaler {
  const { metadata, spec, status } = thaw<V2.HorizontalPodAutoscaler>(stored);
  const cpu = spec.metrics?.find(isCpuTarget);
  const cpuNow = status?.currentMetrics?.find(isCpuStatus);
  const rest = (spec.metrics ?? []).filter((m) => m !== cpu);
  const statuses = status?.currentMetrics ?? [];
  const notes: Record<string, string> = { ...metadata.annotations };
  if (rest.length > 0) notes[annotations.metrics] = JSON.stringify(rest.map(metricToV1));
  if (statuses.length > 0) notes[annotations.statuses] = JSON.stringify(statuses.map(statusToV1));
  if (status?.conditions?.length) notes[annotations.conditions] = JSON.stringify(status.conditions);
  if (spec.behavior) notes[annotations.behavior] = JSON.stringify({ ScaleUp: rulesToV1(spec.behavior.scaleUp), ScaleDown: rulesToV1(spec.behavior.scaleDown) });
  return {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v1',
    metadata: { ...metadata, ...(Object.keys(notes).length > 0 ? { annotations: notes } : {}) },
    spec: compact({ scaleTargetRef: spec.scaleTargetRef, minReplicas: spec.minReplicas, maxReplicas: spec.maxReplicas, targetCPUUtilizationPercentage: cpu?.resource?.target.averageUtilization }) as unknown as V1.HorizontalPodAutoscalerSpec,
    status: compact({
      observedGeneration: status?.observedGeneration, lastScaleTime: status?.lastScaleTime, currentReplicas: status?.currentReplicas ?? 0, desiredReplicas: status?.desiredReplicas ?? 0,
      currentCPUUtilizationPercentage: cpuNow?.resource?.current.averageUtilization,
    }) as unknown as V1.HorizontalPodAutoscalerStatus,
  };
}

function parsed<T>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    // An annotation that somebody wrote by hand and wrongly is as if it were not there.
    return undefined;
  }
}

export function toStored(object: DeepReadonly<V1.HorizontalPodAutoscaler>): V2.HorizontalPodAutoscaler {
  const { metadata, spec, status } = thaw<V1.HorizontalPodAutoscaler>(object);
  const notes = { ...metadata.annotations };
  const metrics = (parsed<Plain[]>(notes[annotations.metrics]) ?? []).map(metricFromV1);
  if (spec.targetCPUUtilizationPercentage !== undefined) {
    metrics.push({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: spec.targetCPUUtilizationPercentage } } });
  }
  // v1's writers count on it.
  if (metrics.length === 0) metrics.push({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } });
  const behavior = parsed<unknown>(notes[annotations.behavior]);
  const conditions = parsed<V2.HorizontalPodAutoscalerCondition[]>(notes[annotations.conditions]);
  const cpuNow = status?.currentCPUUtilizationPercentage;
  // The annotation knows more than the field.
  const statuses = parsed<Plain[]>(notes[annotations.statuses])?.map(statusFromV1)
    ?? (cpuNow === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: cpuNow } } }]);
  for (const name of Object.values(annotations)) delete notes[name];
  const { annotations: _moved, ...meta } = metadata;
  return {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    metadata: { ...meta, ...(Object.keys(notes).length > 0 ? { annotations: notes } : {}) },
    spec: compact({ scaleTargetRef: spec.scaleTargetRef, minReplicas: spec.minReplicas, maxReplicas: spec.maxReplicas, metrics: metrics.length > 0 ? metrics : undefined, behavior: behavior === undefined ? undefined : recase(behavior, lower) }) as unknown as V2.HorizontalPodAutoscalerSpec,
    status: compact({
      observedGeneration: status?.observedGeneration, lastScaleTime: status?.lastScaleTime, currentReplicas: status?.currentReplicas, desiredReplicas: status?.desiredReplicas ?? 0,
      currentMetrics: statuses, conditions,
    }) as unknown as V2.HorizontalPodAutoscalerStatus,
  };
}
